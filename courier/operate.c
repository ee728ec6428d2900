#include "courier/operate.h"

#include "courier/audit.h"
#include "courier/dead.h"
#include "courier/inbox.h"
#include "courier/parcel.h"
#include "courier/routes.h"
#include "courier/trial.h"
#include "event/health.h"
#include "lib/mem.h"
#include "lib/program.h"
#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	FAILED = 1,
	BAD_USE = 2,
	HEALTH_JSON_MAX = 256 * 1024,
	DEAD_LETTERS_ROOM = 2 * DEAD_LETTERS_MAX /* Redis keeps some more than asked */
};

static int complain(int status, struct err *err)
{
	(void)fprintf(stderr, "haidang-courier: %s\n", err_text(err));
	return status;
}

static int redis_failed(struct redis *r)
{
	(void)fprintf(stderr, "haidang-courier: Redis: %s\n", redis_said(r));
	return FAILED;
}

static const struct target_config *target_find(
	const struct courier_config *config, const char *name, struct err *err)
{
	for (size_t i = 0; i < config->targets.count; i++)
		if (strcmp(courier_targets(config)[i].name, name) == 0)
			return &courier_targets(config)[i];
	err_set(err, NULL, 0, "no target '%s' among the %zu of courier.targets", name,
		config->targets.count);
	return NULL;
}

static struct redis *connect_redis(
	const struct courier_config *config, struct arena *a, struct err *err)
{
	struct redis_options options;

	if (!settings_redis(&config->shared, a, &options, err))
		return NULL;
	return redis_new(&options, clock_system());
}

int operate_test(const struct courier_config *config, int argc, char **argv)
{
	const struct target_config *target = NULL;
	struct err err = {0};

	if (argc == 2)
		target = target_find(config, argv[1], &err);
	else
		err_set(&err, NULL, 0, "expected: test TARGET");
	if (!target)
		return complain(BAD_USE, &err);
	return trial_run(&(struct target_place){.config = target,
		.source = config->source,
		.state_dir = config->shared.state_dir,
		.console = config->console_url,
		.clock = clock_system(),
		.trial = true});
}

/* ---- status ---- */

struct view {
	struct json_reader *json;
	char key[STREAM_NAME_MAX];
	struct json_value metrics;
	bool running;
};

static void on_health(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct view *view = ctx;
	struct json_value root;
	struct err err = {0};

	(void)index;
	view->running = redis_reply_kind(reply) == REDIS_TEXT &&
		json_read(view->json, redis_reply_text(reply), &root, &err) &&
		json_get(root, "metrics", &view->metrics);
}

static int64_t figure(const struct view *view, const char *name, const char *target)
{
	CLEANUP(mem_cleanup)
	char *key = mem_printf("haidang_courier_%s{target=\"%s\"}", name, target);
	struct json_value v;
	int64_t number = 0;

	if (view->running && json_get(view->metrics, key, &v) && !json_to_i64(v, &number))
		number = 0;
	return number;
}

static int status_print(struct redis *r, const struct view *view, const char *target)
{
	struct inbox *inbox = inbox_new(target, r);
	struct inbox_sizes sizes;
	int err = inbox_measure(inbox, &sizes);
	int64_t since = figure(view, "failing_since_seconds", target);
	char time[TIME_TEXT_LEN + 1];

	inbox_free(&inbox);
	if (err)
		return err;
	time_write(since * 1000000, time);
	printf("%-20s %-10s %9" PRId64 " %9" PRId64 " %9" PRId64 "  %s%.19s\n", target,
		view->running ? circuit_names[figure(view, "circuit", target) % 3] : "-",
		figure(view, "delivered_total", target), sizes.backlog, sizes.dead,
		since ? "failing since " : "", since ? time : "");
	return 0;
}

