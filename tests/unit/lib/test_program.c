#include "lib/file.h"
#include "lib/mem.h"
#include "lib/program.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 16 };

struct settings {
	char *read;
	int64_t workers;
	struct config_texts interfaces;
	bool live;
};

#define AT(member) .offset = offsetof(struct settings, member)

static const struct config_field fields[] = {
	{"probe.read", CONFIG_TEXT, AT(read), .fallback = "", .help = "Capture file"},
	{"probe.workers", CONFIG_INT, AT(workers), .fallback = "1", .min = 1, .max = 64,
		.help = "Capture threads"},
	{"probe.interfaces", CONFIG_TEXTS, AT(interfaces), .fallback = "[]"},
	{"probe.live", CONFIG_BOOL, AT(live), .fallback = "false", .help = "Capture live"},
};

static const struct config_schema schema = {fields, 4, sizeof(struct settings)};

static const struct program_option options[] = {{'r', "read", "probe.read"},
	{'i', NULL, "probe.interfaces"}, {0, "live", "probe.live"}, {0, NULL, NULL}};

static int run(void *config, struct arena *a)
{
	const struct settings *s = config;

	(void)a;
	(void)printf("run read=%s workers=%ld interfaces=%zu live=%d\n", s->read, s->workers,
		s->interfaces.count, s->live);
	return 7;
}

static bool check(void *config, struct err *err)
{
	const struct settings *s = config;

	return !s->read[0] || err_set(err, s->read, 3, "is no capture");
}

static const struct program probe;

static int words(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	const struct settings *s = program_options(&probe, a, &argc, argv, &err);

	if (!s) {
		(void)printf("%s\n", err_text(&err));
		return 2;
	}
	(void)printf("%s read=%s:", argv[0], s->read);
	for (int i = 1; i < argc; i++)
		(void)printf(" %s", argv[i]);
	(void)printf("\n");
	return 0;
}

static const struct program_command commands[] = {
	{"words", "WORD...", "Print the words", words}, {NULL, NULL, NULL, NULL}};

static const struct program probe = {
	"haidang-probe", "sees packets", &schema, options, commands, check, run, NULL};
static const struct program only_commands = {
	"haidang", "for operators", NULL, NULL, commands, NULL, NULL, NULL};

struct outcome {
	int status;
	char said[8192]; /* stdout, then "!", then stderr */
};

static char config_path[] = "/tmp/haidang-program-XXXXXX";

static int config_make(void **state)
{
	int fd = mkstemp(config_path);

	(void)state;
	return fd < 0 || close(fd) < 0 || file_write(config_path, SLICE("probe: {workers: 3}\n"));
}

static int config_remove(void **state)
{
	(void)state;
	return unlink(config_path);
}

static size_t drain(int fd, char *at, size_t room)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, at + len, room - len)) > 0)
		len += (size_t)got;
	(void)close(fd);
	return len;
}

/* Words are separated by spaces; CONFIG stands for the path of the configuration. */
static int args_make(char *line, char *args[ARGS_MAX + 2])
{
	struct slice rest = slice_of(line), word;
	int count = 1;

	while (slice_cut(&rest, ' ', &word)) {
		assert_true(count <= ARGS_MAX);
		line[word.at - line + (ptrdiff_t)word.len] = '\0';
		args[count] = line + (word.at - line);
		if (strcmp(args[count], "CONFIG") == 0)
			args[count] = config_path;
		count++;
	}
	return count;
}

static void outcome_of(const struct program *p, const char *line, struct outcome *ret)
{
	CLEANUP(mem_cleanup) char *copy = mem_text(line);
	char name[] = "program", *args[ARGS_MAX + 2] = {name};
	int count = args_make(copy, args), out[2], errors[2], status;

	assert_return_code(pipe(out) | pipe(errors), 0);
	(void)fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		(void)dup2(out[1], STDOUT_FILENO);
		(void)dup2(errors[1], STDERR_FILENO);
		status = program_main(p, count, args);
		(void)fflush(stdout);
		_exit(status);
	}
	(void)close(out[1]);
	(void)close(errors[1]);
	size_t len = drain(out[0], ret->said, sizeof(ret->said) / 2);

	ret->said[len++] = '!';
	len += drain(errors[0], ret->said + len, sizeof(ret->said) - len - 1);
	ret->said[len] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	ret->status = WEXITSTATUS(status);
}

struct row {
	const char *line;
	int status;
	const char *said;
};

static void each_says(const struct program *p, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct outcome o;

		outcome_of(p, rows[i].line, &o);
		if (o.status != rows[i].status || strcmp(o.said, rows[i].said) != 0)
			fail_msg("%s: %d %s", rows[i].line, o.status, o.said);
	}
}

static void options_write_settings(void **state)
{
	static const struct row rows[] = {
		{"--config CONFIG", 7, "run read= workers=3 interfaces=0 live=0\n!"},
		{"--config=CONFIG", 2,
			"!haidang-probe: CONFIG: cannot be opened: No such file or directory\n"},
		{"--config CONFIG --read a", 7, "run read=a workers=3 interfaces=0 live=0\n!"},
		{"--config CONFIG --read=a=b", 7, "run read=a=b workers=3 interfaces=0 live=0\n!"},
		{"--config CONFIG -r -", 7, "run read=- workers=3 interfaces=0 live=0\n!"},
		{"--config CONFIG -ra -rb", 7, "run read=b workers=3 interfaces=0 live=0\n!"},
		{"-i a,b --config CONFIG --live", 7, "run read= workers=3 interfaces=2 live=1\n!"},
		{"--config CONFIG --live=false", 7, "run read= workers=3 interfaces=0 live=0\n!"},
		{"--config CONFIG --set probe.workers=9", 7,
			"run read= workers=9 interfaces=0 live=0\n!"},
		{"--config CONFIG --set=probe.read=a=b", 7,
			"run read=a=b workers=3 interfaces=0 live=0\n!"},
	};

	(void)state;
	each_says(&probe, rows, sizeof(rows) / sizeof(*rows));
}

