#include "crawler/frontier.h"
#include "crawler/known.h"
#include "lib/mem.h"
#include "tests/redis_server.h"
#include "tests/unit/test.h"

static const int64_t START_US = INT64_C(1795400000000000), TTL_MS = INT64_C(86400000);

struct fixture {
	struct redis_server server;
	struct clock_manual clock;
	struct redis *redis;
	struct frontier *frontier;
	struct known *known;
	struct arena *arena;
};

/* As a crawler that starts: everything it knows comes from Redis. */
static void begin(struct fixture *f)
{
	struct redis_options options = {.address = f->server.address};

	f->redis = redis_new(&options, clock_system());
	f->frontier = frontier_new(f->redis, "t", &f->clock.clock, TTL_MS);
	f->known = known_new(f->redis, "t", &f->clock.clock, TTL_MS);
	for (int i = 0; i < FRONTIER_LANES; i++)
		assert_int_equal(frontier_look(f->frontier), 0);
	assert_true(frontier_is_whole(f->frontier));
}

/* As SIGKILL: what was not committed is gone. */
static void end(struct fixture *f)
{
	frontier_free(&f->frontier);
	known_free(&f->known);
	redis_free(&f->redis);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);

	redis_server_make(&f->server, "save", "", NULL);
	redis_server_start(&f->server);
	clock_manual_init(&f->clock, START_US);
	f->arena = arena_new();
	begin(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	end(f);
	arena_free(&f->arena);
	redis_server_remove(&f->server);
	mem_free(f);
	return 0;
}

static struct frontier_item item_of(const char *url, uint32_t entry)
{
	return (struct frontier_item){.tier = 2,
		.entry = entry,
		.queued_ms = START_US / 1000,
		.url = slice_of(url),
		.source = SLICE("bao"),
		.title = SLICE("Nước lũ lên")};
}

static void push(struct fixture *f, const char *url, uint32_t entry)
{
	struct frontier_item item = item_of(url, entry);

	assert_int_equal(frontier_push(f->frontier, &item, 1), 0);
}

/* The next item that is due, or an empty one. */
static struct frontier_node *take(struct fixture *f, struct frontier_item *ret)
{
	struct frontier_node *node = frontier_take(f->frontier);

	*ret = (struct frontier_item){0};
	if (node != NULL)
		assert_int_equal(frontier_peek(f->frontier, f->arena, &node, 1, ret), 0);
	return node;
}

static void what_waits_survives_and_what_is_done_does_not_come_again(void **state)
{
	struct fixture *f = *state;
	struct frontier_item item;

	push(f, "http://a.example/1", 7);
	push(f, "http://b.example/2", 8);
	end(f);
	begin(f);
	for (int i = 0; i < 2; i++) {
		struct frontier_node *node = take(f, &item);

		assert_non_null(node);
		assert_true(slice_is(item.title, "Nước lũ lên") && item.tier == 2);
		assert_int_equal(frontier_claim(f->frontier, node, 60000), FRONTIER_MINE);
		frontier_done(f->frontier, node);
	}
	assert_int_equal(frontier_uncommitted(f->frontier), 2);
	assert_int_equal(frontier_commit(f->frontier), 0);
	clock_manual_advance(&f->clock, 120000);
	end(f);
	begin(f);
	assert_null(take(f, &item));
	assert_int_equal(frontier_count(f->frontier), 0);
}

static void what_was_claimed_and_not_done_comes_back_after_its_cadence_and_not_before(void **state)
{
	struct fixture *f = *state;
	struct frontier_item item;

	push(f, "http://a.example/claimed", 7);
	assert_int_equal(frontier_claim(f->frontier, take(f, &item), 60000), FRONTIER_MINE);
	end(f);
	clock_manual_advance(&f->clock, 59000);
	begin(f);
	assert_null(take(f, &item));
	/* Not even when the feed has a newer entry for it. */
	push(f, "http://a.example/claimed", 9);
	assert_null(take(f, &item));
	clock_manual_advance(&f->clock, 1001);
	struct frontier_node *node = take(f, &item);
	assert_non_null(node);
	assert_int_equal(item.entry, 9);
	frontier_done(f->frontier, node);
	assert_int_equal(frontier_commit(f->frontier), 0);
}

