#include "lib/config.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct target {
	char *name;
	char *url;
	int64_t timeout_ms;
	struct config_texts topics;
};

struct settings {
	char *sensor;
	char *note;
	int64_t workers, offset, timeout_ms, ring, mode;
	bool live;
	struct config_texts interfaces;
	struct config_list targets;
	int64_t tunnel_len;
};

static const char *const modes[] = {"off", "fast", "careful", NULL};

#define AT(member) .offset = offsetof(struct settings, member)
#define IN(member) .offset = offsetof(struct target, member)

static const struct config_field target_fields[] = {
	{"name", CONFIG_TEXT, IN(name), .help = "Name of the target"},
	{"url", CONFIG_TEXT, IN(url), .fallback = "http://localhost/"},
	{"timeout", CONFIG_DURATION, IN(timeout_ms), .fallback = "5s", .max = 60000},
	{"topics", CONFIG_TEXTS, IN(topics), .fallback = "[all]"},
};

static const struct config_schema target_schema = {target_fields, 4, sizeof(struct target)};

static const struct config_field fields[] = {
	{"probe.sensor", CONFIG_TEXT, AT(sensor), .fallback = "s1", .min = 1, .max = 8,
		.help = "Name of this sensor"},
	{"probe.workers", CONFIG_INT, AT(workers), .fallback = "1", .min = 1, .max = 64,
		.help = "Capture threads"},
	{"probe.timeout", CONFIG_DURATION, AT(timeout_ms), .fallback = "5s", .min = 10,
		.max = 3600000, .help = "Idle time of a flow"},
	{"log.note", CONFIG_TEXT, AT(note), .fallback = ""},
	{"probe.ring", CONFIG_SIZE, AT(ring), .fallback = "64MiB", .help = "Ring of a thread"},
	{"probe.mode", CONFIG_CHOICE, AT(mode), .fallback = "fast", .choices = modes},
	{"probe.live", CONFIG_BOOL, AT(live), .fallback = "false", .help = "Capture"},
	{"probe.interfaces", CONFIG_TEXTS, AT(interfaces), .fallback = "eth0, eth1", .max = 4,
		.help = "Where to capture"},
	{"probe.targets", CONFIG_LIST, AT(targets), .item = &target_schema, .max = 3,
		.help = "Whom to tell"},
	{"probe.dns.tunnel_len", CONFIG_INT, AT(tunnel_len), .fallback = "-52"},
	{"probe.offset", CONFIG_INT, AT(offset)},
};

static const struct config_schema schema = {
	fields, sizeof(fields) / sizeof(*fields), sizeof(struct settings)};

static char path[] = "/tmp/haidang-config-XXXXXX";

static int file_make(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd) < 0;
}

static int file_remove(void **state)
{
	(void)state;
	return unlink(path);
}

static bool read_text(struct slice text, struct arena *a, struct settings *ret, struct err *err)
{
	assert_int_equal(file_write(path, text), 0);
	return config_read(&schema, path, a, ret, err);
}

/* One line that shows every value. */
static void show(const struct settings *s, struct buf *out)
{
	const struct target *targets = s->targets.items;

	buf_printf(out, "%s|%s|%ld|%ld|%ld|%ld|%ld|%d|%ld|", s->sensor, s->note, s->workers,
		s->offset, s->timeout_ms, s->ring, s->mode, s->live, s->tunnel_len);
	for (size_t i = 0; i < s->interfaces.count; i++)
		buf_printf(out, "%s;", s->interfaces.at[i]);
	for (size_t i = 0; i < s->targets.count; i++) {
		buf_printf(
			out, "|%s %s %ld", targets[i].name, targets[i].url, targets[i].timeout_ms);
		for (size_t j = 0; j < targets[i].topics.count; j++)
			buf_printf(out, " %s", targets[i].topics.at[j]);
	}
}

static void defaults_come_from_the_table(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf shown = {0};
	struct settings s;
	struct err err = {0};

	(void)state;
	assert_true(config_read(&schema, NULL, a, &s, &err));
	show(&s, &shown);
	assert_string_equal(buf_text(&shown), "s1||1|0|5000|67108864|1|0|-52|eth0;eth1;");
}

static const char full[] = "courier: {anything: [goes, {here: 1}]}\n"
			   "log: {note: 'a \"b\"\n\n  Đà Nẵng'}\n"
			   "empty:\n"
			   "probe:\n"
			   "  sensor: 12\n"
			   "  workers: 64\n"
			   "  timeout: 60m\n"
			   "  ring: 1536\n"
			   "  mode: careful\n"
			   "  live: yes\n"
			   "  interfaces: []\n"
			   "  dns:\n"
			   "    tunnel_len: 99\n"
			   "  offset: -3\n"
			   "  targets:\n"
			   "    - name: one\n"
			   "      topics: [a, 'b c']\n"
			   "    - {name: two, url: 'http://x/', timeout: 250ms, topics: []}\n";