static void a_bad_command_line_is_one_line_and_exit_2(void **state)
{
	static const struct row rows[] = {
		{"--red a", 2, "!haidang-probe: unknown option --red; see --help\n"},
		{"-x", 2, "!haidang-probe: unknown option -x; see --help\n"},
		{"--read", 2, "!haidang-probe: --read needs a value\n"},
		{"-r", 2, "!haidang-probe: -r needs a value\n"},
		{"-i a -i b", 2,
			"!haidang-probe: -i is given twice; give one list, as in -i a,b\n"},
		{"--config", 2, "!haidang-probe: --config needs a value\n"},
		{"--set probe.workers", 2,
			"!haidang-probe: --set probe.workers: expected section.name=value\n"},
		{"--config CONFIG --set probe.wokers=1", 2,
			"!haidang-probe: probe.wokers: unknown key; the nearest known one is "
			"probe.workers\n"},
		{"--config CONFIG --set probe.workers=65", 2,
			"!haidang-probe: probe.workers: found 65, expected 1 to 64\n"},
		{"--check=1", 2, "!haidang-probe: --check takes no value\n"},
		{"wrds", 2, "!haidang-probe: unknown command wrds; see --help\n"},
		{"--config CONFIG -- -r", 2, "!haidang-probe: unknown command -r; see --help\n"},
	};
	static const struct row without_schema[] = {
		{"", 2, "!haidang: expected a command; see --help\n"},
		{"--config a", 2, "!haidang: unknown option --config; see --help\n"},
		{"status", 2, "!haidang: unknown command status; see --help\n"},
	};

	(void)state;
	each_says(&probe, rows, sizeof(rows) / sizeof(*rows));
	each_says(&only_commands, without_schema, sizeof(without_schema) / sizeof(*without_schema));
}

static void check_says_good_or_what_is_wrong(void **state)
{
	static const struct row rows[] = {
		{"--config CONFIG --check", 0, "configuration is good\n!"},
		{"--config CONFIG --check -r a", 2, "!haidang-probe: a:3: is no capture\n"},
		{"--config /none --check", 2,
			"!haidang-probe: /none: cannot be opened: No such file or directory\n"},
		{"--version", 0, "haidang-probe " VERSION "\n!"},
	};

	(void)state;
	each_says(&probe, rows, sizeof(rows) / sizeof(*rows));
}

static void a_command_takes_options_and_keeps_its_own(void **state)
{
	static const struct row rows[] = {
		{"words a --config CONFIG b --raw -r x --count 3 -- -r y", 0,
			"words read=x: a b --raw --count 3 -r y\n!"},
		{"words", 0, "words read=:\n!"},
		{"words --read", 2, "--read needs a value\n!"},
	};

	(void)state;
	each_says(&probe, rows, sizeof(rows) / sizeof(*rows));
}

static void help_names_all_that_the_tables_hold(void **state)
{
	static const char *const parts[] = {"haidang-probe: sees packets\n",
		"  haidang-probe [OPTION]...\n",
		"  haidang-probe words WORD...\n      Print the words\n",
		"  -r, --read VALUE         Capture file\n", "  -i VALUE ",
		"  --live                   Capture live\n", "  --config FILE ", "  --set ",
		"  --check ", "  --print-config ", "  --version ",
		"  probe.workers            Capture threads (default 1)\n"};
	struct outcome o;

	(void)state;
	outcome_of(&probe, "--help", &o);
	assert_int_equal(o.status, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!strstr(o.said, parts[i]))
			fail_msg("no \"%s\" in:\n%s", parts[i], o.said);
	}
	outcome_of(&only_commands, "--help", &o);
	assert_null(strstr(o.said, "--config"));
}

static void what_print_config_prints_is_read_back(void **state)
{
	struct outcome first, second;

	(void)state;
	outcome_of(&probe, "--config CONFIG --live --set probe.read=b --print-config", &first);
	assert_int_equal(first.status, 0);
	assert_non_null(strstr(first.said, "# Capture threads\n  workers: 3\n"));
	*strchr(first.said, '!') = '\0';
	assert_int_equal(file_write(config_path, slice_of(first.said)), 0);
	outcome_of(&probe, "--config CONFIG --print-config", &second);
	*strchr(second.said, '!') = '\0';
	assert_string_equal(second.said, first.said);
}

static void a_full_disk_is_noticed(void **state)
{
	char name[] = "program", help[] = "--help", *args[] = {name, help, NULL};
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		if (!freopen("/dev/full", "w", stdout))
			_exit(9);
		_exit(program_main(&probe, 2, args));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_write_settings),
		cmocka_unit_test(a_bad_command_line_is_one_line_and_exit_2),
		cmocka_unit_test(check_says_good_or_what_is_wrong),
		cmocka_unit_test(a_command_takes_options_and_keeps_its_own),
		cmocka_unit_test(help_names_all_that_the_tables_hold),
		cmocka_unit_test(what_print_config_prints_is_read_back),
		cmocka_unit_test(a_full_disk_is_noticed),
	};

	return cmocka_run_group_tests(tests, config_make, config_remove);
}
