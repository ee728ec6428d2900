#include "crawler/crawl.h"

#include "crawler/import.h"
#include "crawler/timeline.h"
#include "event/streams.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum {
	TROUBLE_MAX = 48,
	NAMED_MAX = 3,
	STUCK_MS = 3600 * 1000,
	CHAINS = 16384,
	LOAD_MAX = 1000, /* states asked for in one exchange */
	AWAY_MS = 1000,
	BUSY_HOST_MS = 5000,
	REPORTS_MAX = 2000,
};

static const int64_t STATE_TTL_MS = INT64_C(90) * 86400000, REPORT_TTL_MS = INT64_C(2) * 86400000;

/* A look that another crawler of this name, or an earlier life of this one, began too recently is
 * not begun again. "lost": Redis knows nothing of the source. */
static const char CLAIM[] = "local old = redis.call('GET', KEYS[1])\n"
			    "if old and string.sub(old, 1, 13) > ARGV[1] then\n"
			    "  return string.sub(old, 1, 13)\n"
			    "end\n"
			    "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
			    "return old and 'mine' or 'lost'\n";

struct slot {
	struct slot *chain, *next_unloaded;
	struct crawl *crawl;
	struct slice id;             /* borrowed from the generation of the source */
	const struct source *source; /* NULL when it is gone */
	struct due due;              /* of the next look; of trouble while one is under way */
	struct look *look;           /* under way */
	struct source_state state;
	struct account account;
	bool loaded, claimed;      /* claimed: the look under way has asked, or is about to */
	int64_t read_ms;           /* wall clock of the last look that went well; 0: none */
	char trouble[TROUBLE_MAX]; /* of the last look; empty: none */
};

struct crawl {
	const struct look_env *env;
	struct redis *redis;
	const struct clock *clock;
	struct redis_script claim;
	struct sources *sources;
	struct slot **slots; /* in the order of the sources; a look keeps the address of its slot */
	size_t slot_count, looks, active;
	struct slot **chains; /* the same by id */
	struct slot *unloaded;
	struct slot **orphans; /* whose source is gone but not their look */
	size_t orphan_count;
	struct timeline timeline;
	bool away, reported;
	int64_t load_at_ms;
	size_t report_at;
};

struct crawl *crawl_new(const struct look_env *env, struct redis *redis, const struct clock *clock)
{
	struct crawl *c = mem_alloc(sizeof *c);

	c->env = env;
	c->redis = redis;
	c->clock = clock;
	c->claim.source = CLAIM;
	c->chains = mem_array(CHAINS, sizeof(struct slot *));
	if (redis != NULL)
		redis_register_script(redis, &c->claim);
	return c;
}

static void slot_free(struct slot *slot)
{
	timeline_remove(&slot->crawl->timeline, &slot->due);
	look_free(&slot->look);
	source_state_release(&slot->state);
	account_release(&slot->account);
	mem_free(slot);
}

void crawl_free(struct crawl **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < (*c)->slot_count; i++)
		slot_free((*c)->slots[i]);
	for (size_t i = 0; i < (*c)->orphan_count; i++)
		slot_free((*c)->orphans[i]);
	timeline_release(&(*c)->timeline);
	mem_free((*c)->slots);
	mem_free((*c)->chains);
	mem_free((*c)->orphans);
	sources_release(&(*c)->sources);
	mem_free(*c);
	*c = NULL;
}

static int64_t now_ms(const struct crawl *c)
{
	return clock_wall_us(c->clock) / 1000;
}

static struct slot **find(const struct crawl *c, struct slice id)
{
	struct slot **at = &c->chains[digest_hash64(id) % CHAINS];

	while (*at != NULL && !slice_equal((*at)->id, id))
		at = &(*at)->chain;
	return at;
}

static struct slot *take_slot(struct crawl *c, struct slice id, bool own_label)
{
	struct slot **at = find(c, id), *slot = *at;

