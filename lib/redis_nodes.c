#include "lib/redis_nodes.h"

#include "lib/mem.h"
#include "lib/must.h"
#include "lib/redis_sentinel.h"
#include "lib/redis_slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	NODES_MAX =
		1000, /* of a cluster, and seeds; a cluster of Redis is not meant to have more */
	NO_NODE = UINT16_MAX,
	SENTINELS_AGAIN_MS = 10000, /* silent ones cost a time-out each */
};

struct node {
	struct redis_link *link;
	bool serves; /* slots, in the map under way */
	bool is_seed;
};

struct redis_nodes {
	struct redis_login *login;
	struct node *nodes;
	size_t count;
	uint16_t *slots; /* REDIS_SLOTS of them, of a cluster only */
	struct redis_sentinel *sentinel;
	mono_t sentinels_at; /* not before, while the master can be reached */
	bool doubted;
	size_t ask_next; /* not always the same node: one cut off has an old map */
	char said[REDIS_SAID_MAX];
};

static int fail(struct redis_nodes *n, int error, const char *said)
{
	(void)snprintf(n->said, sizeof n->said, "%s", said);
	return error;
}

/* Its index; NO_NODE when there are too many. */
static size_t node_of(struct redis_nodes *n, const struct redis_address *address)
{
	for (size_t i = 0; i < n->count; i++)
		if (redis_address_equal(redis_link_address(n->nodes[i].link), address))
			return i;
	if (n->count == NODES_MAX)
		return NO_NODE;
	n->nodes = mem_resize(n->nodes, n->count + 1, sizeof *n->nodes);
	n->nodes[n->count] = (struct node){.link = redis_link_new(address, n->login)};
	return n->count++;
}

static void add_seed(struct redis_nodes *n, const char *text)
{
	struct redis_address address;
	struct err err = {0};

	if (!redis_address_read(text, &address, &err)) {
		if (!*n->said)
			(void)fail(n, 0, err_text(&err));
		return;
	}
	size_t at = node_of(n, &address);

	if (at != NO_NODE)
		n->nodes[at].is_seed = true;
}

struct redis_nodes *redis_nodes_new(const struct redis_options *options, struct redis_login *login)
{
	struct redis_nodes *n = mem_alloc(sizeof *n);

	n->login = login;
	n->doubted = true;
	if (options->master) {
		n->sentinel = redis_sentinel_new(options, login);
		login->must_be_master = true;
		return n;
	}
	add_seed(n, options->address);
	if (!options->cluster)
		return n;
	for (size_t i = 0; i < options->node_count; i++)
		add_seed(n, options->nodes[i]);
	n->slots = mem_array(REDIS_SLOTS, sizeof *n->slots);
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		n->slots[i] = NO_NODE;
	return n;
}

void redis_nodes_free(struct redis_nodes **n)
{
	if (!*n)
		return;
	for (size_t i = 0; i < (*n)->count; i++)
		redis_link_free(&(*n)->nodes[i].link);
	redis_sentinel_free(&(*n)->sentinel);
	mem_free((*n)->nodes);
	mem_free((*n)->slots);
	mem_free(*n);
	*n = NULL;
}

static void on_slots(void *ctx, const struct redis_slot_range *range)
{
	struct redis_nodes *n = ctx;
	size_t at = node_of(n, &range->master);

	if (at == NO_NODE)
		return;
	n->nodes[at].serves = true;
	for (unsigned slot = range->first; slot <= range->last; slot++)
		n->slots[slot] = (uint16_t)at;
}

/* Nodes that serve nothing any more have left the cluster or become replicas; they are kept as long
 * as nothing else is known, as any of them can tell the map. */
static void forget_others(struct redis_nodes *n)
{
	uint16_t *place = mem_array(n->count, sizeof *place);
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		place[i] = NO_NODE;
		if (!n->nodes[i].serves && !n->nodes[i].is_seed) {
			redis_link_free(&n->nodes[i].link);
			continue;
		}
		place[i] = (uint16_t)kept;
		n->nodes[kept++] = n->nodes[i];
	}
	n->count = kept;
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		if (n->slots[i] != NO_NODE)
			n->slots[i] = place[n->slots[i]];
	mem_free(place);
}

