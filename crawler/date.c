#include "crawler/date.h"

#include "lib/must.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { YEAR_MIN = 1995, YEAR_MAX = 2099, TIME_REACH = 40, ZONE_VIET_NAM = 7 * 60 };

static bool number(struct slice s, size_t *at, size_t digits_max, int *ret)
{
	size_t start = *at;
	int value = 0;

	while (*at < s.len && *at - start < digits_max && isdigit((unsigned char)s.at[*at]))
		value = value * 10 + (s.at[(*at)++] - '0');
	*ret = value;
	return *at > start && (*at == s.len || !isdigit((unsigned char)s.at[*at]));
}

static bool skip_any(struct slice s, size_t *at, const char *bytes)
{
	size_t start = *at;

	while (*at < s.len && s.at[*at] != '\0' && strchr(bytes, s.at[*at]) != NULL)
		(*at)++;
	return *at > start;
}

static bool one_of(struct slice s, size_t *at, const char *bytes)
{
	if (*at >= s.len || s.at[*at] == '\0' || strchr(bytes, s.at[*at]) == NULL)
		return false;
	(*at)++;
	return true;
}

static bool word(struct slice s, size_t *at, const char *text)
{
	struct slice w = slice_of(text);

	if (*at + w.len > s.len || !slice_equal_nocase(slice_over(s.at + *at, w.len), w))
		return false;
	*at += w.len;
	return true;
}

static bool valid_day(int year, int month, int day)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12 && day >= 1 &&
		day <= days[month - 1] &&
		(month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
}

static bool day_set(struct date *d, int year, int month, int day)
{
	if (!valid_day(year, month, day))
		return false;
	*d = (struct date){.year = year, .month = month, .day = day};
	return true;
}

/* "+07:00", "+0700", "+7", "Z", "GMT", "GMT+7" … right at the place. */
static void zone(struct slice s, size_t at, struct date *d)
{
	static const struct {
		const char *name;
		int zone_min;
	} names[] = {{"gmt", 0}, {"utc", 0}, {"z", 0}, {"ut", 0}, {"est", -300}, {"edt", -240},
		{"cst", -360}, {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480},
		{"pdt", -420}, {"ict", 420}};
	int hours, minutes = 0;
	bool named = false;

	skip_any(s, &at, " (");
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !named; i++)
		if (word(s, &at, names[i].name)) {
			named = true;
			d->has_zone = true;
			d->zone_min = names[i].zone_min;
		}
	if (at >= s.len || (s.at[at] != '+' && s.at[at] != '-'))
		return;
	int sign = s.at[at++] == '-' ? -1 : 1;
	if (!number(s, &at, 4, &hours))
		return;
	if (hours >= 100) {
		minutes = hours % 100;
		hours /= 100;
	} else if (one_of(s, &at, ":") && !number(s, &at, 2, &minutes)) {
		return;
	}
	if (hours <= 14 && minutes < 60) {
		d->has_zone = true;
		d->zone_min = sign * (hours * 60 + minutes);
	}
}

/* hh:mm[:ss[.fff]] or "10h30", "10 giờ 30" at the place. */
static bool time_at(struct slice s, size_t at, struct date *d)
{
	int hour, minute = 0, second = 0;

	if (!number(s, &at, 2, &hour) || hour > 24)
		return false;
	bool colon = one_of(s, &at, ":");
	if (!colon && !one_of(s, &at, "hHgG"))
		return false;
	if (!number(s, &at, 2, &minute) || minute > 59)
		return false;
	if (colon && at < s.len && s.at[at] == ':') {
		at++;
		if (!number(s, &at, 2, &second) || second > 60)
			return false;
		if (one_of(s, &at, "."))
			skip_any(s, &at, "0123456789");
	}
	size_t half = at;
	skip_any(s, &half, " ");
	if (word(s, &half, "pm") || word(s, &half, "ch")) {
		hour = hour < 12 ? hour + 12 : hour;
		at = half;
	} else if (word(s, &half, "am") || word(s, &half, "sa")) {
		hour = hour == 12 ? 0 : hour;
		at = half;
	}
	d->hour = hour;
	d->minute = minute;
	d->second = second;
	d->has_time = true;
	zone(s, at, d);
	return true;
}

