#include "crawler/import_server.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

static bool read_item(struct arena *a, struct json_reader *reader, const char *json,
	struct import_item *item, struct err *err)
{
	struct json_value root;

	return json_read(reader, slice_of(json), &root, err) &&
		import_item_read(a, root, item, err);
}

static void reader_free(struct json_reader **reader)
{
	json_reader_free(reader);
}

static void an_item_is_taken_without_what_names_a_person(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(reader_free) struct json_reader *reader = json_reader_new(1 << 16);
	struct import_item item = {0};
	struct err err = {0};
	(void)state;

	assert_true(read_item(a, reader,
		"{\"source\": \"fb\", \"url\": \"https://h.vn/1\", \"title\": \"a\xCC\x81\", \"text\": null,"
		"\"published\": \"2026-11-23T07:00:00+07:00\", \"links\": [\"http://x.vn/\", \"/y\", 3],"
		"\"author\": \"Tên\", \"User_Name\": \"x\", \"author_id\": 7, \"likes\": 5}",
		&item, &err));
	assert_true(slice_is(item.title, "\xC3\xA1"));
	assert_int_equal(item.text.len, 0);
	assert_int_equal(item.published.day, 23);
	assert_int_equal(item.link_host_count, 1);
	assert_int_equal(item.personal, 3);
	assert_int_equal(item.unknown, 1);
}

static void a_bad_item_names_its_field(void **state)
{
	static const struct {
		const char *json, *said;
	} rows[] = {
		{"[]", "object"},
		{"{\"url\": \"http://h.vn/\"}", "source"},
		{"{\"source\": \"a\"}", "url is missing"},
		{"{\"source\": \"a\", \"url\": \"file:///etc/passwd\"}", "url:"},
		{"{\"source\": \"a\", \"url\": \"http://u:p@h.vn/\"}", "url:"},
		{"{\"source\": \"a\", \"url\": \"http://h.vn/\", \"title\": 5}", "title:"},
		{"{\"source\": \"a\", \"url\": \"http://h.vn/\", \"published\": \"soon\"}",
			"published:"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(reader_free) struct json_reader *reader = json_reader_new(1 << 16);
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct import_item item;
		struct err err = {0};

		if (read_item(a, reader, rows[i].json, &item, &err) ||
			strstr(err.said, rows[i].said) == NULL)
			fail_msg("%s: \"%s\"", rows[i].json, err.said);
	}
}

/* The signature was made with Python's hmac module. */
static void only_what_is_signed_now_with_our_secret_comes_in(void **state)
{
	static const char secret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";
	static const char right[] = "v1,PxJKkmaIQH+jqwoVsjS45W3BzfkVmBtiGQh0rMrHllE=";
	static const struct {
		const char *authorization, *id, *timestamp, *signatures;
		bool comes_in;
	} rows[] = {
		{"", "msg-1", "1700000000", right, true},
		{"", "msg-1", "1700000000",
			"v1,AAAA v1,PxJKkmaIQH+jqwoVsjS45W3BzfkVmBtiGQh0rMrHllE=", true},
		{"", "msg-2", "1700000000", right, false},
		{"", "msg-1", "1700000001", right, false},
		{"", "msg-1", "1699990000", right, false},
		{"", "", "1700000000", right, false},
		{"", "msg-1", "1700000000", "", false},
		{"Bearer whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "", "", "", true},
		{"Bearer whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY4", "", "", "", false},
		{"Bearer ", "", "", "", false},
		{"", "", "", "", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct import_credentials given = {slice_of(rows[i].authorization),
			slice_of(rows[i].id), slice_of(rows[i].timestamp),
			slice_of(rows[i].signatures)};

		if (import_is_signed(slice_of(secret), &given, SLICE("{}"), 1700000100) !=
			rows[i].comes_in)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_is_taken_without_what_names_a_person),
		cmocka_unit_test(a_bad_item_names_its_field),
		cmocka_unit_test(only_what_is_signed_now_with_our_secret_comes_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
