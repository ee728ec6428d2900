#include "event/alert.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

enum { LEN_MAX = ALERT_JSON_MAX };

#define ID "al-0123456789abcdef01234567"

/* The least an alert can be. */
#define START                                                                                      \
	"{\"alert_id\":\"" ID "\",\"revision\":1,\"timestamp\":\"2025-11-23T00:05:00Z\","          \
	"\"first_seen\":\"2025-11-23T00:04:00Z\",\"last_seen\":\"2025-11-23T07:05:00+07:00\","
#define RULE "\"rule\":{\"id\":\"r\",\"title\":\"t\",\"level\":\"low\"},"

static struct alert whole(void)
{
	return (struct alert){
		.alert_id = SLICE(ID),
		.revision = 3,
		.timestamp_us = INT64_C(1763856300000001),
		.first_seen_us = INT64_C(1763856200000000),
		.last_seen_us = INT64_C(1763856299999999),
		.rule = {.id = SLICE("7c9e"),
			.title = SLICE("Port scan"),
			.title_vi = SLICE("Quét cổng"),
			.author = SLICE("N \"A\""),
			.license = SLICE("DRL 1.1"),
			.status = SLICE("test"),
			.file = SLICE("network/scan.yml"),
			.level = ALERT_HIGH,
			.tags = {SLICE("attack.discovery"), SLICE("attack.t1046")},
			.tag_count = 2},
		.attack = {SLICE("T1046")},
		.attack_count = 1,
		.domain = ALERT_BRIDGE,
		.group = SLICE("{\"src_ip\":\"10.0.0.7\"}"),
		.entity = SLICE("10.0.0.7"),
		.count = 50,
		.threshold = 20,
		.timespan_s = 60,
		.explanation_vi = SLICE("Máy quét"),
		.explanation_en = SLICE("Scans"),
		.advice_vi = SLICE("Cách ly"),
		.advice_en = SLICE("Isolate"),
		.owner = SLICE("so-tttt"),
		.events = SLICE("[{\"event_id\":\"1-000001\",\"dest_port\":22}]"),
	};
}

static void an_alert_reads_back_as_it_was_written(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_reader_free) struct json_reader *r = json_reader_new(LEN_MAX);
	CLEANUP(buf_release) struct buf first = {0};
	CLEANUP(buf_release) struct buf second = {0};
	struct json_writer w = json_writer_on(&first), again = json_writer_on(&second);
	const struct alert alert = whole();
	struct alert back;
	struct json_value root;
	struct err err = {0};

	(void)state;
	alert_write(&alert, &w);
	assert_true(json_read(r, buf_slice(&first), &root, &err));
	assert_true(alert_read(root, a, &back, &err));
	alert_write(&back, &again);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_int_equal(back.rule.level, ALERT_HIGH);
	assert_int_equal(back.domain, ALERT_BRIDGE);
	assert_int_equal(back.last_seen_us, alert.last_seen_us);
	assert_true(slice_equal(back.group, alert.group));
	assert_true(slice_equal(back.events, alert.events));
	assert_int_equal(back.rule.tag_count, 2);
}

static void an_alert_is_written_as_documented(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct alert alert = whole();

	(void)state;
	alert_write(&alert, &w);
	assert_string_equal(buf_text(&out),
		"{\"alert_id\":\"" ID "\",\"revision\":3,"
		"\"timestamp\":\"2025-11-23T00:05:00.000001+00:00\","
		"\"first_seen\":\"2025-11-23T00:03:20.000000+00:00\","
		"\"last_seen\":\"2025-11-23T00:04:59.999999+00:00\","
		"\"rule\":{\"id\":\"7c9e\",\"title\":\"Port scan\",\"title_vi\":\"Quét cổng\","
		"\"author\":\"N \\\"A\\\"\",\"license\":\"DRL 1.1\",\"level\":\"high\","
		"\"status\":\"test\",\"file\":\"network/scan.yml\","
		"\"tags\":[\"attack.discovery\",\"attack.t1046\"]},"
		"\"attack\":[\"T1046\"],\"domain\":\"bridge\",\"group\":{\"src_ip\":\"10.0.0.7\"},"
		"\"entity\":\"10.0.0.7\",\"count\":50,\"threshold\":20,\"timespan_s\":60,"
		"\"explanation\":{\"vi\":\"Máy quét\",\"en\":\"Scans\"},"
		"\"advice\":{\"vi\":\"Cách ly\",\"en\":\"Isolate\"},\"owner\":\"so-tttt\","
		"\"events\":[{\"event_id\":\"1-000001\",\"dest_port\":22}],\"revised_for\":\"\","
		"\"matched\":{},\"notify\":[]}");
}

