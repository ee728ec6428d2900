#include "correlator/explain.h"

#include "event/fields.h"
#include "lib/clock.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <time.h>

enum { ITEMS_SHOWN = 5, JSON_LEN_MAX = 64 << 10 };

struct explain {
	struct json_reader *group_reader, *sample_readers[WINDOW_SAMPLES_MAX];
	struct json_value group, samples[WINDOW_SAMPLES_MAX];
	bool has_group, has_sample[WINDOW_SAMPLES_MAX];
	const struct explain_facts *facts;
};

struct explain *explain_new(void)
{
	struct explain *x = mem_alloc(sizeof *x);

	x->group_reader = json_reader_new(JSON_LEN_MAX);
	for (size_t i = 0; i < WINDOW_SAMPLES_MAX; i++)
		x->sample_readers[i] = json_reader_new(JSON_LEN_MAX);
	return x;
}

void explain_free(struct explain **x)
{
	if (!*x)
		return;
	json_reader_free(&(*x)->group_reader);
	for (size_t i = 0; i < WINDOW_SAMPLES_MAX; i++)
		json_reader_free(&(*x)->sample_readers[i]);
	mem_free(*x);
	*x = NULL;
}

void explain_about(struct explain *x, const struct explain_facts *facts)
{
	struct err ignored = {0};

	x->facts = facts;
	x->has_group = json_read(x->group_reader, facts->group, &x->group, &ignored);
	for (size_t i = 0; i < facts->sample_count; i++)
		x->has_sample[i] = json_read(
			x->sample_readers[i], facts->samples[i], &x->samples[i], &ignored);
}

struct list {
	struct buf *out;
	const char *separator;
	size_t count;
};

static bool write_item(void *ctx, struct slice key, struct json_value v);

static void write_time(int64_t time_us, struct buf *out)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;
	char text[32] = "";

	if (localtime_r(&seconds, &tm) && strftime(text, sizeof text, "%H:%M:%S %d/%m/%Y", &tm) > 0)
		buf_add_text(out, text);
}

/* A time in an event is written as people read it, in the machine's zone. */
static void write_text(struct slice text, struct buf *out)
{
	int64_t time_us;

	if (text.len > sizeof "2026-11-23T" && text.at[10] == 'T' && time_read(text, &time_us))
		write_time(time_us, out);
	else
		buf_add_slice(out, text);
}

static void write_value(struct json_value v, struct buf *out)
{
	struct list list = {out, ", ", 0};
	struct slice text;

	if (json_to_text(v, &text))
		write_text(text, out);
	else if (json_kind(v) == JSON_ARRAY)
		json_each(v, write_item, &list);
	else
		json_copy(v, out);
}

static bool write_item(void *ctx, struct slice key, struct json_value v)
{
	struct list *list = ctx;

	(void)key;
	if (list->count++ == ITEMS_SHOWN) {
		buf_add_text(list->out, ", …");
		return false;
	}
	if (list->count > 1)
		buf_add_text(list->out, list->separator);
	write_value(v, list->out);
	return true;
}

static void write_span(int64_t span_us, enum explain_language language, struct buf *out)
{
	static const struct {
		int64_t seconds;
		const char *vi, *en;
	} units[] = {{86400, "ngày", "day"}, {3600, "giờ", "hour"}, {60, "phút", "minute"},
		{1, "giây", "second"}};
	int64_t seconds = span_us / 1000000;
	size_t i = 0;

	while (units[i].seconds > 1 && (seconds == 0 || seconds % units[i].seconds != 0))
		i++;
	int64_t n = seconds / units[i].seconds;
	if (language == EXPLAIN_VI)
		buf_printf(out, "%" PRId64 " %s", n, units[i].vi);
	else
		buf_printf(out, "%" PRId64 " %s%s", n, units[i].en, n == 1 ? "" : "s");
}