	if (slot != NULL) {
		*at = slot->chain;
		return slot;
	}
	slot = mem_alloc(sizeof *slot);
	slot->crawl = c;
	account_init(&slot->account, c->env->metrics, id, own_label);
	return slot;
}

static void drop_slot(struct crawl *c, struct slot *slot)
{
	slot->source = NULL;
	timeline_remove(&c->timeline, &slot->due);
	if (slot->look == NULL) {
		slot_free(slot);
		return;
	}
	c->orphans = mem_resize(c->orphans, c->orphan_count + 1, sizeof(struct slot *));
	c->orphans[c->orphan_count++] = slot;
}

/* Between two looks, as learnt; a site of ours and a disaster do not wait. */
static int64_t interval_ms(const struct slot *slot)
{
	const struct source *source = slot->source;
	bool disaster = slot->crawl->env->knowledge->config->disaster;

	if (disaster || source->kind == SOURCE_SITE)
		return disaster ? source->disaster_ms : source->cadence_ms;
	return pace_interval_ms(&slot->state.pace, source->cadence_ms, source->tier == 1 ? 2 : 4);
}

static void plan(struct slot *slot)
{
	struct crawl *c = slot->crawl;

	if (slot->look != NULL)
		return;
	timeline_remove(&c->timeline, &slot->due);
	if (source_refusal(slot->source) != NULL)
		return;
	if (!slot->loaded) {
		slot->next_unloaded = c->unloaded;
		c->unloaded = slot;
		return;
	}
	int64_t due = slot->state.looked_ms == 0 ? 0 : slot->state.looked_ms + interval_ms(slot);
	timeline_set(&c->timeline, &slot->due, due,
		slot->source->kind == SOURCE_SITE ? 0 : slot->source->tier);
}

void crawl_use(struct crawl *c, struct sources *sources)
{
	struct slot **slots = mem_array(sources->count + 1, sizeof(struct slot *));

	for (size_t i = 0; i < sources->count; i++)
		slots[i] = take_slot(c, sources->at[i].id, i < ACCOUNT_LABELS_MAX);
	for (size_t i = 0; i < CHAINS; i++)
		while (c->chains[i] != NULL) {
			struct slot *gone = c->chains[i];

			c->chains[i] = gone->chain;
			drop_slot(c, gone);
		}
	c->unloaded = NULL;
	c->active = 0;
	c->reported = false;
	for (size_t i = 0; i < sources->count; i++) {
		struct slot *slot = slots[i], **at;

		slot->source = &sources->at[i];
		slot->id = sources->at[i].id;
		at = find(c, slot->id);
		slot->chain = NULL;
		*at = slot;
		slot->loaded = slot->loaded || c->redis == NULL;
		slot->account.dirty = true;
		c->active += source_refusal(slot->source) == NULL;
		plan(slot);
	}
	mem_free(c->slots);
	c->slots = slots;
	c->slot_count = sources->count;
	c->report_at = 0;
	sources_release(&c->sources);
	c->sources = sources_keep(sources);
}

static struct slice state_key(const struct slot *slot, struct buf *key)
{
	const char *name = slot->crawl->env->knowledge->config->name;

	buf_clear(key);
	buf_printf(key, "crawler:%s:source:%.*s", name, SLICE_ARG(slot->id));
	return buf_slice(key);
}

struct loading {
	struct slot *slots[LOAD_MAX];
};

static void on_state(void *ctx, size_t index, const struct redis_reply *reply)
{
	const struct loading *loading = ctx;
	struct slot *slot = loading->slots[index];
	struct slice bytes = redis_reply_text(reply);

	if (redis_reply_kind(reply) == REDIS_ERROR)
		return;
	/* A state that cannot be read counts as none: the source is looked at now. */
	if (bytes.len > 0 && !source_state_read(bytes, &slot->state))
		log_warning("what was known of a source cannot be read source=%.*s",
			SLICE_ARG(slot->id));
	slot->loaded = true;
}

