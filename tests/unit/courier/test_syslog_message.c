#include "courier/cef.h"
#include "courier/syslog_message.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

typedef void add_fn(struct buf *out, struct slice text);

static void add_cef_value(struct buf *out, struct slice text)
{
	cef_add_value(out, text, 8);
}

static void add_host(struct buf *out, struct slice text)
{
	syslog_add_header(out, text, 6);
}

static void texts_are_escaped_as_their_place_asks(void **state)
{
	static const struct {
		add_fn *add;
		const char *text, *expected;
	} rows[] = {
		{syslog_add_value, "plain", "plain"},
		{syslog_add_value, "a\"b\\c]d[e=f|g", "a\\\"b\\\\c\\]d[e=f|g"},
		{syslog_add_value, "a\nb\tc\001d\177e", "a b cde"},
		{syslog_add_value, "Đà Nẵng", "Đà Nẵng"},
		{cef_add_header, "a|b\\c=d\ne\rf", "a\\|b\\\\c=d e f"},
		{cef_add_header, "Đ\001à", "Đà"},
		{add_cef_value, "a|b", "a|b"},
		{add_cef_value, "a=b\\c", "a\\=b\\\\c"},
		{add_cef_value, "a\nb\rc", "a\\nb\\rc"},
		{add_cef_value, "1234567ẵ", "1234567"}, /* never half a character */
		{add_cef_value, "12345ẵxyz", "12345ẵ"},
		{add_host, "a b\001c", "abc"},
		{add_host, "abcdefgh", "abcdef"},
		{add_host, "", "-"},
		{add_host, "ẵ", "-"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf out = {0};

		rows[i].add(&out, slice_of(rows[i].text));
		assert_string_equal(buf_text(&out), rows[i].expected);
	}
}

static struct alert sample(void)
{
	return (struct alert){.alert_id = SLICE("al-0123456789abcdef01234567"),
		.revision = 1,
		.rule = {.id = SLICE("r"), .title_vi = SLICE("Tên"), .level = ALERT_HIGH},
		.group = SLICE("{\"src_ip\":\"10.0.0.1\"}"),
		.events = SLICE("[]")};
}

static void a_message_has_its_parts_in_order(void **state)
{
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(ALERT_JSON_MAX);
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct alert alert = sample();
	struct parcel parcel = {.key = "k-1", .purpose = PARCEL_ALERT, .alert = &alert};
	struct syslog_origin origin = {16, 32473, SYSLOG_RFC5424, "host", 7};
	struct observed seen;
	static const char head[] = "<131>1 1970-01-01T00:00:00.000000+00:00 host haidang-courier 7 "
				   "ALERT [haidang@32473 key=\"k-1\" alert=\"al-0123456789abcdef"
				   "01234567\" revision=\"1\" purpose=\"alert\" rule=\"r\" "
				   "level=\"high\" domain=\"network\" count=\"0\"";

	(void)state;
	observed_read(reader, a, &alert, &seen);
	syslog_write(&origin, &parcel, &seen, &out);
	assert_memory_equal(out.at, head, strlen(head));
	assert_non_null(strstr(buf_text(&out), " src=\"10.0.0.1\"][origin "));
	assert_true(slice_ends(buf_slice(&out), SLICE("[meta language=\"vi\"] \xef\xbb\xbfTên")));
}

static void a_message_is_cut_within_its_words_only(void **state)
{
	CLEANUP(buf_release) struct buf words = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct alert alert = sample();
	struct parcel parcel = {.key = "k-1", .purpose = PARCEL_ALERT, .alert = &alert};
	struct syslog_origin origin = {16, 32473, SYSLOG_RFC5424, "host", 7};
	struct observed seen = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_add_text(&words, "ẵ");
	alert.explanation_vi = alert.entity = buf_slice(&words);
	syslog_write(&origin, &parcel, &seen, &out);
	assert_in_range(out.len, SYSLOG_LEN_MAX - 3, SYSLOG_LEN_MAX);
	assert_non_null(strstr(buf_text(&out), "[meta language=\"vi\"]"));
	assert_true(slice_ends(buf_slice(&out), SLICE("ẵ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped_as_their_place_asks),
		cmocka_unit_test(a_message_has_its_parts_in_order),
		cmocka_unit_test(a_message_is_cut_within_its_words_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
