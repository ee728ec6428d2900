#include "correlator/detection.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

/* Whether a detection holds for an event; -1 when it is refused, with the reason in `said`. */
static int holds(const char *detection, const char *event, enum view_naming naming, char said[256])
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(view_fields_free) struct view_fields *fields = view_fields_new(naming);
	CLEANUP(regex_set_free) struct regex_set *regexes = regex_set_new();
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(1 << 20);
	CLEANUP(view_free) struct view *view = NULL;
	struct yaml_documents docs, vars;
	struct json_value root;
	struct err err = {0};

	assert_true(yaml_read(a, "vars",
		SLICE("{dcs: [dc1, dc2], nets: [10.0.0.0/8], limit: 7, empty: []}"), &vars, &err));
	if (!yaml_read(a, "test", slice_of(detection), &docs, &err))
		fail_msg("%s: %s", detection, err_text(&err));
	struct detection_source source = {.arena = a,
		.fields = fields,
		.regexes = regexes,
		.vars = vars.at[0],
		.file = "test",
		.err = &err};
	const struct expr *e = detection_read(&source, docs.at[0]);
	if (!e) {
		(void)snprintf(said, 256, "%s", err_text(&err));
		return -1;
	}
	assert_false(err_is_set(&err));
	assert_true(json_read(reader, slice_of(event), &root, &err));
	view = view_new(fields);
	view_load(view, root);
	return expr_holds(e, view);
}

struct row {
	const char *field; /* of one search, as YAML flow */
	const char *event;
	bool matches;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(mem_cleanup)
		char *text = mem_printf("s: %s\ncondition: s\n", rows[i].field);
		char said[256] = "";
		int found = holds(text, rows[i].event, VIEW_VERBATIM_NAMES, said);