/* Whole minutes, as what people read is no stopwatch. */
int64_t explain_span_us(const struct explain_facts *f)
{
	int64_t minute_us = 60000000, timespan_us = f->rule->window.timespan_us;
	int64_t span_us = f->verdict.last_us - f->verdict.first_us;

	if (!f->is_revision || span_us <= timespan_us)
		return timespan_us;
	return (span_us + minute_us - 1) / minute_us * minute_us;
}

static bool write_number(const struct explain_facts *f, struct slice name,
	enum explain_language language, struct buf *out)
{
	if (slice_is(name, "count"))
		buf_printf(out, "%" PRIu64, f->verdict.count);
	else if (slice_is(name, "threshold"))
		buf_printf(out, "%" PRIu64, f->rule->window.range.min);
	else if (slice_is(name, "timespan"))
		write_span(explain_span_us(f), language, out);
	else if (slice_is(name, "first_seen"))
		write_time(f->verdict.first_us, out);
	else if (slice_is(name, "last_seen"))
		write_time(f->verdict.last_us, out);
	else
		return false;
	return true;
}

static bool write_from(struct json_value object, const char *name, struct buf *out)
{
	const char *path = event_sigma_path(slice_of(name));
	struct json_value v;

	if (!json_at(object, name, &v) && (!path || !json_at(object, path, &v)))
		return false;
	write_value(v, out);
	return true;
}

/* The group's value first, then that of the newest event that has the field. */
static void write_field(const struct explain *x, struct slice name, struct buf *out)
{
	CLEANUP(buf_release) struct buf key = {0};

	buf_add_slice(&key, name);
	if (x->has_group && write_from(x->group, buf_text(&key), out))
		return;
	for (size_t i = x->facts->sample_count; i-- > 0;)
		if (x->has_sample[i] && write_from(x->samples[i], buf_text(&key), out))
			return;
	buf_add_text(out, "—");
}

/* Takes text up to a {name} off `rest`; false at the end of the last one. */
static bool next_name(struct slice *rest, struct slice *ret_before, struct slice *ret_name)
{
	size_t start = slice_find_byte(*rest, '{');
	struct slice after = slice_from(*rest, start + 1);
	size_t len = slice_find_byte(after, '}');

	if (start == rest->len || len == after.len)
		return false;
	*ret_before = slice_over(rest->at, start);
	*ret_name = slice_over(after.at, len);
	*rest = slice_from(after, len + 1);
	return true;
}

void explain_write(
	struct explain *x, struct slice text, enum explain_language language, struct buf *out)
{
	struct slice rest = text, before, name;
	size_t start = out->len;

	while (next_name(&rest, &before, &name) && out->len - start < EXPLANATION_LEN_MAX) {
		buf_add_slice(out, before);
		if (!write_number(x->facts, name, language, out))
			write_field(x, name, out);
	}
	buf_add_slice(out, rest);
}

void explain_entity(struct explain *x, struct buf *out)
{
	const struct rule *r = x->facts->rule;
	struct list list = {out, " → ", 0};

	if (r->texts.entity.len > 0)
		explain_write(x, r->texts.entity, EXPLAIN_VI, out);
	else if (x->has_group)
		json_each(x->group, write_item, &list);
}

