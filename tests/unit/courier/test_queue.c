#include "courier/queue.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static const struct queue_options options = {.concurrency = 4,
	.retry_min_ms = 1000,
	.retry_max_ms = 60000,
	.refused_max = 3,
	.seed = 7};

static const struct answer delivered = {.verdict = VERDICT_DELIVERED, .said = "HTTP 204"};
static const struct answer failed = {.verdict = VERDICT_RETRY, .said = "HTTP 503"};
static const struct answer refused = {.verdict = VERDICT_REFUSED, .said = "HTTP 422"};

struct fixture {
	struct clock_manual clock;
	struct queue *q;
};

static void setup(struct fixture *f)
{
	clock_manual_init(&f->clock, 0);
	f->q = queue_new(&options, &f->clock.clock);
}

static void teardown(struct fixture *f)
{
	queue_free(&f->q);
}

static struct item *add(struct fixture *f, int number)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "%d-0", number);
	return queue_add(f->q, 0, slice_of(id), SLICE("{}"));
}

/* Moves the clock on until something may be sent; how long that took. */
static int64_t advance_to_next(struct fixture *f, struct item **ret)
{
	int64_t waited = 0;

	while (!(*ret = queue_next(f->q)) && waited < 1000 * options.retry_max_ms) {
		int64_t wait = queue_wait_ms(f->q, options.retry_max_ms);

		clock_manual_advance(&f->clock, wait > 0 ? wait : 1);
		waited += wait > 0 ? wait : 1;
	}
	return waited;
}

static void as_many_as_may_are_sent_oldest_first(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *items[6];

	(void)state;
	setup(&f);
	for (int i = 0; i < 6; i++)
		items[i] = add(&f, i);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(queue_next(f.q), items[i]);
	assert_null(queue_next(f.q));
	queue_answered(f.q, items[2], &delivered);
	assert_ptr_equal(queue_next(f.q), items[4]);
	assert_int_equal(queue_flying(f.q), 4);
}

static void a_delivered_item_is_done_and_can_be_removed(void **state)
{
	CLEANUP(teardown) struct fixture f;

	(void)state;
	setup(&f);
	struct item *item = add(&f, 1);

	assert_true(queue_has(f.q, 0, SLICE("1-0")));
	assert_false(queue_has(f.q, 1, SLICE("1-0")));
	assert_ptr_equal(queue_next(f.q), item);
	assert_null(queue_first(f.q, ITEM_DONE));
	queue_answered(f.q, item, &delivered);
	assert_ptr_equal(queue_first(f.q, ITEM_DONE), item);
	queue_remove(f.q, item);
	assert_int_equal(queue_count(f.q), 0);
	assert_int_equal(queue_room(f.q), QUEUE_ITEMS_MAX);
}

static void pauses_double_with_jitter_up_to_the_longest(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *item;

	(void)state;
	setup(&f);
	add(&f, 1);
	for (int attempt = 0; attempt < 12; attempt++) {
		int64_t waited = advance_to_next(&f, &item);
		int64_t most = attempt == 0 ? 0 : options.retry_min_ms << (attempt - 1);

		assert_non_null(item);
		if (most > options.retry_max_ms)
			most = options.retry_max_ms;
		assert_in_range(waited, most / 2, most);
		queue_answered(f.q, item, &failed);
	}
	assert_int_equal(item->attempts, 12);
	assert_string_equal(item->said, "HTTP 503");
}

static void a_receiver_that_fails_is_tried_with_one_alert_at_a_time(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *flying[4], *probe;

	(void)state;
	setup(&f);
	for (int i = 0; i < 20; i++)
		add(&f, i);
	for (int i = 0; i < 4; i++)
		flying[i] = queue_next(f.q);
	for (int i = 0; i < 4; i++)
		queue_answered(f.q, flying[i], &failed);
	assert_null(queue_next(f.q));
	assert_true(advance_to_next(&f, &probe) > 0);
	assert_int_equal(probe->attempts, 1); /* one never tried before */
	clock_manual_advance(&f.clock, options.retry_max_ms);
	assert_null(queue_next(f.q));
	queue_answered(f.q, probe, &delivered);
	for (int i = 0; i < 4; i++)
		assert_non_null(queue_next(f.q)); /* without any further pause */
}

static void one_alert_that_always_fails_does_not_stop_the_others(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *poison, *item;
	int sent = 0;

	(void)state;
	setup(&f);
	poison = add(&f, 0);
	for (int round = 0; round < 200; round++) {
		if (round % 10 == 0)
			add(&f, 1 + round);
		(void)advance_to_next(&f, &item);
		if (!item)
			continue;
		queue_answered(f.q, item, item == poison ? &failed : &delivered);
		if (item != poison) {
			queue_remove(f.q, item);
			sent++;
		}
	}
	assert_int_equal(sent, 20);
	assert_int_equal(queue_count(f.q), 1);
}

static void a_refused_alert_is_tried_a_few_times_only(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *item;

	(void)state;
	setup(&f);
	add(&f, 1);
	for (uint64_t i = 0; i < options.refused_max; i++) {
		assert_null(queue_first(f.q, ITEM_REFUSED));
		(void)advance_to_next(&f, &item);
		queue_answered(f.q, item, &refused);
		assert_int_equal(queue_failures(f.q), 0);
	}
	assert_ptr_equal(queue_first(f.q, ITEM_REFUSED), item);
	queue_done(f.q, item);
	assert_ptr_equal(queue_first(f.q, ITEM_DONE), item);
}