static const char full_shown[] = "12|a \"b\"\nĐà Nẵng|64|-3|3600000|1536|2|1|99|"
				 "|one http://localhost/ 5000 a b c|two http://x/ 250";

static void every_type_is_read(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf shown = {0};
	struct settings s;
	struct err err = {0};

	(void)state;
	if (!read_text(slice_of(full), a, &s, &err))
		fail_msg("%s", err_text(&err));
	show(&s, &shown);
	assert_string_equal(buf_text(&shown), full_shown);
}

struct refusal {
	const char *text, *said;
};

static void each_is_refused(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct settings s;
		struct err err = {0};

		if (read_text(slice_of(rows[i].text), a, &s, &err))
			fail_msg("row %zu was taken", i);
		const char *said = err_text(&err);

		assert_memory_equal(said, path, strlen(path));
		if (!slice_starts(slice_of(said + strlen(path)), slice_of(rows[i].said)))
			fail_msg("row %zu: %s", i, said);
	}
}

static void a_wrong_key_or_shape_is_refused_with_its_place(void **state)
{
	static const struct refusal rows[] = {
		{"probe:\n  wokers: 3\n",
			":2: probe.wokers: unknown key; the nearest known one is probe.workers"},
		{"probe:\n  dns:\n    tunel_len: 3\n",
			":3: probe.dns.tunel_len: unknown key; the "
			"nearest known one is probe.dns.tunnel_len"},
		{"probe:\n  targets:\n    - name: a\n    - nam: b\n",
			":4: probe.targets[1].nam: unknown key; the nearest known one is name"},
		{"probe:\n  dns.tunnel_len: 3\n",
			":2: probe.dns.tunnel_len: unknown key; the "
			"nearest known one is probe.dns.tunnel_len"},
		{"probe.dns:\n  tunnel_len: 3\n",
			":1: probe.dns: unknown key; the nearest known one is "},
		{"workers: 3\n",
			":1: workers: found \"3\", expected a section with settings in it"},
		{"log: {}\nporbe:\n  workers: 3\n",
			":2: porbe: unknown section; the nearest known one is probe"},
		{"lg: {}\n", ":1: lg: unknown section; the nearest known one is log"},
		{"probe: 3\n", ":1: probe: found \"3\", expected a section with settings in it"},
		{"probe:\n  dns: 3\n", ":2: probe.dns: found \"3\", expected a map of settings"},
		{"- a\n", ":1: found a list, expected sections"},
		{"log:\n  note: a\n---\nlog:\n  note: b\n",
			":4: found a second document, expected one"},
		{"probe:\n  sensor: a\n  sensor: b\n",
			":3: the key \"sensor\" stands twice, first in line 2"},
	};

	(void)state;
	each_is_refused(rows, sizeof(rows) / sizeof(*rows));
}

