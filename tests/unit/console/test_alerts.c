#include "console/audit.h"
#include "lib/json_read.h"
#include "tests/unit/console/record_fixture.h"

static size_t occurrences(struct slice text, const char *part)
{
	size_t count = 0;

	for (;;) {
		size_t at = slice_find(text, slice_of(part));

		if (at == text.len)
			return count;
		count++;
		text = slice_from(text, at + 1);
	}
}

static size_t listed(struct db *db, const struct alert_filter *filter, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	buf_clear(out);
	db_begin(db, DB_READ);
	alerts_list(db, filter, &w);
	assert_int_equal(db_end(db), 0);
	return occurrences(buf_slice(out), "\"id\":");
}

static size_t found(struct db *db, const char *words, unsigned visible)
{
	CLEANUP(buf_release) struct buf out = {0};

	return listed(db,
		&(struct alert_filter){.visible = visible, .search = slice_of(words), .limit = 10},
		&out);
}

static void the_same_alert_again_changes_nothing(void **state)
{
	struct record_fixture *f = *state;
	struct alert alert = alert_sample(1);

	assert_true(put(f->db, &alert, NOW_US));
	assert_false(put(f->db, &alert, NOW_US + 1));
	alert.revision = 3;
	alert.count = 99;
	assert_true(put(f->db, &alert, NOW_US + 2));
	alert.revision = 2;
	assert_false(put(f->db, &alert, NOW_US + 3));

	CLEANUP(buf_release) struct buf out = {0};

	assert_int_equal(
		listed(f->db, &(struct alert_filter){.visible = EVERYTHING, .limit = 10}, &out), 1);
	assert_int_equal(occurrences(buf_slice(&out), "\"count\":99"), 1);
	assert_int_equal(occurrences(buf_slice(&out), "\"revision\":3"), 1);
}

static void words_are_found_without_diacritics(void **state)
{
	static const struct {
		const char *words;
		size_t count;
	} rows[] = {
		{"song tranh", 1},
		{"Sông Tranh", 1},
		{"SÔNG", 1},
		{"da nang", 1},
		{"Đà Nẵng", 1},
		{"do mat khau", 1},
		{"mat kha", 1},
		{"10.20.3.47", 1},
		{"10.20", 1},
		{"20.10", 0},
		{"pa05", 1},
		{"song khong", 0},
		{"rule-1", 1},
		{"\"", 0},
		{"\" OR \"", 0},
		{"*", 0},
		{"folded:x", 0},
		{"song AND tranh", 0},
		{"NEAR(song tranh)", 0},
		{"song \xff tranh", 1},
		{"-", 0},
		{"\xcc\x81", 0},
	};
	struct record_fixture *f = *state;
	struct alert alert = alert_sample(1);

	put(f->db, &alert, NOW_US);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(found(f->db, rows[i].words, EVERYTHING), rows[i].count);
}

static void a_revision_is_found_by_its_new_words_only(void **state)
{
	struct record_fixture *f = *state;
	struct alert alert = alert_sample(1);

	put(f->db, &alert, NOW_US);
	alert.revision = 2;
	alert.explanation_vi = SLICE("Hồ Phú Ninh");
	put(f->db, &alert, NOW_US);
	assert_int_equal(found(f->db, "phu ninh", EVERYTHING), 1);
	assert_int_equal(found(f->db, "song tranh", EVERYTHING), 0);
}

static void put_one_of_each_domain(struct db *db)
{
	for (enum alert_domain d = ALERT_NETWORK; d <= ALERT_BRIDGE; d++) {
		struct alert alert = alert_sample(d);

		alert.domain = d;
		alert.rule.level = d == ALERT_BRIDGE ? ALERT_CRITICAL : ALERT_LOW;
		put(db, &alert, NOW_US);
	}
}