int operate_status(const struct courier_config *config, int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_reader_free) struct json_reader *json = json_reader_new(HEALTH_JSON_MAX);
	struct err err = {0};
	struct view view = {.json = json};
	CLEANUP(redis_free) struct redis *r = connect_redis(config, a, &err);

	(void)argv;
	if (argc != 1) {
		err_set(&err, NULL, 0, "status takes no argument");
		return complain(BAD_USE, &err);
	}
	if (!r)
		return complain(BAD_USE, &err);
	CLEANUP(mem_cleanup) char *key = mem_printf("health:courier.%s", config->name);

	redis_queue(r, slice_of(key), (struct slice[]){SLICE("GET"), slice_of(key)}, 2);
	if (redis_flush(r, on_health, &view) < 0)
		return redis_failed(r);
	printf("The courier %s.\n%-20s %-10s %9s %9s %9s\n", view.running ? "runs" : "does not run",
		"target", "circuit", "delivered", "waiting", "dead");
	for (size_t i = 0; i < config->targets.count; i++)
		if (status_print(r, &view, courier_targets(config)[i].name) < 0)
			return redis_failed(r);
	return view.running ? 0 : FAILED;
}

/* ---- dead letters ---- */

struct printing {
	const char *target;
	struct parcel_reader *reader;
	size_t count;
};

static void letter_print(void *ctx, const struct dead_letter *letter)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct printing *printing = ctx;
	struct parcel parcel;
	struct err err = {0};
	bool readable = parcel_read(printing->reader, letter->alert, &parcel, &err);
	struct slice title = readable ? parcel.alert->rule.title_vi : SLICE("no alert");

	if (readable && !title.len)
		title = parcel.alert->rule.title;
	title = text_squeeze(a, text_nfc(a, title));
	printing->count++;
	printf("%s %.*s  %.*s  %s\n  %s: %.*s\n  refused %.*s times: %.*s\n", printing->target,
		SLICE_ARG(letter->id), (int)(letter->at.len < 19 ? letter->at.len : 19),
		letter->at.at, readable ? parcel.key : "-",
		readable ? alert_level_name(parcel.alert->rule.level) : "-", SLICE_ARG(title),
		SLICE_ARG(letter->attempts), SLICE_ARG(letter->reason));
}

int operate_dead(const struct courier_config *config, int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	struct err err = {0};
	struct printing printing = {.reader = reader};

	if (argc > 2) {
		err_set(&err, NULL, 0, "expected: dead [TARGET]");
		return complain(BAD_USE, &err);
	}
	if (argc == 2 && !target_find(config, argv[1], &err))
		return complain(BAD_USE, &err);
	CLEANUP(redis_free) struct redis *r = connect_redis(config, a, &err);

	if (!r)
		return complain(BAD_USE, &err);
	for (size_t i = 0; i < config->targets.count; i++) {
		printing.target = courier_targets(config)[i].name;
		if (argc == 2 && strcmp(printing.target, argv[1]) != 0)
			continue;
		if (dead_each(r, printing.target, letter_print, &printing) < 0)
			return redis_failed(r);
	}
	printf("%zu dead letters\n", printing.count);
	return 0;
}

struct burial {
	struct redis *r;
	struct redis_script script;
	const char *target, *what, *reason;
	struct arena *a;
	struct slice *ids;
	size_t count, room;
};

static void id_add(struct burial *b, struct slice id)
{
	if (b->count < b->room)
		b->ids[b->count++] = arena_slice(b->a, id);
}

static void on_letter(void *ctx, const struct dead_letter *letter)
{
	id_add(ctx, letter->id);
}

/* The record comes first: what cannot be recorded is not done. */
static int settle_one(struct burial *b, struct slice id)
{
	CLEANUP(mem_cleanup) char *text = mem_printf("%.*s", SLICE_ARG(id));
	int err = audit_write(
		b->r, clock_system(), &(struct audit_row){b->what, b->target, text, b->reason});

	if (err)
		return err;
	return b->reason[0] ? dead_drop(b->r, b->target, id)
			    : dead_retry(b->r, &b->script, b->target, id);
}