static bool read_text(const char *text, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_reader_free) struct json_reader *r = json_reader_new(LEN_MAX);
	struct json_value root;
	struct alert alert;

	assert_true(json_read(r, slice_of(text), &root, err));
	return alert_read(root, a, &alert, err);
}

static void what_is_missing_or_wrong_is_named(void **state)
{
	static const struct {
		const char *json, *said; /* NULL: fine */
	} rows[] = {
		{START RULE "\"domain\":\"network\"}", NULL},
		{START RULE "\"domain\":\"network\",\"new\":{\"x\":[1]},\"count\":null}", NULL},
		{"[]", "alert: not an object"},
		{"{}", "alert: alert_id must be given"},
		{"{\"alert_id\":\"al-0123456789ABCDEF01234567\"}",
			"alert: alert_id must be al- and 24 hex digits"},
		{"{\"alert_id\":\"al-0123\"}", "alert: alert_id must be al- and 24 hex digits"},
		{"{\"alert_id\":7}", "alert: alert_id must be a text that is not empty"},
		{"{\"alert_id\":\"" ID "\"}", "alert: revision must be given"},
		{"{\"alert_id\":\"" ID "\",\"revision\":0}", "alert: revision must be 1 or more"},
		{"{\"alert_id\":\"" ID "\",\"revision\":-1}",
			"alert: revision must be an integer of 0 or more"},
		{"{\"alert_id\":\"" ID "\",\"revision\":1,\"timestamp\":\"yesterday\"}",
			"alert: timestamp must be a time as in RFC 3339"},
		{START "\"domain\":\"network\"}", "alert: rule.id must be given"},
		{START "\"rule\":{\"id\":\"r\",\"title\":\"\"}}",
			"alert: rule.title must be a text that is not empty"},
		{START "\"rule\":{\"id\":\"r\",\"title\":\"t\",\"level\":\"urgent\"}}",
			"alert: rule.level must be informational, low, medium, high or critical"},
		{START "\"rule\":{\"id\":\"r\",\"title\":\"t\",\"level\":\"low\",\"tags\":[1]}}",
			"alert: rule.tags must be a list of at most 32 texts"},
		{START RULE "\"domain\":\"x\"}",
			"alert: domain must be network, information or bridge"},
		{START RULE "\"domain\":\"network\",\"attack\":{}}",
			"alert: attack must be a list of at most 32 texts"},
		{START RULE "\"domain\":\"network\",\"group\":[]}",
			"alert: group must be an object"},
		{START RULE "\"domain\":\"network\",\"count\":1.5}",
			"alert: count must be an integer of 0 or more"},
		{START RULE "\"domain\":\"network\",\"owner\":[]}", "alert: owner must be a text"},
		{START RULE "\"domain\":\"network\",\"advice\":{\"vi\":1}}",
			"alert: advice.vi must be a text"},
		{START RULE "\"domain\":\"network\",\"events\":{}}",
			"alert: events must be a list of at most 10 events"},
		{START RULE "\"domain\":\"network\",\"events\":[1,2,3,4,5,6,7,8,9,10,11]}",
			"alert: events must be a list of at most 10 events"},
		{START RULE "\"domain\":\"network\",\"attack\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\","
			    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
			    "\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]}",
			"alert: attack must be a list of at most 32 texts"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = {0};

		assert_int_equal(read_text(rows[i].json, &err), rows[i].said == NULL);
		if (rows[i].said)
			assert_string_equal(err_text(&err), rows[i].said);
	}
}

static void an_id_depends_on_rule_group_and_event(void **state)
{
	static const struct {
		const char *rule, *group, *event;
	} rows[] = {
		{"r", "g", "1-1"},
		{"r", "g", "1-2"},
		{"r", "h", "1-1"},
		{"q", "g", "1-1"},
		{"rg", "", "1-1"},
		{"", "rg", "1-1"},
	};
	enum { COUNT = sizeof rows / sizeof *rows };
	char ids[COUNT][ALERT_ID_LEN + 1], again[ALERT_ID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		alert_id_make(slice_of(rows[i].rule), slice_of(rows[i].group),
			slice_of(rows[i].event), ids[i]);
		alert_id_make(slice_of(rows[i].rule), slice_of(rows[i].group),
			slice_of(rows[i].event), again);
		assert_string_equal(ids[i], again);
		assert_int_equal(strlen(ids[i]), ALERT_ID_LEN);
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(ids[i], ids[other]);
	}
	/* The SHA-256 of "r", "g" and "1-1", a NUL after each: receivers keep these ids. */
	assert_string_equal(ids[0], "al-c8b4077cd9a87c7e6bb90ec8");
}

static void levels_have_names_in_both_languages(void **state)
{
	(void)state;
	for (int i = ALERT_INFORMATIONAL; i <= ALERT_CRITICAL; i++) {
		enum alert_level level = (enum alert_level)i, back;

		assert_true(alert_level_read(slice_of(alert_level_name(level)), &back));
		assert_int_equal(back, level);
	}
	assert_string_equal(alert_level_name_vi(ALERT_HIGH), "cao");
	assert_false(alert_level_read(SLICE("High"), &(enum alert_level){0}));
	assert_string_equal(alert_domain_name(ALERT_INFORMATION), "information");
}

static void standing_and_notice_are_added_and_all_else_stays(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(json_reader_free) struct json_reader *r = json_reader_new(LEN_MAX);
	CLEANUP(buf_release) struct buf out = {0}, both = {0};
	const struct slice json =
		SLICE(START RULE "\"domain\":\"network\",\"later\":{\"a\" : [1]}}\n");
	const struct alert_standing standing = {.change = 2,
		.at_us = 1000000,
		.state = SLICE("closed"),
		.disposition = SLICE(ALERT_FALSE_POSITIVE),
		.reason = SLICE("nhầm \"x\""),
		.incident = SLICE("serious"),
		.incident_us = 2000000};
	const struct alert_notice notice = {.id = SLICE("24h"),
		.kind = SLICE(ALERT_NOTICE_REMINDER),
		.due_us = 3000000,
		.vi = SLICE("hạn"),
		.en = SLICE("due")};
	struct json_value root;
	struct alert back;
	struct err err = {0};

	(void)state;
	alert_amend(json, &standing, NULL, &out);
	alert_amend(buf_slice(&out), NULL, &notice, &both);
	assert_true(slice_starts(buf_slice(&both), (struct slice){json.at, json.len - 2}));
	assert_true(json_read(r, buf_slice(&both), &root, &err));
	assert_true(alert_read(root, a, &back, &err));
	assert_int_equal(back.standing.change, 2);
	assert_int_equal(back.standing.incident_us, 2000000);
	assert_true(slice_equal(back.standing.reason, standing.reason));
	assert_true(slice_equal(back.notice.id, notice.id));
	assert_int_equal(back.notice.due_us, 3000000);
}

static void a_notice_id_that_no_key_may_hold_is_refused(void **state)
{
	static const char *const ids[] = {"a.b", "A", "a b", "0123456789012345678901234", "a\\n"};

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		CLEANUP(json_reader_free) struct json_reader *r = json_reader_new(LEN_MAX);
		CLEANUP(buf_release) struct buf json = {0};
		struct json_value root;
		struct alert back;
		struct err err = {0};

		buf_printf(&json, "%s\"notice\":{\"id\":\"%s\",\"kind\":\"reminder\"}}",
			START RULE "\"domain\":\"network\",", ids[i]);
		assert_true(json_read(r, buf_slice(&json), &root, &err));
		assert_false(alert_read(root, a, &back, &err));
		assert_non_null(strstr(err_text(&err), "notice.id"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standing_and_notice_are_added_and_all_else_stays),
		cmocka_unit_test(a_notice_id_that_no_key_may_hold_is_refused),
		cmocka_unit_test(an_alert_reads_back_as_it_was_written),
		cmocka_unit_test(an_alert_is_written_as_documented),
		cmocka_unit_test(what_is_missing_or_wrong_is_named),
		cmocka_unit_test(an_id_depends_on_rule_group_and_event),
		cmocka_unit_test(levels_have_names_in_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
