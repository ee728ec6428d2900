#include "correlator/settle.h"
#include "event/streams.h"
#include "tests/unit/correlator/rules_in.h"

#include <errno.h>
#include <string.h>

/* A store in front of another one that lets a rival write first, or fails. */
struct rival_store {
	struct store store;
	struct store *inner;
	unsigned conflicts; /* so many commits are told that a rival came first */
	int fails;          /* the next commit writes, then says this */
};

static struct rival_store *of(struct store *s)
{
	return (struct rival_store *)((char *)s - offsetof(struct rival_store, store));
}

static int rival_fetch(struct store *s, struct store_cell *const *cells, size_t count)
{
	return of(s)->inner->fetch(of(s)->inner, cells, count);
}

static int rival_commit(struct store *s, struct store_cell *const *cells, size_t count)
{
	struct rival_store *r = of(s);

	if (r->conflicts > 0) {
		r->conflicts--;
		for (size_t i = 0; i < count; i++)
			cells[i]->conflict = true;
		return 0;
	}
	int said = r->inner->commit(r->inner, cells, count);
	if (r->fails < 0) {
		said = r->fails;
		r->fails = 0;
	}
	return said;
}

struct bench {
	struct ruleset *rules;
	struct engine *engine;
	struct arena *arena;
	struct hits hits;
	struct rival_store store;
	struct settle *settle;
	struct buf alerts;
	unsigned alert_count;
};

static void on_alert(void *ctx, struct slice alert)
{
	struct bench *b = ctx;

	b->alert_count++;
	buf_clear(&b->alerts);
	buf_add_slice(&b->alerts, alert);
}

static const char rule[] =
	"title: Câu hỏi\nname: q\nlogsource: {category: dns}\n"
	"detection: {s: {query|exists: true}, condition: s}\n---\n"
	"title: Many questions\nid: many\nauthor: A. Author\nlicense: DRL-1.1\nlevel: high\n"
	"tags: [attack.t1071.004]\n"
	"correlation: {type: value_count, rules: [q], group-by: [src_ip], timespan: 5m,\n"
	"  condition: {gte: 3, field: query}}\n"
	"haidang:\n  title_vi: Nhiều câu hỏi\n  owner: pa05\n  entity: 'máy {src_ip}'\n"
	"  explanation:\n    vi: '{src_ip} hỏi {count} tên trong {timespan}, ngưỡng {threshold}: "
	"{query}'\n    en: '{src_ip} asked {count} names in {timespan}'\n"
	"  advice: {vi: 'Xem {dns.domain}', en: 'See {nothing.there}'}\n";

static void bench_open(struct bench *b)
{
	b->rules = rules_in(rule, VIEW_SIGMA_NAMES);
	assert_int_equal(b->rules->refused_count, 0);
	b->engine = engine_new(b->rules);
	b->arena = arena_new();
	b->hits.arena = b->arena;
	b->store.store = (struct store){rival_fetch, rival_commit};
	b->store.inner = store_memory_new(on_alert, b);
	b->settle = settle_new(&b->store.store, clock_system());
}

static void bench_close(struct bench *b)
{
	settle_free(&b->settle);
	store_memory_free(&b->store.inner);
	hits_release(&b->hits);
	arena_free(&b->arena);
	engine_free(&b->engine);
	ruleset_free(&b->rules);
	buf_release(&b->alerts);
}

static void match(struct bench *b, unsigned from, unsigned to)
{
	hits_clear(&b->hits);
	for (unsigned i = from; i <= to; i++) {
		CLEANUP(mem_cleanup)
		char *json =
			mem_printf("{\"event_id\":\"1-%u\",\"timestamp\":\"2026-11-23T00:00:0%uZ\","
				   "\"event_type\":\"dns\",\"src_ip\":\"10.0.0.9\","
				   "\"dns\":{\"rrname\":\"n%u.test\",\"domain\":\"test\"}}",
				i, i, i);
		struct engine_event event = {.json = slice_of(json)};

		assert_int_equal(engine_event(b->engine, &event, &b->hits), ENGINE_MATCHED);
	}
}