static void each_side_sees_its_own_and_the_bridge(void **state)
{
	struct record_fixture *f = *state;
	CLEANUP(buf_release) struct buf out = {0};
	const struct {
		unsigned visible;
		bool network, information, bridge;
	} rows[] = {
		{alerts_visible(true, false), true, false, true},
		{alerts_visible(false, true), false, true, true},
		{alerts_visible(true, true), true, true, true},
		{alerts_visible(false, false), false, false, false},
	};

	put_one_of_each_domain(f->db);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const bool seen[] = {rows[i].network, rows[i].information, rows[i].bridge};

		listed(f->db, &(struct alert_filter){.visible = rows[i].visible, .limit = 10},
			&out);
		for (enum alert_domain d = ALERT_NETWORK; d <= ALERT_BRIDGE; d++) {
			CLEANUP(buf_release) struct buf detail = {0};
			struct json_writer w = json_writer_on(&detail);
			CLEANUP(mem_cleanup)
			char *field = mem_printf("\"domain\":\"%s\"", alert_domain_name(d));

			assert_int_equal(occurrences(buf_slice(&out), field), seen[d]);
			db_begin(f->db, DB_READ);
			assert_int_equal(alerts_detail(f->db, rows[i].visible, alert_number(d), &w),
				seen[d]);
			assert_int_equal(db_end(f->db), 0);
		}
	}
	assert_int_equal(found(f->db, "song tranh", NETWORK_ONLY), 2);
}

static void filters_narrow_and_pages_follow_each_other(void **state)
{
	struct record_fixture *f = *state;
	CLEANUP(buf_release) struct buf out = {0};
	const struct {
		struct alert_filter filter;
		size_t count;
	} rows[] = {
		{{.levels = 1U << ALERT_LOW}, 2},
		{{.levels = 1U << ALERT_LOW | 1U << ALERT_CRITICAL}, 3},
		{{.domains = 1U << ALERT_BRIDGE}, 1},
		{{.states = 1U << ALERT_NEW}, 3},
		{{.states = 1U << ALERT_CLOSED}, 0},
		{{.before = 3}, 2},
		{{.before = 1}, 0},
		{{.limit = 2}, 2},
	};

	put_one_of_each_domain(f->db);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct alert_filter filter = rows[i].filter;

		filter.visible = EVERYTHING;
		filter.limit = filter.limit ? filter.limit : 10;
		assert_int_equal(listed(f->db, &filter, &out), rows[i].count);
	}
}

static enum acted act(struct db *db, enum alert_act act, unsigned visible)
{
	const struct alert_action action = {.act = act,
		.visible = visible,
		.alert_id = alert_number(ALERT_INFORMATION),
		.actor = SLICE("lan"),
		.note = SLICE("vì \"thế\""),
		.disposition = act == ACT_CLOSE ? DISPOSITION_FALSE_POSITIVE : DISPOSITION_NONE,
		.now_us = NOW_US};

	db_begin(db, DB_WRITE);
	enum acted acted = alerts_act(db, &action);

	assert_int_equal(db_end(db), 0);
	return acted;
}

static int64_t state_of(struct db *db)
{
	db_begin(db, DB_READ);
	int64_t now = db_query_int(db, "SELECT state FROM alert WHERE alert_id = ?1",
		DB_VALUES(db_text(alert_number(ALERT_INFORMATION))), -1);

	assert_int_equal(db_end(db), 0);
	return now;
}

static void acts_follow_the_workflow(void **state)
{
	static const struct {
		enum alert_act act;
		enum acted acted;
		enum alert_state then;
	} rows[] = {
		{ACT_REOPEN, ACTED_WRONG_STATE, ALERT_NEW},
		{ACT_COMMENT, ACTED, ALERT_NEW},
		{ACT_ACKNOWLEDGE, ACTED, ALERT_ACKNOWLEDGED},
		{ACT_ACKNOWLEDGE, ACTED_WRONG_STATE, ALERT_ACKNOWLEDGED},
		{ACT_COMMENT, ACTED, ALERT_ACKNOWLEDGED},
		{ACT_CLOSE, ACTED, ALERT_CLOSED},
		{ACT_CLOSE, ACTED_WRONG_STATE, ALERT_CLOSED},
		{ACT_ACKNOWLEDGE, ACTED_WRONG_STATE, ALERT_CLOSED},
		{ACT_COMMENT, ACTED, ALERT_CLOSED},
		{ACT_REOPEN, ACTED, ALERT_NEW},
		{ACT_CLOSE, ACTED, ALERT_CLOSED},
	};
	struct record_fixture *f = *state;
	struct audit_report report;
	struct err err = {0};

	put_one_of_each_domain(f->db);
	assert_int_equal(act(f->db, ACT_CLOSE, NETWORK_ONLY), ACTED_NO_SUCH);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(act(f->db, rows[i].act, EVERYTHING), rows[i].acted);
		assert_int_equal(state_of(f->db), rows[i].then);
	}

	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	db_begin(f->db, DB_READ);
	assert_true(alerts_detail(f->db, EVERYTHING, alert_number(ALERT_INFORMATION), &w));
	assert_true(audit_verify(f->db, SLICE(""), &report, &err));
	assert_int_equal(db_end(f->db), 0);
	assert_int_equal(report.count, 7); /* those that were ACTED */
	assert_int_equal(occurrences(buf_slice(&out), "\"actor\":\"lan\""), 7);
	assert_int_equal(occurrences(buf_slice(&out), "\"note\":\"vì \\\"thế\\\"\""), 7);
	assert_int_equal(occurrences(buf_slice(&out), "\"disposition\":\"false_positive\""), 3);
}

