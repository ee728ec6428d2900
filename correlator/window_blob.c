/* The serialised form of a window: big-endian numbers in the order of struct window, after a
 * version by which writers compare, a format byte and a fingerprint of the rule's shape. */
#include "correlator/limits.h"
#include "correlator/told.h"
#include "correlator/window.h"
#include "lib/cursor.h"
#include "lib/mem.h"

#include <string.h>

enum { FORMAT = 1 };

/* Microseconds; beyond any date, and far from where sums of times overflow. */
#define TIME_MAX (INT64_C(1) << 60)

static void put(struct buf *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(value >> (8 * bytes)));
}

static uint64_t take_u64(struct cursor *c)
{
	uint64_t high = cursor_be32(c);

	return high << 32 | cursor_be32(c);
}

static int64_t take_time(struct cursor *c)
{
	int64_t time_us = (int64_t)take_u64(c);

	if (time_us > TIME_MAX || time_us < -TIME_MAX) {
		c->bad = true;
		return 0;
	}
	return time_us;
}

/* What elements mean depends on kind and timespan; another suppression changes nothing. */
static uint32_t shape(const struct window_spec *spec)
{
	uint64_t s = (uint64_t)spec->timespan_us / 1000 * 8 + spec->kind;

	s = (s ^ s >> 29) * UINT64_C(0x9e3779b97f4a7c15) + spec->places;
	return (uint32_t)(s ^ s >> 32);
}

static void read_marks(struct window *w, struct cursor *c)
{
	size_t count = cursor_be16(c);

	if (count > WINDOW_MARKS_MAX || cursor_left(c) < count * 20) {
		c->bad = true;
		return;
	}
	w->marks = mem_array(count ? count : 1, sizeof *w->marks);
	w->mark_count = count;
	for (size_t i = 0; i < count; i++) {
		w->marks[i].stream = take_u64(c);
		w->marks[i].id.ms = take_u64(c);
		w->marks[i].id.seq = cursor_be32(c);
	}
}

static void read_elements(struct window *w, struct cursor *c)
{
	size_t count = cursor_be32(c);

	if (count > cursor_left(c) / 16) {
		c->bad = true;
		return;
	}
	w->elements = mem_array(count ? count : 1, sizeof *w->elements);
	w->element_count = count;
	for (size_t i = 0; i < count; i++) {
		w->elements[i].time_us = take_time(c);
		w->elements[i].value = take_u64(c);
	}
}

static void read_samples(struct window *w, struct cursor *c)
{
	size_t count = cursor_u8(c);

	if (count > WINDOW_SAMPLES_MAX)
		c->bad = true;
	for (size_t i = 0; i < count && cursor_ok(c); i++) {
		struct window_sample s = {.time_us = take_time(c), .value = take_u64(c)};
		s.len = cursor_be16(c);
		const uint8_t *json = cursor_bytes(c, s.len);
		if (!json)
			return;
		s.json = mem_copy(json, s.len);
		w->samples[w->sample_count++] = s;
	}
}

bool window_read(struct window *w, const struct window_spec *spec, struct slice blob)
{
	struct cursor c = cursor_over(blob.at, blob.len);

	*w = (struct window){0};
	if (blob.len == 0)
		return true;
	(void)cursor_bytes(&c, WINDOW_VERSION_LEN);
	if (cursor_u8(&c) != FORMAT)
		return false;
	uint32_t was = cursor_be32(&c);
	w->newest_us = take_time(&c);
	w->suppressed_until_us = take_time(&c);
	w->last_alert_us = take_time(&c);
	w->alerts = take_u64(&c);
	w->muted = take_u64(&c);
	read_marks(w, &c);
	if (cursor_ok(&c) && was == shape(spec)) {
		read_elements(w, &c);
		read_samples(w, &c);
		c.bad |= !told_read(&w->told, &c);
	}
	if (cursor_ok(&c))
		return true;
	window_release(w);
	return false;
}

void window_write(
	const struct window *w, const struct window_spec *spec, uint64_t version, struct buf *out)
{
	put(out, version, WINDOW_VERSION_LEN);
	put(out, FORMAT, 1);
	put(out, shape(spec), 4);
	put(out, (uint64_t)w->newest_us, 8);
	put(out, (uint64_t)w->suppressed_until_us, 8);
	put(out, (uint64_t)w->last_alert_us, 8);
	put(out, w->alerts, 8);
	put(out, w->muted, 8);
	put(out, w->mark_count, 2);
	for (size_t i = 0; i < w->mark_count; i++) {
		put(out, w->marks[i].stream, 8);
		put(out, w->marks[i].id.ms, 8);
		put(out, w->marks[i].id.seq, 4);
	}
	put(out, w->element_count, 4);
	for (size_t i = 0; i < w->element_count; i++) {
		put(out, (uint64_t)w->elements[i].time_us, 8);
		put(out, w->elements[i].value, 8);
	}
	put(out, w->sample_count, 1);
	for (size_t i = 0; i < w->sample_count; i++) {
		put(out, (uint64_t)w->samples[i].time_us, 8);
		put(out, w->samples[i].value, 8);
		put(out, w->samples[i].len, 2);
		buf_add(out, w->samples[i].json, w->samples[i].len);
	}
	told_write(&w->told, out);
}
