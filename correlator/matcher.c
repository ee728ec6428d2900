#include "correlator/matcher.h"

#include <string.h>
#include <time.h>

static struct slice folded(const struct matcher *m, struct view *v, struct view_value *value)
{
	return m->cased ? view_text(v, value) : view_lower(v, value);
}

static bool is_number(const struct view_value *value)
{
	return value->kind == JSON_INT || value->kind == JSON_REAL;
}

static bool pattern_holds(const struct matcher *m, struct view *v, struct view_value *value)
{
	double number;

	if (value->kind == JSON_NULL)
		return false;
	if (m->has_number && is_number(value) && json_to_real(value->json, &number))
		return number == m->number;
	return pattern_matches(&m->pattern, folded(m, v, value));
}

/* As text, and as numbers when both are. */
static bool equals_field(
	const struct matcher *m, struct view *v, struct view_value *value, struct view_value *other)
{
	struct pattern p = {.kind = m->pattern.kind};
	double one, two;

	if (value->kind == JSON_NULL || other->kind == JSON_NULL)
		return false;
	if (p.kind == PATTERN_EQUAL && is_number(value) && is_number(other))
		return json_to_real(value->json, &one) && json_to_real(other->json, &two) &&
			one == two;
	p.core = folded(m, v, other);
	return pattern_matches(&p, folded(m, v, value));
}

/* Any element of the one field against any of the other. */
static bool field_holds(const struct matcher *m, struct view *v, struct view_value *value)
{
	struct view_field other = view_get(v, m->other_slot);

	for (size_t i = 0; i < other.count; i++)
		if (equals_field(m, v, value, &other.at[i]))
			return true;
	return false;
}

static bool digits(struct slice s, size_t at, size_t len, int *ret)
{
	uint64_t n;

	if (at + len > s.len || !slice_to_u64(slice_over(s.at + at, len), &n))
		return false;
	*ret = (int)n;
	return true;
}

/* ISO 8601 week of a date: that of its Thursday. */
static int iso_week(int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};

	(void)timegm(&tm);
	int thursday = tm.tm_yday + 3 - (tm.tm_wday + 6) % 7;
	if (thursday < 0) { /* the week belongs to the year before */
		struct tm last = {.tm_year = tm.tm_year - 1, .tm_mon = 11, .tm_mday = 31};
		(void)timegm(&last);
		thursday += last.tm_yday + 1;
	} else if (thursday >= 365) {
		struct tm end = {.tm_year = tm.tm_year, .tm_mon = 11, .tm_mday = 31};
		(void)timegm(&end);
		if (thursday > end.tm_yday)
			thursday = 0;
	}
	return thursday / 7 + 1;
}

/* YYYY-MM-DD, and for the time of day Thh:mm after it ('T', 't' or a space). */
static bool is_date(struct slice text, bool with_time)
{
	if (text.len < 10 || text.at[4] != '-' || text.at[7] != '-')
		return false;
	if (text.len > 10 && !strchr("Tt ", text.at[10]))
		return false;
	return !with_time || (text.len >= 16 && text.at[13] == ':');
}

/* Sigma does not convert time zones: the digits count as they are written. */
static bool part_of_date(enum matcher_part part, struct slice text, double *ret)
{
	int year, month, day, hour = 0, minute = 0, n = 0;
	bool with_time = part == PART_HOUR || part == PART_MINUTE;

	if (!is_date(text, with_time) || !digits(text, 0, 4, &year) ||
		!digits(text, 5, 2, &month) || !digits(text, 8, 2, &day) || month < 1 ||
		month > 12 || day < 1 || day > 31)
		return false;
	if (with_time &&
		(!digits(text, 11, 2, &hour) || !digits(text, 14, 2, &minute) || hour > 23 ||
			minute > 59))
		return false;
	switch (part) {
	case PART_MINUTE: n = minute; break;
	case PART_HOUR: n = hour; break;
	case PART_DAY: n = day; break;
	case PART_WEEK: n = iso_week(year, month, day); break;
	case PART_MONTH: n = month; break;
	case PART_YEAR: n = year; break;
	case PART_NONE: return false;
	}
	*ret = n;
	return true;
}

static bool number_holds(const struct matcher *m, struct view *v, struct view_value *value)
{
	double number;

	if (m->part != PART_NONE && !part_of_date(m->part, view_text(v, value), &number))
		return false;
	if (m->part == PART_NONE && !view_number(v, value, &number))
		return false;
	switch (m->op) {
	case MATCH_EQUAL: return number == m->number;
	case MATCH_LT: return number < m->number;
	case MATCH_LTE: return number <= m->number;
	case MATCH_GT: return number > m->number;
	case MATCH_GTE: return number >= m->number;
	case MATCH_PATTERN:
	case MATCH_REGEX:
	case MATCH_CIDR:
	case MATCH_EXISTS:
	case MATCH_NULL:
	case MATCH_FIELD: return false;
	}
	return false;
}

static bool value_holds(const struct matcher *m, struct view *v, struct view_value *value)
{
	switch (m->op) {
	case MATCH_PATTERN: return pattern_holds(m, v, value);
	case MATCH_REGEX:
		return value->kind != JSON_NULL && regex_finds(m->regex, view_text(v, value));
	case MATCH_CIDR: return cidr_holds(&m->cidr, view_text(v, value));
	case MATCH_FIELD: return field_holds(m, v, value);
	case MATCH_EQUAL:
	case MATCH_LT:
	case MATCH_LTE:
	case MATCH_GT:
	case MATCH_GTE: return number_holds(m, v, value);
	case MATCH_NULL: return value->kind == JSON_NULL;
	case MATCH_EXISTS: return true;
	}
	return false;
}

bool matcher_holds(const struct matcher *m, struct view *v)
{
	struct view_field field = view_get(v, m->slot);

	if (m->op == MATCH_EXISTS)
		return field.exists;
	if (m->op == MATCH_NULL && !field.exists)
		return true;
	for (size_t i = 0; i < field.count; i++)
		if (value_holds(m, v, &field.at[i]))
			return true;
	return false;
}
