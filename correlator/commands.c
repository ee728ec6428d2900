#include "correlator/commands.h"

#include "correlator/replay.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_BAD_INPUT = 2, LATENESS_US = 60000000 };

static int usage(const char *text)
{
	(void)fprintf(stderr, "usage: haidang-correlator %s\n", text);
	return EXIT_BAD_INPUT;
}

static void print_refused(const struct ruleset *rules, FILE *to)
{
	for (size_t i = 0; i < rules->refused_count; i++)
		(void)fprintf(to, "%s\n", rules->refused[i]);
}

struct printer {
	struct json_reader *reader;
	const struct ruleset *rules;
};

static void print_match(struct slice rule, struct slice group, unsigned line)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	json_begin_object(&w);
	json_key(&w, "rule");
	json_text(&w, rule);
	json_key(&w, "line");
	json_uint(&w, line);
	if (group.len > 0) {
		json_key(&w, "group");
		json_raw(&w, group);
	}
	json_end_object(&w);
	(void)printf("%s\n", buf_text(&out));
}

static void on_match(void *ctx, const struct rule *rule, unsigned line)
{
	(void)ctx;
	print_match(rule->key, (struct slice){0}, line);
}

static void on_alert(void *ctx, struct slice alert, unsigned line)
{
	CLEANUP(buf_release) struct buf group = {0};
	struct printer *p = ctx;
	struct json_value root, value;
	struct err ignored = {0};
	struct slice rule = {0};
	uint64_t revision = 1;

	if (!json_read(p->reader, alert, &root, &ignored))
		return;
	if (json_get(root, "revision", &value))
		(void)json_to_u64(value, &revision);
	if (revision > 1) /* news of a match that was told */
		return;
	if (json_at(root, "rule.id", &value))
		(void)json_to_text(value, &rule);
	if (json_get(root, "group", &value))
		json_copy(value, &group);
	print_match(rule, buf_slice(&group), line);
}

static int run_test(const struct ruleset *rules, const char *events)
{
	struct printer printer = {json_reader_new(ALERT_JSON_MAX), rules};
	struct replay_listener listener = {on_match, on_alert, &printer};
	struct replay *replay = replay_new(rules, &listener);
	struct err err = {0};
	bool ok = replay_file(replay, events, &err);

	if (!ok)
		(void)fprintf(stderr, "%s\n", err_text(&err));
	replay_free(&replay);
	json_reader_free(&printer.reader);
	return ok ? 0 : EXIT_BAD_INPUT;
}

/* Takes "--raw" and "--vars FILE" out of argv; false on an option it does not know. */
static bool take_options(int *argc, char **argv, struct ruleset_options *options)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--raw") == 0)
			options->naming = VIEW_VERBATIM_NAMES;
		else if (strcmp(argv[i], "--vars") == 0 && i + 1 < *argc)
			options->vars_path = argv[++i];
		else if (strncmp(argv[i], "--", 2) == 0)
			return false;
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	return true;
}

int command_test(int argc, char **argv)
{
	struct ruleset_options options = {.lateness_us = LATENESS_US};

	if (!take_options(&argc, argv, &options) || argc < 3)
		return usage("test [--raw] [--vars FILE] RULES… EVENTS.ndjson");
	options.paths = (const char *const *)argv + 1;
	options.path_count = (size_t)argc - 2;
	CLEANUP(ruleset_free) struct ruleset *rules = ruleset_load(&options);
	print_refused(rules, stderr);
	if (rules->rule_count == 0) {
		(void)fprintf(stderr, "%s: no rule could be loaded\n", argv[1]);
		return EXIT_BAD_INPUT;
	}
	return run_test(rules, argv[argc - 1]);
}

static const char *kind_of(const struct rule *r, struct buf *out)
{
	buf_clear(out);
	if (r->kind == RULE_DETECTION && !r->source.any && r->source.count == 0)
		return "loaded, but cannot fire here: its log source is not one of this appliance";
	if (r->lacks.len > 0) {
		buf_printf(out, "loaded, but cannot fire here: no event has its field '%.*s'",
			SLICE_ARG(r->lacks));
		return buf_text(out);
	}
	if (r->kind == RULE_DETECTION)
		return r->alerts ? "detection" : "detection, for correlations only";
	return r->alerts ? "correlation" : "correlation, silent";
}

static bool cannot_fire(const struct rule *r)
{
	return r->kind == RULE_DETECTION &&
		(r->lacks.len > 0 || (!r->source.any && r->source.count == 0));
}

int command_check(int argc, char **argv)
{
	struct ruleset_options options = {.lateness_us = LATENESS_US};
	CLEANUP(buf_release) struct buf kind = {0};
	size_t idle = 0;

	if (!take_options(&argc, argv, &options) || argc < 2)
		return usage("check [--vars FILE] RULES…");
	options.paths = (const char *const *)argv + 1;
	options.path_count = (size_t)argc - 1;
	CLEANUP(ruleset_free) struct ruleset *rules = ruleset_load(&options);
	for (size_t i = 0; i < rules->rule_count; i++) {
		const struct rule *r = rules->rules[i];

		(void)printf("%s:%u: %.*s: %s\n", r->path, r->line, SLICE_ARG(r->about.title),
			kind_of(r, &kind));
		idle += cannot_fire(r);
	}
	for (size_t i = 0; i < rules->filter_count; i++) {
		const struct filter *f = rules->filters[i];

		(void)printf("%s:%u: %.*s: filter, applied to %zu rules\n", f->path, f->line,
			SLICE_ARG(f->title), f->applied);
	}
	print_refused(rules, stderr);
	if (idle > 0)
		(void)printf("%zu of the rules cannot fire here\n", idle);
	(void)printf("%zu rules loaded, %zu refused\n", rules->rule_count, rules->refused_count);
	return rules->refused_count > 0 ? EXIT_BAD_INPUT : 0;
}
