#include "ctl/sources.h"

#include "ctl/config.h"
#include "ctl/terminal.h"
#include "event/health.h"
#include "event/streams.h"
#include "lib/json_read.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CRAWLERS_MAX = 64, ROWS_MAX = 200000, ID_WIDTH = 24, KIND_WIDTH = 10, AGE_WIDTH = 8 };

/* One crawler; silent when it has not told how it is for long. */
struct crawler {
	struct slice name;
	bool silent;
};

struct row {
	struct slice json;
	unsigned rank; /* what needs someone comes first */
};

struct listing {
	struct arena *a;
	struct json_reader *reader;
	const struct ctl_config *config;
	struct crawler crawlers[CRAWLERS_MAX];
	size_t crawler_count;
	struct row *rows;
	size_t row_count;
	size_t troubles;
	int64_t now_s;
	struct buf out;
};

static void on_health(void *ctx, struct slice key, struct slice json)
{
	struct listing *l = ctx;
	struct slice prefix = SLICE("health:crawler.");

	if (slice_starts(key, prefix) && l->crawler_count < CRAWLERS_MAX)
		l->crawlers[l->crawler_count++] = (struct crawler){
			arena_slice(l->a, slice_from(key, prefix.len)), json.len == 0};
}

static struct slice text_of(struct json_value row, const char *key)
{
	struct slice text = {0};

	(void)json_get_text(row, key, &text);
	return text;
}

static int64_t count_of(struct json_value row, const char *key)
{
	struct json_value value;
	int64_t count = 0;

	if (json_get(row, key, &value))
		(void)json_to_i64(value, &count);
	return count;
}

static unsigned rank_of(struct json_value row)
{
	static const char *const states[] = {"trouble", "waiting", "ok", "off"};
	struct slice state = text_of(row, "state");
	unsigned rank = 0;

	while (rank < sizeof states / sizeof states[0] && !slice_is(state, states[rank]))
		rank++;
	return rank;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank)
				  : slice_compare(a->json, b->json);
}

static void cell(struct listing *l, struct slice text, size_t width)
{
	size_t start = l->out.len;

	terminal_add(&l->out, text);
	do
		buf_add_byte(&l->out, ' ');
	while (l->out.len - start < width);
}

/* "12m" since it was last read, "-" for never. */
static void age_cell(struct listing *l, int64_t read_s)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t age = l->now_s - read_s;
	char text[32] = "-";

	for (size_t i = 0; read_s > 0 && i < sizeof units / sizeof units[0]; i++)
		if (age >= units[i].seconds || units[i].seconds == 1) {
			(void)snprintf(text, sizeof text, "%lld%c",
				(long long)(age > 0 ? age / units[i].seconds : 0), units[i].unit);
			break;
		}
	cell(l, slice_of(text), AGE_WIDTH);
}

static bool on_refusal(void *ctx, struct slice key, struct json_value value)
{
	struct listing *l = ctx;
	int64_t count = 0;

	(void)json_to_i64(value, &count);
	buf_add_byte(&l->out, ' ');
	terminal_add(&l->out, key);
	buf_printf(&l->out, "=%lld", (long long)count);
	return true;
}

static void print_row(struct listing *l, struct json_value row)
{
	struct json_value refusals;
	struct slice reason = text_of(row, "reason");
	bool off = slice_is(text_of(row, "state"), "off");

	cell(l, text_of(row, "state"), KIND_WIDTH);
	cell(l, text_of(row, "id"), ID_WIDTH);
	cell(l, text_of(row, "kind"), KIND_WIDTH);
	if (!off) {
		age_cell(l, count_of(row, "read"));
		buf_printf(&l->out,
			"fetched %lld, new %lld, changed %lld, removed %lld, failed %lld",
			(long long)count_of(row, "fetched"), (long long)count_of(row, "new"),
			(long long)count_of(row, "changed"), (long long)count_of(row, "removed"),
			(long long)count_of(row, "failed"));
	}
	if (reason.len > 0) {
		buf_add_text(&l->out, off ? "" : ", ");
		terminal_add(&l->out, reason);
	}
	if (json_get(row, "refusals", &refusals) && json_count(refusals) > 0) {
		buf_add_text(&l->out, ", refused:");
		json_each(refusals, on_refusal, l);
	}
	buf_add_byte(&l->out, '\n');
}

