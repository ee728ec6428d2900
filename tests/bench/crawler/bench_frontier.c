/* The frontier at its full depth, through the crawler's own code and a Redis of its own: 10 million
 * known addresses, 100,000 articles that wait, 100,000 sources. Prints the memory of Redis against
 * 1 GiB, and how fast what a feed names is looked up. */
#include "crawler/frontier.h"
#include "crawler/known.h"
#include "crawler/source_state.h"
#include "lib/mem.h"
#include "tests/redis_server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	KNOWN = 10000000,
	WAITING = 100000,
	SOURCES = 100000,
	BATCH = 1000,
	FEED_ENTRIES = 40,
	FEEDS = 20000,
	STRANGERS = 1000000,
};

static const int64_t TTL_MS = INT64_C(30) * 86400000;

struct bench {
	struct redis *redis;
	struct known *known;
	struct frontier *frontier;
	struct arena *arena;
};

static double now_s(void)
{
	return (double)clock_mono(clock_system()).ns / 1e9;
}

static struct slice url_of(struct arena *a, const char *kind, unsigned long number)
{
	return slice_of(arena_printf(
		a, "https://bao%lu.example.vn/%s/tin-tuc-%lu.html", number % 5000, kind, number));
}

static void on_info(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct slice text = redis_reply_text(reply), line;

	(void)index;
	while (slice_cut(&text, '\n', &line))
		if (slice_starts(line, SLICE("used_memory:")))
			slice_to_i64(slice_trim(slice_from(line, 12)), ctx);
}

static double used_mib(struct bench *b)
{
	struct slice info[] = {SLICE("INFO"), SLICE("memory")};
	int64_t bytes = 0;

	redis_queue(b->redis, SLICE("info"), info, 2);
	if (redis_flush(b->redis, on_info, &bytes) < 0)
		return 0;
	return (double)bytes / 1048576;
}

static bool fill_known(struct bench *b, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		struct known_facts facts = {.entry = (uint32_t)i + 1, .title = 1, .text = i + 1};

		known_later(b->known, url_of(b->arena, "a", i), &facts);
		if (known_waiting(b->known) == BATCH) {
			if (known_commit(b->known) < 0)
				return false;
			arena_rewind(b->arena);
		}
	}
	return known_commit(b->known) == 0;
}

static bool fill_frontier(struct bench *b)
{
	struct frontier_item items[BATCH];

	for (unsigned long i = 0; i < WAITING; i += BATCH) {
		for (unsigned long k = 0; k < BATCH; k++)
			items[k] = (struct frontier_item){.tier = 2,
				.step = 2,
				.entry = (uint32_t)k + 1,
				.queued_ms = 1,
				.url = url_of(b->arena, "w", i + k),
				.canonical = url_of(b->arena, "w", i + k),
				.source = SLICE("bao-dien-tu-rss"),
				.etag = SLICE("\"65a1b2c3-1a2b\""),
				.last_modified = SLICE("Mon, 23 Nov 2026 07:05:00 GMT"),
				.body_hash = SLICE("0123456789abcdef")};
		if (frontier_push(b->frontier, items, BATCH) < 0)
			return false;
		arena_rewind(b->arena);
	}
	return true;
}

static bool fill_sources(struct bench *b)
{
	CLEANUP(buf_release) struct buf value = {0};
	struct source_state state = {
		.looked_ms = 1795400000000, .pace = {12.5, 3.25, 9000000, false}};

	source_state_validators(&state, SLICE("\"65a1b2c3-1a2b3c\""),
		SLICE("Mon, 23 Nov 2026 07:05:00 GMT"), SLICE("0123456789abcdef0123456789abcdef"));
	source_state_write(&state, &value);
	source_state_release(&state);
	for (unsigned i = 0; i < SOURCES; i++) {
		struct slice key = slice_of(
			arena_printf(b->arena, "crawler:bench:source:bao-dien-tu-%u-rss", i));
		struct slice set[] = {
			SLICE("SET"), key, buf_slice(&value), SLICE("PX"), SLICE("7776000000")};

		redis_queue(b->redis, key, set, 5);
		if (i % BATCH == BATCH - 1 && redis_flush(b->redis, NULL, NULL) < 0)
			return false;
	}
	return true;
}

