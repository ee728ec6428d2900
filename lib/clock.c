#include "lib/clock.h"

#include "lib/must.h"

#include <stdio.h>
#include <time.h>

enum { NS_PER_MS = 1000000, US_PER_S = 1000000, S_PER_DAY = 86400 };

static int64_t ns_of(clockid_t id)
{
	struct timespec t;

	must(clock_gettime(id, &t) == 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static mono_t system_mono(const struct clock *c)
{
	(void)c;
	return (mono_t){ns_of(CLOCK_MONOTONIC)};
}

static int64_t system_wall_us(const struct clock *c)
{
	(void)c;
	return ns_of(CLOCK_REALTIME) / 1000;
}

const struct clock *clock_system(void)
{
	static const struct clock system = {.mono = system_mono, .wall_us = system_wall_us};

	return &system;
}

static const struct clock_manual *manual_of(const struct clock *c)
{
	return (const struct clock_manual *)(const void *)c; /* its first member */
}

static mono_t manual_mono(const struct clock *c)
{
	return manual_of(c)->now;
}

static int64_t manual_wall_us(const struct clock *c)
{
	return manual_of(c)->wall_us;
}

void clock_manual_init(struct clock_manual *c, int64_t wall_us)
{
	*c = (struct clock_manual){
		.clock = {.mono = manual_mono, .wall_us = manual_wall_us},
		.now = {1000000000},
		.wall_us = wall_us,
	};
}

void clock_manual_advance(struct clock_manual *c, int64_t ms)
{
	c->now = mono_after(c->now, ms);
	c->wall_us += ms * 1000;
}

int64_t mono_left_ms(mono_t until, mono_t now)
{
	int64_t left = until.ns - now.ns;

	return left > 0 ? (left + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back; after
 * Hinnant, "chrono-compatible low-level date algorithms": years begin in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
		day_of_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;

	*ret_day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
	*ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

/* The years that four digits can write: 0000 to 9999. */
static const int64_t wall_us_min = INT64_C(-62167219200) * US_PER_S;
static const int64_t wall_us_max = INT64_C(253402300800) * US_PER_S - 1;

/* Writes `width` decimal digits. */
static char *digits_out(char *at, int64_t value, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + width;
}

void time_write(int64_t wall_us, char ret_text[TIME_TEXT_LEN + 1])
{
	int64_t year, month, day;

	if (wall_us < wall_us_min)
		wall_us = wall_us_min;
	if (wall_us > wall_us_max)
		wall_us = wall_us_max;
	int64_t us = wall_us % US_PER_S;
	int64_t seconds = wall_us / US_PER_S - (us < 0);

	us += us < 0 ? US_PER_S : 0;
	int64_t of_day = seconds % S_PER_DAY;
	int64_t days = seconds / S_PER_DAY - (of_day < 0);

	of_day += of_day < 0 ? S_PER_DAY : 0;
	date_of(days, &year, &month, &day);
	const int64_t parts[] = {
		year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60, us};
	static const char after[] = "--T::.+";
	char *at = ret_text;

	for (int i = 0; i < 7; i++) {
		at = digits_out(at, parts[i], i == 0 ? 4 : i == 6 ? 6 : 2);
		*at++ = after[i];
	}
	at = digits_out(at, 0, 2);
	*at++ = ':';
	at = digits_out(at, 0, 2);
	*at = '\0';
}

/* Takes exactly `width` digits off. */
static bool digits_in(struct slice *rest, size_t width, int64_t *ret)
{
	int64_t value = 0;

	if (rest->len < width)
		return false;
	for (size_t i = 0; i < width; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return false;
		value = value * 10 + (rest->at[i] - '0');
	}
	*rest = slice_from(*rest, width);
	*ret = value;
	return true;
}

static bool byte_in(struct slice *rest, const char *any_of)
{
	if (!rest->len)
		return false;
	for (; *any_of; any_of++) {
		if (*rest->at == *any_of) {
			*rest = slice_from(*rest, 1);
			return true;
		}
	}
	return false;
}

static bool date_in(struct slice *rest, int64_t *ret_days)
{
	static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t year, month, day;

	if (!digits_in(rest, 4, &year) || !byte_in(rest, "-") || !digits_in(rest, 2, &month) ||
		!byte_in(rest, "-") || !digits_in(rest, 2, &day))
		return false;
	if (month < 1 || month > 12)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (day < 1 || day > lengths[month - 1] + (month == 2 && leap))
		return false;
	*ret_days = days_of(year, month, day);
	return true;
}

static bool hour_in(struct slice *rest, int64_t *ret_seconds)
{
	int64_t hour, minute, second;

	if (!digits_in(rest, 2, &hour) || !byte_in(rest, ":") || !digits_in(rest, 2, &minute) ||
		!byte_in(rest, ":") || !digits_in(rest, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret_seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* ".5" and longer; digits after the sixth are checked and dropped. */
static bool fraction_in(struct slice *rest, int64_t *ret_us)
{
	int64_t us = 0, scale = US_PER_S / 10, digit;
	size_t count = 0;

	*ret_us = 0;
	if (!byte_in(rest, "."))
		return true;
	for (; digits_in(rest, 1, &digit); count++) {
		us += digit * scale;
		scale /= 10;
	}
	*ret_us = us;
	return count > 0;
}

static bool zone_in(struct slice *rest, int64_t *ret_seconds)
{
	int64_t hours, minutes;

	*ret_seconds = 0;
	if (byte_in(rest, "Zz"))
		return true;
	bool west = rest->len && *rest->at == '-';

	if (!byte_in(rest, "+-") || !digits_in(rest, 2, &hours))
		return false;
	(void)byte_in(rest, ":");
	if (!digits_in(rest, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

bool time_read(struct slice text, int64_t *ret_wall_us)
{
	int64_t days, seconds, us, zone;

	if (!date_in(&text, &days) || !byte_in(&text, "Tt ") || !hour_in(&text, &seconds) ||
		!fraction_in(&text, &us) || !zone_in(&text, &zone) || text.len)
		return false;
	*ret_wall_us = (days * S_PER_DAY + seconds - zone) * US_PER_S + us;
	return true;
}
