#include "ctl/mutes.h"

#include "ctl/alert_stream.h"
#include "ctl/mute_store.h"
#include "ctl/terminal.h"
#include "event/settings.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { BAD_USE = 2, LOG_LINES = 200, ID_BYTES = 4 };

struct mutes_config {
	struct settings shared;
	char *id, *rule, *entity, *network, *domain, *agency, *owner, *reason;
	int64_t for_ms, since_ms;
	bool critical;
};

#define TEXT_FIELD(member, words)                                                                  \
	{                                                                                          \
		.key = "mute." #member, .type = CONFIG_TEXT,                                       \
		.offset = offsetof(struct mutes_config, member), .fallback = "", .help = (words)   \
	}

static const struct config_field fields[] = {
	SETTINGS_FIELDS(struct mutes_config, shared),
	TEXT_FIELD(id, "Which mute"),
	TEXT_FIELD(rule, "Alerts of this rule: its id, or its file's name"),
	TEXT_FIELD(entity, "Alerts about this, as the alert says it"),
	TEXT_FIELD(network, "Alerts of these addresses: 10.77.1.15 or 10.77.9.0/24"),
	TEXT_FIELD(domain, "Alerts of this host and those below it"),
	TEXT_FIELD(agency, "Alerts that this office acts on"),
	TEXT_FIELD(owner, "The office that answers for the mute"),
	TEXT_FIELD(reason, "Why"),
	{.key = "mute.for",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct mutes_config, for_ms),
		.fallback = "0s",
		.help = "How long: 8h, 7d; 90d at most"},
	{.key = "mute.since",
		.type = CONFIG_DURATION,
		.offset = offsetof(struct mutes_config, since_ms),
		.fallback = "7d",
		.help = "dry-run: alerts at most this old"},
	{.key = "mute.critical",
		.type = CONFIG_BOOL,
		.offset = offsetof(struct mutes_config, critical),
		.fallback = "false",
		.help = "Critical alerts, and those with a legal clock, too"},
};

static const struct config_schema schema = {
	.fields = fields,
	.count = sizeof fields / sizeof *fields,
	.size = sizeof(struct mutes_config),
};

static int64_t now_us(void)
{
	return clock_wall_us(clock_system());
}

static int store_open(const struct mutes_config *c, struct arena *a, struct mute_store *ret)
{
	struct redis_options options;
	struct err err = {0};

	if (!settings_redis(&c->shared, a, &options, &err)) {
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
		return BAD_USE;
	}
	if (!options.address || !*options.address) {
		(void)fprintf(stderr, "haidang: redis.address is empty; say which with --redis\n");
		return BAD_USE;
	}
	mute_store_open(ret, redis_new(&options, clock_system()));
	return mute_store_read(ret);
}

static void add_time(int64_t wall_us, struct buf *out)
{
	time_t seconds = (time_t)(wall_us / 1000000);
	struct tm tm;
	char text[32];

	if (localtime_r(&seconds, &tm) && strftime(text, sizeof text, "%H:%M %d/%m/%Y", &tm))
		buf_add_text(out, text);
}

static void add_named(struct buf *out, const char *name, struct slice text)
{
	if (text.len == 0)
		return;
	buf_printf(out, " %s=", name);
	terminal_add(out, text);
}

static void print_mute(const struct mute *m, uint64_t count)
{
	CLEANUP(buf_release) struct buf out = {0};

	terminal_add(&out, m->id);
	buf_add_text(&out, m->expires_us <= now_us() ? "  ended " : "  until ");
	add_time(m->expires_us, &out);
	buf_printf(&out, "  muted %" PRIu64 " ", count);
	add_named(&out, "rule", m->rule);
	add_named(&out, "entity", m->entity);
	add_named(&out, "network", m->network);
	add_named(&out, "domain", m->domain);
	add_named(&out, "agency", m->agency);
	buf_add_text(&out, m->critical ? " and critical ones\n    " : "\n    ");
	terminal_add(&out, m->owner);
	buf_add_text(&out, ": ");
	terminal_add(&out, m->reason);
	(void)printf("%s\n", buf_text(&out));
}