static int settle_all(struct burial *b)
{
	size_t settled = 0;

	for (size_t i = 0; i < b->count; i++) {
		int done = settle_one(b, b->ids[i]);

		if (done < 0)
			return redis_failed(b->r);
		if (done == 0)
			printf("%s has no dead letter %.*s\n", b->target, SLICE_ARG(b->ids[i]));
		settled += (size_t)done;
	}
	printf("%s: %zu dead letters %s\n", b->target, settled, b->what);
	return settled == b->count ? 0 : FAILED;
}

/* argv: command, TARGET, then ids or "all". */
static int bury_again(const struct courier_config *config, int argc, char **argv, struct burial *b)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};

	if (!target_find(config, argv[1], &err))
		return complain(BAD_USE, &err);
	CLEANUP(redis_free) struct redis *r = connect_redis(config, a, &err);

	if (!r)
		return complain(BAD_USE, &err);
	b->r = r;
	b->a = a;
	b->target = argv[1];
	b->script.source = DEAD_RETRY;
	redis_register_script(r, &b->script);
	b->room = DEAD_LETTERS_ROOM;
	b->ids = arena_array(a, b->room, sizeof(*b->ids));
	if (argc == 3 && strcmp(argv[2], "all") == 0) {
		if (dead_each(r, b->target, on_letter, b) < 0)
			return redis_failed(r);
	} else {
		for (int i = 2; i < argc; i++)
			id_add(b, slice_of(argv[i]));
	}
	return settle_all(b);
}

int operate_retry(const struct courier_config *config, int argc, char **argv)
{
	struct burial b = {.what = "retried", .reason = ""};
	struct err err = {0};

	if (argc >= 3)
		return bury_again(config, argc, argv, &b);
	err_set(&err, NULL, 0, "expected: retry TARGET all or ID…");
	return complain(BAD_USE, &err);
}

int operate_drop(const struct courier_config *config, int argc, char **argv)
{
	struct burial b = {.what = "dropped"};
	struct err err = {0};

	for (int i = 1; i + 1 < argc && !b.reason; i++) {
		if (strcmp(argv[i], "--reason") != 0)
			continue;
		b.reason = argv[i + 1];
		memmove(&argv[i], &argv[i + 2], (size_t)(argc - i - 2) * sizeof(*argv));
		argc -= 2;
	}
	if (argc >= 3 && b.reason && b.reason[0])
		return bury_again(config, argc, argv, &b);
	err_set(&err, NULL, 0, "expected: drop TARGET all or ID… --reason TEXT");
	return complain(BAD_USE, &err);
}

/* ---- routes ---- */

static void route_print(const struct courier_config *config, const struct route *route)
{
	printf("route %s ->", route->name);
	for (size_t t = 0; t < config->targets.count; t++)
		if (route->to >> t & 1)
			printf(" %s", courier_targets(config)[t].name);
	if (route->escalate_to)
		printf("; unacknowledged after %" PRId64 " s ->", route->escalate_after_ms / 1000);
	for (size_t t = 0; t < config->targets.count; t++)
		if (route->escalate_to >> t & 1)
			printf(" %s", courier_targets(config)[t].name);
	printf("\n");
}

int operate_route(const struct courier_config *config, int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct parcel parcel;
	struct err err = {0};
	size_t count = 0;
	bool refused;

	if (argc != 2) {
		err_set(&err, NULL, 0, "expected: route FILE, with one alert as JSON");
		return complain(BAD_USE, &err);
	}
	const struct routes *routes = routes_read(a, config, &refused, &err);

	if (!routes || !program_read_file(argv[1], ALERT_JSON_MAX, &text, &err) ||
		!parcel_read(reader, slice_trim(buf_slice(&text)), &parcel, &err))
		return complain(BAD_USE, &err);
	for (const struct route *route = NULL; (route = routes_match(routes, parcel.alert, route));)
		route_print(config, route);
	for (size_t t = 0; t < config->targets.count; t++)
		if (routes_want(routes, t, parcel.alert))
			printf("%s%s", count++ ? ", " : "goes to ",
				courier_targets(config)[t].name);
	printf("%s\n", count ? "" : "goes nowhere");
	return 0;
}