/* A time shortly after `end` or shortly before `start` of a day. */
static void time_near(struct slice s, size_t start, size_t end, struct date *d)
{
	for (size_t at = end; at < s.len && at < end + TIME_REACH; at++) {
		bool begins =
			isdigit((unsigned char)s.at[at]) && !isdigit((unsigned char)s.at[at - 1]);

		if (begins && time_at(s, at, d))
			return;
	}
	for (size_t at = start > TIME_REACH ? start - TIME_REACH : 0; at < start; at++) {
		bool begins = isdigit((unsigned char)s.at[at]) &&
			(at == 0 || !isdigit((unsigned char)s.at[at - 1]));

		if (begins && time_at(s, at, d))
			return;
	}
}

/* 2025-10-05, 2025/10/05, 20251005T… */
static bool iso_at(struct slice s, size_t *at, struct date *d)
{
	int year, month, day;
	size_t i = *at;

	if (number(s, &i, 4, &year)) {
		if (!one_of(s, &i, "-/.") || !number(s, &i, 2, &month) || !one_of(s, &i, "-/.") ||
			!number(s, &i, 2, &day) || !day_set(d, year, month, day))
			return false;
		*at = i;
		return true;
	}
	i = *at;
	if (!number(s, &i, 8, &year) || i - *at != 8 ||
		!day_set(d, year / 10000, year / 100 % 100, year % 100))
		return false;
	*at = i;
	return true;
}

static bool part_mark(struct slice s, size_t *at)
{
	if (!one_of(s, at, "-/."))
		return false;
	skip_any(s, at, " ");
	return true;
}

/* 05/10/2025, 5-10-2025, 5.10.2025, 05.10.25; month first only when the other reading is none. */
static bool local_at(struct slice s, size_t *at, struct date *d)
{
	int day, month, year;
	size_t i = *at;

	if (!number(s, &i, 2, &day) || !part_mark(s, &i) || !number(s, &i, 2, &month))
		return false;
	bool dashed = i < s.len && s.at[i] == '-';
	if (!part_mark(s, &i))
		return false;
	size_t digits = i;
	if (!number(s, &i, 4, &year))
		return false;
	/* "26.10.13", but "1.2.13" is a version as likely. */
	if (i - digits == 2 && digits - *at == 6 && !dashed)
		year += 2000;
	if (!day_set(d, year, month, day) && !day_set(d, year, day, month))
		return false;
	*at = i;
	return true;
}

/* How months begin, in the languages of pages met: English, German, French, Spanish, Portuguese,
 * Italian, Dutch, Indonesian. The first three letters tell them apart but for these. */
static const struct {
	const char *starts;
	int month;
} month_starts[] = {
	{"jän", 1},
	{"jan", 1},
	{"ene", 1},
	{"gen", 1},
	{"feb", 2},
	{"fév", 2},
	{"fev", 2},
	{"mär", 3},
	{"mar", 3},
	{"mrz", 3},
	{"maa", 3},
	{"maer", 3},
	{"apr", 4},
	{"avr", 4},
	{"abr", 4},
	{"mai", 5},
	{"may", 5},
	{"mei", 5},
	{"mag", 5},
	{"juni", 6},
	{"jun", 6},
	{"juin", 6},
	{"giu", 6},
	{"juil", 7},
	{"jul", 7},
	{"lug", 7},
	{"août", 8},
	{"aou", 8},
	{"aug", 8},
	{"ago", 8},
	{"agu", 8},
	{"sep", 9},
	{"set", 9},
	{"okt", 10},
	{"oct", 10},
	{"out", 10},
	{"ott", 10},
	{"nov", 11},
	{"dez", 12},
	{"dec", 12},
	{"déc", 12},
	{"dic", 12},
	{"des", 12},
};

