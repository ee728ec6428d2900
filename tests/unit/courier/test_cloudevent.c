#include "courier/cloudevent.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void the_event_is_written_as_the_json_format_says(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	const struct alert alert = {.revision = 1,
		.timestamp_us = INT64_C(1764000000000001),
		.entity = SLICE("10.1.0.5")};
	const struct parcel parcel = {
		.key = "al-0123456789abcdef01234567-1",
		.alert = &alert,
		.json = SLICE("{\"count\": 3}"),
	};

	(void)state;
	cloudevent_write(&parcel, "/haidang", &out);
	assert_string_equal(buf_text(&out),
		"{\"specversion\":\"1.0\",\"id\":\"al-0123456789abcdef01234567-1\","
		"\"source\":\"/haidang\",\"type\":\"vn.haidang.alert.raised\","
		"\"subject\":\"10.1.0.5\",\"time\":\"2025-11-24T16:00:00.000001+00:00\","
		"\"datacontenttype\":\"application/json\",\"data\":{\"count\": 3}}");
}

static const char *type_in(const struct buf *out)
{
	static const char *const types[] = {CLOUDEVENT_TYPE_RAISED, CLOUDEVENT_TYPE_UPDATED,
		CLOUDEVENT_TYPE_STATE, CLOUDEVENT_TYPE_RETRACTED, CLOUDEVENT_TYPE_ESCALATED,
		CLOUDEVENT_TYPE_REMINDER, CLOUDEVENT_TYPE_TEST};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (slice_find(buf_slice(out), slice_of(types[i])) < out->len)
			return types[i];
	return "none";
}

static void the_type_tells_what_became_of_the_alert(void **state)
{
	static const struct {
		uint64_t revision;
		enum parcel_purpose purpose;
		const char *type;
	} rows[] = {
		{1, PARCEL_ALERT, CLOUDEVENT_TYPE_RAISED},
		{2, PARCEL_ALERT, CLOUDEVENT_TYPE_UPDATED},
		{2, PARCEL_STATE, CLOUDEVENT_TYPE_STATE},
		{1, PARCEL_RETRACTION, CLOUDEVENT_TYPE_RETRACTED},
		{1, PARCEL_ESCALATION, CLOUDEVENT_TYPE_ESCALATED},
		{1, PARCEL_REMINDER, CLOUDEVENT_TYPE_REMINDER},
		{1, PARCEL_TEST, CLOUDEVENT_TYPE_TEST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf out = {0};
		const struct alert alert = {.revision = rows[i].revision};
		const struct parcel parcel = {.key = "k",
			.alert = &alert,
			.json = SLICE("{}"),
			.purpose = rows[i].purpose};

		cloudevent_write(&parcel, "/s", &out);
		assert_string_equal(type_in(&out), rows[i].type);
	}
}

static void a_subject_holds_only_what_cloudevents_allows(void **state)
{
	static const struct {
		struct slice entity;
		const char *member; /* with the comma after it; "" = left out */
	} rows[] = {
		{SLICE_INIT("cổng tỉnh"), "\"subject\":\"cổng tỉnh\","},
		{SLICE_INIT("a\x1b[2J\n\0b\x7f"), "\"subject\":\"a[2Jb\","},
		{SLICE_INIT("a\xc2\x9b"
			    "b\xef\xbf\xbe"
			    "c\xef\xb7\x90"),
			"\"subject\":\"abc\","},
		{SLICE_INIT("\x01\x02"), ""},
		{SLICE_INIT(""), ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(buf_release) struct buf out = {0}, want = {0};
		const struct alert alert = {.revision = 1, .entity = rows[i].entity};
		const struct parcel parcel = {.key = "k", .alert = &alert, .json = SLICE("{}")};

		cloudevent_write(&parcel, "/s", &out);
		buf_printf(&want, "alert.raised\",%s\"time\"", rows[i].member);
		assert_true(slice_find(buf_slice(&out), buf_slice(&want)) < out.len);
	}
}

static void a_long_subject_is_cut_at_a_character(void **state)
{
	CLEANUP(buf_release) struct buf out = {0}, entity = {0};
	struct alert alert = {.revision = 1};
	const struct parcel parcel = {.key = "k", .alert = &alert, .json = SLICE("{}")};

	(void)state;
	buf_add_byte(&entity, 'a');
	while (entity.len / 3 < SUBJECT_LEN_MAX)
		buf_add_text(&entity, "ộ");
	alert.entity = buf_slice(&entity);
	cloudevent_write(&parcel, "/s", &out);
	assert_true(out.len < SUBJECT_LEN_MAX + 250);
	assert_true(slice_find(buf_slice(&out), SLICE("ộ\",\"time\"")) < out.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_event_is_written_as_the_json_format_says),
		cmocka_unit_test(the_type_tells_what_became_of_the_alert),
		cmocka_unit_test(a_subject_holds_only_what_cloudevents_allows),
		cmocka_unit_test(a_long_subject_is_cut_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
