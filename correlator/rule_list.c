/* The rules of the pack as Markdown, for docs/rules.md: what raises alerts, by domain. */
#include "correlator/commands.h"
#include "correlator/ruleset.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_BAD_INPUT = 2, LATENESS_US = 60000000 };

static struct slice stem_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice name = slice_of(slash ? slash + 1 : path);

	name.len = slice_find_byte(name, '.');
	return name;
}

static void write_span(int64_t us, struct buf *out)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t seconds = us / 1000000;
	size_t i = 0;

	while (i < 3 && (seconds < units[i].seconds || seconds % units[i].seconds))
		i++;
	buf_printf(out, "%" PRId64 " %c", seconds / units[i].seconds, units[i].unit);
}

/* "30 dest_ip in 5 m per src_ip"; "one event" when nothing is counted. */
static void write_condition(const struct rule *r, struct buf *out)
{
	if (r->kind == RULE_DETECTION) {
		buf_add_text(out, "one event");
	} else {
		if (r->window.kind == WINDOW_ORDERED)
			buf_add_text(out, "in order, ");
		else if (r->window.kind == WINDOW_PLACES)
			buf_add_text(out, "together, ");
		else
			buf_printf(out, "%" PRIu64 " ", r->window.range.min);
		for (size_t i = 0; i < r->counted_count; i++)
			buf_printf(out, "%s`%.*s` ", i ? "× " : "", SLICE_ARG(r->counted[i]));
		if (r->counted_count == 0 && r->window.kind == WINDOW_EVENT_COUNT)
			buf_add_text(out, "events ");
		buf_add_text(out, "in ");
		write_span(r->window.timespan_us, out);
	}
	for (size_t i = 0; i < r->group_count; i++)
		buf_printf(out, "%s`%.*s`", i ? ", " : " per ", SLICE_ARG(r->group_names[i]));
}

static void print_rule(const struct rule *r)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct slice stem = stem_of(r->path);

	buf_printf(&out, "| `%.*s` | %.*s<br>%.*s | %s | ", SLICE_ARG(stem),
		SLICE_ARG(r->about.title), SLICE_ARG(r->about.title_vi),
		alert_level_name(r->about.level));
	write_condition(r, &out);
	buf_add_text(&out, " | ");
	for (size_t i = 0; i < r->attack_count; i++)
		buf_printf(&out, "%s%.*s", i ? " " : "", SLICE_ARG(r->attack[i]));
	buf_printf(&out, " | %.*s |", SLICE_ARG(r->texts.owner));
	(void)printf("%s\n", buf_text(&out));
}

static int compare_rules(const void *left, const void *right)
{
	const struct rule *a = *(const struct rule *const *)left;
	const struct rule *b = *(const struct rule *const *)right;
	int said = slice_compare(stem_of(a->path), stem_of(b->path));

	return said ? said : (a->line > b->line) - (a->line < b->line);
}

static void print_domain(struct rule *const *rules, size_t count, enum alert_domain domain)
{
	static const char *const titles[] = {"Network", "Information environment", "Bridge"};
	size_t shown = 0;

	for (size_t i = 0; i < count; i++)
		shown += rules[i]->domain == domain && rules[i]->alerts;
	(void)printf("\n### %s: %zu rules\n| rule | title | level | raised by | ATT&CK | owner |\n"
		     "|---|---|---|---|---|---|\n",
		titles[domain], shown);
	for (size_t i = 0; i < count; i++)
		if (rules[i]->domain == domain && rules[i]->alerts)
			print_rule(rules[i]);
}

int command_list(int argc, char **argv)
{
	struct ruleset_options options = {.paths = (const char *const *)argv + 1,
		.path_count = (size_t)argc - 1,
		.lateness_us = LATENESS_US};

	if (argc < 2) {
		(void)fprintf(stderr, "usage: haidang-correlator list RULES…\n");
		return EXIT_BAD_INPUT;
	}
	CLEANUP(ruleset_free) struct ruleset *rules = ruleset_load(&options);
	for (size_t i = 0; i < rules->refused_count; i++)
		(void)fprintf(stderr, "%s\n", rules->refused[i]);
	if (rules->rule_count > 0)
		qsort(rules->rules, rules->rule_count, sizeof(struct rule *), compare_rules);
	print_domain(rules->rules, rules->rule_count, ALERT_NETWORK);
	print_domain(rules->rules, rules->rule_count, ALERT_INFORMATION);
	print_domain(rules->rules, rules->rule_count, ALERT_BRIDGE);
	return rules->refused_count > 0 ? EXIT_BAD_INPUT : 0;
}
