#include "ctl/appliance.h"

#include "ctl/alert_stream.h"
#include "event/health.h"
#include "lib/mem.h"

#include <inttypes.h>

enum { DAY_MS = 24 * 3600 * 1000, HEALTH_LEN_MAX = 1 << 20, PROBLEMS_MAX = 3 * REPORTS_MAX };

struct reading {
	struct appliance *appliance;
	struct arena *a;
	struct json_reader *json;
};

static void problem_add(struct reading *reading, char *problem)
{
	struct appliance *appliance = reading->appliance;

	if (appliance->problem_count < PROBLEMS_MAX)
		appliance->problems[appliance->problem_count++] = problem;
}

/* "health:probe.s1" */
static void key_read(struct slice key, struct report *ret)
{
	struct slice rest = slice_from(key, slice_find_byte(key, ':') + 1);

	if (!slice_cut(&rest, '.', &ret->program))
		ret->program = key;
	ret->instance = rest;
}

static void on_figure(void *ctx, const struct figure *figure, int64_t value)
{
	struct report *report = ctx;

	if (report->figure_count < FIGURES_MAX)
		report->figures[report->figure_count++] = (struct figure_value){figure, value};
}

static struct slice text_of(struct reading *reading, struct json_value root, const char *key)
{
	struct slice text = {0};

	(void)json_get_text(root, key, &text);
	return arena_slice(reading->a, text);
}

static void report_read(struct reading *reading, struct slice json, struct report *ret)
{
	struct json_value root, metrics;
	struct slice started;
	struct err err = {0};

	if (json.len == 0 || !json_read(reading->json, json, &root, &err) ||
		!json_get(root, "metrics", &metrics))
		return;
	ret->running = true;
	ret->version = text_of(reading, root, "version");
	ret->said = text_of(reading, root, "status");
	if (json_get_text(root, "started", &started))
		(void)time_read(started, &ret->started_us);
	figures_each(ret->program, metrics, on_figure, ret);
}

static void problems_find(struct reading *reading, const struct report *r)
{
	struct arena *a = reading->a;

	if (!r->running)
		problem_add(reading,
			arena_printf(a, "%.*s %.*s is silent", SLICE_ARG(r->program),
				SLICE_ARG(r->instance)));
	if (slice_starts(r->said, SLICE("degraded")))
		problem_add(reading,
			arena_printf(a, "%.*s %.*s: %.*s", SLICE_ARG(r->program),
				SLICE_ARG(r->instance), SLICE_ARG(r->said)));
	for (size_t i = 0; i < r->figure_count; i++) {
		const struct figure_value *f = &r->figures[i];

		if (figure_is_fault(f->figure, f->value))
			problem_add(reading,
				arena_printf(a, "%.*s %.*s: %s %" PRId64, SLICE_ARG(r->program),
					SLICE_ARG(r->instance), f->figure->label, f->value));
	}
}

static void on_health(void *ctx, struct slice key, struct slice json)
{
	struct reading *reading = ctx;
	struct appliance *appliance = reading->appliance;

	if (appliance->count == REPORTS_MAX)
		return;
	struct report *report = &appliance->reports[appliance->count++];

	key_read(arena_slice(reading->a, key), report);
	report_read(reading, json, report);
	problems_find(reading, report);
}

static bool on_alert(void *ctx, const struct alert_entry *entry)
{
	struct appliance *appliance = ctx;

	appliance->alerts[entry->alert->rule.level]++;
	return true;
}

int appliance_read(
	struct redis *r, const struct clock *clock, struct arena *a, struct appliance *ret)
{
	CLEANUP(json_reader_free) struct json_reader *json = json_reader_new(HEALTH_LEN_MAX);
	CLEANUP(alert_stream_free) struct alert_stream *alerts = alert_stream_new(r);
	struct reading reading = {.appliance = ret, .a = a, .json = json};
	int64_t since_ms = clock_wall_us(clock) / 1000 - DAY_MS;

	*ret = (struct appliance){
		.reports = arena_array(a, REPORTS_MAX, sizeof(struct report)),
		.problems = arena_array(a, PROBLEMS_MAX, sizeof(char *)),
	};
	int err = health_each(r, on_health, &reading);

	if (!err)
		err = alert_stream_history(
			alerts, since_ms > 0 ? (uint64_t)since_ms : 0, on_alert, ret);
	if (ret->count == 0)
		problem_add(&reading, arena_text(a, "no program has reported yet"));
	return err;
}