static void a_wrong_value_is_refused_with_its_place(void **state)
{
	static const struct refusal rows[] = {
		{"probe:\n  sensor: [a]\n", ":2: probe.sensor: found a list, expected a text"},
		{"probe:\n  sensor: ~\n", ":2: probe.sensor: found nothing, expected a text"},
		{"probe:\n  sensor:\n", ":2: probe.sensor: found 0 bytes, expected 1 to 8"},
		{"probe:\n  sensor: 123456789\n",
			":2: probe.sensor: found 9 bytes, expected 1 to 8"},
		{"probe:\n  workers: 99\n", ":2: probe.workers: found 99, expected 1 to 64"},
		{"probe:\n  workers: 0\n", ":2: probe.workers: found 0, expected 1 to 64"},
		{"probe:\n  workers: 1.5\n",
			":2: probe.workers: found \"1.5\", expected a whole number"},
		{"probe:\n  workers: '3'\n",
			":2: probe.workers: found \"3\", expected a whole number"},
		{"probe:\n  workers: 99999999999999999999\n",
			":2: probe.workers: found \"99999999999999999999\", expected a whole number"},
		{"probe:\n  workers:\n",
			":2: probe.workers: found nothing, expected a whole number"},
		{"probe:\n  live: maybe\n",
			":2: probe.live: found \"maybe\", expected true or false"},
		{"probe:\n  live: {}\n", ":2: probe.live: found a map, expected true or false"},
		{"probe:\n  timeout: 5\n",
			":2: probe.timeout: found \"5\", expected a duration such "
			"as 250ms, 5s, 10m, 2h or 30d"},
		{"probe:\n  timeout: 5 s\n",
			":2: probe.timeout: found \"5 s\", expected a duration"},
		{"probe:\n  timeout: -5s\n",
			":2: probe.timeout: found \"-5s\", expected a duration"},
		{"probe:\n  timeout: 1.5s\n",
			":2: probe.timeout: found \"1.5s\", expected a duration"},
		{"probe:\n  timeout: 9ms\n", ":2: probe.timeout: found 9ms, expected 10ms to 1h"},
		{"probe:\n  timeout: 25h\n", ":2: probe.timeout: found 25h, expected 10ms to 1h"},
		{"probe:\n  timeout: 0\n", ":2: probe.timeout: found 0ms, expected 10ms to 1h"},
		{"probe:\n  timeout: 999999999999d\n",
			":2: probe.timeout: found \"999999999999d\", expected a duration"},
		{"probe:\n  ring: 64MB\n",
			":2: probe.ring: found \"64MB\", expected a size such as "
			"512, 64KiB, 10MiB or 1GiB"},
		{"probe:\n  ring: 9223372036854775807KiB\n", ":2: probe.ring: found \"92233720"},
		{"probe:\n  mode: slow\n",
			":2: probe.mode: found \"slow\", expected off, fast or careful"},
		{"probe:\n  mode: [off]\n",
			":2: probe.mode: found a list, expected off, fast or careful"},
	};

	(void)state;
	each_is_refused(rows, sizeof(rows) / sizeof(*rows));
}

static void a_wrong_list_is_refused_with_its_place(void **state)
{
	static const struct refusal rows[] = {
		{"probe:\n  interfaces: eth0\n",
			":2: probe.interfaces: found \"eth0\", expected a list of texts"},
		{"probe:\n  interfaces:\n    - eth0\n    - [eth1]\n",
			":4: probe.interfaces[1]: found a list, expected a text"},
		{"probe:\n  interfaces: [a, b, c, d, e]\n",
			":2: probe.interfaces: found 5 items, expected 0 to 4"},
		{"probe:\n  targets: {name: a}\n",
			":2: probe.targets: found a map, expected a list of items"},
		{"probe:\n  targets:\n    - a\n",
			":3: probe.targets[0]: found \"a\", expected a map of settings"},
		{"probe:\n  targets:\n    - name: a\n    - url: b\n",
			":4: probe.targets[1].name: found nothing, must be given"},
		{"probe:\n  targets:\n    - name: a\n      timeout: 2m\n",
			":4: probe.targets[0].timeout: found 2m, expected 0ms to 1m"},
		{"probe:\n  targets: [{name: a}, {name: b}, {name: c}, {name: d}]\n",
			":2: probe.targets: found 4 items, expected 0 to 3"},
		{"probe: [\n", ":2: did not find expected node content"},
	};

	(void)state;
	each_is_refused(rows, sizeof(rows) / sizeof(*rows));
}

static void zero_needs_no_unit(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct settings s;
	struct err err = {0};

	(void)state;
	assert_true(read_text(
		SLICE("probe:\n  ring: 0\n  targets: [{name: a, timeout: 0}]\n"), a, &s, &err));
	assert_int_equal(s.ring, 0);
	assert_int_equal(((struct target *)s.targets.items)->timeout_ms, 0);
}

static void what_is_written_reads_back_the_same(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0}, shown = {0}, again = {0}, shown_again = {0};
	struct settings s, back;
	struct err err = {0};
	static const char hostile[] =
		"quote \" back \\ 'x'\n\ttab\r # no comment: {a} \x7f\x01 Đà Nẵng \xe2\x80\xa8 🌊 ";

	(void)state;
	assert_true(read_text(slice_of(full), a, &s, &err));
	((struct target *)s.targets.items)[1].name = arena_text(a, hostile);
	((struct target *)s.targets.items)[0].topics.at[0] = arena_text(a, hostile);
	s.note = arena_text(a, hostile);
	config_write(&schema, &s, &text);
	if (!read_text(buf_slice(&text), a, &back, &err))
		fail_msg("%s in:\n%s", err_text(&err), buf_text(&text));
	show(&s, &shown);
	show(&back, &shown_again);
	assert_string_equal(buf_text(&shown_again), buf_text(&shown));
	config_write(&schema, &back, &again);
	assert_string_equal(buf_text(&again), buf_text(&text));
}