/* One node's answer to CLUSTER SLOTS. */
static int ask_map(struct redis_nodes *n, struct redis_link *l)
{
	const struct slice args[] = {SLICE("CLUSTER"), SLICE("SLOTS")};
	struct redis_reply *reply = NULL;
	struct redis_address asked = *redis_link_address(l);
	int error = redis_link_open(l);

	if (!error)
		error = redis_link_ask(l, args, 2, &reply);
	if (error)
		return fail(n, error, redis_link_said(l));
	for (size_t i = 0; i < n->count; i++)
		n->nodes[i].serves = false;
	for (size_t i = 0; i < REDIS_SLOTS; i++)
		n->slots[i] = NO_NODE;
	if (!redis_slots_read(reply, &asked, on_slots, n)) {
		bool refused = redis_reply_kind(reply) == REDIS_ERROR;
		CLEANUP(mem_cleanup)
		char *said = mem_printf("Redis told no map of its cluster: %.*s",
			refused ? (int)redis_reply_text(reply).len : 0, redis_reply_text(reply).at);

		error = fail(n, -EAGAIN, said);
	}
	redis_reply_free(&reply);
	if (!error)
		forget_others(n);
	return error;
}

static int find_map(struct redis_nodes *n)
{
	int error = n->count ? -EAGAIN : -EINVAL;

	n->ask_next++;
	for (size_t i = 0, count = n->count; i < count; i++) {
		error = ask_map(n, n->nodes[(n->ask_next + i) % count].link);
		if (!error) {
			n->doubted = false;
			return 0;
		}
	}
	return error;
}

static int find_master(struct redis_nodes *n)
{
	const struct clock *clock = n->login->clock;
	bool reached = n->count && redis_link_is_open(n->nodes[0].link);
	struct redis_address master;

	if (reached && (!n->doubted || mono_left_ms(n->sentinels_at, clock_mono(clock)) > 0))
		return 0;

	int error = redis_sentinel_master(n->sentinel, &master);

	/* A master that can be reached goes on being one while no sentinel can. */
	if (error && reached) {
		n->sentinels_at = mono_after(clock_mono(clock), SENTINELS_AGAIN_MS);
		return 0;
	}
	if (error)
		return fail(n, error, redis_sentinel_said(n->sentinel));
	if (n->count && !redis_address_equal(redis_link_address(n->nodes[0].link), &master)) {
		redis_link_free(&n->nodes[0].link);
		n->count = 0;
	}
	(void)node_of(n, &master);
	n->doubted = false;
	return 0;
}

int redis_nodes_find(struct redis_nodes *n)
{
	if (n->sentinel) {
		n->doubted |= redis_sentinel_moved(n->sentinel);
		return find_master(n);
	}
	if (n->slots)
		return n->doubted ? find_map(n) : 0;
	return n->count ? 0 : -EINVAL; /* said by redis_nodes_new() */
}

static int open_node(struct redis_nodes *n, size_t at, struct redis_link **ret)
{
	*ret = n->nodes[at].link;

	int error = redis_link_open(*ret);

	if (!error)
		return 0;
	n->doubted = true;
	return fail(n, error, redis_link_said(*ret));
}

int redis_nodes_of(struct redis_nodes *n, unsigned slot, struct redis_link **ret)
{
	must(slot < REDIS_SLOTS);
	size_t at = n->slots ? n->slots[slot] : 0;

	if (at < n->count)
		return open_node(n, at, ret);
	n->doubted = true;
	return fail(n, -EAGAIN, "no node of the Redis Cluster serves the key");
}

int redis_nodes_at(
	struct redis_nodes *n, const struct redis_address *address, struct redis_link **ret)
{
	size_t at = node_of(n, address);

	return at == NO_NODE ? fail(n, -EAGAIN, "the Redis Cluster has too many nodes")
			     : open_node(n, at, ret);
}

bool redis_nodes_has(const struct redis_nodes *n, const struct redis_address *address)
{
	for (size_t i = 0; i < n->count; i++)
		if (redis_address_equal(redis_link_address(n->nodes[i].link), address))
			return redis_link_is_open(n->nodes[i].link);
	return false;
}

void redis_nodes_moved(struct redis_nodes *n, unsigned slot, const struct redis_address *address)
{
	size_t at = node_of(n, address);

	n->doubted = true;
	if (!n->slots || at == NO_NODE)
		return;
	n->slots[slot] = (uint16_t)at;
	n->nodes[at].serves = true;
}

void redis_nodes_doubt(struct redis_nodes *n)
{
	n->doubted = true;
}

size_t redis_nodes_count(const struct redis_nodes *n)
{
	return n->count;
}

struct redis_link *redis_nodes_link(const struct redis_nodes *n, size_t index)
{
	return n->nodes[index].link;
}

bool redis_nodes_serves(const struct redis_nodes *n, size_t index)
{
	return !n->slots || n->nodes[index].serves;
}

bool redis_nodes_is_cluster(const struct redis_nodes *n)
{
	return n->slots != NULL;
}

const char *redis_nodes_said(const struct redis_nodes *n)
{
	return n->said;
}
