#include "ctl/assets.h"

#include "ctl/terminal.h"
#include "event/settings.h"
#include "event/streams.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct assets_config {
	struct settings shared;
	char *site, *kind;
	bool json;
};

static const char *const kinds[] = {INVENTORY_KINDS};
static const char *const kind_choices[] = {"", INVENTORY_KINDS, NULL};

static const struct config_field fields[] = {
	SETTINGS_FIELDS(struct assets_config, shared),
	{.key = "assets.site",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct assets_config, site),
		.fallback = "",
		.help = "This site only"},
	{.key = "assets.kind",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct assets_config, kind),
		.fallback = "",
		.help = "This kind only: address, service, protocol, client or domain"},
	{.key = "assets.json",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct assets_config, json),
		.fallback = "false",
		.help = "Print JSON, one object a line"},
};

static const struct config_schema schema = {
	.fields = fields,
	.count = sizeof fields / sizeof *fields,
	.size = sizeof(struct assets_config),
};

struct asset {
	struct slice value;
	uint64_t first_s, last_s;
};

struct listing {
	struct redis *redis;
	const struct assets_config *config;
	uint64_t count;
};

static int ask(struct listing *l, const char *command, struct slice key, struct redis_reply **ret)
{
	const struct slice args[] = {slice_of(command), key};

	if (redis_call(l->redis, key, args, 2, ret) == 0)
		return 0;
	(void)fprintf(stderr, "haidang: Redis: %s\n", redis_said(l->redis));
	return 1;
}

/* The value is "MS-SEQ STREAM": the id of the first event, which is its time. */
static uint64_t first_of(struct slice text)
{
	struct slice ms;
	uint64_t value = 0;

	(void)(slice_cut(&text, '-', &ms) && slice_to_u64(ms, &value));
	return value / 1000;
}

static uint64_t last_of(const struct redis_reply *last, struct slice value)
{
	uint64_t at = 0;

	for (size_t i = 0; i + 1 < redis_reply_count(last); i += 2)
		if (slice_equal(redis_reply_text(redis_reply_at(last, i)), value))
			(void)slice_to_u64(redis_reply_text(redis_reply_at(last, i + 1)), &at);
	return at;
}

static void add_time(uint64_t seconds, struct buf *out)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	char text[32];

	if (localtime_r(&at, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
		buf_add_text(out, text);
}

static void print_asset(
	const struct listing *l, struct slice site, const char *kind, const struct asset *a)
{
	CLEANUP(buf_release) struct buf out = {0};

	if (l->config->json) {
		struct json_writer w = json_writer_on(&out);

		json_begin_object(&w);
		json_key(&w, "site");
		json_text(&w, site);
		json_key(&w, "kind");
		json_text(&w, slice_of(kind));
		json_key(&w, "value");
		json_text(&w, a->value);
		json_key(&w, "first_seen");
		json_uint(&w, a->first_s);
		json_key(&w, "last_seen");
		json_uint(&w, a->last_s);
		json_end_object(&w);
	} else {
		terminal_add(&out, site);
		buf_printf(&out, "  %-8s  ", kind);
		add_time(a->first_s, &out);
		buf_add_text(&out, "  ");
		add_time(a->last_s > a->first_s ? a->last_s : a->first_s, &out);
		buf_add_text(&out, "  ");
		terminal_add(&out, a->value);
	}
	(void)printf("%s\n", buf_text(&out));
}

static int compare_assets(const void *left, const void *right)
{
	const struct asset *a = left, *b = right;

	return slice_compare(a->value, b->value);
}

static int print_kind(struct listing *l, struct slice site, const char *kind)
{
	CLEANUP(redis_reply_free) struct redis_reply *first = NULL, *last = NULL;
	CLEANUP(buf_release) struct buf key = {0}, last_key = {0};

	stream_inventory(site, slice_of(kind), &key);
	buf_add_slice(&last_key, buf_slice(&key));
	buf_add_text(&last_key, ":last");
	if (ask(l, "HGETALL", buf_slice(&key), &first) ||
		ask(l, "HGETALL", buf_slice(&last_key), &last))
		return 1;
	size_t count = redis_reply_count(first) / 2;
	CLEANUP(mem_cleanup) struct asset *assets = mem_array(count + 1, sizeof *assets);

	for (size_t i = 0; i < count; i++) {
		struct slice value = redis_reply_text(redis_reply_at(first, 2 * i));

		assets[i] = (struct asset){value,
			first_of(redis_reply_text(redis_reply_at(first, 2 * i + 1))),
			last_of(last, value)};
	}
	qsort(assets, count, sizeof *assets, compare_assets);
	for (size_t i = 0; i < count; i++)
		print_asset(l, site, kind, &assets[i]);
	l->count += count;
	return 0;
}

static int print_site(struct listing *l, struct slice site)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (*l->config->kind && !slice_is(slice_of(kinds[i]), l->config->kind))
			continue;
		if (print_kind(l, site, kinds[i]))
			return 1;
	}
	return 0;
}

static int list(struct listing *l)
{
	CLEANUP(redis_reply_free) struct redis_reply *sites = NULL;

	if (ask(l, "SMEMBERS", SLICE(INVENTORY_INDEX), &sites))
		return 1;
	for (size_t i = 0; i < redis_reply_count(sites); i++) {
		struct slice site = redis_reply_text(redis_reply_at(sites, i));

		if (*l->config->site && !slice_is(site, l->config->site))
			continue;
		if (print_site(l, site))
			return 1;
	}
	if (l->count == 0)
		(void)fprintf(stderr, "haidang: the inventory holds nothing of that\n");
	return 0;
}

static int run(void *config, struct arena *a)
{
	struct listing l = {.config = config};
	struct redis_options options;
	struct err err = {0};
	bool known = false;

	for (size_t i = 0; kind_choices[i]; i++)
		known |= slice_is(slice_of(kind_choices[i]), l.config->kind);
	if (!known)
		(void)err_set(&err, NULL, 0,
			"expected --kind address, service, protocol, client or domain");
	if (err_is_set(&err) || !settings_redis(&l.config->shared, a, &options, &err)) {
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
		return 2;
	}
	l.redis = redis_new(&options, clock_system());
	int status = list(&l);

	redis_free(&l.redis);
	return status;
}

static int64_t log_level(const void *config)
{
	return ((const struct assets_config *)config)->shared.log_level;
}

int assets_run(int argc, char **argv)
{
	static const struct program_option options[] = {
		{.name = "redis", .key = "redis.address"},
		{.name = "site", .key = "assets.site"},
		{.name = "kind", .key = "assets.kind"},
		{.name = "json", .key = "assets.json"},
		{.key = NULL},
	};
	static const struct program program = {
		.name = "haidang assets",
		.summary = "what each site has: first seen, last seen, what",
		.schema = &schema,
		.options = options,
		.run = run,
		.log_level = log_level,
	};

	return program_main(&program, argc, argv);
}