static void defaults_are_written_with_a_comment_each(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct settings s;
	struct err err = {0};

	(void)state;
	assert_true(config_read(&schema, NULL, a, &s, &err));
	config_write(&schema, &s, &text);
	assert_string_equal(buf_text(&text),
		"probe:\n"
		"  # Name of this sensor\n"
		"  sensor: \"s1\"\n"
		"  # Capture threads\n"
		"  workers: 1\n"
		"  # Idle time of a flow\n"
		"  timeout: 5s\n"
		"  # Ring of a thread\n"
		"  ring: 64MiB\n"
		"  mode: fast\n"
		"  # Capture\n"
		"  live: false\n"
		"  # Where to capture\n"
		"  interfaces: [\"eth0\", \"eth1\"]\n"
		"  # Whom to tell\n"
		"  #   name: Name of the target\n"
		"  #   url:\n"
		"  #   timeout:\n"
		"  #   topics:\n"
		"  targets: []\n"
		"  dns:\n"
		"    tunnel_len: -52\n"
		"  offset: 0\n"
		"log:\n"
		"  note: \"\"\n");
}

static void one_value_is_set_from_a_text(void **state)
{
	static const struct {
		const char *key, *value, *said; /* NULL: taken */
	} rows[] = {
		{"probe.sensor", "'a' ~", NULL},
		{"probe.sensor", "", "probe.sensor: found 0 bytes, expected 1 to 8"},
		{"probe.sensor", "\xff", "probe.sensor: found a text that is no UTF-8"},
		{"log.note", "null", NULL},
		{"probe.workers", "8", NULL},
		{"probe.workers", "99", "probe.workers: found 99, expected 1 to 64"},
		{"probe.workers", "", "probe.workers: found nothing, expected a whole number"},
		{"probe.live", "on", NULL},
		{"probe.timeout", "1h", NULL},
		{"probe.interfaces", "a,b , c", NULL},
		{"probe.interfaces", "", NULL},
		{"probe.interfaces", "['a,b', c]", NULL},
		{"probe.interfaces", "['a,b'", "probe.interfaces: did not find"},
		{"probe.interfaces", "\xff", "probe.interfaces: found a text that is no UTF-8"},
		{"probe.targets", "[{name: x}]", NULL},
		{"probe.targets", "x", "probe.targets[0]: found \"x\", expected a map of settings"},
		{"probe.sensr", "a",
			"probe.sensr: unknown key; the nearest known one is probe.sensor"},
		{"", "a", ": unknown key; the nearest known one is "},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf shown = {0};
	struct settings s;
	struct err first = {0};

	(void)state;
	assert_true(config_read(&schema, NULL, a, &s, &first));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct config_setting setting = {rows[i].key, rows[i].value};
		struct err err = {0};

		if (config_set(&schema, a, &s, setting, &err) != !rows[i].said)
			fail_msg("row %zu: %s", i, err_text(&err));
		if (rows[i].said && !slice_starts(slice_of(err_text(&err)), slice_of(rows[i].said)))
			fail_msg("row %zu: %s", i, err_text(&err));
	}
	show(&s, &shown);
	assert_string_equal(buf_text(&shown),
		"'a' ~|null|8|0|3600000|67108864|1|1|-52|a,b;c;|x http://localhost/ 5000 all");
}

static void a_wrong_default_is_an_error_of_the_table(void **state)
{
	static const struct config_field bad[] = {
		{"a.b", CONFIG_INT, 0, .fallback = "9", .min = 1, .max = 8}};
	static const struct config_schema bad_schema = {bad, 1, sizeof(int64_t)};
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	int64_t value;

	(void)state;
	assert_false(config_read(&bad_schema, NULL, a, &value, &err));
	assert_string_equal(err_text(&err), "built-in default: a.b: found 9, expected 1 to 8");
}

static void a_missing_file_is_named(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct settings s;
	struct err err = {0};

	(void)state;
	assert_false(config_read(&schema, "/none/x.yaml", a, &s, &err));
	assert_string_equal(
		err_text(&err), "/none/x.yaml: cannot be opened: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_come_from_the_table),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(a_wrong_key_or_shape_is_refused_with_its_place),
		cmocka_unit_test(a_wrong_value_is_refused_with_its_place),
		cmocka_unit_test(a_wrong_list_is_refused_with_its_place),
		cmocka_unit_test(zero_needs_no_unit),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(defaults_are_written_with_a_comment_each),
		cmocka_unit_test(one_value_is_set_from_a_text),
		cmocka_unit_test(a_wrong_default_is_an_error_of_the_table),
		cmocka_unit_test(a_missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, file_make, file_remove);
}