static void load(struct crawl *c)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct loading loading;
	size_t count = 0;

	for (; c->unloaded != NULL && count < LOAD_MAX; c->unloaded = c->unloaded->next_unloaded) {
		struct slice full = state_key(c->unloaded, &key);
		struct slice get[] = {SLICE("GET"), full};

		loading.slots[count++] = c->unloaded;
		redis_queue(c->redis, full, get, 2);
	}
	c->away = redis_flush(c->redis, on_state, &loading) < 0;
	if (c->away)
		c->load_at_ms = now_ms(c) + AWAY_MS;
	for (size_t i = 0; i < count; i++) {
		/* Without their states sites of our own are looked at all the same. */
		if (c->away && loading.slots[i]->source->kind == SOURCE_SITE)
			loading.slots[i]->loaded = true;
		plan(loading.slots[i]);
	}
}

/* A source that stops must not do so in silence: told once, and once more when it is over. */
static void set_trouble(struct slot *slot, const char *trouble)
{
	if (strcmp(slot->trouble, trouble) == 0)
		return;
	if (trouble[0] != '\0')
		log_warning("a source cannot be read source=%.*s reason=%s", SLICE_ARG(slot->id),
			trouble);
	else
		log_notice("a source is read again source=%.*s", SLICE_ARG(slot->id));
	(void)snprintf(slot->trouble, sizeof slot->trouble, "%s", trouble);
	slot->account.dirty = true;
}

static void note_read(struct slot *slot)
{
	CLEANUP(mem_cleanup) char *labels = mem_printf("source=\"%s\"", slot->account.label);

	slot->read_ms = now_ms(slot->crawl);
	metric_set(metrics_gauge(slot->crawl->env->metrics, "haidang_crawler_source_read_seconds",
			   labels, "When a source was last read, in Unix time."),
		slot->read_ms / 1000);
}

static struct slice state_text(const struct source_state *state, struct buf *out)
{
	buf_clear(out);
	source_state_write(state, out);
	return buf_slice(out);
}

static void save(struct slot *slot)
{
	CLEANUP(buf_release) struct buf key = {0}, value = {0};
	char ttl[24];

	if (slot->crawl->redis == NULL)
		return;
	struct slice full = state_key(slot, &key);
	(void)snprintf(ttl, sizeof ttl, "%lld", (long long)STATE_TTL_MS);
	struct slice set[] = {
		SLICE("SET"), full, state_text(&slot->state, &value), SLICE("PX"), slice_of(ttl)};
	redis_queue(slot->crawl->redis, full, set, 5);
	/* Redis has the claim; the rest it learns with the next look. */
	if (redis_flush(slot->crawl->redis, NULL, NULL) < 0)
		slot->crawl->away = true;
}

static void on_look_end(void *ctx, struct look *look)
{
	struct slot *slot = ctx;
	struct crawl *c = slot->crawl;

	slot->look = NULL;
	c->looks--;
	if (slot->source == NULL)
		return;
	slot->account.dirty = true;
	/* A look that ended before its request, for want of a token say, waits for its turn again. */
	if (look_was_dropped(look) || !slot->claimed)
		slot->state.looked_ms = now_ms(c);
	if (!look_was_dropped(look)) {
		slot->state.pace.fresh = look_has_news(look);
		set_trouble(slot, look_trouble(look));
		if (slot->trouble[0] == '\0')
			note_read(slot);
		if (look_has_news(look))
			slot->state.pace.changes++;
		save(slot);
	}
	plan(slot);
}

static void on_said(void *ctx, size_t index, const struct redis_reply *reply)
{
	char *said = ctx;
	struct slice text = redis_reply_text(reply);

	(void)index;
	if (redis_reply_kind(reply) == REDIS_TEXT)
		(void)snprintf(said, SOURCE_STATE_TIME_DIGITS + 1, "%.*s", SLICE_ARG(text));
}

static bool is_away(struct slot *slot)
{
	slot->crawl->away = true;
	return slot->source == NULL || slot->source->kind != SOURCE_SITE;
}

