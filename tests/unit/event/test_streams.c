#include "event/streams.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static void streams_are_named_by_kind_name_and_worker(void **state)
{
	static const struct {
		const char *kind, *name;
		unsigned worker;
		const char *stream;
	} rows[] = {
		{"net", "s1", 0, "ev:{net.s1.0}"},
		{"web", "trang-tin_2", 12, "ev:{web.trang-tin_2.12}"},
		{"net", "0123456789012345678901234567890123456789012345678901234567890123",
			4294967295,
			"ev:{net.0123456789012345678901234567890123456789012345678901234567890123."
			"4294967295}"},
	};
	char stream[STREAM_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		stream_producer(rows[i].kind, rows[i].name, rows[i].worker, stream);
		assert_string_equal(stream, rows[i].stream);
	}
}

static void names_that_would_break_a_key_are_refused(void **state)
{
	static const char *const bad[] = {"", " ", "a b", "a.b", "a}b", "{", "a:b", "a|b", "ă",
		"a\n", "01234567890123456789012345678901234567890123456789012345678901234"};

	(void)state;
	assert_true(stream_name_is_valid("Az09-_"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(stream_name_is_valid(bad[i]));
}

static void only_names_with_a_whole_hash_tag_are_producer_streams(void **state)
{
	static const char *const good[] = {
		"ev:{net.a.0}", "ev:{web.trang-tin_2.12}", "ev:{net.Az.4294967295}"};
	static const char *const bad[] = {"", "ev:", "ev:{", "ev:{}", "ev:{net.a.0", "ev:net.a.0",
		"EV:{net.a.0}", "ev:{net.a.0}x", "ev:{}}", "ev:{a}b}", "ev:{{a}", "ev:{a\"b}",
		"ev:{a\nb}", "ev:{a\\}", "al:{b00}"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(stream_is_producer(slice_of(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(stream_is_producer(slice_of(bad[i])));
	assert_false(stream_is_producer(slice_over("ev:{a\0}", 7)));

	char longest[STREAM_NAME_MAX + 1];

	(void)snprintf(longest, sizeof longest, "ev:{%0*d", STREAM_NAME_MAX - 4, 0);
	longest[STREAM_NAME_MAX - 2] = '}';
	assert_true(stream_is_producer(slice_over(longest, STREAM_NAME_MAX - 1)));
	longest[STREAM_NAME_MAX - 1] = '}';
	longest[STREAM_NAME_MAX - 2] = '0';
	assert_false(stream_is_producer(slice_over(longest, STREAM_NAME_MAX)));
}

static void window_and_alerts_of_a_bucket_share_a_hash_tag(void **state)
{
	char group[16], alerts[STREAM_NAME_MAX];
	unsigned seen[ALERT_BUCKETS] = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		CLEANUP(buf_release) struct buf window = {0};
		struct slice name = {group, (size_t)snprintf(group, sizeof group, "10.0.0.%d", i)};
		unsigned bucket = stream_bucket(SLICE("rule"), name);

		assert_true(bucket < ALERT_BUCKETS);
		seen[bucket]++;
		stream_window(SLICE("rule"), name, &window);
		stream_alerts(bucket, alerts);
		assert_memory_equal(window.at + 2, alerts + 3, strlen("{b00}"));
		assert_true(slice_ends(buf_slice(&window), name));
	}
	for (size_t i = 0; i < ALERT_BUCKETS; i++)
		assert_in_range(seen[i], 30, 100);
}

/* Data in Redis is kept under these names: the layout must not change. */
static void the_layout_stays(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	stream_window(SLICE("a1b2"), SLICE("10.0.0.7|x"), &out);
	buf_add_byte(&out, ' ');
	stream_lease(SLICE("ev:{net.s1.0}"), &out);
	assert_string_equal(buf_text(&out), "w:{b03}:a1b2|10.0.0.7|x lease:ev:{net.s1.0}");
	assert_int_not_equal(
		stream_bucket(SLICE("ab"), SLICE("c")), stream_bucket(SLICE("a"), SLICE("bc")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_named_by_kind_name_and_worker),
		cmocka_unit_test(names_that_would_break_a_key_are_refused),
		cmocka_unit_test(only_names_with_a_whole_hash_tag_are_producer_streams),
		cmocka_unit_test(window_and_alerts_of_a_bucket_share_a_hash_tag),
		cmocka_unit_test(the_layout_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
