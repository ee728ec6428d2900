#include "lib/buf.h"
#include "probe/stream.h"
#include "tests/unit/test.h"

#include <string.h>

enum { WHOLE = 0 };

/* Takes `unit` bytes at a time, WHOLE: all it is shown; after `skip_at` bytes it passes over
 * `skip`; after `done_at` bytes it wants no more. */
struct eater {
	size_t unit, skip_at, skip, done_at;
	struct buf eaten;
};

static size_t eat(void *ctx, struct slice bytes)
{
	struct eater *e = ctx;
	size_t len = e->unit == WHOLE ? bytes.len : e->unit;

	if (e->done_at && e->eaten.len >= e->done_at)
		return STREAM_DONE;
	if (bytes.len < len)
		return 0;
	buf_add(&e->eaten, bytes.at, len);
	if (e->skip && e->eaten.len == e->skip_at)
		return len + e->skip;
	return len;
}

struct fixture {
	struct pool *buffers;
	struct stream stream;
	struct stream_reader reader;
};

static void begin(struct fixture *f, struct eater *e)
{
	f->buffers = pool_new(STREAM_BUFFER_LEN, 1);
	f->reader = (struct stream_reader){eat, e, f->buffers};
	stream_start(&f->stream, 1000);
}

static void end(struct fixture *f, struct eater *e)
{
	stream_end(&f->stream, f->buffers);
	assert_int_equal(pool_taken(f->buffers), 0);
	pool_free(&f->buffers);
	buf_release(&e->eaten);
}

static enum stream_result give(struct fixture *f, uint32_t offset, const char *text)
{
	return stream_segment(&f->stream, &f->reader, 1000 + offset, slice_of(text));
}

static void segments_in_order_are_read_at_once(void **state)
{
	struct eater e = {0};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	assert_int_equal(give(&f, 0, "abc"), STREAM_OK);
	assert_int_equal(give(&f, 3, "def"), STREAM_OK);
	assert_string_equal(buf_text(&e.eaten), "abcdef");
	assert_int_equal(pool_taken(f.buffers), 0);
	end(&f, &e);
}

static void what_was_sent_again_is_read_once(void **state)
{
	struct eater e = {0};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	(void)give(&f, 0, "abc");
	(void)give(&f, 0, "ABC");
	(void)give(&f, 1, "BCdef");
	assert_string_equal(buf_text(&e.eaten), "abcdef");
	end(&f, &e);
}

static void segments_out_of_order_wait(void **state)
{
	struct eater e = {0};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	assert_int_equal(give(&f, 6, "ghi"), STREAM_OK);
	assert_int_equal(give(&f, 3, "def"), STREAM_OK);
	assert_string_equal(buf_text(&e.eaten), "");
	assert_int_equal(give(&f, 0, "abc"), STREAM_OK);
	assert_string_equal(buf_text(&e.eaten), "abcdefghi");
	assert_int_equal(pool_taken(f.buffers), 0);
	end(&f, &e);
}

static void the_first_copy_of_a_byte_wins(void **state)
{
	struct eater e = {0};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	(void)give(&f, 2, "cd");
	(void)give(&f, 1, "XXXXe");
	(void)give(&f, 0, "a");
	assert_string_equal(buf_text(&e.eaten), "aXcdXe");
	end(&f, &e);
}

static void what_the_reader_leaves_comes_again(void **state)
{
	struct eater e = {.unit = 4};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	(void)give(&f, 0, "ab");
	assert_string_equal(buf_text(&e.eaten), "");
	(void)give(&f, 2, "cdef");
	assert_string_equal(buf_text(&e.eaten), "abcd");
	(void)give(&f, 6, "ghijkl");
	assert_string_equal(buf_text(&e.eaten), "abcdefghijkl");
	end(&f, &e);
}

static void bytes_passed_over_may_be_missing(void **state)
{
	struct eater e = {.unit = 2, .skip_at = 2, .skip = 100000};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	(void)give(&f, 0, "ab--");
	assert_int_equal(give(&f, 90000, "----"), STREAM_OK);
	assert_int_equal(give(&f, 100000, "--cd"), STREAM_OK);
	assert_string_equal(buf_text(&e.eaten), "abcd");
	end(&f, &e);
}

static void a_hole_too_large_ends_the_direction(void **state)
{
	struct eater e = {0};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	(void)give(&f, 0, "ab");
	assert_int_equal(give(&f, STREAM_BUFFER_LEN + 2, "x"), STREAM_GAP);
	assert_int_equal(give(&f, 2, "cd"), STREAM_ENDED);
	assert_string_equal(buf_text(&e.eaten), "ab");
	assert_int_equal(pool_taken(f.buffers), 0);
	end(&f, &e);
}

