#include "event/sender.h"
#include "tests/unit/event/stream_check.h"

#include <stdio.h>

#define STREAM "ev:{net.s1.0}"

/* A sender without its thread, on a clock that stands still. */
struct bench {
	struct redis_server server;
	struct clock_manual clock;
	struct metrics *metrics;
	struct metric *counter;
	struct publish_metrics counters;
	struct publish_options publish;
	struct sender *sender;
	struct event_id last;
	char spool[128];
	uint64_t next;
};

static struct id_shift settle(void *ctx, struct event_id stream_last, struct event_id first)
{
	struct bench *b = ctx;

	(void)first;
	if (event_id_compare(b->last, stream_last) < 0)
		b->last = stream_last;
	return (struct id_shift){0};
}

static void counters_make(struct bench *b)
{
	b->metrics = metrics_new();
	b->counter = metrics_counter(b->metrics, "other", "", "");
	b->counters = (struct publish_metrics){
		.events = metrics_counter(b->metrics, "events", "", ""),
		.batches = b->counter,
		.spooled = b->counter,
		.duplicates = metrics_counter(b->metrics, "duplicates", "", ""),
		.eve_lost = b->counter,
		.queue = b->counter,
		.spool_len = b->counter,
	};
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		b->counters.dropped[i] = b->counter;
}

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	redis_server_make(&b->server, NULL);
	redis_server_start(&b->server);
	(void)snprintf(b->spool, sizeof b->spool, "%s/spool", b->server.folder);
	clock_manual_init(&b->clock, 0);
	counters_make(b);
	b->publish =
		(struct publish_options){.redis = {.address = b->server.address, .timeout_ms = 100},
			.spool_path = b->spool,
			.spool_len_max = 1 << 20};

	const struct sender_options options = {.publish = &b->publish,
		.stream = STREAM,
		.clock = &b->clock.clock,
		.metrics = &b->counters,
		.settle = settle,
		.ctx = b};

	b->sender = sender_new(&options);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	sender_free(&b->sender);
	redis_server_remove(&b->server);
	metrics_free(&b->metrics);
	mem_free(b);
	return 0;
}

/* Batches of one numbered event each. */
static void give(struct bench *b, size_t count)
{
	struct batch_list list = {0};

	while (count--) {
		char id[EVENT_ID_LEN + 1], json[80];
		struct batch *batch = batch_new();
		int len;

		b->last = event_id_next(b->last, INT64_C(1763856300000000));
		event_id_write(b->last, id);
		len = snprintf(json, sizeof json, "{\"event_id\":\"%s\",\"n\":%u}", id,
			(unsigned)b->next++);
		batch_add(batch, b->last, slice_over(json, (size_t)len));
		batch_list_push(&list, batch);
	}
	sender_take(b->sender, &list);
}

static enum sender_state work(struct bench *b)
{
	clock_manual_advance(&b->clock, 2000); /* past every back-off */
	return sender_work(b->sender);
}

static void finish(struct bench *b)
{
	for (int i = 0; i < 1000 && work(b) != SENDER_IDLE; i++)
		continue;
	assert_stream_is(b->server.address, STREAM, 0, b->next);
}

/* Redis reads them from its socket once it wakes up, long after the sender gave up. */
static void batches_redis_takes_without_an_answer_are_not_doubled(void **state)
{
	struct bench *b = *state;

	redis_server_signal(&b->server, SIGSTOP);
	give(b, 50);
	assert_int_equal(work(b), SENDER_STUCK);
	give(b, 50);
	assert_int_equal(work(b), SENDER_STUCK);
	assert_int_equal(work(b), SENDER_STUCK);
	redis_server_signal(&b->server, SIGCONT);
	finish(b);
	assert_int_equal(metric_value(b->counters.duplicates), 50);
	assert_int_equal(metric_value(b->counters.events), 50);
}

static void after_a_failure_redis_is_left_alone_for_a_while(void **state)
{
	struct bench *b = *state;
	const struct slice full[] = {SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("1")};
	const struct slice room[] = {SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("0")};
	struct redis *r = redis_new(&b->publish.redis, clock_system());
	struct redis_reply *reply;

	assert_int_equal(redis_call(r, full[0], full, 4, &reply), 0);
	redis_reply_free(&reply);
	give(b, 1);
	assert_int_equal(work(b), SENDER_STUCK);
	assert_int_equal(redis_call(r, room[0], room, 4, &reply), 0);
	redis_reply_free(&reply);
	redis_free(&r);
	clock_manual_advance(&b->clock, 49);
	assert_int_equal(sender_work(b->sender), SENDER_STUCK);
	clock_manual_advance(&b->clock, 1);
	assert_int_equal(sender_work(b->sender), SENDER_IDLE);
	finish(b);
}

static void batches_behind_a_spool_wait_for_it(void **state)
{
	struct bench *b = *state;

	give(b, 3);
	assert_int_equal(work(b), SENDER_IDLE);
	redis_server_kill(&b->server);
	give(b, 300);
	assert_int_equal(work(b), SENDER_STUCK);
	assert_int_equal(sender_events(b->sender), 0);
	give(b, 20);
	assert_int_equal(work(b), SENDER_STUCK);
	assert_int_equal(sender_events(b->sender), 0);
	redis_server_start(&b->server);
	while (work(b) != SENDER_IDLE)
		continue;
	assert_stream_is(b->server.address, STREAM, 3, 320);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(batches_redis_takes_without_an_answer_are_not_doubled),
		CASE(after_a_failure_redis_is_left_alone_for_a_while),
		CASE(batches_behind_a_spool_wait_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
