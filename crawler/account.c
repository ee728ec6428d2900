#include "crawler/account.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum { LABELS_MAX = 200 };

static const struct {
	const char *metric, *help;
} counted[ACCOUNT_COUNTS] = {
	[ACCOUNT_FETCHED] = {"haidang_crawler_fetches_total", "Pages, feeds and sitemaps fetched."},
	[ACCOUNT_NOT_MODIFIED] = {"haidang_crawler_not_modified_total",
		"Answers 304, nothing sent again."},
	[ACCOUNT_SAME_BODY] = {"haidang_crawler_same_body_total",
		"Fetched, but the same bytes as before."},
	[ACCOUNT_PUBLISHED] = {"haidang_crawler_articles_total",
		"Articles published, new or updated."},
	[ACCOUNT_UNCHANGED] = {"haidang_crawler_unchanged_total", "Articles whose text was known."},
	[ACCOUNT_REMOVED] = {"haidang_crawler_removed_total",
		"Articles taken back by their publisher."},
	[ACCOUNT_FAULTS] = {"haidang_crawler_parse_faults_total",
		"Pages and feeds that could not be parsed."},
};

void account_init(struct account *a, struct metrics *metrics, struct slice id, bool own_label)
{
	*a = (struct account){.metrics = metrics, .lag_ms = -1, .dirty = true};
	a->label = own_label ? mem_printf("%.*s", SLICE_ARG(id)) : mem_text("other");
}

void account_release(struct account *a)
{
	mem_free(a->label);
	a->label = NULL;
}

static void metric_count(struct account *a, const char *name, const char *reason, const char *help)
{
	char labels[LABELS_MAX];

	a->dirty = true;
	if (reason == NULL)
		(void)snprintf(labels, sizeof labels, "source=\"%s\"", a->label);
	else
		(void)snprintf(
			labels, sizeof labels, "source=\"%s\",reason=\"%s\"", a->label, reason);
	metric_add(metrics_counter(a->metrics, name, labels, help), 1);
}

void account_add(struct account *a, enum account_count what)
{
	a->count[what]++;
	metric_count(a, counted[what].metric, NULL, counted[what].help);
}

/* The last reason stands for all that find no room. */
static void count_reason(struct account *a, const char *reason)
{
	size_t i = 0;

	while (i < ACCOUNT_REASONS_MAX - 1 && a->refusals[i].count > 0 &&
		strcmp(a->refusals[i].reason, reason) != 0)
		i++;
	bool other = i == ACCOUNT_REASONS_MAX - 1;
	(void)snprintf(a->refusals[i].reason, ACCOUNT_REASON_MAX, "%s", other ? "other" : reason);
	a->refusals[i].count++;
}

void account_refuse(struct account *a, const char *reason)
{
	a->refused++;
	count_reason(a, reason);
	metric_count(a, "haidang_crawler_refusals_total", reason, "Addresses not read, and why.");
	log_info("refused source=%s reason=%s", a->label, reason);
}

void account_fail(struct account *a, const char *reason)
{
	a->failed++;
	count_reason(a, reason);
	metric_count(a, "haidang_crawler_failures_total", reason, "Visits that failed this time.");
	log_info("failed source=%s reason=%s", a->label, reason);
}

void account_fault(struct account *a, const char *fault)
{
	account_add(a, ACCOUNT_FAULTS);
	log_info("not parsed source=%s fault=\"%s\"", a->label, fault);
}

void account_new(struct account *a, int64_t lag_ms)
{
	a->fresh++;
	a->lag_ms = lag_ms < 0 ? 0 : lag_ms;
	a->dirty = true;
}

static void write_count(struct json_writer *w, const char *name, uint64_t count)
{
	json_key(w, name);
	json_uint(w, count);
}

void account_write(const struct account *a, struct json_writer *w)
{
	write_count(w, "fetched", a->count[ACCOUNT_FETCHED] + a->count[ACCOUNT_NOT_MODIFIED]);
	write_count(w, "new", a->fresh);
	write_count(w, "changed", a->count[ACCOUNT_PUBLISHED] - a->fresh);
	write_count(w, "removed", a->count[ACCOUNT_REMOVED]);
	write_count(w, "unchanged", a->count[ACCOUNT_UNCHANGED]);
	write_count(w, "refused", a->refused);
	write_count(w, "failed", a->failed);
	if (a->lag_ms >= 0)
		write_count(w, "lag_s", (uint64_t)a->lag_ms / 1000);
	json_key(w, "refusals");
	json_begin_object(w);
	for (size_t i = 0; i < ACCOUNT_REASONS_MAX && a->refusals[i].count > 0; i++)
		write_count(w, a->refusals[i].reason, a->refusals[i].count);
	json_end_object(w);
}
