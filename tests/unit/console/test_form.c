#include "console/form.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void a_wrong_body_is_told_by_error_and_field(void **state)
{
	static const struct {
		const char *body, *error, *field;
	} rows[] = {
		{"{\"name\":\"lan\",\"note\":\"x\"}", NULL, NULL},
		{"", "bad_json", NULL},
		{"{", "bad_json", NULL},
		{"{\"name\":\"lan\",\"note\":\"x\"} x", "bad_json", NULL},
		{"\xff", "bad_json", NULL},
		{"[]", "not_an_object", NULL},
		{"\"name\"", "not_an_object", NULL},
		{"{}", "field_missing", "name"},
		{"{\"name\":\"lan\"}", "field_missing", "note"},
		{"{\"name\":1,\"note\":\"x\"}", "field_not_text", "name"},
		{"{\"name\":null,\"note\":\"x\"}", "field_not_text", "name"},
		{"{\"name\":[\"lan\"],\"note\":\"x\"}", "field_not_text", "name"},
		{"{\"name\":\"\",\"note\":\"x\"}", "field_blank", "name"},
		{"{\"name\":\" \\n\",\"note\":\"x\"}", "field_blank", "name"},
		{"{\"name\":\"12345\",\"note\":\"x\"}", "field_too_long", "name"},
		{"{\"name\":\"lan\",\"note\":\"x\",\"role\":\"admin\"}", "unknown_field", NULL},
	};
	struct json_reader *reader = json_reader_new(1024);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct slice name, note;
		const struct form_field fields[] = {{"name", 4, &name}, {"note", 100, &note}};
		struct form_fault fault = {0};
		bool good = form_read(reader, slice_of(rows[i].body), fields, 2, &fault);

		assert_int_equal(good, rows[i].error == NULL);
		if (good) {
			assert_true(slice_is(name, "lan"));
			continue;
		}
		assert_string_equal(fault.error, rows[i].error);
		assert_string_equal(
			fault.field ? fault.field : "", rows[i].field ? rows[i].field : "");
	}
	json_reader_free(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_body_is_told_by_error_and_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
