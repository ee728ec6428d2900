#include "event/spool.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING_START  ((size_t)8192)
#define RECORD_HEAD ((size_t)56)

struct bench {
	char folder[64], path[96];
	struct spool *spool;
};

static int bench_make(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	(void)snprintf(b->folder, sizeof b->folder, "/tmp/haidang-spool-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	(void)snprintf(b->path, sizeof b->path, "%s/spool", b->folder);
	*state = b;
	return 0;
}

static int bench_remove(void **state)
{
	struct bench *b = *state;

	spool_close(&b->spool);
	(void)unlink(b->path);
	(void)rmdir(b->folder);
	mem_free(b);
	return 0;
}

static bool reopen(struct bench *b, int64_t len_max)
{
	bool damaged;

	spool_close(&b->spool);
	assert_int_equal(spool_open(b->path, len_max, &b->spool, &damaged), 0);
	return !damaged;
}

/* Record n: id n-n, n % 5 events, a text that begins with n and is `len` bytes long. */
static int append(struct bench *b, uint32_t n, size_t len)
{
	char *text = mem_alloc(len + 16);
	const struct spool_record record = {
		.first = {.ms = n}, .id = {.ms = n, .seq = n}, .count = n % 5, .text = {text, len}};

	memset(text, 'x', len);
	(void)snprintf(text, 16, "%08u", n);
	text[8] = 'x';

	int error = spool_append(b->spool, &record);

	mem_free(text);
	return error;
}

/* Reads everything, checking that the records are first, first + 1, … */
static size_t read_all(struct bench *b, uint32_t first)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct spool_place place = spool_first(b->spool);
	struct spool_record r;
	size_t count = 0;

	while (spool_read(b->spool, &place, &r, &text)) {
		char number[16];
		uint32_t n = first + (uint32_t)count++;

		(void)snprintf(number, sizeof number, "%08u", n);
		assert_int_equal(r.id.ms, n);
		assert_int_equal(r.id.seq, n);
		assert_int_equal(r.first.ms, n);
		assert_int_equal(r.count, n % 5);
		assert_true(slice_starts(r.text, slice_of(number)));
		assert_true(slice_ends(r.text, SLICE("x")));
		buf_clear(&text);
	}
	return count;
}

static void drop(struct bench *b, size_t count)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct spool_place place = spool_first(b->spool);
	struct spool_record r;

	while (count--)
		assert_true(spool_read(b->spool, &place, &r, &text));
	assert_int_equal(spool_drop(b->spool, place), 0);
}

static void records_come_out_in_order_also_after_a_restart(void **state)
{
	struct bench *b = *state;

	assert_true(reopen(b, 1 << 20));
	assert_true(spool_is_empty(b->spool));
	for (uint32_t n = 0; n < 100; n++)
		assert_int_equal(append(b, n, 100 + n), 0);
	assert_int_equal(read_all(b, 0), 100);
	assert_int_equal(spool_events(b->spool), 200);
	drop(b, 30);
	assert_int_equal(read_all(b, 30), 70);
	assert_true(reopen(b, 1 << 20));
	assert_false(spool_was_torn(b->spool));
	assert_int_equal(read_all(b, 30), 70);
	assert_int_equal(spool_events(b->spool), 140);
	assert_int_equal(spool_last(b->spool).ms, 99);
	assert_int_equal(spool_clear(b->spool), 0);
	assert_true(spool_is_empty(b->spool));
	assert_int_equal(spool_last(b->spool).ms, 0);
	assert_int_equal(spool_events(b->spool), 0);
	assert_true(reopen(b, 1 << 20));
	assert_true(spool_is_empty(b->spool));
}

/* Many rounds of a small ring with lengths that leave no end in the same place twice. */
static void the_ring_goes_round(void **state)
{
	struct bench *b = *state;
	uint32_t in = 0, out = 0;

	assert_true(reopen(b, 1));
	while (in < 3000) {
		while (append(b, in, 9 + in * 37 % 3000) == 0)
			in++;
		assert_int_equal(read_all(b, out), in - out);
		drop(b, (in - out) / 2 + 1);
		out += (in - out) / 2 + 1;
		if (in % 7 == 0)
			assert_true(reopen(b, 1));
		assert_int_equal(read_all(b, out), in - out);
	}
	assert_true(spool_len(b->spool) <= 65536);
}

/* Records of one size that fill the ring evenly: behind the newest lies a whole old one. */
static void what_an_earlier_round_left_is_not_read(void **state)
{
	enum { LEN = 256 - 56, PER_ROUND = 65536 / 256 };
	struct bench *b = *state;

	assert_true(reopen(b, 1));
	for (uint32_t n = 0; n < PER_ROUND; n++)
		assert_int_equal(append(b, n, LEN), 0);
	assert_int_equal(append(b, 0, LEN), -ENOSPC);
	assert_int_equal(spool_clear(b->spool), 0);
	for (uint32_t n = 1000; n < 1000 + PER_ROUND / 2; n++)
		assert_int_equal(append(b, n, LEN), 0);
	assert_true(reopen(b, 1));
	assert_int_equal(read_all(b, 1000), PER_ROUND / 2);
}

static void a_full_ring_refuses_and_keeps_what_it_has(void **state)
{
	struct bench *b = *state;
	uint32_t n = 0;

	assert_true(reopen(b, 1));
	while (append(b, n, 1000) == 0)
		n++;
	assert_int_equal(n, 65536 / (1000 + RECORD_HEAD));
	assert_int_equal(append(b, n, 1000), -ENOSPC);
	assert_int_equal(read_all(b, 0), n);
	drop(b, 1);
	assert_int_equal(append(b, n, 1000), 0);
	assert_int_equal(append(b, n, 1000), -ENOSPC);
	assert_int_equal(append(b, n, 65536), -ENOSPC);
}

