#include "console/backoff.h"
#include "console/limits.h"
#include "console/password.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define LAN  SLICE("lan")
#define HERE SLICE("10.0.0.1")
#define AWAY SLICE("10.0.0.2")

static const mono_t start = {INT64_C(1000000000000)};

static void fails(struct backoff *b, struct slice account, struct slice address, int times)
{
	for (int i = 0; i < times; i++)
		backoff_failed(b, account, address, start);
}

static void the_wait_doubles_up_to_its_limit(void **state)
{
	struct backoff *b = backoff_new();

	(void)state;
	fails(b, LAN, HERE, BACKOFF_FREE_ACCOUNT);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), 0);
	fails(b, LAN, HERE, 1);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), BACKOFF_FIRST_MS);
	fails(b, LAN, HERE, 1);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), 2 * BACKOFF_FIRST_MS);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, mono_after(start, 1500)),
		2 * BACKOFF_FIRST_MS - 1500);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, mono_after(start, 2000)), 0);
	fails(b, LAN, HERE, 1000);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), BACKOFF_MS_MAX);
	backoff_free(&b);
}

static void ten_thousand_wrong_passwords_lock_nobody_out_elsewhere(void **state)
{
	struct backoff *b = backoff_new();

	(void)state;
	fails(b, LAN, AWAY, 10000);
	assert_int_equal(backoff_wait_ms(b, LAN, AWAY, start), BACKOFF_MS_MAX);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), 0);
	backoff_free(&b);
}

static void an_address_waits_whatever_account_it_tries(void **state)
{
	struct backoff *b = backoff_new();
	char name[16];

	(void)state;
	for (int i = 0; i <= BACKOFF_FREE_ADDRESS; i++) {
		(void)snprintf(name, sizeof name, "name%d", i);
		fails(b, slice_of(name), HERE, 1);
	}
	assert_int_equal(backoff_wait_ms(b, SLICE("untried"), HERE, start), BACKOFF_FIRST_MS);
	assert_int_equal(backoff_wait_ms(b, SLICE("untried"), AWAY, start), 0);
	backoff_free(&b);
}

static void the_right_password_forgets_and_case_does_not_matter(void **state)
{
	struct backoff *b = backoff_new();

	(void)state;
	fails(b, SLICE("Lan"), HERE, BACKOFF_FREE_ACCOUNT + 3);
	assert_true(backoff_wait_ms(b, LAN, HERE, start) > 0);
	backoff_succeeded(b, SLICE("LAN"), HERE);
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, start), 0);
	backoff_free(&b);
}

static void a_flood_of_names_is_forgotten_before_it_grows(void **state)
{
	struct backoff *b = backoff_new();
	char address[32];

	(void)state;
	for (int i = 0; i < 20 * BACKOFF_ENTRIES; i++) {
		(void)snprintf(
			address, sizeof address, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		backoff_failed(b, LAN, slice_of(address), mono_after(start, i));
	}
	assert_int_equal(backoff_wait_ms(b, LAN, HERE, mono_after(start, 0)), 0);
	backoff_free(&b);
}

static void a_wait_is_told_once(void **state)
{
	struct backoff *b = backoff_new();

	(void)state;
	fails(b, LAN, HERE, BACKOFF_FREE_ACCOUNT);
	assert_false(backoff_began(b, LAN, HERE));
	fails(b, LAN, HERE, 3);
	assert_true(backoff_began(b, LAN, HERE));
	assert_false(backoff_began(b, LAN, HERE));
	fails(b, LAN, HERE, BACKOFF_FREE_ADDRESS);
	assert_true(backoff_began(b, LAN, HERE));
	assert_false(backoff_began(b, SLICE("other"), HERE));

	backoff_succeeded(b, LAN, HERE);
	fails(b, LAN, HERE, BACKOFF_FREE_ACCOUNT + 1);
	assert_true(backoff_began(b, LAN, HERE));
	backoff_failed(b, LAN, HERE, mono_after(start, BACKOFF_FORGET_MS));
	for (int i = 0; i < BACKOFF_FREE_ACCOUNT; i++)
		backoff_failed(b, LAN, HERE, mono_after(start, BACKOFF_FORGET_MS));
	assert_true(backoff_began(b, LAN, HERE));
	backoff_free(&b);
}

static void addresses_of_one_ipv6_network_are_one(void **state)
{
	struct backoff *b = backoff_new();

	(void)state;
	fails(b, LAN, SLICE("2001:db8:1:2::1"), BACKOFF_FREE_ACCOUNT + 1);
	assert_true(backoff_wait_ms(b, LAN, SLICE("2001:db8:1:2:ffff::9"), start) > 0);
	assert_int_equal(backoff_wait_ms(b, LAN, SLICE("2001:db8:1:3::1"), start), 0);
	fails(b, LAN, SLICE("::ffff:10.0.0.1"), BACKOFF_FREE_ACCOUNT + 1);
	assert_int_equal(backoff_wait_ms(b, LAN, SLICE("::ffff:10.0.0.2"), start), 0);
	backoff_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_up_to_its_limit),
		cmocka_unit_test(ten_thousand_wrong_passwords_lock_nobody_out_elsewhere),
		cmocka_unit_test(an_address_waits_whatever_account_it_tries),
		cmocka_unit_test(the_right_password_forgets_and_case_does_not_matter),
		cmocka_unit_test(a_wait_is_told_once),
		cmocka_unit_test(addresses_of_one_ipv6_network_are_one),
		cmocka_unit_test(a_flood_of_names_is_forgotten_before_it_grows),
	};

	password_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