static int list_run(void *config, struct arena *a)
{
	CLEANUP(mute_store_release) struct mute_store s = {0};
	int status = store_open(config, a, &s);

	for (size_t i = 0; status == 0 && i < s.list->count; i++) {
		uint64_t count;

		status = mute_store_count(&s, s.list->at[i].id, &count);
		if (status == 0)
			print_mute(&s.list->at[i], count);
	}
	return status;
}

static struct mute wanted(const struct mutes_config *c)
{
	return (struct mute){.owner = slice_of(c->owner),
		.reason = slice_of(c->reason),
		.rule = slice_of(c->rule),
		.entity = slice_of(c->entity),
		.network = slice_of(c->network),
		.domain = slice_of(c->domain),
		.agency = slice_of(c->agency),
		.critical = c->critical,
		.created_us = now_us(),
		.expires_us = now_us() + c->for_ms * 1000};
}

static int refuse(struct err *err)
{
	(void)fprintf(stderr, "haidang: %s\n", err_text(err));
	return BAD_USE;
}

static void make_id(char ret[16])
{
	uint32_t random;

	must(getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random);
	must(snprintf(ret, 16, "mt-%08" PRIx32, random) > 0);
}

static int add_run(void *config, struct arena *a)
{
	CLEANUP(mute_store_release) struct mute_store s = {0};
	struct mute m = wanted(config);
	struct err err = {0};
	char id[16];
	int status = store_open(config, a, &s);

	if (status != 0)
		return status;
	make_id(id);
	m.id = slice_of(id);
	mute_list_expire(s.list, now_us() - INT64_C(86400000000));
	if (!mute_list_add(s.list, &m, now_us(), &err))
		return refuse(&err);
	status = mute_store_write(&s, "add", &m);
	if (status == 0)
		print_mute(&m, 0);
	return status;
}

static int remove_run(void *config, struct arena *a)
{
	const struct mutes_config *c = config;
	CLEANUP(mute_store_release) struct mute_store s = {0};
	int status = store_open(c, a, &s);

	for (size_t i = 0; status == 0 && i < s.list->count; i++) {
		struct mute m = s.list->at[i];

		if (!slice_is(m.id, c->id))
			continue;
		(void)mute_list_remove(s.list, m.id);
		m.addresses = NULL;
		return mute_store_write(&s, "remove", &m);
	}
	if (status == 0)
		(void)fprintf(stderr, "haidang: no mute has the id '%s'\n", c->id);
	return status ? status : BAD_USE;
}

struct trial {
	struct mute_list *list;
	uint64_t seen, muted, spared;
};

/* An alert that the mute would fit but for its level is told as spared. */
static bool try_one(void *ctx, const struct alert_entry *entry)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct trial *t = ctx;
	bool critical = t->list->at[0].critical;

	t->seen++;
	if (mute_list_find(t->list, entry->alert, now_us())) {
		t->muted++;
		add_time(entry->alert->timestamp_us, &out);
		buf_printf(&out, "  [%s] ", alert_level_name(entry->alert->rule.level));
		terminal_add(&out, entry->alert->rule.title);
		buf_add_text(&out, ": ");
		terminal_add(&out, entry->alert->entity);
		(void)printf("%s\n", buf_text(&out));
		return true;
	}
	t->list->at[0].critical = true;
	t->spared += !critical && mute_list_find(t->list, entry->alert, now_us()) != NULL;
	t->list->at[0].critical = critical;
	return true;
}

static int dry_run(void *config, struct arena *a)
{
	const struct mutes_config *c = config;
	CLEANUP(mute_store_release) struct mute_store s = {0};
	CLEANUP(mute_list_free) struct mute_list *list = mute_list_new();
	struct trial trial = {.list = list};
	struct mute m = wanted(c);
	struct err err = {0};
	int status = store_open(c, a, &s);

	if (status != 0)
		return status;
	m.id = SLICE("dry-run");
	m.owner = SLICE("dry-run");
	m.reason = SLICE("what would it have muted");
	m.expires_us = now_us() + INT64_C(3600000000);
	if (!mute_list_add(list, &m, now_us(), &err))
		return refuse(&err);
	CLEANUP(alert_stream_free) struct alert_stream *stream = alert_stream_new(s.redis);
	int64_t since_ms = now_us() / 1000 - c->since_ms;

	if (alert_stream_history(stream, since_ms > 0 ? (uint64_t)since_ms : 0, try_one, &trial) <
		0) {
		(void)fprintf(stderr, "haidang: Redis: %s\n", redis_said(s.redis));
		return 1;
	}
	(void)printf(
		"%" PRIu64 " of %" PRIu64 " alerts would have been muted", trial.muted, trial.seen);
	if (trial.spared > 0)
		(void)printf("; %" PRIu64 " more only with --critical", trial.spared);
	(void)printf("\n");
	return 0;
}

