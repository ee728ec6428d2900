#include "crawler/frontier.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CHAINS = 16384, TIME_DIGITS = 13, HEAD_DIGITS = 26, ID_DIGITS = 16 };

/* Times are 13 digits (until the year 2286), so that they compare as texts. The same entry again
 * changes nothing: it may be waiting for its next try. */
static const char PUSH[] =
	"local old = redis.call('HGET', KEYS[1], ARGV[1])\n"
	"local due, free = ARGV[2], ARGV[3]\n"
	"if old then\n"
	"  if string.sub(old, 27, 34) == string.sub(ARGV[4], 1, 8) then\n"
	"    return string.sub(old, 1, 13)\n"
	"  end\n"
	"  if string.sub(old, 14, 26) > free then free = string.sub(old, 14, 26) end\n"
	"  if due < free then due = free end\n"
	"end\n"
	"redis.call('HSET', KEYS[1], ARGV[1], due .. free .. ARGV[4])\n"
	"redis.call('PEXPIRE', KEYS[1], ARGV[5])\n"
	"return due\n";

static const char CLAIM[] = "local old = redis.call('HGET', KEYS[1], ARGV[1])\n"
			    "if not old then return 'gone' end\n"
			    "local free = string.sub(old, 14, 26)\n"
			    "if free > ARGV[2] then return free end\n"
			    "redis.call('HSET', KEYS[1], ARGV[1],\n"
			    "  ARGV[3] .. ARGV[3] .. string.sub(old, 27))\n"
			    "return 'mine'\n";

/* What was pushed meanwhile, with another entry, stays. */
static const char DONE[] = "local old = redis.call('HGET', KEYS[1], ARGV[1])\n"
			   "if old and string.sub(old, 27, 34) ~= ARGV[2] then\n"
			   "  return string.sub(old, 1, 13)\n"
			   "end\n"
			   "if ARGV[3] == '' then\n"
			   "  redis.call('HDEL', KEYS[1], ARGV[1])\n"
			   "  return 'gone'\n"
			   "end\n"
			   "redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])\n"
			   "redis.call('PEXPIRE', KEYS[1], ARGV[4])\n"
			   "return string.sub(ARGV[3], 1, 13)\n";

struct frontier_node {
	struct frontier_node *chain, *next_done;
	struct due due;
	uint64_t id;
	uint32_t entry; /* as it was peeked */
	uint8_t lane;
	bool taken;
	char *item; /* without Redis: the item; when done: what replaces it, or NULL */
	size_t item_len;
};

struct frontier {
	struct redis *redis;
	const struct clock *clock;
	char *name;
	int64_t ttl_ms;
	struct redis_script push, claim, done;
	struct frontier_node **chains;
	size_t count, done_count, lane_count[FRONTIER_LANES];
	struct timeline timeline;
	struct frontier_node *first_done, **end_done;
	unsigned next_lane, lanes_read;
};

struct frontier *frontier_new(
	struct redis *redis, const char *name, const struct clock *clock, int64_t ttl_ms)
{
	struct frontier *f = mem_alloc(sizeof *f);

	f->redis = redis;
	f->clock = clock;
	f->name = mem_text(name);
	f->ttl_ms = ttl_ms;
	f->push.source = PUSH;
	f->claim.source = CLAIM;
	f->done.source = DONE;
	f->chains = mem_array(CHAINS, sizeof(struct frontier_node *));
	f->end_done = &f->first_done;
	if (redis != NULL) {
		redis_register_script(redis, &f->push);
		redis_register_script(redis, &f->claim);
		redis_register_script(redis, &f->done);
	}
	return f;
}

static void node_free(struct frontier_node *node)
{
	mem_free(node->item);
	mem_free(node);
}

void frontier_free(struct frontier **f)
{
	if (*f == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++)
		while ((*f)->chains[i] != NULL) {
			struct frontier_node *node = (*f)->chains[i];

			(*f)->chains[i] = node->chain;
			node_free(node);
		}
	timeline_release(&(*f)->timeline);
	mem_free((*f)->chains);
	mem_free((*f)->name);
	mem_free(*f);
	*f = NULL;
}

static int64_t now_ms(const struct frontier *f)
{
	return clock_wall_us(f->clock) / 1000;
}

static struct frontier_node **find(const struct frontier *f, uint64_t id)
{
	struct frontier_node **at = &f->chains[id % CHAINS];

	while (*at != NULL && (*at)->id != id)
		at = &(*at)->chain;
	return at;
}

/* NULL when there are too many: what stays in Redis only is found by a later look. */
static struct frontier_node *node_of(struct frontier *f, uint64_t id, unsigned lane)
{
	struct frontier_node **at = find(f, id);