static void a_claim_of_another_life_is_respected(void **state)
{
	struct fixture *f = *state,
		       other = {.server = f->server, .clock = f->clock, .arena = f->arena};
	struct frontier_item item;

	push(f, "http://a.example/shared", 7);
	begin(&other);
	struct frontier_node *mine = take(f, &item), *theirs = take(&other, &item);
	assert_int_equal(frontier_claim(f->frontier, mine, 60000), FRONTIER_MINE);
	assert_int_equal(frontier_claim(other.frontier, theirs, 60000), FRONTIER_NOT_YET);
	end(&other);
	frontier_done(f->frontier, mine);
	assert_int_equal(frontier_commit(f->frontier), 0);
}

static void an_entry_that_changes_while_it_is_read_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct frontier_item item;

	push(f, "http://a.example/changing", 7);
	struct frontier_node *node = take(f, &item);
	assert_int_equal(frontier_claim(f->frontier, node, 60000), FRONTIER_MINE);
	push(f, "http://a.example/changing", 8);
	frontier_done(f->frontier, node);
	assert_int_equal(frontier_commit(f->frontier), 0);
	assert_null(take(f, &item));
	clock_manual_advance(&f->clock, 60001);
	node = take(f, &item);
	assert_non_null(node);
	assert_int_equal(item.entry, 8);
	/* Read again much later, with what is needed then. */
	item.step = 1;
	item.title = (struct slice){0};
	item.etag = SLICE("\"x\"");
	item.not_before_ms = f->clock.wall_us / 1000 + 1000;
	frontier_again(f->frontier, node, &item, f->clock.wall_us / 1000 + 300000);
	assert_int_equal(frontier_commit(f->frontier), 0);
	end(f);
	clock_manual_advance(&f->clock, 299000);
	begin(f);
	assert_null(take(f, &item));
	clock_manual_advance(&f->clock, 1001);
	node = take(f, &item);
	assert_non_null(node);
	assert_true(item.step == 1 && item.title.len == 0 && slice_is(item.etag, "\"x\""));
	frontier_done(f->frontier, node);
	assert_int_equal(frontier_commit(f->frontier), 0);
}

static void while_redis_is_away_nothing_is_claimed_and_nothing_forgotten(void **state)
{
	struct fixture *f = *state;
	struct known_facts facts = {.entry = 5};
	struct slice url = SLICE("http://a.example/away");
	struct frontier_item item = item_of("http://a.example/later", 6);

	push(f, url.at, 5);
	redis_server_kill(&f->server); /* it keeps nothing: all must come from here */
	struct frontier_item none;
	struct frontier_node *node = frontier_take(f->frontier);
	assert_true(frontier_peek(f->frontier, f->arena, &node, 1, &none) < 0);
	assert_int_equal(frontier_claim(f->frontier, node, 60000), FRONTIER_AWAY);
	assert_true(frontier_push(f->frontier, &item, 1) < 0);
	known_later(f->known, url, &facts);
	frontier_again(f->frontier, node, &item, START_US / 1000);
	assert_true(known_commit(f->known) < 0 && frontier_commit(f->frontier) < 0);
	assert_true(known_waiting(f->known) == 1 && frontier_uncommitted(f->frontier) == 1);
	redis_server_start(&f->server);
	end(f);
	begin(f);
	known_later(f->known, url, &facts);
	assert_int_equal(known_commit(f->known), 0);
	push(f, "http://a.example/later", 6);
	assert_non_null(take(f, &item));
}

