#include "ctl/status.h"

#include "ctl/appliance.h"
#include "ctl/terminal.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>

static void member(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void report_json(const struct report *r, struct json_writer *w)
{
	char started[TIME_TEXT_LEN + 1];

	json_begin_object(w);
	member(w, "program", r->program);
	member(w, "instance", r->instance);
	member(w, "state", r->running ? SLICE("running") : SLICE("silent"));
	if (r->running) {
		time_write(r->started_us, started);
		member(w, "since", slice_of(started));
		member(w, "version", r->version);
		member(w, "status", r->said);
		json_key(w, "figures");
		json_begin_object(w);
		for (size_t i = 0; i < r->figure_count; i++) {
			json_key(w, r->figures[i].figure->label);
			json_int(w, r->figures[i].value);
		}
		json_end_object(w);
	}
	json_end_object(w);
}

static void appliance_json(const struct appliance *appliance, struct buf *out)
{
	CLEANUP(buf_release) struct buf raw = {0};
	struct json_writer w = json_writer_on(&raw);

	json_begin_object(&w);
	json_key(&w, "ok");
	json_bool(&w, appliance->problem_count == 0);
	json_key(&w, "problems");
	json_begin_array(&w);
	for (size_t i = 0; i < appliance->problem_count; i++)
		json_text(&w, slice_of(appliance->problems[i]));
	json_end_array(&w);
	json_key(&w, "programs");
	json_begin_array(&w);
	for (size_t i = 0; i < appliance->count; i++)
		report_json(&appliance->reports[i], &w);
	json_end_array(&w);
	json_key(&w, "alerts_24h");
	json_begin_object(&w);
	for (int level = ALERT_CRITICAL; level >= ALERT_INFORMATIONAL; level--) {
		json_key(&w, alert_level_name((enum alert_level)level));
		json_uint(&w, appliance->alerts[level]);
	}
	json_end_object(&w);
	json_end_object(&w);
	terminal_add_json(out, buf_slice(&raw));
	buf_add_byte(out, '\n');
}

/* A cell of a column, padded; text wider than it pushes the rest of its line. */
static void cell(struct buf *out, struct slice text, size_t width)
{
	size_t start = out->len;

	terminal_add(out, text);
	do
		buf_add_byte(out, ' ');
	while (out->len - start < width);
}

static void age_write(struct buf *out, int64_t us)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	int64_t s = us > 0 ? us / 1000000 : 0;
	size_t i = 0;

	while (units[i].seconds > 1 && s < 2 * units[i].seconds)
		i++;
	buf_printf(out, "%" PRId64 " %s", s / units[i].seconds, units[i].name);
}

static void report_row(const struct report *r, int64_t now_us, struct buf *out)
{
	CLEANUP(buf_release) struct buf age = {0};

	if (r->running)
		age_write(&age, now_us - r->started_us);
	else
		buf_add_byte(&age, '-');
	cell(out, r->program, 12);
	cell(out, r->instance, 14);
	cell(out, r->running ? SLICE("running") : SLICE("SILENT"), 9);
	cell(out, buf_slice(&age), 9);
	terminal_add(out, r->said);
	for (size_t i = 0; i < r->figure_count; i++)
		buf_printf(out, "%s%s %" PRId64, i ? ", " : ": ", r->figures[i].figure->label,
			r->figures[i].value);
	buf_add_byte(out, '\n');
}

static void appliance_table(const struct appliance *appliance, int64_t now_us, struct buf *out)
{
	if (appliance->count > 0)
		buf_add_text(out, "PROGRAM     INSTANCE      STATE    SINCE    STATUS\n");
	for (size_t i = 0; i < appliance->count; i++)
		report_row(&appliance->reports[i], now_us, out);
	buf_add_text(out, "Alerts of the last 24 h:");
	for (int level = ALERT_CRITICAL; level >= ALERT_INFORMATIONAL; level--)
		buf_printf(out, " %s %" PRIu64 "%s", alert_level_name((enum alert_level)level),
			appliance->alerts[level], level ? "," : "\n");
	if (appliance->problem_count == 0)
		buf_add_text(out, "All is well.\n");
	for (size_t i = 0; i < appliance->problem_count; i++) {
		buf_add_text(out, "PROBLEM: ");
		terminal_add(out, slice_of(appliance->problems[i]));
		buf_add_byte(out, '\n');
	}
}

int status_run(void *ctl_config, struct arena *a)
{
	const struct ctl_config *config = ctl_config;
	CLEANUP(redis_free) struct redis *redis = ctl_redis(config, a);
	CLEANUP(buf_release) struct buf out = {0};
	struct appliance appliance;

	if (!redis)
		return 2;
	if (appliance_read(redis, clock_system(), a, &appliance) < 0) {
		(void)fprintf(stderr, "haidang: Redis at %s does not answer: %s\n",
			config->shared.redis_address, redis_said(redis));
		return 1;
	}
	if (config->json)
		appliance_json(&appliance, &out);
	else
		appliance_table(&appliance, clock_wall_us(clock_system()), &out);
	bool written = fputs(buf_text(&out), stdout) >= 0 && fflush(stdout) == 0;

	return written && appliance.problem_count == 0 ? 0 : 1;
}