	if (*at != NULL || f->count == FRONTIER_NODES_MAX ||
		f->lane_count[lane] == FRONTIER_LANE_MAX)
		return *at;
	*at = mem_alloc(sizeof **at);
	(*at)->id = id;
	(*at)->lane = (uint8_t)lane;
	f->count++;
	f->lane_count[lane]++;
	return *at;
}

static void forget(struct frontier *f, struct frontier_node *node)
{
	struct frontier_node **at = find(f, node->id);

	*at = node->chain;
	timeline_remove(&f->timeline, &node->due);
	f->count--;
	f->lane_count[node->lane]--;
	node_free(node);
}

static uint64_t id_of(const struct frontier_item *item)
{
	uint8_t hash[SHA256_LEN];
	uint64_t id = 0;

	digest_sha256(item->key.len > 0 ? item->key : item->url, hash);
	for (int i = 0; i < 8; i++)
		id = id << 8 | hash[i];
	return id;
}

/* All items of a host share a lane. */
static unsigned lane_of(struct slice url)
{
	size_t scheme = slice_find(url, SLICE("://"));
	struct slice host = slice_from(url, scheme == url.len ? 0 : scheme + 3);

	host.len = slice_find_byte(host, '/');
	return (unsigned)(digest_hash64(host) % FRONTIER_LANES);
}

static struct slice lane_key(const struct frontier *f, unsigned lane, struct buf *key)
{
	buf_clear(key);
	buf_printf(key, "frontier:{%s.q%02u}", f->name, lane);
	return buf_slice(key);
}

struct digits {
	char text[24];
};

static struct digits time_digits(int64_t ms)
{
	struct digits d;

	(void)snprintf(d.text, sizeof d.text, "%013lld",
		(long long)(ms < 0                   ? 0
				: ms > 9999999999999 ? 9999999999999
						     : ms));
	return d;
}

/* Without leading zeros, which Redis takes for no number. */
static struct digits ttl_digits(const struct frontier *f)
{
	struct digits d;

	(void)snprintf(d.text, sizeof d.text, "%lld", (long long)f->ttl_ms);
	return d;
}

static struct digits id_digits(uint64_t id)
{
	struct digits d;

	(void)snprintf(d.text, sizeof d.text, "%016llx", (unsigned long long)id);
	return d;
}

static void wait_until(
	struct frontier *f, struct frontier_node *node, int64_t due_ms, unsigned rank)
{
	node->taken = false;
	timeline_set(&f->timeline, &node->due, due_ms, rank);
}

static void keep_here(struct frontier_node *node, const struct buf *item)
{
	mem_free(node->item);
	node->item = mem_copy(item->at, item->len);
	node->item_len = item->len;
}

/* With its two times in front, as in Redis. */
static void write_whole(
	const struct frontier_item *item, int64_t due_ms, int64_t not_before_ms, struct buf *out)
{
	buf_clear(out);
	buf_add_text(out, time_digits(due_ms).text);
	buf_add_text(out, time_digits(not_before_ms).text);
	frontier_item_write(item, out);
}

static void push_here(struct frontier *f, const struct frontier_item *item)
{
	CLEANUP(buf_release) struct buf whole = {0};
	struct frontier_node *node = node_of(f, id_of(item), lane_of(item->url));

	if (node == NULL || node->taken || (node->item != NULL && node->entry == item->entry))
		return;
	write_whole(item, now_ms(f), item->not_before_ms, &whole);
	keep_here(node, &whole);
	node->entry = item->entry;
	wait_until(f, node, item->not_before_ms > now_ms(f) ? item->not_before_ms : now_ms(f),
		item->tier);
}

static void queue_push(struct frontier *f, const struct frontier_item *item, struct buf *key)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct digits id = id_digits(id_of(item)), now = time_digits(now_ms(f)),
		      free = time_digits(item->not_before_ms), ttl = ttl_digits(f);
	struct redis_keys keys = {.first = lane_key(f, lane_of(item->url), key)};

	frontier_item_write(item, &body);
	struct slice args[] = {slice_of(id.text), slice_of(now.text), slice_of(free.text),
		buf_slice(&body), slice_of(ttl.text)};
	redis_queue_script(f->redis, &f->push, keys, args, 5);
}

struct pushed {
	struct frontier *f;
	const struct frontier_item *items;
	int error;
};

static bool read_time(struct slice text, int64_t *ret_ms)
{
	return text.len == TIME_DIGITS && slice_to_i64(text, ret_ms);
}

static void on_pushed(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct pushed *p = ctx;
	const struct frontier_item *item = &p->items[index];
	int64_t due_ms;

	if (!read_time(redis_reply_text(reply), &due_ms)) {
		p->error = -EIO;
		return;
	}
	struct frontier_node *node = node_of(p->f, id_of(item), lane_of(item->url));
	if (node != NULL && !node->taken)
		wait_until(p->f, node, due_ms, item->tier);
}