/* A word of letters that begins as a month does and is as short as one. */
static bool month_name(struct slice s, size_t *at, int *ret)
{
	enum { MONTH_LEN_MAX = 10 };
	size_t end = *at;

	while (end < s.len &&
		(isalpha((unsigned char)s.at[end]) || (unsigned char)s.at[end] >= 0x80))
		end++;
	struct slice name = slice_over(s.at + *at, end - *at);
	if (name.len < 3 || name.len > MONTH_LEN_MAX)
		return false;
	for (size_t i = 0; i < sizeof month_starts / sizeof month_starts[0]; i++) {
		struct slice start = slice_of(month_starts[i].starts);

		if (name.len >= start.len &&
			slice_equal_nocase(slice_over(name.at, start.len), start)) {
			*at = end;
			*ret = month_starts[i].month;
			return true;
		}
	}
	return false;
}

/* Looking a month up costs more than looking for the day behind it. */
static bool digit_within(struct slice s, size_t at)
{
	enum { REACH = 13 };

	for (size_t i = at; i < s.len && i < at + REACH; i++)
		if (isdigit((unsigned char)s.at[i]))
			return true;
	return false;
}

/* "October 5, 2025" */
static bool month_first_at(struct slice s, size_t *at, struct date *d)
{
	int month, day, year;
	size_t i = *at;

	if (!digit_within(s, i) || !month_name(s, &i, &month) || !skip_any(s, &i, " .") ||
		!number(s, &i, 2, &day) || !skip_any(s, &i, " ,stndrh") ||
		!number(s, &i, 4, &year) || !day_set(d, year, month, day))
		return false;
	*at = i;
	return true;
}

/* The number of a month in words; the longer ones first. */
static bool month_word(struct slice s, size_t *at, int *ret)
{
	static const char *const names[] = {"mười một", "mười hai", "một", "hai", "ba", "tư", "năm",
		"sáu", "bảy", "tám", "chín", "mười"};
	static const char *const titled[] = {"Mười Một", "Mười Hai", "Một", "Hai", "Ba", "Tư",
		"Năm", "Sáu", "Bảy", "Tám", "Chín", "Mười"};

	for (int i = 0; i < 12; i++)
		if (word(s, at, names[i]) || word(s, at, titled[i])) {
			*ret = i < 2 ? 11 + i : i - 1; /* "một" stands third */
			return true;
		}
	return false;
}

/* "5 October 2025", "05-Oct-2025", "5 tháng 10 năm 2025", "5 tháng 10, 2025" */
static bool day_first_at(struct slice s, size_t *at, struct date *d)
{
	int day, month, year;
	size_t i = *at;

	if (!number(s, &i, 2, &day))
		return false;
	if (!word(s, &i, "st") && !word(s, &i, "nd") && !word(s, &i, "rd") && !word(s, &i, "er"))
		word(s, &i, "th ");
	skip_any(s, &i, " -.,");
	if (word(s, &i, "tháng") || word(s, &i, "Tháng") || word(s, &i, "thg")) {
		skip_any(s, &i, " ");
		if (!number(s, &i, 2, &month) && !month_word(s, &i, &month))
			return false;
		skip_any(s, &i, " ,-/");
		if (word(s, &i, "năm"))
			skip_any(s, &i, " ");
	} else {
		word(s, &i, "of ");
		word(s, &i, "de ");
		if (!month_name(s, &i, &month))
			return false;
		skip_any(s, &i, " -.,");
		word(s, &i, "de ");
		word(s, &i, "del ");
	}
	size_t digits = i;
	if (!number(s, &i, 4, &year))
		return false;
	/* "27. März, 15. Mai" are two days. */
	if (i - digits == 2 && i < s.len && s.at[i] == '.' && s.at[digits - 1] != '.')
		return false;
	if (i - digits == 2)
		year += year < 70 ? 2000 : 1900;
	if (!day_set(d, year, month, day))
		return false;
	*at = i;
	return true;
}

bool date_find(struct slice s, struct date *ret)
{
	for (size_t at = 0; at < s.len; at++) {
		unsigned char before = at == 0 ? ' ' : (unsigned char)s.at[at - 1];
		size_t end = at;

		if (isalnum(before) || !isalnum((unsigned char)s.at[at]))
			continue;
		if (iso_at(s, &end, ret) || local_at(s, &end, ret) || day_first_at(s, &end, ret) ||
			month_first_at(s, &end, ret)) {
			time_near(s, at, end, ret);
			return true;
		}
	}
	return false;
}

