#include "lib/program.h"

#include "lib/file.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAD_USE = 2 };

static const char default_path[] = "/etc/haidang/haidang.yaml";

struct line {
	const struct program *program;
	struct arena *a;
	struct err *err;
	const char *config_path;
	bool check, print_config, help, version;
	bool lenient; /* unknown options are a command's own and stay */
	struct config_setting *settings;
	size_t settings_count;
	char **rest; /* what is no option */
	int rest_count;
	char **args;
	int count, next;
};

static bool text_is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* ---- the command line ---- */

static const struct config_field *field_of(const struct program *program, const char *key)
{
	for (size_t i = 0; program->schema && i < program->schema->count; i++) {
		if (text_is(program->schema->fields[i].key, key))
			return &program->schema->fields[i];
	}
	return NULL;
}

/* The value after "--name" or "-n": in the same word or the next one. */
static const char *value_take(struct line *l, const char *name, const char *in_word)
{
	if (in_word)
		return in_word;
	if (l->next < l->count)
		return l->args[l->next++];
	err_set(l->err, NULL, 0, "%s needs a value", name);
	return NULL;
}

static bool setting_add(struct line *l, const char *key, const char *value)
{
	if (value)
		l->settings[l->settings_count++] = (struct config_setting){key, value};
	return value != NULL;
}

static bool is_given(const struct line *l, const char *key)
{
	for (size_t i = 0; i < l->settings_count; i++)
		if (text_is(l->settings[i].key, key))
			return true;
	return false;
}

static bool option_take(
	struct line *l, const struct program_option *option, const char *shown, const char *in_word)
{
	const struct config_field *f = field_of(l->program, option->key);

	if (f && f->type == CONFIG_BOOL)
		return setting_add(l, option->key, in_word ? in_word : "true");
	if (f && f->type == CONFIG_TEXTS && is_given(l, option->key))
		return err_set(l->err, NULL, 0, "%s is given twice; give one list, as in %s a,b",
			shown, shown);
	return setting_add(l, option->key, value_take(l, shown, in_word));
}

/* --set section.name=value */
static bool set_take(struct line *l, const char *in_word)
{
	const char *pair = value_take(l, "--set", in_word);

	if (!pair)
		return false;
	struct slice whole = slice_of(pair);
	size_t equals = slice_find_byte(whole, '=');

	if (equals == whole.len)
		return err_set(l->err, NULL, 0, "--set %s: expected section.name=value", pair);
	const char *key = arena_copy(l->a, (struct slice){pair, equals});

	return setting_add(l, key, pair + equals + 1);
}

static bool flag_take(struct line *l, const char *name, bool *flag, const char *in_word)
{
	if (in_word)
		return err_set(l->err, NULL, 0, "%s takes no value", name);
	*flag = true;
	return true;
}

static bool unknown_take(struct line *l, char *word)
{
	if (!l->lenient)
		return err_set(l->err, NULL, 0, "unknown option %s; see --help", word);
	l->rest[l->rest_count++] = word;
	return true;
}

static bool long_take(struct line *l, char *word)
{
	struct slice whole = slice_of(word);
	size_t equals = slice_find_byte(whole, '=');
	const char *name = arena_copy(l->a, (struct slice){word, equals});
	const char *in_word = equals < whole.len ? word + equals + 1 : NULL;

	if (text_is(name, "--help"))
		return flag_take(l, name, &l->help, in_word);
	if (text_is(name, "--version"))
		return flag_take(l, name, &l->version, in_word);
	const struct program_option *option = l->program->options;

	for (; option && option->key; option++) {
		if (option->name && text_is(name + 2, option->name))
			return option_take(l, option, name, in_word);
	}
	if (!l->program->schema)
		return unknown_take(l, word);
	if (text_is(name, "--config")) {
		l->config_path = value_take(l, name, in_word);
		return l->config_path != NULL;
	}
	if (text_is(name, "--check"))
		return flag_take(l, name, &l->check, in_word);
	if (text_is(name, "--print-config"))
		return flag_take(l, name, &l->print_config, in_word);
	if (text_is(name, "--set"))
		return set_take(l, in_word);
	return unknown_take(l, word);
}

static bool short_take(struct line *l, char *word)
{
	const struct program_option *option = l->program->options;
	const char *shown = arena_printf(l->a, "-%c", word[1]);

	for (; option && option->key; option++) {
		if (option->letter && option->letter == word[1])
			return option_take(l, option, shown, word[2] ? word + 2 : NULL);
	}
	if (text_is(word, "-h"))
		return flag_take(l, word, &l->help, NULL);
	return unknown_take(l, word);
}

static bool line_read(struct line *l, int argc, char **argv)
{
	l->args = argv;
	l->count = argc;
	l->next = 1;
	l->settings = arena_array(l->a, (size_t)argc + 1, sizeof(*l->settings));
	l->rest = arena_array(l->a, (size_t)argc + 1, sizeof(*l->rest));
	while (l->next < l->count) {
		char *word = l->args[l->next++];
		bool good = true;

		if (text_is(word, "--"))
			break;
		if (word[0] != '-' || !word[1])
			l->rest[l->rest_count++] = word;
		else
			good = word[1] == '-' ? long_take(l, word) : short_take(l, word);
		if (!good)
			return false;
	}
	while (l->next < l->count)
		l->rest[l->rest_count++] = l->args[l->next++];
	return true;
}

/* ---- help ---- */

static const char *default_note(const struct config_field *f, struct arena *a)
{
	if (!f->fallback || !f->fallback[0])
		return "";
	return arena_printf(a, " (default %s)", f->fallback);
}

