/* The serialised form of a window: big-endian numbers in the order of struct window, after a
 * version by which writers compare, a format byte and a fingerprint of the rule's shape. */
#include "correlator/limits.h"
#include "correlator/told.h"
#include "correlator/window.h"
#include "lib/cursor.h"
#include "lib/mem.h"

#include <math.h>
#include <string.h>

enum { FORMAT = 2 };

/* Microseconds; beyond any date, and far from where sums of times overflow. */
#define TIME_MAX (INT64_C(1) << 60)

static void put(struct buf *out, uint64_t value, unsigned bytes)
{
	char text[8];

	for (unsigned i = 0; i < bytes; i++)
		text[i] = (char)(value >> (8 * (bytes - 1 - i)));
	buf_add(out, text, bytes);
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

static struct window_mark *read_marks(struct cursor *c, size_t max, size_t *ret_count)
{
	size_t count = cursor_be16(c);

	if (count > max || cursor_left(c) < count * 20) {
		c->bad = true;
		return NULL;
	}
	struct window_mark *marks = mem_array(count ? count : 1, sizeof *marks);
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		marks[i].stream = take_u64(c);
		marks[i].id.ms = take_u64(c);
		marks[i].id.seq = cursor_be32(c);
	}
	return marks;
}

static void write_marks(const struct window_mark *marks, size_t count, struct buf *out)
{
	put(out, count, 2);
	for (size_t i = 0; i < count; i++) {
		put(out, marks[i].stream, 8);
		put(out, marks[i].id.ms, 8);
		put(out, marks[i].id.seq, 4);
	}
}

/* Small numbers are short: seven bits a byte, the last one without the eighth. */
static void put_short(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_add_byte(out, (char)(0x80 | (value & 0x7f)));
	buf_add_byte(out, (char)value);
}

static uint64_t take_short(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = cursor_u8(c);

		value |= (byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	c->bad = true;
	return 0;
}

/* What there is to know of an element besides its time. */
static bool has_values(const struct window_spec *spec)
{
	return spec->kind == WINDOW_VALUE_COUNT || spec->kind == WINDOW_SHARE;
}

static bool has_places(const struct window_spec *spec)
{
	return spec->kind == WINDOW_PLACES || spec->kind == WINDOW_ORDERED;
}

static bool has_amounts(const struct window_spec *spec)
{
	return spec->kind == WINDOW_SUM || spec->kind == WINDOW_AVERAGE ||
		spec->kind == WINDOW_PERCENTILE;
}

static void put_real(struct buf *out, double real)
{
	uint64_t bits;

	memcpy(&bits, &real, sizeof bits);
	put(out, bits, 8);
}

static double take_real(struct cursor *c)
{
	uint64_t bits = take_u64(c);
	double real;

	memcpy(&real, &bits, sizeof real);
	if (!isfinite(real)) {
		c->bad = true;
		return 0;
	}
	return real;
}

static struct window_element take_element(
	struct cursor *c, const struct window_spec *spec, int64_t before_us)
{
	uint64_t later = take_short(c);
	struct window_element e = {.time_us = before_us, .count = 1};

	if (later > (uint64_t)TIME_MAX || before_us + (int64_t)later > TIME_MAX)
		c->bad = true;
	else
		e.time_us = before_us + (int64_t)later;
	if (has_values(spec))
		e.value = take_u64(c);
	else if (has_places(spec))
		e.value = cursor_u8(c);
	else
		e.count = take_short(c);
	if (has_amounts(spec))
		e.amount = take_real(c);
	c->bad |= e.count == 0;
	return e;
}

/* The first time is whole, each further one what it is later than the one before it. */
static void read_elements(struct window *w, const struct window_spec *spec, struct cursor *c)
{
	size_t count = cursor_be32(c);
	int64_t time_us = take_time(c);

	if (count > cursor_left(c) / 2) {
		c->bad = true;
		return;
	}
	w->elements = mem_array(count ? count : 1, sizeof *w->elements);
	w->element_room = count ? count : 1;
	w->element_count = count;
	for (size_t i = 0; i < count && cursor_ok(c); i++) {
		w->elements[i] = take_element(c, spec, time_us);
		time_us = w->elements[i].time_us;
	}
}

static void write_elements(const struct window *w, const struct window_spec *spec, struct buf *out)
{
	int64_t horizon_us = w->newest_us - spec->timespan_us - spec->lateness_us, time_us = 0;
	size_t count_at = out->len, count = 0;

	put(out, 0, 4);
	for (size_t i = 0; i < w->element_count; i++) {
		const struct window_element *e = &w->elements[i];

		if (e->count == 0 || e->time_us < horizon_us)
			continue;
		if (count++ == 0)
			put(out, (uint64_t)(time_us = e->time_us), 8);
		put_short(out, (uint64_t)(e->time_us - time_us));
		time_us = e->time_us;
		if (has_values(spec))
			put(out, e->value, 8);
		else if (has_places(spec))
			put(out, e->value, 1);
		else
			put_short(out, e->count);
		if (has_amounts(spec))
			put_real(out, e->amount);
	}
	if (count == 0)
		put(out, 0, 8);
	for (unsigned i = 0; i < 4; i++)
		out->at[count_at + i] = (char)(count >> (8 * (3 - i)));
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
	w->marks = read_marks(&c, WINDOW_MARKS_MAX, &w->mark_count);
	w->fired = read_marks(&c, WINDOW_FIRED_MAX, &w->fired_count);
	if (cursor_ok(&c) && was == shape(spec)) {
		read_elements(w, spec, &c);
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
	write_marks(w->marks, w->mark_count, out);
	write_marks(w->fired, w->fired_count, out);
	write_elements(w, spec, out);
	put(out, w->sample_count, 1);
	for (size_t i = 0; i < w->sample_count; i++) {
		put(out, (uint64_t)w->samples[i].time_us, 8);
		put(out, w->samples[i].value, 8);
		put(out, w->samples[i].len, 2);
		buf_add(out, w->samples[i].json, w->samples[i].len);
	}
	told_write(&w->told, out);
}