/* Days since 1970-01-01 of the Gregorian calendar (Hinnant's civil-from-days, reversed). */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The reverse, for the day `days` after 1970-01-01. */
static void set_day(struct date *d, int64_t days)
{
	int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;

	d->day = (int)(of_year - (153 * month + 2) / 5 + 1);
	d->month = (int)(month < 10 ? month + 3 : month - 9);
	d->year = (int)(year + era * 400 + (d->month <= 2));
}

static void set_minute(struct date *d, int64_t now_us, int64_t back_min)
{
	int64_t minutes = now_us / 60000000 + ZONE_VIET_NAM - back_min, of_day = minutes % 1440;

	set_day(d, minutes / 1440);
	d->hour = (int)(of_day / 60);
	d->minute = (int)(of_day % 60);
	d->zone_min = ZONE_VIET_NAM;
	d->has_time = true;
	d->has_zone = true;
}

static const struct {
	const char *name;
	int minutes;
} units[] = {{"phút trước", 1}, {"giờ trước", 60}, {"tiếng trước", 60}, {"ngày trước", 1440},
	{"tuần trước", 7 * 1440}, {"minutes ago", 1}, {"minute ago", 1}, {"mins ago", 1},
	{"hours ago", 60}, {"hour ago", 60}, {"days ago", 1440}, {"day ago", 1440},
	{"weeks ago", 7 * 1440}, {"week ago", 7 * 1440}};

/* "3 giờ trước" at the place. */
static bool back_at(struct slice s, size_t at, int64_t now_us, struct date *ret)
{
	int count;

	if (!number(s, &at, 3, &count))
		return false;
	skip_any(s, &at, " ");
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (word(s, &at, units[i].name)) {
			set_minute(ret, now_us, (int64_t)count * units[i].minutes);
			ret->has_time = ret->has_zone = units[i].minutes < 1440;
			return true;
		}
	return false;
}

static bool day_word_at(struct slice s, size_t at, int64_t now_us, struct date *ret)
{
	static const struct {
		const char *name;
		int days;
	} names[] = {{"hôm nay", 0}, {"hôm qua", 1}, {"hôm kia", 2}, {"vừa xong", 0}, {"today", 0},
		{"yesterday", 1}, {"just now", 0}};
	size_t start = at;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (word(s, &at, names[i].name)) {
			set_minute(ret, now_us, (int64_t)names[i].days * 1440);
			ret->has_time = ret->has_zone = false;
			ret->hour = ret->minute = 0;
			time_near(s, start, at, ret);
			return true;
		}
	return false;
}

bool date_find_ago(struct slice s, int64_t now_us, struct date *ret)
{
	for (size_t at = 0; at < s.len; at++) {
		struct date found = {0};
		bool starts = at == 0 || strchr(" (,:|-\n\t", s.at[at - 1]) != NULL;

		if (starts &&
			(back_at(s, at, now_us, &found) ||
				((at == 0 || s.at[at] == 'H' || s.at[at] == 'Y') &&
					day_word_at(s, at, now_us, &found)))) {
			*ret = found;
			return true;
		}
	}
	return false;
}

int64_t date_us(const struct date *d, int zone_min)
{
	int64_t minutes =
		(int64_t)d->hour * 60 + d->minute - (d->has_zone ? d->zone_min : zone_min);

	return ((days_of(d->year, d->month, d->day) * 1440 + minutes) * 60 + d->second) * 1000000;
}

void date_write(const struct date *d, char ret[DATE_TEXT_MAX])
{
	int zone_min = d->zone_min < 0 ? -d->zone_min : d->zone_min;
	int len = snprintf(ret, DATE_TEXT_MAX, "%04d-%02d-%02d", d->year, d->month, d->day);

	if (d->has_time)
		len += snprintf(ret + len, (size_t)(DATE_TEXT_MAX - len), "T%02d:%02d:%02d",
			d->hour, d->minute, d->second);
	if (d->has_time && d->has_zone)
		len += snprintf(ret + len, (size_t)(DATE_TEXT_MAX - len), "%c%02d:%02d",
			d->zone_min < 0 ? '-' : '+', zone_min / 60, zone_min % 60);
	must(len > 0 && len < DATE_TEXT_MAX);
}