/* Right before the request: the time of the look stands in Redis before it goes out. */
static enum claim on_claim(void *ctx)
{
	CLEANUP(buf_release) struct buf key = {0}, value = {0};
	struct slot *slot = ctx;
	struct crawl *c = slot->crawl;
	int64_t now = now_ms(c);
	char latest[24], ttl[24], said[SOURCE_STATE_TIME_DIGITS + 1] = "mine";
	struct source_state next = slot->state;

	if (slot->source == NULL)
		return CLAIM_DROP;
	if (next.looked_ms != 0)
		pace_note(&next.pace, now - next.looked_ms, false);
	next.looked_ms = now;
	if (c->redis != NULL) {
		struct redis_keys keys = {.first = state_key(slot, &key)};

		(void)snprintf(
			latest, sizeof latest, "%013lld", (long long)(now - interval_ms(slot)));
		(void)snprintf(ttl, sizeof ttl, "%lld", (long long)STATE_TTL_MS);
		struct slice args[] = {slice_of(latest), state_text(&next, &value), slice_of(ttl)};
		said[0] = '\0';
		redis_queue_script(c->redis, &c->claim, keys, args, 3);
		int error = redis_flush(c->redis, on_said, said);
		if ((error < 0 || said[0] == '\0') && is_away(slot))
			return CLAIM_LATER;
		if (strlen(said) == SOURCE_STATE_TIME_DIGITS)
			return CLAIM_DROP;
		c->away = c->away && error < 0;
		/* With it went the articles that waited: the page is asked for whole again. */
		if (strcmp(said, "lost") == 0)
			source_state_validators(&slot->state, (struct slice){0}, (struct slice){0},
				(struct slice){0});
	}
	slot->state.looked_ms = next.looked_ms;
	slot->state.pace = next.pace;
	slot->claimed = true;
	return CLAIM_MINE;
}

static void drop_orphans(struct crawl *c)
{
	for (size_t i = 0; i < c->orphan_count;)
		if (c->orphans[i]->look == NULL) {
			slot_free(c->orphans[i]);
			c->orphans[i] = c->orphans[--c->orphan_count];
		} else {
			i++;
		}
}

static bool host_is_busy(const struct crawl *c, const struct source *source)
{
	struct visit like = {.url = source->url, .own_site = source->kind == SOURCE_SITE};

	return hosts_queued(c->env->hosts, &like) >= CRAWL_HOST_SHARE;
}

static void begin(struct slot *slot)
{
	struct crawl *c = slot->crawl;
	int64_t now = now_ms(c);

	if (slot->look != NULL) {
		set_trouble(slot, "waits_for_host");
		return;
	}
	if (host_is_busy(c, slot->source)) {
		timeline_set(&c->timeline, &slot->due, now + BUSY_HOST_MS, slot->due.rank);
		return;
	}
	c->looks++;
	slot->claimed = false;
	timeline_set(&c->timeline, &slot->due, now + STUCK_MS, slot->due.rank);
	look_start(c->env,
		&(struct look_plan){c->sources, slot->source, &slot->account, &slot->state,
			on_claim, on_look_end, slot},
		&slot->look);
}

void crawl_tick(struct crawl *c)
{
	int64_t now = now_ms(c);

	drop_orphans(c);
	if (c->unloaded != NULL && now >= c->load_at_ms)
		load(c);
	while (c->looks < CRAWL_LOOKS_MAX) {
		struct due *due = timeline_take(&c->timeline, now);

		if (due == NULL)
			return;
		begin(DUE_OWNER(due, struct slot, due));
	}
}

size_t crawl_active(const struct crawl *c)
{
	return c->active;
}