/* Half of what the feeds name is known. */
static bool look_up(struct bench *b, unsigned long count)
{
	struct slice urls[FEED_ENTRIES];
	struct known_facts facts[FEED_ENTRIES];
	size_t known = 0;
	double begin = now_s(), cpu = (double)clock() / CLOCKS_PER_SEC;

	for (unsigned long i = 0; i < FEEDS; i++) {
		for (unsigned long k = 0; k < FEED_ENTRIES; k++)
			urls[k] = url_of(
				b->arena, k % 2 == 0 ? "a" : "n", (i * 7919 + k * 104729) % count);
		if (known_get(b->known, b->arena, urls, FEED_ENTRIES, facts) < 0)
			return false;
		for (size_t k = 0; k < FEED_ENTRIES; k++)
			known += facts[k].entry != 0;
		arena_rewind(b->arena);
	}
	double took = now_s() - begin;
	printf("look-up: %.0f feeds/s of %d entries (%.0f addresses/s, one round trip a feed), "
	       "%.2f us own CPU an address; %zu of %d known\n",
		FEEDS / took, FEED_ENTRIES, FEEDS * FEED_ENTRIES / took,
		1e6 * ((double)clock() / CLOCKS_PER_SEC - cpu) / (FEEDS * FEED_ENTRIES), known,
		FEEDS * FEED_ENTRIES / 2);
	return true;
}

static bool meet_strangers(struct bench *b)
{
	struct slice urls[BATCH];
	struct known_facts facts[BATCH];
	size_t mistaken = 0;

	for (unsigned long i = 0; i < STRANGERS; i += BATCH) {
		for (unsigned long k = 0; k < BATCH; k++)
			urls[k] = url_of(b->arena, "x", i + k);
		if (known_get(b->known, b->arena, urls, BATCH, facts) < 0)
			return false;
		for (size_t k = 0; k < BATCH; k++)
			mistaken += facts[k].entry != 0;
		arena_rewind(b->arena);
	}
	printf("strangers: %zu of %d taken for known\n", mistaken, STRANGERS);
	return true;
}

static bool claim(struct bench *b)
{
	double begin = now_s();
	unsigned count = 0;

	for (; count < 20000; count++) {
		struct frontier_node *node = frontier_take(b->frontier);

		if (node == NULL || frontier_claim(b->frontier, node, 60000) != FRONTIER_MINE)
			return false;
		frontier_done(b->frontier, node);
		if (count % 10 == 9 && frontier_commit(b->frontier) < 0)
			return false;
	}
	printf("frontier: %.0f claims/s, one round trip each, done ten at a time\n",
		count / (now_s() - begin));
	return true;
}

static bool run(struct bench *b, unsigned long count)
{
	double empty = used_mib(b), begin = now_s();

	if (!fill_known(b, count))
		return false;
	double known = used_mib(b);
	printf("known: %lu addresses in %.0f s (%.0f/s), %.0f MiB, %.1f bytes each\n", count,
		now_s() - begin, (double)count / (now_s() - begin), known - empty,
		(known - empty) * 1048576 / (double)count);
	if (!fill_frontier(b) || !fill_sources(b))
		return false;
	printf("all: + %d waiting + %d sources: %.0f MiB, %.2f of 1 GiB\n", WAITING, SOURCES,
		used_mib(b), used_mib(b) / 1024);
	if (!look_up(b, count) || !meet_strangers(b) || !claim(b))
		return false;
	begin = now_s();
	int64_t dropped = known_sweep(b->known, 92);
	printf("sweep: 92 of 131072 buckets in %.1f ms, %lld too old\n", 1e3 * (now_s() - begin),
		(long long)dropped);
	return dropped >= 0;
}

int main(int argc, char **argv)
{
	struct redis_server server;
	uint64_t count = KNOWN;

	if (argc > 1 && !slice_to_u64(slice_of(argv[1]), &count))
		return 2;
	redis_server_make(&server, "save", "", NULL);
	redis_server_start(&server);
	struct redis_options options = {.address = server.address, .timeout_ms = 20000};
	struct bench b = {redis_new(&options, clock_system()), NULL, NULL, arena_new()};
	b.known = known_new(b.redis, "bench", clock_system(), TTL_MS);
	b.frontier = frontier_new(b.redis, "bench", clock_system(), TTL_MS);
	bool ok = run(&b, count);
	if (!ok)
		(void)fprintf(stderr, "failed: %s\n", redis_said(b.redis));
	known_free(&b.known);
	frontier_free(&b.frontier);
	redis_free(&b.redis);
	arena_free(&b.arena);
	redis_server_remove(&server);
	return !ok;
}