static void options_help(const struct program *p, struct buf *out)
{
	const struct program_option *option = p->options;

	for (; option && option->key; option++) {
		CLEANUP(buf_release) struct buf words = {0};
		const struct config_field *f = field_of(p, option->key);
		const char *value = f && f->type == CONFIG_BOOL ? "" : " VALUE";

		if (option->letter)
			buf_printf(&words, "-%c", option->letter);
		if (option->name)
			buf_printf(&words, "%s--%s", words.len ? ", " : "", option->name);
		buf_add_text(&words, value);
		buf_printf(out, "  %-24s %s\n", buf_text(&words),
			f && f->help ? f->help : option->key);
	}
	if (p->schema)
		buf_add_text(out,
			"  --config FILE            Read settings from this file\n"
			"  --set SECTION.NAME=VALUE Change one setting\n"
			"  --check                  Check the configuration and what it names, then end\n"
			"  --print-config           Print the settings in force as YAML, then end\n");
	buf_add_text(out,
		"  --help                   Print this, then end\n"
		"  --version                Print the version, then end\n");
}

static void help_write(const struct program *p, struct arena *a, struct buf *out)
{
	const struct program_command *command = p->commands;

	buf_printf(out, "%s: %s\n\nUsage:\n", p->name, p->summary);
	if (p->run)
		buf_printf(out, "  %s [OPTION]...\n", p->name);
	for (; command && command->name; command++)
		buf_printf(out, "  %s %s%s%s\n      %s\n", p->name, command->name,
			command->usage && command->usage[0] ? " " : "",
			command->usage ? command->usage : "", command->help ? command->help : "");
	buf_add_text(out, "\nOptions:\n");
	options_help(p, out);
	if (p->schema)
		buf_printf(out, "\nSettings, read from %s when it is there:\n", default_path);
	for (size_t i = 0; p->schema && i < p->schema->count; i++) {
		const struct config_field *f = &p->schema->fields[i];

		buf_printf(
			out, "  %-24s %s%s\n", f->key, f->help ? f->help : "", default_note(f, a));
	}
}

/* ---- running ---- */

static int complain(const struct program *p, struct err *err)
{
	(void)fprintf(stderr, "%s: %s\n", p->name, err_text(err));
	return BAD_USE;
}

static int say(struct slice text)
{
	bool good = fwrite(text.at, 1, text.len, stdout) == text.len && fflush(stdout) == 0;

	return good ? 0 : 1;
}

static bool settings_apply(struct line *l, void *config)
{
	const struct program *p = l->program;
	const char *path = l->config_path;

	if (!path && access(default_path, F_OK) == 0)
		path = default_path;
	if (!config_read(p->schema, path, l->a, config, l->err))
		return false;
	for (size_t i = 0; i < l->settings_count; i++) {
		const struct config_setting *s = &l->settings[i];

		if (!config_set(p->schema, l->a, config, *s, l->err))
			return false;
	}
	return true;
}

static int config_print(const struct line *l, const void *config)
{
	CLEANUP(buf_release) struct buf text = {0};

	config_write(l->program->schema, config, &text);
	return say(buf_slice(&text));
}

static int service_run(struct line *l)
{
	const struct program *p = l->program;
	void *config = p->schema ? arena_alloc(l->a, p->schema->size) : NULL;
	bool levels = config && p->log_level;

	if (config && !settings_apply(l, config))
		return complain(p, l->err);
	if (l->print_config)
		return config_print(l, config);
	log_init(p->name, levels ? (enum log_level)p->log_level(config) : LOG_LEVEL_NOTICE);
	if (l->check) {
		if (p->check && !p->check(config, l->err))
			return complain(p, l->err);
		return say(SLICE("configuration is good\n"));
	}
	must(p->run != NULL);
	return p->run(config, l->a);
}

static const struct program_command *command_find(const struct program *p, const char *name)
{
	const struct program_command *command = p->commands;

	for (; command && command->name; command++) {
		if (text_is(command->name, name))
			return command;
	}
	return NULL;
}

static int line_run(struct line *l)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct program *p = l->program;

	if (l->help) {
		help_write(p, l->a, &text);
		return say(buf_slice(&text));
	}
	if (l->version) {
		buf_printf(&text, "%s %s\n", p->name, VERSION);
		return say(buf_slice(&text));
	}
	if (l->rest_count) {
		err_set(l->err, NULL, 0,
			p->commands ? "unknown command %s; see --help"
				    : "unexpected argument %s; see --help",
			l->rest[0]);
		return complain(p, l->err);
	}
	if (!p->run && !l->check && !l->print_config) {
		err_set(l->err, NULL, 0, "expected a command; see --help");
		return complain(p, l->err);
	}
	return service_run(l);
}

int program_main(const struct program *program, int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	struct line line = {.program = program, .a = a, .err = &err};
	const struct program_command *command = argc > 1 ? command_find(program, argv[1]) : NULL;

	if (command) {
		log_init(program->name, LOG_LEVEL_NOTICE);
		return command->run(argc - 1, argv + 1);
	}
	if (!line_read(&line, argc, argv))
		return complain(program, &err);
	return line_run(&line);
}

void *program_options(
	const struct program *program, struct arena *a, int *argc, char **argv, struct err *err)
{
	struct line line = {.program = program, .a = a, .err = err, .lenient = true};
	void *config = arena_alloc(a, program->schema->size);

	if (!line_read(&line, *argc, argv) || !settings_apply(&line, config))
		return NULL;
	for (int i = 0; i < line.rest_count; i++)
		argv[1 + i] = line.rest[i];
	*argc = 1 + line.rest_count;
	return config;
}

bool program_read_file(const char *path, size_t len_max, struct buf *out, struct err *err)
{
	return file_read(path, len_max, out, err);
}
