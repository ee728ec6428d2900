#include "lib/mem.h"
#include "probe/defrag.h"
#include "tests/unit/test.h"

#include <string.h>

enum { DATAGRAMS = 4, MEMORY = 512 * 1024 };

static const uint64_t seed[4] = {1, 2, 3, 4};

static int set_up(void **state)
{
	*state = defrag_new(DATAGRAMS, MEMORY, seed);
	return 0;
}

static int tear_down(void **state)
{
	struct defrag *d = *state;

	defrag_free(&d);
	return 0;
}

struct piece {
	unsigned id, offset, len;
	bool more;
	char fill; /* 0: the bytes tell their place */
};

static char place_byte(size_t at)
{
	return (char)(at * 7 + at / 256);
}

static enum defrag_result add_at(
	struct defrag *d, const struct piece *f, int64_t time_us, struct defragmented *ret)
{
	static const uint8_t src[4] = {10, 0, 0, 1}, dst[4] = {10, 0, 0, 2};
	CLEANUP(mem_cleanup) char *body = mem_alloc(f->len + 1);

	for (size_t i = 0; i < f->len; i++)
		body[i] = place_byte(f->offset + i);
	if (f->fill)
		memset(body, f->fill, f->len);

	const struct packet p = {
		.time_us = time_us,
		.wire = f->len + 34,
		.src = address_v4(src),
		.dst = address_v4(dst),
		.proto = PROTO_UDP,
		.fragment_proto = PROTO_UDP,
		.fragment = f->offset ? FRAGMENT_LATER : FRAGMENT_FIRST,
		.fragment_id = f->id,
		.fragment_offset = f->offset,
		.fragment_more = f->more,
		.body = {body, f->len},
	};

	return defrag_add(d, &p, ret);
}

static enum defrag_result add(struct defrag *d, const struct piece *f, struct defragmented *ret)
{
	return add_at(d, f, 0, ret);
}

static void assert_bytes(const struct defragmented *whole, size_t header, size_t first, size_t len)
{
	assert_int_equal(whole->frame.captured, header + len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal((char)whole->frame.bytes[header + i], place_byte(first + i));
}

static void any_order_gives_the_datagram(void **state)
{
	static const struct piece orders[][3] = {
		{{1, 0, 16, true, 0}, {1, 16, 16, true, 0}, {1, 32, 5, false, 0}},
		{{1, 32, 5, false, 0}, {1, 16, 16, true, 0}, {1, 0, 16, true, 0}},
		{{1, 16, 16, true, 0}, {1, 32, 5, false, 0}, {1, 0, 16, true, 0}},
	};

	for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
		struct defragmented whole;

		assert_int_equal(add(*state, &orders[i][0], &whole), DEFRAG_HELD);
		assert_int_equal(add(*state, &orders[i][1], &whole), DEFRAG_HELD);
		assert_int_equal(add(*state, &orders[i][2], &whole), DEFRAG_WHOLE);
		assert_bytes(&whole, 20, 0, 37);
		assert_int_equal(whole.fragments, 3);
		assert_int_equal(whole.frame.wire, 37 + 3 * 34);
		assert_false(whole.overlap);
	}
	assert_int_equal(defrag_counts(*state).whole, 3);
}

/* The longest datagram there is, in the smallest pieces, its holes at the borders of words. */
static void a_hole_anywhere_is_waited_for(void **state)
{
	static const unsigned holes[] = {0, 63 * 8, 64 * 8, 65 * 8, 8190 * 8};
	enum { END = 65535 };

	for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
		struct piece hole = {1, holes[i], 8, true, 0};
		struct defragmented whole;

		for (unsigned at = 0; at < END; at += 8) {
			struct piece f = {1, at, at + 8 < END ? 8 : END - at, at + 8 < END, 0};

			if (at != holes[i])
				assert_int_equal(add(*state, &f, &whole), DEFRAG_HELD);
		}
		assert_int_equal(add(*state, &hole, &whole), DEFRAG_WHOLE);
		assert_bytes(&whole, 20, 0, END - 40); /* what fits behind either header */
		assert_int_equal(whole.fragments, 8192);
	}
}

static void the_first_bytes_stay_and_the_contradiction_is_told(void **state)
{
	static const struct piece first = {1, 0, 16, true, 0}, other = {1, 8, 16, true, 'x'},
				  last = {1, 24, 8, false, 0}, again = {1, 0, 16, true, 0};
	struct defragmented whole;

	assert_int_equal(add(*state, &first, &whole), DEFRAG_HELD);
	assert_int_equal(add(*state, &again, &whole), DEFRAG_HELD);
	assert_int_equal(add(*state, &other, &whole), DEFRAG_HELD);
	assert_int_equal(add(*state, &last, &whole), DEFRAG_WHOLE);
	assert_true(whole.overlap);
	assert_int_equal(whole.frame.captured, 20 + 32);
	assert_memory_equal(whole.frame.bytes + 20 + 16, "xxxxxxxx", 8);
	assert_int_equal((char)whole.frame.bytes[20 + 8], place_byte(8));
	assert_int_equal(defrag_counts(*state).overlaps, 1);
}

