#include "correlator/inventory.h"

#include "correlator/inventory_store.h"
#include "event/streams.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <string.h>

enum {
	CACHE_BUCKETS = 1 << 16, /* of four */
	CACHE_WAYS = 4,
	SITES_CACHED = 1 << 12,
	PAIRS_PER_EVENT = 5,
	ASKED_PER_SECOND = 2000,
	SEEN_PER_SECOND = 500,
	SEEN_EVERY_S = 3600,
	YOUNG_S = 7 * 86400,
	VALUE_LEN_MAX = 128,
};

static const char *const kinds[] = {INVENTORY_KINDS};

enum kind { KIND_ADDRESS, KIND_SERVICE, KIND_PROTOCOL, KIND_CLIENT, KIND_DOMAIN };

/* A pair this worker has asked for. */
struct cached {
	uint64_t pair;
	uint32_t first_s, seen_s; /* since 1970; seen_s: as told to Redis */
	uint32_t first_event;     /* a hash of it */
	bool learnt;              /* in the learning period */
};

/* The site of an inside address, and since when the site is known. */
struct cached_site {
	uint64_t address;
	const struct scope *scope;
};

struct known_site {
	struct slice id;
	uint64_t since_ms;
};

struct seen {
	struct buf site, value;
	enum kind kind;
	uint64_t last_s;
};

struct inventory {
	struct inventory_options options;
	struct inventory_store store;
	struct arena *arena; /* of the sites' names */
	struct cached *cache;
	struct cached_site *sites_by_address;
	struct known_site *sites;
	size_t site_count;
	struct seen seen[SEEN_PER_SECOND];
	size_t seen_count;
	unsigned asked; /* since the last refresh */
	struct inventory_counts counts;
	struct buf service; /* scratch */
};

/* One pair of an event. */
struct sight {
	enum kind kind;
	struct slice site, value;
};

struct inventory *inventory_new(const struct inventory_options *options)
{
	struct inventory *i = mem_alloc(sizeof *i);

	i->options = *options;
	inventory_store_init(&i->store, options->redis);
	i->arena = arena_new();
	i->cache = mem_array((size_t)CACHE_BUCKETS * CACHE_WAYS, sizeof *i->cache);
	i->sites_by_address = mem_array(SITES_CACHED, sizeof *i->sites_by_address);
	return i;
}

void inventory_free(struct inventory **i)
{
	if (!*i)
		return;
	for (size_t k = 0; k < SEEN_PER_SECOND; k++) {
		buf_release(&(*i)->seen[k].site);
		buf_release(&(*i)->seen[k].value);
	}
	inventory_store_release(&(*i)->store);
	arena_free(&(*i)->arena);
	buf_release(&(*i)->service);
	mem_free((*i)->cache);
	mem_free((*i)->sites_by_address);
	mem_free((*i)->sites);
	mem_free(*i);
	*i = NULL;
}

struct inventory_counts inventory_counts(const struct inventory *i)
{
	return i->counts;
}

static uint64_t mix(uint64_t hash, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.at[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

static uint64_t hash_of(struct slice text)
{
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), text);

	return hash ? hash : 1;
}

static struct slice site_of(struct inventory *i, struct slice address)
{
	uint64_t hash = hash_of(address);
	struct cached_site *c = &i->sites_by_address[hash % SITES_CACHED];

	if (c->address != hash) {
		c->address = hash;
		c->scope = offices_scope(i->options.offices, address);
	}
	return c->scope ? c->scope->id : SLICE("home");
}

/* Whoever asks too much waits for the next second: a flood of new pairs must not hold up events. */
static bool ask(struct inventory *i, const struct inventory_pair *pair,
	const struct inventory_first *mine, struct inventory_first *ret)
{
	if (i->store.redis && i->asked == ASKED_PER_SECOND) {
		i->counts.skipped++;
		return false;
	}
	i->asked++;
	i->counts.asked++;
	return inventory_store_first(&i->store, pair, mine, ret) == 0;
}

/* Since when the site is known: its first event. */
static bool site_since(
	struct inventory *i, struct slice id, const struct inventory_first *mine, uint64_t *ret_ms)
{
	const struct inventory_pair pair = {id, SLICE("site"), SLICE("since")};
	struct inventory_first first;

	for (size_t k = 0; k < i->site_count; k++) {
		if (!slice_equal(i->sites[k].id, id))
			continue;
		*ret_ms = i->sites[k].since_ms;
		return true;
	}
	if (!ask(i, &pair, mine, &first))
		return false;
	i->sites = mem_resize(i->sites, i->site_count + 1, sizeof *i->sites);
	i->sites[i->site_count++] = (struct known_site){arena_slice(i->arena, id), first.id.ms};
	*ret_ms = first.id.ms;
	if (i->store.redis) {
		const struct slice args[] = {SLICE("SADD"), SLICE(INVENTORY_INDEX), id};

		redis_queue(i->store.redis, SLICE(INVENTORY_INDEX), args, 3);
		return redis_flush(i->store.redis, NULL, NULL) == 0;
	}
	return true;
}

