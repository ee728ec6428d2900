/* Which office answers for an address, and who is told. */
#include "correlator/offices.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char good[] =
	"offices:\n"
	"  - {id: pa05, vi: An ninh mạng, en: Cyber police, desk: Trực ban}\n"
	"  - {id: skhcn, vi: Sở KH&CN}\n"
	"network_scopes:\n"
	"  - {id: dc, name: Servers, cidr: [10.2.0.0/16, '2001:db8::/32'], owner: skhcn}\n"
	"  - {id: all, name: Rest, cidr: [10.0.0.0/8]}\n";

static struct offices *offices_in(const char *yaml, struct err *err)
{
	char path[] = "/tmp/hd-offices-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(file_write(path, slice_of(yaml)), 0);
	struct offices *o = offices_load(path, err);
	assert_int_equal(unlink(path), 0);
	return o;
}

static void the_first_network_that_holds_an_address_counts(void **state)
{
	static const struct {
		const char *address, *scope;
	} cases[] = {{"10.2.3.4", "dc"}, {"10.3.3.4", "all"}, {"2001:db8::1", "dc"},
		{"192.0.2.1", ""}, {"nonsense", ""}};
	struct err err = {0};
	struct offices *o = offices_in(good, &err);

	(void)state;
	assert_non_null(o);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct scope *s = offices_scope(o, slice_of(cases[i].address));

		assert_true(slice_is(s ? s->id : SLICE(""), cases[i].scope));
	}
	assert_null(offices_scope(NULL, SLICE("10.2.3.4")));
	offices_free(&o);
}

static void each_office_is_told_once_with_its_desk(void **state)
{
	const struct slice ids[] = {SLICE("pa05"), SLICE(""), SLICE("unknown"), SLICE("pa05")};
	const struct slice addresses[] = {SLICE("10.2.3.4"), SLICE("192.0.2.1")};
	const struct offices_concerned concerned = {ids, 4, addresses, 2};
	CLEANUP(buf_release) struct buf out = {0}, bare = {0};
	struct err err = {0};
	struct offices *o = offices_in(good, &err);

	(void)state;
	offices_write(o, &concerned, &out);
	assert_string_equal(buf_text(&out),
		"[{\"id\":\"pa05\",\"vi\":\"An ninh mạng\",\"en\":\"Cyber police\","
		"\"desk\":\"Trực ban\"},{\"id\":\"unknown\"},"
		"{\"id\":\"skhcn\",\"vi\":\"Sở KH&CN\"}]");
	offices_write(NULL, &concerned, &bare);
	assert_string_equal(buf_text(&bare), "[{\"id\":\"pa05\"},{\"id\":\"unknown\"}]");
	offices_free(&o);
}

static void a_mistake_is_named_with_its_line(void **state)
{
	static const char *const texts[] = {"- x\n", "offices:\n  - {id: a}\n",
		"network_scopes:\n  - {name: x, cidr: []}\n", "network_scopes:\n  - {id: x}\n",
		"network_scopes:\n  - {id: x, cidr: [10.0.0.0/99]}\n", "a: [\n"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err err = {0};

		assert_null(offices_in(texts[i], &err));
		assert_true(err_is_set(&err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_network_that_holds_an_address_counts),
		cmocka_unit_test(each_office_is_told_once_with_its_desk),
		cmocka_unit_test(a_mistake_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