static void an_earlier_end_stays(void **state)
{
	static const struct piece end = {1, 16, 8, false, 0}, beyond = {1, 24, 8, true, 0},
				  first = {1, 0, 16, true, 0};
	struct defragmented whole;

	assert_int_equal(add(*state, &end, &whole), DEFRAG_HELD);
	assert_int_equal(add(*state, &beyond, &whole), DEFRAG_HELD);
	assert_int_equal(add(*state, &first, &whole), DEFRAG_WHOLE);
	assert_bytes(&whole, 20, 0, 24);
	assert_true(whole.overlap);
}

static void what_cannot_be_a_fragment_is_refused(void **state)
{
	static const struct piece bad[] = {
		{1, 65528, 8, false, 0}, /* ends behind the longest datagram */
		{1, 0, 13, true, 0},     /* cut where none may be cut */
		{1, 0, 0, true, 0},
	};
	struct defragmented whole;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(add(*state, &bad[i], &whole), DEFRAG_REFUSED);
	assert_int_equal(defrag_counts(*state).refused, sizeof bad / sizeof bad[0]);
	assert_false(defrag_expired(*state, INT64_MAX, &whole));
}

static void what_is_too_old_comes_out_as_it_is(void **state)
{
	static const struct piece second = {1, 16, 8, true, 0}, third = {1, 24, 8, true, 0},
				  fifth = {1, 40, 8, true, 0};
	struct defragmented part;
	int64_t end = DEFRAG_TIMEOUT_US;

	assert_int_equal(add_at(*state, &second, 0, &part), DEFRAG_HELD);
	assert_int_equal(add_at(*state, &third, 5000000, &part), DEFRAG_HELD);
	assert_int_equal(add_at(*state, &fifth, 5000000, &part), DEFRAG_HELD);
	assert_false(defrag_expired(*state, end - 1, &part));
	assert_true(defrag_expired(*state, end, &part));
	assert_bytes(&part, 20, 16, 16);
	assert_int_equal(part.frame.bytes[6], 0x20); /* more follow */
	assert_int_equal(part.frame.bytes[7], 16 / 8);
	assert_int_equal(part.fragments, 3);
	assert_false(defrag_expired(*state, INT64_MAX, &part));
	assert_int_equal(defrag_counts(*state).expired, 1);
}

static void the_oldest_makes_room(void **state)
{
	struct defragmented part;

	for (unsigned id = 0; id < DATAGRAMS; id++) {
		const struct piece f = {id, 8 * id, 8, true, 0};

		assert_false(defrag_expired(*state, 0, &part));
		assert_int_equal(add(*state, &f, &part), DEFRAG_HELD);
	}

	static const struct piece next = {DATAGRAMS, 0, 8, true, 0};
	assert_int_equal(add(*state, &next, &part), DEFRAG_REFUSED);
	assert_true(defrag_expired(*state, 0, &part));
	assert_bytes(&part, 20, 0, 8); /* of the first that came */
	assert_false(defrag_expired(*state, 0, &part));
	assert_int_equal(add(*state, &next, &part), DEFRAG_HELD);
}

static void memory_is_bounded_too(void **state)
{
	struct defrag *d = defrag_new(1000, MEMORY, seed);
	struct defragmented part;
	unsigned held = 0;

	(void)state;
	for (unsigned id = 0; id < 1000; id++) { /* eight bytes that take 64 KiB */
		const struct piece f = {id, 65000, 8, true, 0};

		held += add(d, &f, &part) == DEFRAG_HELD;
	}
	assert_in_range(held, 2, MEMORY / 65008);
	assert_int_equal(defrag_counts(d).refused, 1000 - held);
	assert_true(defrag_expired(d, INT64_MAX, &part));
	defrag_free(&d);
}

static void datagrams_of_one_id_and_other_hosts_are_kept_apart(void **state)
{
	static const uint8_t src[4] = {10, 0, 0, 9}, dst[4] = {10, 0, 0, 2};
	static const struct piece first = {1, 0, 8, true, 0};
	const struct packet foreign = {.src = address_v4(src),
		.dst = address_v4(dst),
		.fragment_proto = PROTO_UDP,
		.fragment_id = 1,
		.fragment_offset = 8,
		.body = SLICE("12345678")};
	struct defragmented whole;

	assert_int_equal(add(*state, &first, &whole), DEFRAG_HELD);
	assert_int_equal(defrag_add(*state, &foreign, &whole), DEFRAG_HELD);
	assert_true(defrag_expired(*state, INT64_MAX, &whole));
	assert_true(defrag_expired(*state, INT64_MAX, &whole));
	assert_false(defrag_expired(*state, INT64_MAX, &whole));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(any_order_gives_the_datagram),
		TEST(a_hole_anywhere_is_waited_for),
		TEST(the_first_bytes_stay_and_the_contradiction_is_told),
		TEST(an_earlier_end_stays),
		TEST(what_cannot_be_a_fragment_is_refused),
		TEST(what_is_too_old_comes_out_as_it_is),
		TEST(the_oldest_makes_room),
		TEST(memory_is_bounded_too),
		TEST(datagrams_of_one_id_and_other_hosts_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