static const char *default_text(const struct rule *r, enum explain_language language)
{
	static const char *const texts[][2] = {
		[WINDOW_SINGLE] = {"Một sự kiện khớp với luật, lúc {first_seen}",
			"One event matched the rule, at {first_seen}"},
		[WINDOW_EVENT_COUNT] = {"{count} sự kiện trong {timespan} (ngưỡng {threshold})",
			"{count} events within {timespan} (threshold {threshold})"},
		[WINDOW_VALUE_COUNT] =
			{"{count} giá trị khác nhau trong {timespan} (ngưỡng {threshold})",
				"{count} different values within {timespan} (threshold {threshold})"},
		[WINDOW_PLACES] = {"{count} dấu hiệu cùng xuất hiện trong {timespan}",
			"{count} signs together within {timespan}"},
		[WINDOW_SUM] = {"Tổng {count} trong {timespan} (ngưỡng {threshold})",
			"A sum of {count} within {timespan} (threshold {threshold})"},
		[WINDOW_AVERAGE] = {"Trung bình {count} trong {timespan} (ngưỡng {threshold})",
			"An average of {count} within {timespan} (threshold {threshold})"},
		[WINDOW_PERCENTILE] = {"Phân vị {count} trong {timespan} (ngưỡng {threshold})",
			"A percentile of {count} within {timespan} (threshold {threshold})"},
		[WINDOW_SHARE] = {"Giá trị này chiếm {count} % trong {timespan}",
			"This value makes up {count} % within {timespan}"},
		[WINDOW_ORDERED] = {"{count} dấu hiệu nối tiếp nhau trong {timespan}",
			"{count} signs, one after the other, within {timespan}"},
	};
	return texts[r->window.kind][language];
}

/* The words for single events do not say how often. */
static void write_repeats(struct explain *x, enum explain_language language, struct buf *out)
{
	static const char *const texts[2] = {
		" Đã lặp lại {count} lần, từ {first_seen} đến {last_seen}.",
		" Seen {count} times, from {first_seen} to {last_seen}."};

	if (x->facts->is_revision && x->facts->rule->window.kind == WINDOW_SINGLE)
		explain_write(x, slice_of(texts[language]), language, out);
}

void explain_why(struct explain *x, enum explain_language language, struct buf *out)
{
	const struct rule *r = x->facts->rule;
	struct slice own =
		language == EXPLAIN_VI ? r->texts.explanation_vi : r->texts.explanation_en;
	struct slice title = language == EXPLAIN_VI && r->about.title_vi.len ? r->about.title_vi
									     : r->about.title;

	if (own.len > 0) {
		explain_write(x, own, language, out);
		write_repeats(x, language, out);
		return;
	}
	explain_write(x, slice_of(default_text(r, language)), language, out);
	buf_add_text(out, ": ");
	buf_add_slice(out, title);
	buf_add_text(out, " (");
	explain_entity(x, out);
	buf_add_text(out, ").");
}

void explain_matched(struct explain *x, const struct feed *feed, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	size_t last = x->facts->sample_count - 1;
	CLEANUP(buf_release) struct buf value = {0};
	struct json_value v;

	json_begin_object(&w);
	for (size_t i = 0; x->has_sample[last] && i < feed->matched_count; i++) {
		if (!json_at(x->samples[last], feed->matched[i], &v))
			continue;
		buf_clear(&value);
		json_copy(v, &value);
		json_key_slice(&w, slice_of(feed->matched[i]));
		json_raw(&w, buf_slice(&value));
	}
	json_end_object(&w);
}

size_t explain_addresses(struct explain *x, struct slice ret[2])
{
	size_t last = x->facts->sample_count - 1, count = 0;

	if (!x->has_sample[last])
		return 0;
	count += json_get_text(x->samples[last], "src_ip", &ret[count]);
	count += json_get_text(x->samples[last], "dest_ip", &ret[count]);
	return count;
}

size_t explain_fields(const struct rule *rule, struct slice *ret, size_t max)
{
	const struct rule_texts *t = &rule->texts;
	const struct slice all[] = {
		t->explanation_vi, t->explanation_en, t->advice_vi, t->advice_en, t->entity};
	static const char *const numbers[] = {
		"count", "threshold", "timespan", "first_seen", "last_seen"};
	size_t count = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct slice rest = all[i], before, name;

		while (next_name(&rest, &before, &name)) {
			bool known = name.len == 0;

			for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
				known |= slice_is(name, numbers[k]);
			if (!known && count < max)
				ret[count++] = name;
		}
	}
	return count;
}
