/* Runs the events that stand beside rules: NAME.match.ndjson must raise the alerts of NAME.yml and
 * no others, NAME.nomatch.ndjson must raise none of them. */
#include "correlator/commands.h"
#include "correlator/pack_lint.h"
#include "correlator/replay.h"
#include "correlator/rule_files.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_BAD_INPUT = 2, LATENESS_US = 60000000 };

struct pack {
	const struct ruleset *rules;
	struct json_reader *reader;
	struct arena *arena;
	unsigned *alerts; /* per rule of the set, of the file being replayed */
	unsigned tests, failed;
};

static void on_alert(void *ctx, struct slice alert, unsigned line)
{
	struct pack *p = ctx;
	struct json_value root, id;
	struct err ignored = {0};
	struct slice key;

	(void)line;
	if (!json_read(p->reader, alert, &root, &ignored) || !json_at(root, "rule.id", &id) ||
		!json_to_text(id, &key))
		return;
	for (size_t i = 0; i < p->rules->rule_count; i++)
		p->alerts[i] += slice_equal(p->rules->rules[i]->key, key);
}

static void result(struct pack *p, bool ok, const char *path, const char *said)
{
	p->tests++;
	p->failed += !ok;
	(void)printf("%sok %u - %s: %s\n", ok ? "" : "not ", p->tests, path, said);
}

static bool replayed(struct pack *p, const char *path)
{
	struct replay_listener listener = {.alerted = on_alert, .ctx = p};
	struct replay *replay = replay_new(p->rules, &listener);
	struct err err = {0};

	memset(p->alerts, 0, p->rules->rule_count * sizeof *p->alerts);
	bool ok = replay_file(replay, path, &err);
	if (!ok) {
		result(p, false, path, "is a file of events");
		(void)printf("# %s\n", err_text(&err));
	}
	replay_free(&replay);
	return ok;
}

static bool of_bridge(const struct pack *p, const char *rule_path)
{
	for (size_t i = 0; i < p->rules->rule_count; i++)
		if (strcmp(p->rules->rules[i]->path, rule_path) == 0 &&
			p->rules->rules[i]->domain == ALERT_BRIDGE)
			return true;
	return false;
}

static bool names(const struct rule *r, const struct rule *other)
{
	for (size_t i = 0; i < r->related_count; i++)
		if (slice_equal(r->related[i], other->key))
			return true;
	return false;
}

/* Rules that name each other as related see the same thing from two sides. */
static bool is_related(const struct pack *p, const char *rule_path, const struct rule *r)
{
	for (size_t i = 0; i < p->rules->rule_count; i++) {
		const struct rule *own = p->rules->rules[i];

		if (strcmp(own->path, rule_path) == 0 && (names(own, r) || names(r, own)))
			return true;
	}
	return false;
}

/* Bridge rules look at what network and information rules raise alerts of too. */
static bool is_stray(const struct pack *p, const struct rule *r, const char *rule_path)
{
	return strcmp(r->path, rule_path) != 0 && !of_bridge(p, rule_path) &&
		!is_related(p, rule_path, r);
}

static void run_match(struct pack *p, const char *rule_path, const char *events)
{
	bool ok = true;

	if (!replayed(p, events))
		return;
	for (size_t i = 0; i < p->rules->rule_count; i++) {
		const struct rule *r = p->rules->rules[i];
		bool own = strcmp(r->path, rule_path) == 0;
		bool wrong = own ? r->alerts && p->alerts[i] == 0
				 : p->alerts[i] > 0 && is_stray(p, r, rule_path);

		if (own && r->alerts && p->alerts[i] == 0)
			(void)printf("# no alert of '%.*s'\n", SLICE_ARG(r->about.title));
		if (!own && wrong)
			(void)printf("# also an alert of '%.*s' (%s)\n", SLICE_ARG(r->about.title),
				r->path);
		ok = ok && !wrong;
	}
	result(p, ok, events, "raises exactly the alerts of its rule");
}