static int log_run(void *config, struct arena *a)
{
	CLEANUP(mute_store_release) struct mute_store s = {0};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	const struct slice range[] = {SLICE("XREVRANGE"), SLICE(MUTE_LOG_KEY), SLICE("+"),
		SLICE("-"), SLICE("COUNT"), SLICE("200")};
	int status = store_open(config, a, &s);

	if (status != 0)
		return status;
	if (redis_call(s.redis, SLICE(MUTE_LOG_KEY), range, 6, &reply) < 0) {
		(void)fprintf(stderr, "haidang: Redis: %s\n", redis_said(s.redis));
		return 1;
	}
	for (size_t i = redis_reply_count(reply); i-- > 0;) {
		const struct redis_reply *line = redis_reply_at(redis_reply_at(reply, i), 1);
		CLEANUP(buf_release) struct buf out = {0};

		terminal_add_json(&out, redis_reply_text(redis_reply_at(line, 1)));
		(void)printf("%s\n", buf_text(&out));
	}
	return 0;
}

static const struct program_option options[] = {
	{.name = "redis", .key = "redis.address"},
	{.name = "id", .key = "mute.id"},
	{.name = "rule", .key = "mute.rule"},
	{.name = "entity", .key = "mute.entity"},
	{.name = "network", .key = "mute.network"},
	{.name = "domain", .key = "mute.domain"},
	{.name = "agency", .key = "mute.agency"},
	{.name = "owner", .key = "mute.owner"},
	{.name = "reason", .key = "mute.reason"},
	{.name = "for", .key = "mute.for"},
	{.name = "since", .key = "mute.since"},
	{.name = "critical", .key = "mute.critical"},
	{.key = NULL},
};

static int64_t log_level(const void *config)
{
	return ((const struct mutes_config *)config)->shared.log_level;
}

static int run(const char *name, int (*fn)(void *, struct arena *), int argc, char **argv)
{
	const struct program program = {
		.name = name,
		.summary = "alerts that nobody wants to see for a while",
		.schema = &schema,
		.options = options,
		.run = fn,
		.log_level = log_level,
	};

	return program_main(&program, argc, argv);
}

static int run_list(int argc, char **argv)
{
	return run("haidang mutes list", list_run, argc, argv);
}

static int run_add(int argc, char **argv)
{
	return run("haidang mutes add", add_run, argc, argv);
}

static int run_remove(int argc, char **argv)
{
	return run("haidang mutes remove", remove_run, argc, argv);
}

static int run_dry(int argc, char **argv)
{
	return run("haidang mutes dry-run", dry_run, argc, argv);
}

static int run_log(int argc, char **argv)
{
	return run("haidang mutes log", log_run, argc, argv);
}

static const struct program_command commands[] = {
	{"list", "", "Show the mutes and how many alerts each held back", run_list},
	{"add",
		"--owner OFFICE --reason TEXT --for 8h [--rule R] [--entity E] [--network CIDR] "
		"[--domain D] [--agency A] [--critical]",
		"Mute alerts that all of these fit", run_add},
	{"remove", "--id ID", "End a mute now", run_remove},
	{"dry-run",
		"[--rule R] [--entity E] [--network CIDR] [--domain D] [--agency A] [--since 7d]",
		"Show which past alerts such a mute would have held back", run_dry},
	{"log", "", "Show who added and removed mutes", run_log},
	{.name = NULL},
};

int mutes_run(int argc, char **argv)
{
	static const struct program mutes = {
		.name = "haidang mutes",
		.summary = "alerts that nobody wants to see for a while",
		.commands = commands,
	};

	return program_main(&mutes, argc, argv);
}