const char *crawl_status(const struct crawl *c, struct arena *a)
{
	CLEANUP(buf_release) struct buf names = {0};
	const char *away = c->away ? ", waiting for Redis" : "";
	size_t count = 0;

	for (size_t i = 0; i < c->slot_count; i++) {
		const struct slot *slot = c->slots[i];

		if (slot->trouble[0] == '\0' || source_refusal(slot->source) != NULL)
			continue;
		if (count++ < NAMED_MAX)
			buf_printf(&names, "%s%.*s (%s)", count == 1 ? "" : ", ",
				SLICE_ARG(slot->id), slot->trouble);
	}
	if (count == 0)
		return arena_printf(a, "reading %zu sources%s", c->active, away);
	return arena_printf(a, "reading %zu sources%s, %zu in trouble: %.*s%s", c->active, away,
		count, SLICE_ARG(buf_slice(&names)), count > NAMED_MAX ? " …" : "");
}

static struct slice report_of(const struct slot *slot, struct buf *out)
{
	const char *refusal = source_refusal(slot->source);
	const char *state = refusal != NULL ? "off"
		: slot->trouble[0] != '\0'  ? "trouble"
		: slot->read_ms == 0        ? "waiting"
					    : "ok";

	struct json_writer w = json_writer_on(out);

	buf_clear(out);
	json_begin_object(&w);
	json_key(&w, "id");
	json_text(&w, slot->id);
	json_key(&w, "kind");
	json_text(&w, slice_of(source_kind_name(slot->source->kind)));
	json_key(&w, "tier");
	json_uint(&w, slot->source->tier);
	json_key(&w, "state");
	json_text(&w, slice_of(state));
	if (refusal != NULL || slot->trouble[0] != '\0') {
		json_key(&w, "reason");
		json_text(&w, slice_of(refusal != NULL ? refusal : slot->trouble));
	}
	if (refusal == NULL) {
		json_key(&w, "interval_s");
		json_int(&w, interval_ms(slot) / 1000);
		json_key(&w, "read");
		json_int(&w, slot->read_ms / 1000);
		json_key(&w, "next");
		json_int(&w, (slot->state.looked_ms + interval_ms(slot)) / 1000);
	}
	account_write(&slot->account, &w);
	json_end_object(&w);
	return buf_slice(out);
}

int crawl_report(struct crawl *c)
{
	CLEANUP(buf_release) struct buf value = {0};
	CLEANUP(mem_cleanup)
	char *text = mem_printf(SOURCES_KEY_PREFIX "%s", c->env->knowledge->config->name);
	struct slice key = slice_of(text);
	char ttl[24];

	if (c->redis == NULL)
		return 0;
	if (!c->reported) {
		struct slice drop[] = {SLICE("DEL"), key};

		redis_queue(c->redis, key, drop, 2);
	}
	size_t first = c->report_at, sent = 0;
	for (; c->report_at < c->slot_count && sent < REPORTS_MAX; c->report_at++) {
		const struct slot *slot = c->slots[c->report_at];

		if (!slot->account.dirty)
			continue;
		struct slice set[] = {SLICE("HSET"), key, slot->id, report_of(slot, &value)};
		redis_queue(c->redis, key, set, 4);
		sent++;
	}
	(void)snprintf(ttl, sizeof ttl, "%lld", (long long)REPORT_TTL_MS);
	struct slice expire[] = {SLICE("PEXPIRE"), key, slice_of(ttl)};
	redis_queue(c->redis, key, expire, 3);
	int error = redis_flush(c->redis, NULL, NULL);
	c->away = error < 0;
	if (error < 0) {
		c->report_at = first;
		return error;
	}
	for (size_t i = first; i < c->report_at; i++)
		c->slots[i]->account.dirty = false;
	c->report_at = c->report_at == c->slot_count ? 0 : c->report_at;
	c->reported = true;
	return 0;
}

const struct source *crawl_source(
	const struct crawl *c, struct slice id, struct sources **ret_generation)
{
	const struct slot *slot = *find(c, id);

	if (slot == NULL || (source_refusal(slot->source) != NULL && !import_takes(slot->source)))
		return NULL;
	*ret_generation = sources_keep(c->sources);
	return slot->source;
}

struct account *crawl_account(const struct crawl *c, struct slice id)
{
	struct slot *slot = *find(c, id);

	return slot == NULL ? NULL : &slot->account;
}