static void a_closed_alert_stays_closed_when_it_is_revised(void **state)
{
	struct record_fixture *f = *state;
	struct alert alert = alert_sample(ALERT_INFORMATION);

	put(f->db, &alert, NOW_US);
	assert_int_equal(act(f->db, ACT_CLOSE, EVERYTHING), ACTED);
	alert.revision = 2;
	assert_true(put(f->db, &alert, NOW_US));
	assert_int_equal(state_of(f->db), ALERT_CLOSED);
}

struct changes {
	size_t count;
	int64_t last;
};

static void count_change(void *ctx, int64_t change, struct slice json)
{
	struct changes *c = ctx;

	assert_true(change > c->last);
	assert_true(json.len > 2);
	c->last = change;
	c->count++;
}

static struct changes changes_after(struct db *db, int64_t change, unsigned visible)
{
	struct changes c = {0, change};

	db_begin(db, DB_READ);
	alerts_changed(db, &(struct alerts_since){visible, change, 10}, count_change, &c);
	assert_int_equal(db_end(db), 0);
	return c;
}

static void a_viewer_that_comes_back_misses_nothing(void **state)
{
	struct record_fixture *f = *state;

	put_one_of_each_domain(f->db);
	struct changes first = changes_after(f->db, 0, EVERYTHING);

	assert_int_equal(first.count, 3);
	assert_int_equal(changes_after(f->db, first.last, EVERYTHING).count, 0);
	assert_int_equal(act(f->db, ACT_ACKNOWLEDGE, EVERYTHING), ACTED);
	assert_int_equal(changes_after(f->db, first.last, EVERYTHING).count, 1);
	assert_int_equal(changes_after(f->db, first.last, NETWORK_ONLY).count, 0);
	assert_int_equal(changes_after(f->db, 0, EVERYTHING).count, 3);
}

static void counts_reach_back_one_day(void **state)
{
	struct record_fixture *f = *state;
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	static const int64_t hour_us = INT64_C(3600) * 1000000;

	put_one_of_each_domain(f->db);
	struct alert alert = alert_sample(7);

	put(f->db, &alert, NOW_US - 25 * hour_us);
	db_begin(f->db, DB_READ);
	json_begin_object(&w);
	alerts_counts(f->db, NETWORK_ONLY, NOW_US + hour_us, &w);
	json_end_object(&w);
	assert_int_equal(db_end(f->db), 0);
	assert_string_equal(buf_text(&out),
		"{\"levels_24h\":{\"informational\":0,\"low\":1,\"medium\":0,\"high\":0,\"critical\":1},"
		"\"open\":{\"new\":3,\"acknowledged\":0}}");
}

#define ON_RECORD(test) cmocka_unit_test_setup_teardown(test, record_make, record_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_RECORD(the_same_alert_again_changes_nothing),
		ON_RECORD(words_are_found_without_diacritics),
		ON_RECORD(a_revision_is_found_by_its_new_words_only),
		ON_RECORD(each_side_sees_its_own_and_the_bridge),
		ON_RECORD(filters_narrow_and_pages_follow_each_other),
		ON_RECORD(acts_follow_the_workflow),
		ON_RECORD(a_closed_alert_stays_closed_when_it_is_revised),
		ON_RECORD(a_viewer_that_comes_back_misses_nothing),
		ON_RECORD(counts_reach_back_one_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