int frontier_push(struct frontier *f, const struct frontier_item *items, size_t count)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct pushed p = {f, items, 0};

	for (size_t i = 0; i < count; i++)
		if (f->redis == NULL)
			push_here(f, &items[i]);
		else
			queue_push(f, &items[i], &key);
	if (f->redis == NULL || count == 0)
		return 0;
	int error = redis_flush(f->redis, on_pushed, &p);
	return error < 0 ? error : p.error;
}

bool frontier_has_room(const struct frontier *f, struct slice url)
{
	return f->lane_count[lane_of(url)] < FRONTIER_LANE_MAX;
}

struct frontier_node *frontier_take(struct frontier *f)
{
	struct due *due = timeline_take(&f->timeline, now_ms(f));

	if (due == NULL)
		return NULL;
	struct frontier_node *node = DUE_OWNER(due, struct frontier_node, due);
	node->taken = true;
	return node;
}

struct peeked {
	struct arena *a;
	struct frontier_node *const *nodes;
	struct frontier_item *ret;
};

static void read_whole(
	struct slice whole, struct arena *a, struct frontier_node *node, struct frontier_item *ret)
{
	struct slice free = slice_from(whole, TIME_DIGITS);

	free.len = free.len < TIME_DIGITS ? 0 : TIME_DIGITS;
	if (!frontier_item_read(arena_slice(a, slice_from(whole, HEAD_DIGITS)), ret) ||
		!read_time(free, &ret->not_before_ms))
		*ret = (struct frontier_item){0};
	node->entry = ret->entry;
}

static void on_peeked(void *ctx, size_t index, const struct redis_reply *reply)
{
	const struct peeked *p = ctx;

	read_whole(redis_reply_text(reply), p->a, p->nodes[index], &p->ret[index]);
}

int frontier_peek(struct frontier *f, struct arena *a, struct frontier_node *const *nodes,
	size_t count, struct frontier_item *ret)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct peeked p = {a, nodes, ret};

	for (size_t i = 0; i < count; i++) {
		struct digits id = id_digits(nodes[i]->id);
		struct slice lane = lane_key(f, nodes[i]->lane, &key);
		struct slice get[] = {SLICE("HGET"), lane, slice_of(id.text)};

		if (f->redis != NULL)
			redis_queue(f->redis, lane, get, 3);
		else
			read_whole(slice_over(nodes[i]->item, nodes[i]->item_len), a, nodes[i],
				&ret[i]);
	}
	return f->redis == NULL ? 0 : redis_flush(f->redis, on_peeked, &p);
}

static void on_text(void *ctx, size_t index, const struct redis_reply *reply)
{
	char *text = ctx;
	struct slice said = redis_reply_text(reply);

	(void)index;
	if (redis_reply_kind(reply) == REDIS_TEXT)
		(void)snprintf(text, TIME_DIGITS + 1, "%.*s", SLICE_ARG(said));
}

enum frontier_claim frontier_claim(
	struct frontier *f, struct frontier_node *node, int64_t cadence_ms)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct digits id = id_digits(node->id), now = time_digits(now_ms(f)),
		      until = time_digits(now_ms(f) + cadence_ms);
	struct slice args[] = {slice_of(id.text), slice_of(now.text), slice_of(until.text)};
	char said[TIME_DIGITS + 1] = "";

	if (f->redis == NULL)
		return FRONTIER_MINE;
	struct redis_keys keys = {.first = lane_key(f, node->lane, &key)};
	redis_queue_script(f->redis, &f->claim, keys, args, 3);
	if (redis_flush(f->redis, on_text, said) < 0)
		return FRONTIER_AWAY;
	if (strcmp(said, "mine") == 0)
		return FRONTIER_MINE;
	return said[0] == '\0' ? FRONTIER_AWAY : FRONTIER_NOT_YET;
}

void frontier_put_off(struct frontier *f, struct frontier_node *node, int64_t due_ms)
{
	wait_until(f, node, due_ms, node->due.rank);
}

static void add_done(struct frontier *f, struct frontier_node *node)
{
	node->next_done = NULL;
	*f->end_done = node;
	f->end_done = &node->next_done;
	f->done_count++;
}

void frontier_done(struct frontier *f, struct frontier_node *node)
{
	must(node->taken);
	if (f->redis == NULL) {
		forget(f, node);
		return;
	}
	mem_free(node->item);
	node->item = NULL;
	node->item_len = 0;
	add_done(f, node);
}

void frontier_again(struct frontier *f, struct frontier_node *node,
	const struct frontier_item *item, int64_t due_ms)
{
	CLEANUP(buf_release) struct buf whole = {0};

	must(node->taken);
	write_whole(item, due_ms, item->not_before_ms, &whole);
	keep_here(node, &whole);
	if (f->redis == NULL)
		wait_until(f, node, due_ms, item->tier);
	else
		add_done(f, node);
}