/* Rows in order; a row that is no JSON is left out. */
static void print_rows(struct listing *l)
{
	qsort(l->rows, l->row_count, sizeof l->rows[0], compare_rows);
	for (size_t i = 0; i < l->row_count; i++) {
		struct json_value row;
		struct err err = {0};

		if (!json_read(l->reader, l->rows[i].json, &row, &err))
			continue;
		l->troubles += l->rows[i].rank == 0;
		if (l->config->json) {
			terminal_add_json(&l->out, l->rows[i].json);
			buf_add_byte(&l->out, '\n');
		} else {
			print_row(l, row);
		}
	}
}

static bool read_rows(struct listing *l, struct redis *redis, struct slice name)
{
	char *key = arena_printf(l->a, SOURCES_KEY_PREFIX "%.*s", SLICE_ARG(name));
	struct slice get[] = {SLICE("HVALS"), slice_of(key)};
	struct redis_reply *reply = NULL;

	if (redis_call(redis, get[1], get, 2, &reply) < 0)
		return false;
	size_t count = redis_reply_count(reply);
	count = count < ROWS_MAX ? count : ROWS_MAX;
	l->rows = arena_array(l->a, count + 1, sizeof l->rows[0]);
	l->row_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct row *row = &l->rows[l->row_count++];
		struct json_value value;
		struct err err = {0};

		row->json = arena_slice(l->a, redis_reply_text(redis_reply_at(reply, i)));
		row->rank = json_read(l->reader, row->json, &value, &err) ? rank_of(value) : 9;
	}
	redis_reply_free(&reply);
	return true;
}

static void print_crawler(struct listing *l, const struct crawler *crawler)
{
	if (l->config->json)
		return;
	buf_add_text(&l->out, "crawler ");
	terminal_add(&l->out, crawler->name);
	buf_add_text(
		&l->out, crawler->silent ? " is SILENT: what follows is old\n" : " is running\n");
}

static int list(struct listing *l, struct redis *redis)
{
	bool silent = l->crawler_count == 0;

	for (size_t i = 0; i < l->crawler_count; i++) {
		if (!read_rows(l, redis, l->crawlers[i].name))
			return -1;
		silent = silent || l->crawlers[i].silent;
		print_crawler(l, &l->crawlers[i]);
		print_rows(l);
	}
	if (l->crawler_count == 0 && !l->config->json)
		buf_add_text(&l->out, "no crawler has ever run with this Redis\n");
	return silent || l->troubles > 0;
}

static int run(void *config, struct arena *a)
{
	struct redis *redis = ctl_redis(config, a);
	struct listing l = {.a = a, .config = config, .reader = json_reader_new(1 << 20)};
	int status = 2;

	l.now_s = clock_wall_us(clock_system()) / 1000000;
	if (redis != NULL) {
		status = health_each(redis, on_health, &l) < 0 ? -1 : list(&l, redis);
		if (status < 0) {
			(void)fprintf(stderr, "haidang: Redis is away: %s\n", redis_said(redis));
			status = 2;
		}
	}
	(void)fwrite(l.out.at, 1, l.out.len, stdout);
	(void)fflush(stdout);
	buf_release(&l.out);
	json_reader_free(&l.reader);
	redis_free(&redis);
	return status;
}

static int64_t log_level(const void *config)
{
	return ((const struct ctl_config *)config)->shared.log_level;
}

static const struct program_option options[] = {
	{.name = "redis", .key = "redis.address"},
	{.name = "json", .key = "ctl.json"},
	{.key = NULL},
};

const struct program sources_program = {
	.name = "haidang sources",
	.summary = "what becomes of each source of the crawlers; exit status 0 all is well, 1 not",
	.schema = &ctl_schema,
	.options = options,
	.run = run,
	.log_level = log_level,
};