/* Whatever of the last record's bytes did not reach the disk, the ones before it stay. */
static void a_torn_record_ends_the_spool(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf whole = {0};
	struct err err = {0};

	assert_true(reopen(b, 1 << 20));
	for (uint32_t n = 0; n < 5; n++)
		assert_int_equal(append(b, n, 100), 0);
	spool_close(&b->spool);
	assert_true(file_read(b->path, 1 << 20, &whole, &err));
	assert_int_equal(whole.len, RING_START + 5 * (100 + RECORD_HEAD));
	for (size_t lost = 1; lost <= 100 + RECORD_HEAD; lost++) {
		assert_int_equal(file_write(b->path, slice_over(whole.at, whole.len - lost)), 0);
		assert_true(reopen(b, 1 << 20));
		assert_int_equal(spool_was_torn(b->spool), lost <= 100);
		assert_int_equal(read_all(b, 0), 4);
		assert_int_equal(append(b, 4, 30), 0);
		assert_true(reopen(b, 1 << 20));
		assert_int_equal(read_all(b, 0), 5);
	}
}

static void a_flipped_bit_is_noticed(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf whole = {0};
	struct err err = {0};

	assert_true(reopen(b, 1 << 20));
	for (uint32_t n = 0; n < 2; n++)
		assert_int_equal(append(b, n, 40), 0);
	spool_close(&b->spool);
	assert_true(file_read(b->path, 1 << 20, &whole, &err));
	for (size_t at = RING_START; at < whole.len; at++) {
		whole.at[at] = (char)(whole.at[at] ^ 4);
		assert_int_equal(file_write(b->path, buf_slice(&whole)), 0);
		whole.at[at] = (char)(whole.at[at] ^ 4);
		assert_true(reopen(b, 1 << 20));
		assert_int_equal(read_all(b, 0), at < RING_START + 40 + RECORD_HEAD ? 0 : 1);
	}
}

static void one_damaged_header_slot_does_no_harm(void **state)
{
	struct bench *b = *state;
	CLEANUP(buf_release) struct buf whole = {0};
	struct err err = {0};

	assert_true(reopen(b, 1 << 20));
	for (uint32_t n = 0; n < 9; n++)
		assert_int_equal(append(b, n, 40), 0);
	for (int i = 0; i < 2; i++)
		drop(b, 2);
	spool_close(&b->spool);
	assert_true(file_read(b->path, 1 << 20, &whole, &err));
	for (size_t slot = 0; slot < 2; slot++) {
		char was = whole.at[slot * 4096 + 16];

		whole.at[slot * 4096 + 16] = (char)~was;
		assert_int_equal(file_write(b->path, buf_slice(&whole)), 0);
		whole.at[slot * 4096 + 16] = was;
		assert_true(reopen(b, 1 << 20));
		assert_in_range(spool_len(b->spool) / (40 + RECORD_HEAD), 5, 7);
		assert_int_equal(spool_last(b->spool).ms, 8);
	}
}

static void a_file_that_is_no_spool_is_begun_anew(void **state)
{
	struct bench *b = *state;

	assert_int_equal(file_write(b->path, SLICE("hello")), 0);
	assert_false(reopen(b, 1 << 20));
	assert_int_equal(append(b, 0, 40), 0);
	assert_int_equal(read_all(b, 0), 1);
}

static void what_is_known_about_the_ids_is_kept(void **state)
{
	struct bench *b = *state;
	const struct spool_ids ids = {
		.checked = true, .shift = {.ms = 77, .upto = {.ms = 5, .seq = 6}}};

	assert_true(reopen(b, 1 << 20));
	assert_int_equal(spool_ids_set(b->spool, &ids), 0);
	assert_true(reopen(b, 1 << 20));

	struct spool_ids back = spool_ids(b->spool);

	assert_true(back.checked);
	assert_int_equal(back.shift.ms, 77);
	assert_int_equal(back.shift.upto.ms, 5);
	assert_int_equal(back.shift.upto.seq, 6);
}

static void a_spool_has_one_user(void **state)
{
	struct bench *b = *state;
	struct spool *other;
	bool damaged;

	assert_true(reopen(b, 1 << 20));
	assert_int_equal(spool_open(b->path, 1 << 20, &other, &damaged), -EWOULDBLOCK);
	assert_null(other);
	assert_int_equal(spool_open("/nonexistent/spool", 1 << 20, &other, &damaged), -ENOENT);
}

static void a_new_length_counts_once_the_ring_is_empty(void **state)
{
	struct bench *b = *state;

	assert_true(reopen(b, 1 << 20));
	assert_int_equal(append(b, 0, 40), 0);
	assert_true(reopen(b, 1));
	assert_int_equal(append(b, 1, 500000), 0);
	assert_int_equal(read_all(b, 0), 2);
	assert_int_equal(spool_clear(b->spool), 0);
	assert_true(reopen(b, 1));
	assert_int_equal(append(b, 1, 500000), -ENOSPC);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(records_come_out_in_order_also_after_a_restart),
		CASE(the_ring_goes_round),
		CASE(what_an_earlier_round_left_is_not_read),
		CASE(a_full_ring_refuses_and_keeps_what_it_has),
		CASE(a_torn_record_ends_the_spool),
		CASE(a_flipped_bit_is_noticed),
		CASE(one_damaged_header_slot_does_no_harm),
		CASE(a_file_that_is_no_spool_is_begun_anew),
		CASE(what_is_known_about_the_ids_is_kept),
		CASE(a_spool_has_one_user),
		CASE(a_new_length_counts_once_the_ring_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