static void an_alert_says_who_what_and_how_many(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(1 << 20);
	struct settle_tally tally = {0};
	struct json_value root;
	struct alert alert;
	struct err err = {0};

	(void)state;
	bench_open(&b);
	match(&b, 1, 4);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(tally.alerts, 1);
	assert_int_equal(tally.suppressed, 1);
	assert_int_equal(b.alert_count, 1);
	assert_true(json_read(reader, buf_slice(&b.alerts), &root, &err));
	assert_true(alert_read(root, b.arena, &alert, &err));
	assert_true(slice_is(alert.rule.id, "many"));
	assert_true(slice_is(alert.rule.author, "A. Author"));
	assert_true(slice_is(alert.rule.license, "DRL-1.1"));
	assert_true(slice_is(alert.rule.title_vi, "Nhiều câu hỏi"));
	assert_int_equal(alert.rule.level, ALERT_HIGH);
	assert_true(slice_is(alert.attack[0], "T1071.004"));
	assert_int_equal(alert.domain, ALERT_NETWORK);
	assert_true(slice_is(alert.group, "{\"src_ip\":\"10.0.0.9\"}"));
	assert_true(slice_is(alert.entity, "máy 10.0.0.9"));
	assert_int_equal(alert.count, 3);
	assert_int_equal(alert.threshold, 3);
	assert_int_equal(alert.timespan_s, 300);
	assert_int_equal(alert.last_seen_us - alert.first_seen_us, 2000000);
	assert_true(slice_is(
		alert.explanation_vi, "10.0.0.9 hỏi 3 tên trong 5 phút, ngưỡng 3: n3.test"));
	assert_true(slice_is(alert.explanation_en, "10.0.0.9 asked 3 names in 5 minutes"));
	assert_true(slice_is(alert.advice_vi, "Xem test"));
	assert_true(slice_is(alert.advice_en, "See —"));
	assert_true(slice_is(alert.owner, "pa05"));
}

static void a_conflict_is_tried_again_until_it_stands(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	struct settle_tally tally = {0};

	(void)state;
	bench_open(&b);
	b.store.conflicts = 5;
	match(&b, 1, 3);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(tally.conflicts, 5);
	assert_int_equal(b.alert_count, 1);
}

static void endless_conflicts_are_given_up(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	struct settle_tally tally = {0};

	(void)state;
	bench_open(&b);
	b.store.conflicts = 1000;
	match(&b, 1, 3);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), -EBUSY);
	assert_int_equal(b.alert_count, 0);
}

static void hits_given_again_after_a_failure_change_nothing(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	struct settle_tally tally = {0};

	(void)state;
	bench_open(&b);
	match(&b, 1, 2);
	b.store.fails = -EPIPE; /* written, but the answer was lost */
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), -EPIPE);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(tally.known, 2);
	assert_int_equal(b.alert_count, 0);
	match(&b, 3, 3);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(b.alert_count, 1);
}

static void an_unreadable_window_is_begun_anew_and_counted(void **state)
{
	CLEANUP(bench_close) struct bench b = {0};
	CLEANUP(buf_release) struct buf key = {0};
	struct settle_tally tally = {0};
	struct store_cell cell = {0}, *cells = &cell;

	(void)state;
	bench_open(&b);
	stream_window(SLICE("many"), SLICE("{\"src_ip\":\"10.0.0.9\"}"), &key);
	cell.key = buf_slice(&key);
	buf_add_text(&cell.next, "version1, and what another program wrote");
	assert_int_equal(b.store.inner->commit(b.store.inner, &cells, 1), 0);
	match(&b, 1, 2);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(tally.unreadable, 1);
	match(&b, 3, 3);
	assert_int_equal(settle_hits(b.settle, &b.hits, &tally), 0);
	assert_int_equal(tally.unreadable, 1);
	assert_int_equal(b.alert_count, 1);
	buf_release(&cell.next);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alert_says_who_what_and_how_many),
		cmocka_unit_test(a_conflict_is_tried_again_until_it_stands),
		cmocka_unit_test(endless_conflicts_are_given_up),
		cmocka_unit_test(hits_given_again_after_a_failure_change_nothing),
		cmocka_unit_test(an_unreadable_window_is_begun_anew_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