static void run_nomatch(struct pack *p, const char *rule_path, const char *events)
{
	bool ok = true;

	if (!replayed(p, events))
		return;
	for (size_t i = 0; i < p->rules->rule_count; i++) {
		const struct rule *r = p->rules->rules[i];

		if (p->alerts[i] == 0 || strcmp(r->path, rule_path) != 0)
			continue;
		(void)printf("# %u alerts of '%.*s'\n", p->alerts[i], SLICE_ARG(r->about.title));
		ok = false;
	}
	result(p, ok, events, "raises no alert of its rule");
}

static void run_beside(struct pack *p, const char *rule_path)
{
	struct slice stem = slice_of(rule_path);

	while (stem.len > 0 && stem.at[stem.len - 1] != '.')
		stem.len--;
	char *match = arena_printf(p->arena, "%.*smatch.ndjson", SLICE_ARG(stem));
	char *nomatch = arena_printf(p->arena, "%.*snomatch.ndjson", SLICE_ARG(stem));
	if (access(match, R_OK) == 0)
		run_match(p, rule_path, match);
	else
		result(p, false, match, "is there");
	if (access(nomatch, R_OK) == 0)
		run_nomatch(p, rule_path, nomatch);
	else
		result(p, false, nomatch, "is there");
}

struct linted {
	const struct rule *rule;
	unsigned faults;
};

static void on_fault(void *ctx, const char *fault)
{
	struct linted *l = ctx;

	l->faults++;
	(void)printf("# %s:%u: %s\n", l->rule->path, l->rule->line, fault);
}

static struct rule *rule_at(const struct pack *p, const char *path, unsigned line)
{
	for (size_t i = 0; i < p->rules->rule_count; i++)
		if (strcmp(p->rules->rules[i]->path, path) == 0 && p->rules->rules[i]->line == line)
			return p->rules->rules[i];
	return NULL;
}

/* Every rule explains itself, and keeps the charter. */
static void run_lint(struct pack *p, const char *path)
{
	struct yaml_documents docs;
	struct err err = {0};
	unsigned faults = 0;

	if (!yaml_read_file(p->arena, path, &docs, &err))
		return;
	for (size_t i = 0; i < docs.count; i++) {
		struct linted l = {.rule = rule_at(p, path, docs.at[i]->line)};

		if (!l.rule)
			continue;
		pack_lint(l.rule, docs.at[i], on_fault, &l);
		if (pack_lint_is_feedback(docs.at[i]) && !pack_lint_is_private(l.rule))
			on_fault(&l, "topics of feedback need a value_count of 5 or more");
		faults += l.faults;
	}
	result(p, faults == 0, path, "explains itself and keeps the charter");
}

static int run_pack(struct pack *p, const struct rule_files *files)
{
	result(p, p->rules->refused_count == 0, "rules", "all load");
	for (size_t i = 0; i < p->rules->refused_count; i++)
		(void)printf("# %s\n", p->rules->refused[i]);
	for (size_t i = 0; i < files->count; i++) {
		run_lint(p, files->at[i]);
		run_beside(p, files->at[i]);
	}
	(void)printf("1..%u\n", p->tests);
	return p->failed > 0;
}

int command_test_pack(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP(rule_files_release) struct rule_files files = {0};
	struct err err = {0};

	if (argc < 2) {
		(void)fprintf(stderr, "usage: haidang-correlator test-pack DIR…\n");
		return EXIT_BAD_INPUT;
	}
	for (int i = 1; i < argc; i++) {
		if (rule_files_find(arena, argv[i], &files, &err))
			continue;
		(void)fprintf(stderr, "%s\n", err_text(&err));
		return EXIT_BAD_INPUT;
	}
	struct ruleset_options options = {.paths = (const char *const *)argv + 1,
		.path_count = (size_t)argc - 1,
		.lateness_us = LATENESS_US};
	CLEANUP(ruleset_free) struct ruleset *rules = ruleset_load(&options);
	struct pack pack = {.rules = rules, .arena = arena};
	pack.reader = json_reader_new(ALERT_JSON_MAX);
	pack.alerts = mem_array(rules->rule_count + 1, sizeof *pack.alerts);
	int status = run_pack(&pack, &files);
	mem_free(pack.alerts);
	json_reader_free(&pack.reader);
	return status;
}