static void the_receiver_may_ask_for_a_pause(void **state)
{
	static const struct {
		struct answer answer;
		int64_t pause_ms;
	} rows[] = {
		{{.verdict = VERDICT_RETRY, .retry_after_ms = 30000}, 30000},
		{{.verdict = VERDICT_GONE}, GONE_REST_MS},
		{{.verdict = VERDICT_GONE, .retry_after_ms = GONE_REST_MS + 1}, GONE_REST_MS + 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(teardown) struct fixture f;
		struct item *item;

		setup(&f);
		add(&f, 1);
		add(&f, 2);
		queue_answered(f.q, queue_next(f.q), &rows[i].answer);
		assert_int_equal(advance_to_next(&f, &item), rows[i].pause_ms);
	}
}

static void what_may_not_be_sent_can_be_settled_at_once(void **state)
{
	CLEANUP(teardown) struct fixture f;

	(void)state;
	setup(&f);
	struct item *unwanted = add(&f, 1), *broken = add(&f, 2);

	queue_done(f.q, unwanted);
	queue_refuse(f.q, broken, "no alert");
	assert_null(queue_next(f.q));
	assert_ptr_equal(queue_first(f.q, ITEM_DONE), unwanted);
	assert_ptr_equal(queue_first(f.q, ITEM_REFUSED), broken);
	assert_string_equal(broken->said, "no alert");
}

static struct item *add_of(struct fixture *f, int number, const char *key)
{
	struct item *item = add(f, number);

	(void)snprintf(item->key, sizeof(item->key), "%s", key);
	item->follows = !strstr(key, "-1") || strstr(key, "-s");
	return item;
}

static void what_becomes_of_an_alert_waits_for_it(void **state)
{
	CLEANUP(teardown) struct fixture f;

	(void)state;
	setup(&f);
	struct item *first = add_of(&f, 1, "al-0123456789abcdef01234567-1");
	struct item *change = add_of(&f, 2, "al-0123456789abcdef01234567-1-s1");
	struct item *other = add_of(&f, 3, "al-ffffffffffffffffffffffff-2");

	assert_ptr_equal(queue_next(f.q), first);
	assert_ptr_equal(queue_next(f.q), other);
	assert_null(queue_next(f.q));
	queue_answered(f.q, first, &failed);
	assert_int_equal(queue_wait_ms(f.q, 60000) > 0, 1);
	queue_answered(f.q, other, &delivered);
	assert_null(queue_next(f.q));
	advance_to_next(&f, &first);
	queue_answered(f.q, first, &delivered);
	assert_true(first->delivered);
	assert_ptr_equal(queue_next(f.q), change);
}

static void a_held_item_is_not_sent_until_it_is_let_go(void **state)
{
	CLEANUP(teardown) struct fixture f;

	(void)state;
	setup(&f);
	struct item *item = add(&f, 1), *unwanted = add(&f, 2);

	queue_hold(f.q, item);
	queue_hold(f.q, unwanted);
	assert_null(queue_next(f.q));
	queue_release(f.q, item);
	queue_done(f.q, unwanted);
	assert_ptr_equal(queue_next(f.q), item);
	assert_false(unwanted->delivered);
}

static void the_circuit_opens_and_one_attempt_closes_it(void **state)
{
	CLEANUP(teardown) struct fixture f;
	struct item *item;

	(void)state;
	setup(&f);
	for (int i = 0; i < 5; i++)
		add(&f, i);
	for (int i = 0; i < QUEUE_FAILURES_MAX; i++) {
		assert_int_equal(queue_circuit(f.q), CIRCUIT_CLOSED);
		advance_to_next(&f, &item);
		queue_answered(f.q, item, &failed);
	}
	assert_int_equal(queue_circuit(f.q), CIRCUIT_OPEN);
	advance_to_next(&f, &item);
	assert_int_equal(queue_circuit(f.q), CIRCUIT_HALF_OPEN);
	queue_answered(f.q, item, &delivered);
	assert_int_equal(queue_circuit(f.q), CIRCUIT_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_of_an_alert_waits_for_it),
		cmocka_unit_test(a_held_item_is_not_sent_until_it_is_let_go),
		cmocka_unit_test(the_circuit_opens_and_one_attempt_closes_it),
		cmocka_unit_test(as_many_as_may_are_sent_oldest_first),
		cmocka_unit_test(a_delivered_item_is_done_and_can_be_removed),
		cmocka_unit_test(pauses_double_with_jitter_up_to_the_longest),
		cmocka_unit_test(a_receiver_that_fails_is_tried_with_one_alert_at_a_time),
		cmocka_unit_test(one_alert_that_always_fails_does_not_stop_the_others),
		cmocka_unit_test(a_refused_alert_is_tried_a_few_times_only),
		cmocka_unit_test(the_receiver_may_ask_for_a_pause),
		cmocka_unit_test(what_may_not_be_sent_can_be_settled_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
