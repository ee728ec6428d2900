#include "probe/flow_table.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

enum {
	TICK_SHIFT = 18, /* a tick is 2^18 µs, 0.26 s */
	WHEEL_SLOTS = 4096,
	WHEEL_MASK = WHEEL_SLOTS - 1,
	VICTIM_CANDIDATES = 8,
	NOT_IN_WHEEL = 0xffff,
};

struct flow_table {
	struct flow *flows; /* [0] is never used, so that 0 can mean none */
	uint32_t *buckets;
	uint64_t seed[6];
	uint32_t bucket_mask, room, fresh, free;
	uint32_t count;
	int64_t tick; /* all slots up to this one were emptied */
	bool started;
	uint32_t wheel[WHEEL_SLOTS];
};

static const uint64_t public_seed[6] = {
	0x9e3779b97f4a7c15,
	0xbf58476d1ce4e5b9,
	0x94d049bb133111eb,
	0xd6e8feb86659fd93,
	0xa0761d6478bd642f,
	0xe7037ed1a0b428db,
};

/* Multiplies to 128 bits and folds the halves, as wyhash and its kin do. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t key_hash(const struct flow_key *key, const uint64_t seed[6], uint64_t more)
{
	uint64_t tail = (uint64_t)key->port[0] << 48 | (uint64_t)key->port[1] << 32 | key->tags;
	uint64_t a = fold(key->address[0].words[0] ^ seed[0], key->address[0].words[1] ^ seed[1]);
	uint64_t b = fold(key->address[1].words[0] ^ seed[2], key->address[1].words[1] ^ seed[3]);

	return fold(fold(a ^ seed[4], b ^ tail ^ seed[5]), more ^ seed[4] ^ (b << 1));
}

struct flow_table *flow_table_new(size_t memory_len, const uint64_t seed[6])
{
	struct flow_table *t = mem_alloc(sizeof *t);
	size_t room = memory_len / (sizeof(struct flow) + 2 * sizeof(uint32_t));
	size_t buckets = 1;

	must(room >= 1 && room < UINT32_MAX / 2);
	while (buckets < room)
		buckets *= 2;
	t->room = (uint32_t)room;
	t->bucket_mask = (uint32_t)(buckets - 1);
	t->fresh = 1;
	t->flows = mem_array(room + 1, sizeof t->flows[0]);
	t->buckets = mem_array(buckets, sizeof t->buckets[0]);
	memcpy(t->seed, seed, sizeof t->seed);
	return t;
}

void flow_table_free(struct flow_table **t)
{
	if (!*t)
		return;
	mem_free((*t)->flows);
	mem_free((*t)->buckets);
	mem_free(*t);
	*t = NULL;
}

size_t flow_table_count(const struct flow_table *t)
{
	return t->count;
}

size_t flow_table_room(const struct flow_table *t)
{
	return t->room;
}

static int compare_endpoints(const struct packet *p)
{
	int order = memcmp(&p->src, &p->dst, sizeof p->src);

	return order != 0 ? order : (int)p->src_port - (int)p->dst_port;
}

struct flow_key flow_key_of(const struct packet *p, unsigned *ret_source)
{
	unsigned source = compare_endpoints(p) > 0;
	struct flow_key key = {
		.tags = (uint32_t)p->vlan[0] << 20 | (uint32_t)p->vlan[1] << 8 | p->proto};

	key.address[source] = p->src;
	key.address[1 - source] = p->dst;
	key.port[source] = p->src_port;
	key.port[1 - source] = p->dst_port;
	*ret_source = source;
	return key;
}

uint8_t flow_key_proto(const struct flow_key *key)
{
	return key->tags & 0xff;
}

uint64_t flow_id_of(const struct flow_key *key, int64_t first_us)
{
	return key_hash(key, public_seed, (uint64_t)first_us) >> 13;
}

static bool key_equal(const struct flow_key *a, const struct flow_key *b)
{
	return a->address[0].words[1] == b->address[0].words[1] &&
		a->address[1].words[1] == b->address[1].words[1] && a->port[0] == b->port[0] &&
		a->port[1] == b->port[1] && a->tags == b->tags &&
		a->address[0].words[0] == b->address[0].words[0] &&
		a->address[1].words[0] == b->address[1].words[0];
}

static uint32_t *bucket_of(const struct flow_table *t, const struct flow_key *key)
{
	return &t->buckets[key_hash(key, t->seed, 0) & t->bucket_mask];
}

struct flow *flow_find(const struct flow_table *t, const struct flow_key *key)
{
	for (uint32_t i = *bucket_of(t, key); i != 0; i = t->flows[i].next)
		if (key_equal(&t->flows[i].key, key))
			return &t->flows[i];
	return NULL;
}

static uint32_t index_of(const struct flow_table *t, const struct flow *f)
{
	return (uint32_t)(f - t->flows);
}

struct flow *flow_add(struct flow_table *t, const struct flow_key *key, int64_t now_us)
{
	uint32_t index = t->free;

	if (index != 0)
		t->free = t->flows[index].next;
	else if (t->fresh <= t->room)
		index = t->fresh++;
	else
		return NULL;

	struct flow *f = &t->flows[index];
	uint32_t *bucket = bucket_of(t, key);

	*f = (struct flow){
		.key = *key,
		.next = *bucket,
		.slot = NOT_IN_WHEEL,
		.id = flow_id_of(key, now_us),
		.first_us = now_us,
		.last_us = now_us,
	};
	*bucket = index;
	t->count++;
	return f;
}

static void wheel_take(struct flow_table *t, struct flow *f)
{
	if (f->slot == NOT_IN_WHEEL)
		return;
	if (f->wheel_prev != 0)
		t->flows[f->wheel_prev].wheel_next = f->wheel_next;
	else
		t->wheel[f->slot] = f->wheel_next;
	if (f->wheel_next != 0)
		t->flows[f->wheel_next].wheel_prev = f->wheel_prev;
	f->slot = NOT_IN_WHEEL;
}

void flow_remove(struct flow_table *t, struct flow *f)
{
	uint32_t index = index_of(t, f);
	uint32_t *link = bucket_of(t, &f->key);

	must(!f->ndpi && !f->session);
	wheel_take(t, f);
	while (*link != index)
		link = &t->flows[*link].next;
	*link = f->next;
	f->next = t->free;
	t->free = index;
	t->count--;
}

void flow_table_restart(struct flow_table *t, int64_t now_us)
{
	must(t->count == 0);
	t->tick = (now_us >> TICK_SHIFT) - 1;
	t->started = true;
}

void flow_arm(struct flow_table *t, struct flow *f, int64_t due_us)
{
	int64_t due = due_us >> TICK_SHIFT;
	uint32_t index = index_of(t, f);

	wheel_take(t, f);
	if (due <= t->tick)
		due = t->tick + 1;
	if (due > t->tick + WHEEL_MASK)
		due = t->tick + WHEEL_MASK;
	f->slot = (uint16_t)(due & WHEEL_MASK);
	f->wheel_prev = 0;
	f->wheel_next = t->wheel[f->slot];
	if (f->wheel_next != 0)
		t->flows[f->wheel_next].wheel_prev = index;
	t->wheel[f->slot] = index;
}

struct flow *flow_due(struct flow_table *t, int64_t now_us)
{
	int64_t now = now_us >> TICK_SHIFT;

	if (!t->started)
		flow_table_restart(t, now_us);
	if (now - 1 - t->tick > WHEEL_SLOTS)
		t->tick = now - 1 - WHEEL_SLOTS;
	/* Only slots that lie wholly in the past: a flow armed again never lands in one. */
	while (t->tick + 1 < now) {
		uint32_t index = t->wheel[(t->tick + 1) & WHEEL_MASK];

		if (index != 0) {
			wheel_take(t, &t->flows[index]);
			return &t->flows[index];
		}
		t->tick++;
	}
	return NULL;
}

struct flow *flow_victim(struct flow_table *t)
{
	for (int64_t tick = t->tick + 1; tick <= t->tick + WHEEL_SLOTS; tick++) {
		uint32_t index = t->wheel[tick & WHEEL_MASK];
		struct flow *victim = NULL;

		for (int i = 0; i < VICTIM_CANDIDATES && index != 0; i++) {
			struct flow *f = &t->flows[index];

			if (!victim || f->last_us < victim->last_us)
				victim = f;
			index = f->wheel_next;
		}
		if (victim)
			return victim;
	}
	return NULL;
}