		if (found != rows[i].matches)
			fail_msg("%s on %s gives %d %s", rows[i].field, rows[i].event, found, said);
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

static void values_match_whole_and_without_case(void **state)
{
	static const struct row rows[] = {
		{"{a: evil}", "{\"a\":\"EVIL\"}", true},
		{"{a: EVIL}", "{\"a\":\"evil\"}", true},
		{"{a: evil}", "{\"a\":\"evils\"}", false},
		{"{a|cased: Evil}", "{\"a\":\"evil\"}", false},
		{"{a|cased: Evil}", "{\"a\":\"Evil\"}", true},
		{"{a: ĐẬP}", "{\"a\":\"đập\"}", true},
		{"{a: [x, y]}", "{\"a\":\"y\"}", true},
		{"{a: [x, y]}", "{\"a\":\"z\"}", false},
		{"{a: x, b: y}", "{\"a\":\"x\",\"b\":\"y\"}", true},
		{"{a: x, b: y}", "{\"a\":\"x\",\"b\":\"z\"}", false},
		{"[{a: x}, {b: y}]", "{\"a\":\"0\",\"b\":\"y\"}", true},
		{"{a: 80}", "{\"a\":80}", true},
		{"{a: 80}", "{\"a\":\"80\"}", true},
		{"{a: '80'}", "{\"a\":80}", true},
		{"{a: 80}", "{\"a\":8080}", false},
		{"{a: 1.5}", "{\"a\":1.50}", true},
		{"{a: true}", "{\"a\":true}", true},
		{"{a: true}", "{\"a\":false}", false},
	};

	(void)state;
	CHECK(rows);
}

static void null_and_empty_are_told_apart(void **state)
{
	static const struct row rows[] = {
		{"{a: null}", "{\"b\":1}", true},
		{"{a: null}", "{\"a\":null}", true},
		{"{a: null}", "{\"a\":\"\"}", false},
		{"{a: ''}", "{\"a\":\"\"}", true},
		{"{a: ''}", "{\"b\":1}", false},
		{"{a: ''}", "{\"a\":null}", false},
		{"{a: [null, x]}", "{\"b\":1}", true},
		{"{a: '*'}", "{\"a\":\"anything\"}", true},
		{"{a: '*'}", "{\"b\":1}", false},
		{"{a|exists: true}", "{\"a\":null}", true},
		{"{a|exists: true}", "{\"b\":1}", false},
		{"{a|exists: false}", "{\"b\":1}", true},
	};

	(void)state;
	CHECK(rows);
}

static void wildcards_and_their_escapes_are_read_as_sigma_says(void **state)
{
	static const struct row rows[] = {
		{"{a: 'ev*'}", "{\"a\":\"evil\"}", true},
		{"{a: '*il'}", "{\"a\":\"evil\"}", true},
		{"{a: '*vi*'}", "{\"a\":\"evil\"}", true},
		{"{a: 'e*l'}", "{\"a\":\"evil\"}", true},
		{"{a: 'e*l'}", "{\"a\":\"evils\"}", false},
		{"{a: 'ev?l'}", "{\"a\":\"evil\"}", true},
		{"{a: 'ev?l'}", "{\"a\":\"evl\"}", false},
		{"{a: 'đ?p'}", "{\"a\":\"đập\"}", true},
		{"{a: 'a*b*c'}", "{\"a\":\"abbcbc\"}", true},
		{"{a: 'a\\*b'}", "{\"a\":\"a*b\"}", true},
		{"{a: 'a\\*b'}", "{\"a\":\"axb\"}", false},
		{"{a: 'a\\?b'}", "{\"a\":\"a?b\"}", true},
		{"{a: 'c:\\dir'}", "{\"a\":\"c:\\\\dir\"}", true},
		{"{a: 'c:\\\\dir'}", "{\"a\":\"c:\\\\dir\"}", true},
		{"{a: 'c:\\\\*'}", "{\"a\":\"c:\\\\any\"}", true},
		{"{a: 'c:\\\\*'}", "{\"a\":\"c:any\"}", false},
		{"{a: 'x\\\\\\*'}", "{\"a\":\"x\\\\*\"}", true},
		{"{a: 'x\\\\\\*'}", "{\"a\":\"x\\\\y\"}", false},
		{"{a: 'x\\\\\\y'}", "{\"a\":\"x\\\\\\\\y\"}", true},
		{"{a: 'x\\\\\\\\y'}", "{\"a\":\"x\\\\\\\\y\"}", true},
		{"{a|endswith: 'dir\\'}", "{\"a\":\"c:\\\\dir\\\\\"}", true},
		{"{a|contains: '\\\\'}", "{\"a\":\"c:\\\\dir\"}", true},
		{"{a|contains: '\\*'}", "{\"a\":\"2*3\"}", true},
		{"{a|contains: '\\*'}", "{\"a\":\"23\"}", false},
		{"{a: '?*'}", "{\"a\":\"\"}", false},
	};

	(void)state;
	CHECK(rows);
}

static void text_modifiers_open_the_value(void **state)
{
	static const struct row rows[] = {
		{"{a|contains: vi}", "{\"a\":\"EVIL\"}", true},
		{"{a|startswith: ev}", "{\"a\":\"evil\"}", true},
		{"{a|startswith: vi}", "{\"a\":\"evil\"}", false},
		{"{a|endswith: il}", "{\"a\":\"evil\"}", true},
		{"{a|contains|all: [ev, il]}", "{\"a\":\"evil\"}", true},
		{"{a|contains|all: [ev, xx]}", "{\"a\":\"evil\"}", false},
		{"{a|contains: 'e*l'}", "{\"a\":\"an evil one\"}", true},
		{"{a|contains|cased: VI}", "{\"a\":\"evil\"}", false},
		{"{a|contains: 8}", "{\"a\":1080}", true},
		{"{a|contains|windash: ' -x'}", "{\"a\":\"p /x\"}", true},
		{"{a|contains|windash: ' -x'}", "{\"a\":\"p –x\"}", true},
		{"{a|contains|windash: ' /x'}", "{\"a\":\"p -x\"}", true},
		{"{a|contains|windash: 'a-b'}", "{\"a\":\"a/b\"}", false},
		{"{a|contains|windash: ' -x -y'}", "{\"a\":\"p /x -y\"}", true},
		{"{a|contains|windash: ' –x'}", "{\"a\":\"p -x\"}", true},
		{"{a|contains|windash: ' -x'}", "{\"a\":\"p ―x\"}", true},
		{"{a|contains|windash: ' -x'}", "{\"a\":\"p —x\"}", true},
		{"{a|contains|windash: ' -a -b -c -d -e -f -g'}",
			"{\"a\":\"p -a /b –c —d ―e -f /g\"}", true},
		{"{a|contains|windash: ' - x'}", "{\"a\":\"p / x\"}", false},
		{"{a|contains|windash: 'é-x'}", "{\"a\":\"é/x\"}", false},
		{"{a|windash|contains|all: ['-x', '-y']}", "{\"a\":\"/y /x\"}", true},
		{"{a|contains|windash: '-x*y'}", "{\"a\":\"/x and y\"}", true},
		{"{a|windash|base64offset|contains: ' -x'}", "{\"a\":\"cCAveA==\"}", true},
		{"{a|neq: x}", "{\"a\":\"y\"}", true},
		{"{a|neq: x}", "{\"a\":\"X\"}", false},
		{"{a|neq: [x, y]}", "{\"a\":\"y\"}", false},
		{"{a|neq: x}", "{\"b\":1}", false},
	};

	(void)state;
	CHECK(rows);
}

static void regular_expressions_search_with_their_flags(void **state)
{
	static const struct row rows[] = {
		{"{a|re: '^e.*l$'}", "{\"a\":\"evil\"}", true},
		{"{a|re: 'vi'}", "{\"a\":\"evil\"}", true},
		{"{a|re: 'VI'}", "{\"a\":\"evil\"}", false},
		{"{a|re|i: 'VI'}", "{\"a\":\"evil\"}", true},
		{"{a|re: '^b'}", "{\"a\":\"a\\nb\"}", false},
		{"{a|re|m: '^b'}", "{\"a\":\"a\\nb\"}", true},
		{"{a|re: 'a.b'}", "{\"a\":\"a\\nb\"}", false},
		{"{a|re|s: 'a.b'}", "{\"a\":\"a\\nb\"}", true},
		{"{a|re|startswith: 'v|e'}", "{\"a\":\"evil\"}", true},
		{"{a|re|startswith: 'v|i'}", "{\"a\":\"evil\"}", false},
		{"{a|re|endswith: 'i.|x'}", "{\"a\":\"evil\"}", true},
		{"{a|re|contains: 'v.l'}", "{\"a\":\"evil\"}", true},
		{"{a|re|all: ['^e', 'l$']}", "{\"a\":\"evil\"}", true},
		{"{a|re|expand: '^%dcs%$'}", "{\"a\":\"dc2\"}", true},
		{"{a|re: '^8+$'}", "{\"a\":88}", true},
		{"{a|re: '\\bđập\\b'}", "{\"a\":\"vỡ đập rồi\"}", true},
		{"{a|re: 'th\\b'}", "{\"a\":\"thủy\"}", false},
		{"{a|re: '^(a+)+$'}", "{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}",
			false},
	};

	(void)state;
	CHECK(rows);
}

static void numbers_addresses_and_dates_compare(void **state)
{
	static const struct row rows[] = {
		{"{a|gt: 5}", "{\"a\":6}", true},
		{"{a|gt: 5}", "{\"a\":5}", false},
		{"{a|gte: 5}", "{\"a\":\"5\"}", true},
		{"{a|lt: 5}", "{\"a\":4.5}", true},
		{"{a|lte: 5}", "{\"a\":6}", false},
		{"{a|lt: 5}", "{\"a\":\"x\"}", false},
		{"{a|neq: 5}", "{\"a\":6}", true},
		{"{a|cidr: 10.0.0.0/8}", "{\"a\":\"10.255.0.1\"}", true},
		{"{a|cidr: 10.0.0.0/8}", "{\"a\":\"11.0.0.1\"}", false},
		{"{a|cidr: 10.1.2.128/25}", "{\"a\":\"10.1.2.127\"}", false},
		{"{a|cidr: 10.1.2.128/25}", "{\"a\":\"10.1.2.200\"}", true},
		{"{a|cidr: '2001:db8::/33'}", "{\"a\":\"2001:db8:7fff::1\"}", true},
		{"{a|cidr: '2001:db8::/33'}", "{\"a\":\"2001:db8:8000::1\"}", false},
		{"{a|cidr: 0.0.0.0/0}", "{\"a\":\"::1\"}", false},
		{"{a|cidr: [10.0.0.0/8, 192.168.0.0/16]}", "{\"a\":\"192.168.1.1\"}", true},
		{"{a|cidr: 10.0.0.0/8}", "{\"a\":\"ten\"}", false},
		{"{t|hour: 7}", "{\"t\":\"2026-11-23T07:05:09+07:00\"}", true},
		{"{t|hour|gte: 22}", "{\"t\":\"2026-11-23T07:05:09+07:00\"}", false},
		{"{t|minute: 5}", "{\"t\":\"2026-11-23T07:05:09Z\"}", true},
		{"{t|day: 23, t|month: 11, t|year: 2026}", "{\"t\":\"2026-11-23T07:05:09Z\"}",
			true},
		{"{t|week: 48}", "{\"t\":\"2026-11-23T07:05:09Z\"}", true},
		{"{t|week: 53}", "{\"t\":\"2027-01-01T00:00:00Z\"}", true},
		{"{t|week: 1}", "{\"t\":\"2024-12-30T00:00:00Z\"}", true},
		{"{t|hour: 7}", "{\"t\":\"yesterday\"}", false},
		{"{t|year: 1700}", "{\"t\":1700000000}", false},
		{"{t|hour: 7}", "{\"t\":\"2026-11-23\"}", false},
		{"{t|month: [10, 11]}", "{\"t\":\"2026-11-23\"}", true},
		{"{a|cidr|expand: '%nets%'}", "{\"a\":\"10.9.9.9\"}", true},
		{"{a|gt|expand: '%limit%'}", "{\"a\":8}", true},
	};

	(void)state;
	CHECK(rows);
}

static void encodings_and_references_are_followed(void **state)
{
	static const struct row rows[] = {
		{"{a|base64: foobar}", "{\"a\":\"Zm9vYmFy\"}", true},
		{"{a|base64offset|contains: foobar}", "{\"a\":\"eHhmb29iYXJ5\"}", true},
		{"{a|base64offset|contains: foobar}", "{\"a\":\"eGZvb2Jhcnl5\"}", true},
		{"{a|base64offset|contains: foobar}", "{\"a\":\"Zm9vYmFyeHg=\"}", true},
		{"{a|base64offset|contains: foobar}", "{\"a\":\"YmFyZm9v\"}", false},
		{"{a|wide|base64: cmd}", "{\"a\":\"YwBtAGQA\"}", true},
		{"{a|utf16be|base64: cmd}", "{\"a\":\"AGMAbQBk\"}", true},
		{"{a|utf16|base64: cmd}", "{\"a\":\"//5jAG0AZAA=\"}", true},
		{"{a|fieldref: b}", "{\"a\":\"X\",\"b\":\"x\"}", true},
		{"{a|fieldref: b}", "{\"a\":\"X\",\"b\":\"y\"}", false},
		{"{a|fieldref: b}", "{\"a\":\"X\"}", false},
		{"{a|fieldref|endswith: b}", "{\"a\":\"xyz\",\"b\":\"yz\"}", true},
		{"{a|fieldref|neq: b}", "{\"a\":\"X\",\"b\":\"y\"}", true},
		{"{a|fieldref: b}", "{\"a\":5,\"b\":5.0}", true},
		{"{a|fieldref: b}", "{\"a\":5,\"b\":\"5\"}", true},
		{"{a|fieldref: b}", "{\"a\":null,\"b\":null}", false},
		{"{a|fieldref|contains: b}", "{\"a\":\"xyz\",\"b\":\"Y\"}", true},
		{"{a|fieldref|startswith: b}", "{\"a\":\"xyz\",\"b\":\"*\"}", false},
		{"{a|fieldref|cased: b}", "{\"a\":\"X\",\"b\":\"x\"}", false},
		{"{a|wide|contains: cmd}", "{\"a\":\"c\\u0000m\\u0000d\\u0000\"}", true},
		{"{a|utf16: c}", "{\"a\":\"\\ufeffc\\u0000\"}", true},
		{"{a|expand: '\\%plain%dcs%'}", "{\"a\":\"%plaindc1\"}", true},
		{"{a|expand: '100% of %dcs%'}", "{\"a\":\"100% of dc1\"}", true},
		{"{a: '%dcs%'}", "{\"a\":\"%dcs%\"}", true},
		{"{a|expand: '%dcs%'}", "{\"a\":\"dc2\"}", true},
		{"{a|expand|contains: 'x%dcs%'}", "{\"a\":\"the xdc1 one\"}", true},
		{"{a|expand: '%dcs%'}", "{\"a\":\"dc3\"}", false},
	};

	(void)state;
	CHECK(rows);
}

static void fields_are_found_in_objects_and_lists(void **state)
{
	static const struct row rows[] = {
		{"{a.b: x}", "{\"a\":{\"b\":\"x\"}}", true},
		{"{a.b: x}", "{\"a.b\":\"x\"}", true},
		{"{a.b.c: x}", "{\"a\":{\"b.c\":\"x\"}}", true},
		{"{a.b.c: x}", "{\"a.b\":{\"c\":\"x\"}}", true},
		{"{a.b.c: x}", "{\"a\":{\"b\":{\"d\":1}},\"a.b\":{\"c\":\"x\"}}", true},
		{"{a: x}", "{\"a\":[\"y\",\"x\"]}", true},
		{"{a: z}", "{\"a\":[\"y\",\"x\"]}", false},
		{"{a.b: x}", "{\"a\":[{\"b\":\"y\"},{\"b\":\"x\"}]}", true},
		{"{a|contains: 9.9}", "{\"a\":[{\"n\":\"q\",\"d\":\"9.9.9.9\"}]}", true},
		{"{a|exists: true}", "{\"a\":[]}", true},
		{"{a|gt: 5}", "{\"a\":[1,9]}", true},
		{"[evil, foo*bar]", "{\"x\":{\"y\":[\"so EVIL\"]}}", true},
		{"[evil, foo*bar]", "{\"x\":\"foo and bar\"}", true},
		{"[evil]", "{\"evil\":\"good\"}", false},
		{"{'|all': [a, b]}", "{\"x\":\"a\",\"y\":\"b\"}", true},
		{"{'|all': [a, b]}", "{\"x\":\"a\"}", false},
	};

	(void)state;
	CHECK(rows);
}

static void conditions_combine_searches(void **state)
{
	static const struct {
		const char *condition;
		const char *event;
		int expected;
	} rows[] = {
		{"a1", "{\"f\":1}", 1},
		{"a1 and a2", "{\"f\":1,\"g\":1}", 1},
		{"a1 and a2", "{\"f\":1}", 0},
		{"a1 or a2", "{\"g\":1}", 1},
		{"not a1", "{\"g\":1}", 1},
		{"not a1 and a2", "{\"g\":1}", 1},
		{"not (a1 or a2)", "{\"g\":1}", 0},
		{"a1 and not a2 or b", "{\"h\":1}", 1},
		{"b or a1 and a2", "{\"f\":1}", 0},
		{"(b or a1) and a2", "{\"f\":1}", 0},
		{"1 of a*", "{\"g\":1}", 1},
		{"all of a*", "{\"g\":1}", 0},
		{"all of a*", "{\"f\":1,\"g\":1}", 1},
		{"1 of them", "{\"x\":1}", 0},
		{"1 of them", "{\"h\":1}", 1},
		{"any of them", "{\"h\":1}", 1},
		{"1 of _*", "{\"x\":1}", 1},
		{"1 of *", "{\"x\":1}", 0},
		{"ALL OF a? AND NOT b", "{\"f\":1,\"g\":1}", 1},
		{"[a1, b]", "{\"h\":1}", 1},
		{"c", "{\"h\":1}", -1},
		{"a1 and", "{}", -1},
		{"(a1", "{}", -1},
		{"a1 a2", "{}", -1},
		{"2 of a*", "{}", -1},
		{"1 of z*", "{}", -1},
		{"a1 | count() > 5", "{}", -1},
		{"", "{}", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(mem_cleanup)
		char *text = mem_printf(
			"a1: {f: 1}\na2: {g: 1}\nb: {h: 1}\n_hidden: {x: 1}\ncondition: %s\n",
			*rows[i].condition ? rows[i].condition : "''");
		char said[256] = "";
		int found = holds(text, rows[i].event, VIEW_VERBATIM_NAMES, said);

		if (found != rows[i].expected)
			fail_msg("%s on %s gives %d %s", rows[i].condition, rows[i].event, found,
				said);
	}
}

static void what_cannot_be_read_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *detection;
		const char *said;
	} rows[] = {
		{"s:\n  a|foo: 1\ncondition: s",
			"test:2: a|foo: 'foo' is no modifier of Sigma 2.1"},
		{"s:\n  a|re: '('\ncondition: s", "test:2: a: regular expression: missing closing"},
		{"s:\n  a|cidr: 10.0.0.0/99\ncondition: s", "is no block of addresses"},
		{"s:\n  a|gt: x\ncondition: s", "expected a number, found 'x'"},
		{"s:\n  a|exists: perhaps\ncondition: s", "expected true or false"},
		{"s:\n  a|i: x\ncondition: s", "'i' goes only after re"},
		{"s:\n  a|re|cased: x\ncondition: s", "do not go with re"},
		{"s:\n  a|wide|contains: é\ncondition: s", "is no text that an event could hold"},
		{"s:\n  a|base64|windash: '-x'\ncondition: s", "windash goes before"},
		{"s:\n  a|contains: null\ncondition: s", "null does not fit here"},
		{"s:\n  '|exists': true\ncondition: s", "knows no exists"},
		{"s:\n  a|exists|all: true\ncondition: s", "exists stands alone"},
		{"s:\n  a|base64: 'x*'\ncondition: s", "cannot hold wildcards"},
		{"s:\n  a|expand: '%nothing%'\ncondition: s", "placeholder %nothing% has no value"},
		{"s:\n  a: {b: c}\ncondition: s", "expected a value, found a map"},
		{"s:\n  a: []\ncondition: s", "the list is empty"},
		{"s: {}\ncondition: s", "the map is empty"},
		{"s: {a: 1}", "has no condition"},
		{"s: {a: 1}\ntimeframe: 5m\ncondition: s", "test:2: timeframe: is no longer part"},
		{"s: {a: 1}\ncondition: s | count() by b > 5", "write a correlation rule"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char said[256] = "";

		assert_int_equal(holds(rows[i].detection, "{}", VIEW_VERBATIM_NAMES, said), -1);
		if (!strstr(said, rows[i].said))
			fail_msg("%s is refused with: %s", rows[i].detection, said);
	}
}

static void names_of_sigma_mean_fields_of_ours(void **state)
{
	static const char event[] = "{\"src_ip\":\"10.0.0.1\",\"dns\":{\"rrname\":\"a.test\"}}";
	char said[256] = "";

	(void)state;
	assert_int_equal(holds("s: {query: a.test, SourceIp: 10.0.0.1}\ncondition: s", event,
				 VIEW_SIGMA_NAMES, said),
		1);
	assert_int_equal(
		holds("s: {dns.rrname: a.test}\ncondition: s", event, VIEW_SIGMA_NAMES, said), 1);
	assert_int_equal(
		holds("s: {query: a.test}\ncondition: s", event, VIEW_VERBATIM_NAMES, said), 0);
	assert_int_equal(holds("s: {query: b.test}\ncondition: s", "{\"query\":\"b.test\"}",
				 VIEW_SIGMA_NAMES, said),
		1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_match_whole_and_without_case),
		cmocka_unit_test(null_and_empty_are_told_apart),
		cmocka_unit_test(wildcards_and_their_escapes_are_read_as_sigma_says),
		cmocka_unit_test(text_modifiers_open_the_value),
		cmocka_unit_test(regular_expressions_search_with_their_flags),
		cmocka_unit_test(numbers_addresses_and_dates_compare),
		cmocka_unit_test(encodings_and_references_are_followed),
		cmocka_unit_test(fields_are_found_in_objects_and_lists),
		cmocka_unit_test(conditions_combine_searches),
		cmocka_unit_test(what_cannot_be_read_is_refused_with_its_line),
		cmocka_unit_test(names_of_sigma_mean_fields_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