static uint64_t pair_hash(const struct sight *s)
{
	uint64_t hash = mix(hash_of(s->site) + (uint64_t)s->kind, s->value);

	return hash ? hash : 1;
}

static uint32_t event_hash(const struct inventory_first *first)
{
	uint64_t hash = (first->stream ^ first->id.ms * UINT64_C(0x9e3779b97f4a7c15)) +
		first->id.seq * UINT64_C(0xbf58476d1ce4e5b9);

	return (uint32_t)(hash ^ hash >> 32);
}

/* The place of a pair: its own, an empty one, or that of the one seen longest ago. */
static struct cached *place_of(struct inventory *i, uint64_t pair)
{
	struct cached *bucket = &i->cache[pair % CACHE_BUCKETS * CACHE_WAYS], *oldest = bucket;

	for (size_t k = 0; k < CACHE_WAYS; k++) {
		if (bucket[k].pair == pair)
			return &bucket[k];
		if (bucket[k].seen_s < oldest->seen_s)
			oldest = &bucket[k];
	}
	return oldest;
}

static void note_seen(struct inventory *i, const struct sight *s, uint64_t now_s)
{
	if (i->seen_count == SEEN_PER_SECOND || !i->store.redis)
		return;
	struct seen *seen = &i->seen[i->seen_count++];

	buf_clear(&seen->site);
	buf_clear(&seen->value);
	buf_add_slice(&seen->site, s->site);
	buf_add_slice(&seen->value, s->value);
	seen->kind = s->kind;
	seen->last_s = now_s;
}

static struct cached *learn(struct inventory *i, const struct sight *s,
	const struct inventory_first *mine, struct cached *place)
{
	const struct inventory_pair pair = {s->site, slice_of(kinds[s->kind]), s->value};
	struct inventory_first first;
	uint64_t since_ms;

	if (!site_since(i, s->site, mine, &since_ms) || !ask(i, &pair, mine, &first))
		return NULL;
	*place = (struct cached){.pair = pair_hash(s),
		.first_s = (uint32_t)(first.id.ms / 1000),
		.seen_s = (uint32_t)(mine->id.ms / 1000),
		.first_event = event_hash(&first),
		.learnt = first.id.ms < since_ms + (uint64_t)i->options.learn_ms};
	return place;
}

struct news {
	bool is_new[PAIRS_PER_EVENT], is_young[PAIRS_PER_EVENT], any;
};

static void look_at(struct inventory *i, const struct sight *s, const struct inventory_first *mine,
	struct news *news)
{
	uint64_t now_s = mine->id.ms / 1000;
	uint64_t pair = pair_hash(s);
	struct cached *c = place_of(i, pair);

	if (c->pair != pair)
		c = learn(i, s, mine, c);
	if (!c)
		return;
	if (now_s >= (uint64_t)c->seen_s + SEEN_EVERY_S) {
		c->seen_s = (uint32_t)now_s;
		note_seen(i, s, now_s);
	}
	if (c->learnt || now_s >= (uint64_t)c->first_s + YOUNG_S)
		return;
	news->is_young[s->kind] = true;
	news->is_new[s->kind] |= c->first_event == event_hash(mine);
	news->any = true;
}

struct flow_facts {
	struct slice type, direction, src, dest, proto, ndpi;
	uint64_t dest_port, answered;
};

static bool read_facts(struct json_value event, struct flow_facts *ret)
{
	struct json_value v;

	*ret = (struct flow_facts){0};
	if (!json_get_text(event, "event_type", &ret->type) ||
		!(slice_is(ret->type, "flow") || slice_is(ret->type, "tls") ||
			slice_is(ret->type, "dns")) ||
		!json_get_text(event, "direction", &ret->direction) ||
		!json_get_text(event, "src_ip", &ret->src) ||
		!json_get_text(event, "dest_ip", &ret->dest))
		return false;
	if (!slice_is(ret->type, "flow"))
		return true;
	(void)json_get_text(event, "proto", &ret->proto);
	if (json_get(event, "dest_port", &v))
		(void)json_to_u64(v, &ret->dest_port);
	if (json_get(event, "flow", &v) && json_get(v, "pkts_toclient", &v))
		(void)json_to_u64(v, &ret->answered);
	if (json_get(event, "ndpi", &v))
		(void)json_get_text(v, "proto", &ret->ndpi);
	return true;
}

static void add_sight(struct sight *sights, size_t *count, const struct sight *sight)
{
	struct slice value = sight->value;

	value.len = value.len < VALUE_LEN_MAX ? value.len : VALUE_LEN_MAX;
	sights[(*count)++] = (struct sight){sight->kind, sight->site, value};
}

