#include "lib/address.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <string.h>

static struct address address_of(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET6, text, bytes) == 1)
		return address_v6(bytes);
	assert_int_equal(inet_pton(AF_INET, text, bytes), 1);
	return address_v4(bytes);
}

static void an_address_is_written_as_it_was_read(void **state)
{
	static const char *const texts[] = {"0.0.0.0", "1.20.255.100", "255.255.255.255",
		"::", "fe80::1", "2001:db8::ff00:42:8329"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char text[ADDRESS_TEXT_MAX];
		size_t len = address_write(address_of(texts[i]), text);

		assert_string_equal(text, texts[i]);
		assert_int_equal(len, strlen(texts[i]));
	}
}

static void networks_hold_what_lies_in_them(void **state)
{
	char *const blocks[] = {(char[]){"10.0.0.0/8"}, (char[]){"192.0.2.7"},
		(char[]){"2001:db8::/33"}, (char[]){"::1"}};
	static const struct {
		const char *address;
		bool held;
	} cases[] = {
		{"10.0.0.0", true},
		{"10.255.255.255", true},
		{"11.0.0.0", false},
		{"192.0.2.7", true},
		{"192.0.2.6", false},
		{"2001:db8:7fff::1", true},
		{"2001:db8:8000::1", false},
		{"::1", true},
		{"::2", false},
	};
	struct err err = {0};
	struct networks *n = networks_new(blocks, 4, &err);

	(void)state;
	assert_non_null(n);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(networks_hold(n, address_of(cases[i].address)), cases[i].held);
	networks_free(&n);
}

static void a_whole_network_of_either_kind_can_be_named(void **state)
{
	char *const blocks[] = {(char[]){"0.0.0.0/0"}};
	struct err err = {0};
	struct networks *n = networks_new(blocks, 1, &err);

	(void)state;
	assert_true(networks_hold(n, address_of("8.8.8.8")));
	assert_false(networks_hold(n, address_of("2001:db8::1")));
	networks_free(&n);
}

static void what_is_no_network_is_refused(void **state)
{
	char *const bad[] = {(char[]){"10.0.0.0/33"}, (char[]){"10.0.0"}, (char[]){"::/129"},
		(char[]){"10.0.0.0/"}, (char[]){"10.0.0.0/8x"}, (char[]){""}};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct err err = {0};

		assert_null(networks_new(&bad[i], 1, &err));
		assert_true(err_is_set(&err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_written_as_it_was_read),
		cmocka_unit_test(networks_hold_what_lies_in_them),
		cmocka_unit_test(a_whole_network_of_either_kind_can_be_named),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