static void too_many_holes_end_the_direction(void **state)
{
	struct eater e = {0};
	struct fixture f;
	enum stream_result result = STREAM_OK;
	uint32_t i;

	(void)state;
	begin(&f, &e);
	for (i = 0; i < 2 * STREAM_RANGES_MAX && result == STREAM_OK; i++)
		result = give(&f, 2 + 2 * i, "x");
	assert_int_equal(result, STREAM_GAP);
	assert_int_equal(i, STREAM_RANGES_MAX + 1);
	end(&f, &e);
}

static void a_reader_that_wants_too_much_at_once_is_ended(void **state)
{
	struct eater e = {.unit = STREAM_BUFFER_LEN + 1};
	struct fixture f;
	char block[1024];
	enum stream_result result = STREAM_OK;

	(void)state;
	memset(block, 'x', sizeof block);
	begin(&f, &e);
	for (uint32_t at = 0; at < 2 * STREAM_BUFFER_LEN && result == STREAM_OK; at += 1000)
		result = stream_segment(
			&f.stream, &f.reader, 1000 + at, (struct slice){block, 1000});
	assert_int_equal(result, STREAM_FULL);
	end(&f, &e);
}

static void without_a_buffer_left_the_direction_ends(void **state)
{
	struct eater e = {.unit = 4};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	void *taken = pool_take(f.buffers);
	assert_int_equal(give(&f, 0, "ab"), STREAM_FULL);
	pool_give(f.buffers, taken);
	end(&f, &e);
}

static void a_reader_that_is_done_sees_nothing_more(void **state)
{
	struct eater e = {.unit = 1, .done_at = 2};
	struct fixture f;

	(void)state;
	begin(&f, &e);
	assert_int_equal(give(&f, 0, "abcd"), STREAM_ENDED);
	assert_int_equal(give(&f, 4, "ef"), STREAM_ENDED);
	assert_string_equal(buf_text(&e.eaten), "ab");
	end(&f, &e);
}

/* A linear congruential generator: the same throws in each run. */
static int dice(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (int)(*seed >> 8);
}

/* Any order, overlaps and sizes: what is read is the text. */
static void whatever_the_order_the_text_comes_out(void **state)
{
	uint32_t seed = 1;
	char text[4097];

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = (char)('a' + dice(&seed) % 26);
	text[sizeof text - 1] = '\0';
	for (int round = 0; round < 200; round++) {
		struct eater e = {.unit = round % 3 == 0 ? WHOLE : 1 + (size_t)(dice(&seed) % 40)};
		struct fixture f;
		size_t given = 0;

		begin(&f, &e);
		while (given < sizeof text - 1) {
			size_t from = given < 200 ? 0 : given - (size_t)(dice(&seed) % 200);
			size_t len = 1 + (size_t)(dice(&seed) % 400);

			if (from + len > sizeof text - 1)
				len = sizeof text - 1 - from;
			if (dice(&seed) % 4 == 0 && from + len + 300 < sizeof text)
				(void)stream_segment(&f.stream, &f.reader,
					1000 + (uint32_t)(from + len + 100),
					(struct slice){text + from + len + 100, 150});
			assert_int_equal(stream_segment(&f.stream, &f.reader, 1000 + (uint32_t)from,
						 (struct slice){text + from, len}),
				STREAM_OK);
			if (from + len > given)
				given = from + len;
		}
		assert_memory_equal(e.eaten.at, text, e.eaten.len);
		assert_true(e.eaten.len + 40 > sizeof text - 1);
		end(&f, &e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_in_order_are_read_at_once),
		cmocka_unit_test(what_was_sent_again_is_read_once),
		cmocka_unit_test(segments_out_of_order_wait),
		cmocka_unit_test(the_first_copy_of_a_byte_wins),
		cmocka_unit_test(what_the_reader_leaves_comes_again),
		cmocka_unit_test(bytes_passed_over_may_be_missing),
		cmocka_unit_test(a_hole_too_large_ends_the_direction),
		cmocka_unit_test(too_many_holes_end_the_direction),
		cmocka_unit_test(a_reader_that_wants_too_much_at_once_is_ended),
		cmocka_unit_test(without_a_buffer_left_the_direction_ends),
		cmocka_unit_test(a_reader_that_is_done_sees_nothing_more),
		cmocka_unit_test(whatever_the_order_the_text_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