static struct slice service_of(struct inventory *i, const struct flow_facts *f)
{
	buf_clear(&i->service);
	buf_printf(&i->service, "%.*s %.*s/%llu", SLICE_ARG(f->dest), SLICE_ARG(f->proto),
		(unsigned long long)f->dest_port);
	return buf_slice(&i->service);
}

/* A service is one that answers, below the ports that clients use. */
static size_t sights_of_flow(
	struct inventory *i, const struct flow_facts *f, struct sight ret[PAIRS_PER_EVENT])
{
	bool to_inside = slice_is(f->direction, "internal") || slice_is(f->direction, "inbound");
	bool from_inside = slice_is(f->direction, "internal") || slice_is(f->direction, "outbound");
	size_t count = 0;

	if (from_inside)
		add_sight(ret, &count, &(struct sight){KIND_ADDRESS, site_of(i, f->src), f->src});
	if (to_inside && f->answered > 0 && f->dest_port > 0 && f->dest_port < 32768)
		add_sight(ret, &count,
			&(struct sight){KIND_SERVICE, site_of(i, f->dest), service_of(i, f)});
	if (from_inside && !to_inside && f->ndpi.len > 0 && f->answered > 0)
		add_sight(ret, &count, &(struct sight){KIND_PROTOCOL, site_of(i, f->src), f->ndpi});
	return count;
}

/* Browsers shuffle what they offer, so their JA3 is always new; programs that name no server are
 * few and steady. */
static size_t sights_of_tls(struct inventory *i, struct json_value event,
	const struct flow_facts *f, struct sight ret[PAIRS_PER_EVENT])
{
	struct json_value v, sni;
	struct slice hash;
	size_t count = 0;

	if (!slice_is(f->direction, "outbound") || !json_get(event, "tls", &v) ||
		json_get(v, "sni", &sni) || !json_get(v, "ja3", &v) ||
		!json_get_text(v, "hash", &hash))
		return 0;
	add_sight(ret, &count, &(struct sight){KIND_CLIENT, site_of(i, f->src), hash});
	return count;
}

/* Of a question from inside, to whichever resolver. */
static size_t sights_of_dns(struct inventory *i, struct json_value event,
	const struct flow_facts *f, struct sight ret[PAIRS_PER_EVENT])
{
	struct json_value v;
	struct slice type, domain;
	size_t count = 0;

	if (slice_is(f->direction, "inbound") || !json_get(event, "dns", &v) ||
		!json_get_text(v, "type", &type) || !slice_is(type, "query") ||
		!json_get_text(v, "domain", &domain))
		return 0;
	add_sight(ret, &count, &(struct sight){KIND_DOMAIN, site_of(i, f->src), domain});
	return count;
}

static size_t sights_of(struct inventory *i, struct json_value event, const struct flow_facts *f,
	struct sight ret[PAIRS_PER_EVENT])
{
	if (slice_is(f->type, "flow"))
		return sights_of_flow(i, f, ret);
	return slice_is(f->type, "tls") ? sights_of_tls(i, event, f, ret)
					: sights_of_dns(i, event, f, ret);
}

static void write_kinds(struct json_writer *w, const char *key, const bool *said)
{
	json_key(w, key);
	json_begin_array(w);
	for (size_t k = 0; k < PAIRS_PER_EVENT; k++)
		if (said[k])
			json_text(w, slice_of(kinds[k]));
	json_end_array(w);
}

bool inventory_look(struct inventory *i, struct json_value event,
	const struct inventory_origin *origin, struct buf *out)
{
	const struct inventory_first mine = {origin->stream, origin->id};
	struct sight sights[PAIRS_PER_EVENT];
	struct flow_facts facts;
	struct news news = {.any = false};

	if (!read_facts(event, &facts))
		return false;
	size_t count = sights_of(i, event, &facts, sights);

	for (size_t k = 0; k < count; k++)
		look_at(i, &sights[k], &mine, &news);
	if (!news.any)
		return false;
	struct json_writer w = json_writer_on(out);

	json_begin_object(&w);
	json_key(&w, "site");
	json_text(&w, sights[count - 1].site);
	write_kinds(&w, "new", news.is_new);
	write_kinds(&w, "young", news.is_young);
	json_end_object(&w);
	return true;
}

int inventory_refresh(struct inventory *i)
{
	i->asked = 0;
	for (size_t k = 0; k < i->seen_count; k++) {
		const struct seen *s = &i->seen[k];
		const struct inventory_pair pair = {
			buf_slice(&s->site), slice_of(kinds[s->kind]), buf_slice(&s->value)};

		inventory_store_seen(&i->store, &pair, s->last_s);
	}
	bool any = i->seen_count > 0;

	i->seen_count = 0;
	return any && i->store.redis ? redis_flush(i->store.redis, NULL, NULL) : 0;
}