static void a_host_that_names_too_many_pages_leaves_room_to_others(void **state)
{
	struct fixture *f = *state;
	struct frontier_item *items = arena_array(f->arena, FRONTIER_LANE_MAX, sizeof *items), item;

	for (int i = 0; i < FRONTIER_LANE_MAX; i++)
		items[i] = item_of(arena_printf(f->arena, "http://flood.example/%d", i), 7);
	assert_true(frontier_has_room(f->frontier, items[0].url));
	assert_int_equal(frontier_push(f->frontier, items, FRONTIER_LANE_MAX), 0);
	for (int life = 0; life < 2; life++) {
		assert_int_equal(frontier_count(f->frontier), FRONTIER_LANE_MAX);
		assert_false(frontier_has_room(f->frontier, SLICE("http://flood.example/new")));
		assert_true(frontier_has_room(f->frontier, SLICE("http://a.example/1")));
		end(f);
		begin(f);
	}
	frontier_done(f->frontier, take(f, &item));
	assert_int_equal(frontier_commit(f->frontier), 0);
	assert_true(frontier_has_room(f->frontier, SLICE("http://flood.example/new")));
}

static void known_addresses_are_told_from_strangers_and_grow_old(void **state)
{
	struct fixture *f = *state;
	struct slice urls[] = {SLICE("http://a.example/known"), SLICE("http://a.example/stranger")};
	struct known_facts facts[2] = {{.entry = 7, .title = 8, .text = 9}};

	known_later(f->known, urls[0], &facts[0]);
	assert_int_equal(known_get(f->known, f->arena, urls, 2, facts), 0);
	assert_true(facts[0].entry == 7 && facts[1].entry == 0);
	assert_int_equal(known_commit(f->known), 0);
	assert_int_equal(known_waiting(f->known), 0);
	end(f);
	begin(f);
	assert_int_equal(known_get(f->known, f->arena, urls, 2, facts), 0);
	assert_true(facts[0].entry == 7 && facts[0].title == 8 && facts[0].text == 9);
	assert_int_equal(facts[1].entry, 0);
	clock_manual_advance(&f->clock, 3 * TTL_MS);
	int64_t forgotten = 0;
	for (int i = 0; i < 1 << KNOWN_BUCKET_BITS; i += 8192)
		forgotten += known_sweep(f->known, 8192);
	assert_int_equal(forgotten, 1);
}

static void without_redis_the_same_holds_in_this_process(void **state)
{
	struct clock_manual clock;
	struct frontier_item item = item_of("http://a.example/1", 7);
	(void)state;

	clock_manual_init(&clock, START_US);
	struct frontier *f = frontier_new(NULL, "t", &clock.clock, TTL_MS);
	assert_int_equal(frontier_push(f, &item, 1), 0);
	assert_int_equal(frontier_push(f, &item, 1), 0);
	struct frontier_node *node = frontier_take(f);
	assert_non_null(node);
	assert_null(frontier_take(f));
	frontier_put_off(f, node, START_US / 1000 + 1000);
	assert_null(frontier_take(f));
	clock_manual_advance(&clock, 1000);
	assert_ptr_equal(frontier_take(f), node);
	frontier_done(f, node);
	assert_int_equal(frontier_count(f), 0);
	frontier_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_survives_and_what_is_done_does_not_come_again),
		cmocka_unit_test(
			what_was_claimed_and_not_done_comes_back_after_its_cadence_and_not_before),
		cmocka_unit_test(a_claim_of_another_life_is_respected),
		cmocka_unit_test(an_entry_that_changes_while_it_is_read_is_read_again),
		cmocka_unit_test(a_host_that_names_too_many_pages_leaves_room_to_others),
		cmocka_unit_test(known_addresses_are_told_from_strangers_and_grow_old),
		cmocka_unit_test(without_redis_the_same_holds_in_this_process),
		cmocka_unit_test(while_redis_is_away_nothing_is_claimed_and_nothing_forgotten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
