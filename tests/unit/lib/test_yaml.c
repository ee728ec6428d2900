#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/yaml.h"
#include "tests/unit/test.h"

#include <string.h>

/* The tree in one line: "scalar" with its line, {k:v}, [v]; quoted scalars in quotes. */
static void show(const struct yaml_node *node, struct buf *out)
{
	if (node->kind == YAML_SCALAR) {
		const char *quote = node->quoted ? "'" : "";

		buf_printf(out, "%s%s%s@%u", quote, node->text.at, quote, node->line);
		return;
	}
	buf_add_byte(out, node->kind == YAML_MAP ? '{' : '[');
	for (size_t i = 0; i < node->count; i++) {
		buf_add_text(out, i ? "," : "");
		if (node->kind == YAML_MAP)
			buf_printf(out, "%s:", node->keys[i]->text.at);
		show(node->values[i], out);
	}
	buf_add_byte(out, node->kind == YAML_MAP ? '}' : ']');
}

static void texts_become_trees_that_know_their_lines(void **state)
{
	static const struct {
		const char *text, *tree; /* documents joined with | */
	} rows[] = {
		{"", ""},
		{"---\n...\n", ""},
		{"# nothing\n", ""},
		{"a", "a@1"},
		{"''", "''@1"},
		{"a: 1\nb:\n  - x\n  - 'y'\n", "{a:1@1,b:[x@3,'y'@4]}"},
		{"a: {}\nb: []\n", "{a:{},b:[]}"},
		{"a: |\n  l1\n  l2\nb: >-\n  f1\n  f2\n", "{a:'l1\nl2\n'@1,b:'f1 f2'@4}"},
		{"a: \"\\u1ed9\\n\"\n", "{a:'ộ\n'@1}"},
		{"ộ: ô\n", "{ộ:ô@1}"},
		{"\xef\xbb\xbf"
		 "a: 1\nb: 2\n",
			"{a:1@1,b:2@2}"},
		{"a: 1\n---\n---\nb: 2\n", "{a:1@1}|{b:2@4}"},
		{"a:\r\n  b: 1\r\n", "{a:{b:1@2}}"},
		{"a: ~\nb:\n", "{a:~@1,b:@2}"},
		{"- - 1\n  - 2\n- [3, {x: 4}]", "[[1@1,2@2],[3@3,{x:4@3}]]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf tree = {0};
		struct yaml_documents docs;
		struct err err = {0};

		if (!yaml_read(a, "t", slice_of(rows[i].text), &docs, &err))
			fail_msg("row %zu: %s", i, err_text(&err));
		for (size_t j = 0; j < docs.count; j++) {
			buf_add_text(&tree, j ? "|" : "");
			show(docs.at[j], &tree);
		}
		assert_string_equal(buf_text(&tree), rows[i].tree);
	}
}

static void bad_texts_are_refused_with_file_and_line(void **state)
{
	static const struct {
		struct slice text;
		const char *said;
	} rows[] = {
		{SLICE_INIT("a: 1\nb: [1, 2\nc: 3\n"),
			"t.yml:3: did not find expected ',' or ']' while"},
		{SLICE_INIT("a: 1\n b: 2\n"),
			"t.yml:2: mapping values are not allowed in this context"},
		{SLICE_INIT("a: \"x\n"), "t.yml:2: found unexpected end of stream while scanning"},
		{SLICE_INIT("\n\t- a\n"), "t.yml:2: found character that cannot start any token"},
		{SLICE_INIT("a: 1\nb: 2\na: 3\n"),
			"t.yml:3: the key \"a\" stands twice, first in line 1"},
		{SLICE_INIT("x:\n  - {k: 1, 'k': 2}\n"), "t.yml:2: the key \"k\" stands twice"},
		{SLICE_INIT("a: &x 1\n"), "t.yml:1: anchors (&), aliases (*) and tags (!)"},
		{SLICE_INIT("a: &x [1]\n"), "t.yml:1: anchors"},
		{SLICE_INIT("\na: &x {b: 1}\n"), "t.yml:2: anchors"},
		{SLICE_INIT("a: 1\nb: *x\n"), "t.yml:2: anchors"},
		{SLICE_INIT("a: !!binary eA==\n"), "t.yml:1: anchors"},
		{SLICE_INIT("%TAG ! tag:x,2000:\n--- a\n"), "t.yml:1: %TAG directives"},
		{SLICE_INIT("a\n---\n...\n%TAG ! tag:x,2000:\n--- a\n"), "t.yml:4: %TAG"},
		{SLICE_INIT("a\n...\r%TAG ! tag:x,2000:\n--- a\n"), "t.yml:2: %TAG"},
		{SLICE_INIT("a\n...\xc2\x85%TAG ! tag:x,2000:\n--- a\n"), "t.yml:2: %TAG"},
		{SLICE_INIT("a: 100%TAG\n...\xe2\x80\xa8%TAG ! tag:x,2000:\n--- a\n"),
			"t.yml:2: %TAG"},
		{SLICE_INIT("? [a]\n: 1\n"), "t.yml:1: a key must be a plain text"},
		{SLICE_INIT("? {a: 1}\n: 1\n"), "t.yml:1: a key must be a plain text"},
		{SLICE_INIT("a: 1\nb: \xff\n"), "t.yml:2: invalid leading UTF-8 octet"},
		{SLICE_INIT("a: 1\nb: \xc3(\n"), "t.yml:2: invalid trailing UTF-8 octet"},
		{SLICE_INIT("a: 1\nb: x\0y\n"), "t.yml:2: control characters are not allowed"},
		{SLICE_INIT("a: 1\nb: \"x\\0y\"\n"), "t.yml:2: a NUL character in a text"},
		{SLICE_INIT("a: 1\nb: \x1b\n"), "t.yml:2: control characters are not allowed"},
		{SLICE_INIT("\xff\xfe"
			    "a\0"),
			"t.yml:1: invalid leading UTF-8 octet"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct yaml_documents docs;
		struct err err = {0};

		if (yaml_read(a, "t.yml", rows[i].text, &docs, &err))
			fail_msg("row %zu was taken", i);
		assert_int_equal(docs.count, 0);
		if (!slice_starts(slice_of(err_text(&err)), slice_of(rows[i].said)))
			fail_msg("row %zu: %s", i, err_text(&err));
	}
}

static bool nested_is_read(size_t depth, bool flow, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct yaml_documents docs;

	for (size_t i = 0; i < depth; i++)
		buf_add_text(&text, flow ? "[" : "- ");
	buf_add_byte(&text, 'x');
	for (size_t i = 0; flow && i < depth; i++)
		buf_add_byte(&text, ']');
	return yaml_read(a, "t", buf_slice(&text), &docs, err);
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	for (int flow = 0; flow < 2; flow++) {
		struct err err = {0};

		assert_true(nested_is_read(YAML_DEPTH_MAX, flow, &err));
		assert_false(nested_is_read(YAML_DEPTH_MAX + 1, flow, &err));
		assert_string_equal(err_text(&err), "t:1: nested deeper than 64");
	}
	struct err err = {0};

	assert_false(nested_is_read(200000, true, &err));
	assert_string_equal(err_text(&err), "t:1: nested deeper than 64");
}

static void the_number_of_nodes_is_bounded(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct yaml_documents docs;
	struct err err = {0};

	(void)state;
	buf_add_byte(&text, '[');
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_add_text(&text, i % 100 ? "1," : "\n1,");
	assert_false(yaml_read(a, "t", buf_slice(&text), &docs, &err));
	assert_string_equal(err_text(&err), "t:20001: more than 2000000 nodes");
}

/* The time is taken so that a quadratic step shows as a hang, not to measure. */
static void a_megabyte_of_rules_is_read_at_once(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	const struct clock *clock = clock_system();
	struct yaml_documents docs;
	struct err err = {0};

	(void)state;
	for (int i = 0; text.len < 1 << 20; i++)
		buf_printf(&text,
			"---\ntitle: Rule %d\ndetection:\n  selection:\n    dns.rrname|endswith:\n"
			"      - '.example%d.com'\n      - '.example.org'\n  condition: selection\n",
			i, i);
	mono_t until = mono_after(clock_mono(clock), 5000);

	assert_true(yaml_read(a, "t", buf_slice(&text), &docs, &err));
	assert_true(docs.count > 6000);
	arena_rewind(a);
	buf_clear(&text);
	for (int i = 0; text.len < 1 << 20; i++)
		buf_printf(&text, "key%d: %d\n", i, i);
	assert_true(yaml_read(a, "t", buf_slice(&text), &docs, &err));
	assert_int_equal(docs.count, 1);
	assert_true(mono_left_ms(until, clock_mono(clock)) > 0);
}

static void scalars_are_told_apart_by_their_style(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
		bool number_good, null, truth, truth_good;
	} rows[] = {
		{"v: ~", 0, false, true, false, false},
		{"v:", 0, false, true, false, false},
		{"v: NULL", 0, false, true, false, false},
		{"v: ''", 0, false, false, false, false},
		{"v: 'null'", 0, false, false, false, false},
		{"v: true", 0, false, false, true, true},
		{"v: 'true'", 0, false, false, false, false},
		{"v: Off", 0, false, false, false, true},
		{"v: 12", 12, true, false, false, false},
		{"v: '12'", 0, false, false, false, false},
		{"v: 1.5", 0, false, false, false, false},
		{"v: [1]", 0, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct yaml_documents docs;
		struct err err = {0};
		bool truth = false;
		int64_t number = 0;

		assert_true(yaml_read(a, "t", slice_of(rows[i].text), &docs, &err));
		const struct yaml_node *v = yaml_get(docs.at[0], "v");

		assert_int_equal(yaml_is_null(v), rows[i].null);
		assert_int_equal(yaml_to_bool(v, &truth), rows[i].truth_good);
		assert_int_equal(truth, rows[i].truth);
		assert_int_equal(yaml_to_i64(v, &number), rows[i].number_good);
		assert_int_equal(number, rows[i].number);
	}
}

static void what_is_missing_is_null(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct yaml_documents docs;
	struct err err = {0};

	(void)state;
	assert_true(yaml_read(a, "t", SLICE("a: [b]"), &docs, &err));
	assert_null(yaml_get(docs.at[0], "b"));
	assert_null(yaml_get(yaml_get(docs.at[0], "a"), "b"));
	assert_null(yaml_get(NULL, "b"));
	assert_false(yaml_is_null(NULL));
}

static void written_text_is_read_back(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(""),
		SLICE_INIT("plain"),
		SLICE_INIT("with \"quotes\" and \\ and 'single'"),
		SLICE_INIT("line\nbreaks\r\n\ttabs\x01\x1b\x7f"),
		SLICE_INIT("Đà Nẵng: ộ 🌊"),
		SLICE_INIT(
			"\xc2\x85 \xe2\x80\xa8 \xe2\x80\xa9 \xef\xbb\xbf \xef\xbf\xbf \xc2\xa0 \xc2\x9f"),
		SLICE_INIT("\xf0\x9f\xbf\xbf \xf4\x8f\xbf\xbf"),
		SLICE_INIT("  spaces  "),
		SLICE_INIT("# no comment"),
		SLICE_INIT("~"),
		SLICE_INIT("null"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(buf_release) struct buf text = {0};
		struct yaml_documents docs;
		struct err err = {0};

		buf_add_text(&text, "v: ");
		assert_true(yaml_write_text(rows[i], &text));
		if (!yaml_read(a, "t", buf_slice(&text), &docs, &err))
			fail_msg("row %zu: %s", i, err_text(&err));
		if (!slice_equal(yaml_get(docs.at[0], "v")->text, rows[i]))
			fail_msg("row %zu: %s", i, buf_text(&text));
	}
}

static void what_is_no_utf8_is_not_written(void **state)
{
	static const char *const rows[] = {"\xff", "a\xc3", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xf8\x88\x80\x80\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf text = {0};

		if (yaml_write_text(slice_of(rows[i]), &text))
			fail_msg("row %zu was taken", i);
	}
}

static void a_missing_file_is_named(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct yaml_documents docs = {.count = 7};
	struct err err = {0};

	(void)state;
	assert_false(yaml_read_file(a, "/none/x.yml", &docs, &err));
	assert_int_equal(docs.count, 0);
	assert_string_equal(
		err_text(&err), "/none/x.yml: cannot be opened: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_trees_that_know_their_lines),
		cmocka_unit_test(bad_texts_are_refused_with_file_and_line),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(the_number_of_nodes_is_bounded),
		cmocka_unit_test(a_megabyte_of_rules_is_read_at_once),
		cmocka_unit_test(scalars_are_told_apart_by_their_style),
		cmocka_unit_test(what_is_missing_is_null),
		cmocka_unit_test(written_text_is_read_back),
		cmocka_unit_test(what_is_no_utf8_is_not_written),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