static void queue_done(struct frontier *f, const struct frontier_node *node, struct buf *key)
{
	struct digits id = id_digits(node->id), ttl = ttl_digits(f);
	char entry[16];
	struct redis_keys keys = {.first = lane_key(f, node->lane, key)};

	(void)snprintf(entry, sizeof entry, "%08x", node->entry);
	struct slice args[] = {slice_of(id.text), slice_of(entry),
		slice_over(node->item, node->item_len), slice_of(ttl.text)};
	redis_queue_script(f->redis, &f->done, keys, args, 4);
}

struct committed {
	struct frontier *f;
	struct frontier_node *next;
};

static void on_done(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct committed *c = ctx;
	struct frontier *f = c->f;
	struct frontier_node *node = c->next;
	int64_t due_ms;

	(void)index;
	c->next = node->next_done;
	node->next_done = NULL;
	f->done_count--;
	bool waits = read_time(redis_reply_text(reply), &due_ms);
	if (!waits || due_ms > now_ms(f) + FRONTIER_HORIZON_MS) {
		forget(f, node);
		return;
	}
	mem_free(node->item);
	node->item = NULL;
	node->item_len = 0;
	wait_until(f, node, due_ms, node->due.rank);
}

int frontier_commit(struct frontier *f)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct committed c = {f, f->first_done};

	if (f->first_done == NULL)
		return 0;
	for (const struct frontier_node *n = f->first_done; n != NULL; n = n->next_done)
		queue_done(f, n, &key);
	int error = redis_flush(f->redis, on_done, &c);
	f->first_done = c.next;
	if (c.next == NULL)
		f->end_done = &f->first_done;
	return error;
}

static void note_scanned(struct frontier *f, unsigned lane, struct slice id, struct slice whole)
{
	struct slice due = slice_over(whole.at, whole.len < TIME_DIGITS ? 0 : TIME_DIGITS);
	struct frontier_item item;
	int64_t due_ms;
	uint64_t number = 0;

	if (id.len != ID_DIGITS || !read_time(due, &due_ms) ||
		due_ms > now_ms(f) + FRONTIER_HORIZON_MS ||
		!frontier_item_read(slice_from(whole, HEAD_DIGITS), &item))
		return;
	for (size_t i = 0; i < ID_DIGITS; i++) {
		unsigned char c = (unsigned char)id.at[i];
		unsigned digit = c <= '9' ? c - 48U : c - 'a' + 10U;

		number = number << 4 | (digit & 0xF);
	}
	struct frontier_node *node = node_of(f, number, lane);
	if (node != NULL && !node->taken && !due_is_set(&node->due))
		wait_until(f, node, due_ms, item.tier);
}

static int scan_lane(struct frontier *f, unsigned lane)
{
	CLEANUP(buf_release) struct buf key = {0};
	struct slice name = lane_key(f, lane, &key);
	char cursor[24] = "0";

	do {
		struct redis_reply *reply = NULL;
		struct slice scan[] = {
			SLICE("HSCAN"), name, slice_of(cursor), SLICE("COUNT"), SLICE("512")};
		int error = redis_call(f->redis, name, scan, 5, &reply);

		if (error < 0)
			return error;
		if (redis_reply_count(reply) != 2) {
			redis_reply_free(&reply);
			return -EIO;
		}
		struct slice next = redis_reply_text(redis_reply_at(reply, 0));
		const struct redis_reply *list = redis_reply_at(reply, 1);
		(void)snprintf(cursor, sizeof cursor, "%.*s", SLICE_ARG(next));
		for (size_t i = 0; i + 1 < redis_reply_count(list); i += 2)
			note_scanned(f, lane, redis_reply_text(redis_reply_at(list, i)),
				redis_reply_text(redis_reply_at(list, i + 1)));
		redis_reply_free(&reply);
	} while (strcmp(cursor, "0") != 0);
	return 0;
}

int frontier_look(struct frontier *f)
{
	if (f->redis == NULL) {
		f->lanes_read = FRONTIER_LANES;
		return 0;
	}
	int error = scan_lane(f, f->next_lane);
	if (error < 0)
		return error;
	f->next_lane = (f->next_lane + 1) % FRONTIER_LANES;
	if (f->lanes_read < FRONTIER_LANES)
		f->lanes_read++;
	return 0;
}

bool frontier_is_whole(const struct frontier *f)
{
	return f->lanes_read == FRONTIER_LANES;
}

size_t frontier_count(const struct frontier *f)
{
	return f->count;
}

size_t frontier_uncommitted(const struct frontier *f)
{
	return f->done_count;
}
