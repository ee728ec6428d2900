#include "collector/syslog.h"

#include "lib/clock.h"

#include <string.h>
#include <time.h>

enum { PRI_MAX = 191, FACILITY_USER = 1, SEVERITY_NOTICE = 5, LEN_DIGITS_MAX = 7, APP_MAX = 64 };

#define US INT64_C(1000000)

static bool word_cut(struct slice *rest, struct slice *ret)
{
	size_t end = slice_find_byte(*rest, ' ');

	*ret = (struct slice){rest->at, end};
	*rest = slice_from(*rest, end + 1);
	return ret->len > 0;
}

/* "<PRI>" */
static void pri_cut(struct slice *rest, struct syslog_message *ret)
{
	size_t end = slice_find_byte(*rest, '>');
	uint64_t pri;

	ret->facility = FACILITY_USER;
	ret->severity = SEVERITY_NOTICE;
	if (rest->len < 3 || rest->at[0] != '<' || end < 2 || end > 4 ||
		!slice_to_u64((struct slice){rest->at + 1, end - 1}, &pri) || pri > PRI_MAX)
		return;
	ret->facility = (unsigned)pri / 8;
	ret->severity = (unsigned)pri % 8;
	*rest = slice_from(*rest, end + 1);
}

/* Structured data of RFC 5424: "-" or elements in brackets, with quoted values in them. */
static bool data_skip(struct slice *rest)
{
	bool quoted = false;

	if (slice_starts(*rest, SLICE("-"))) {
		*rest = slice_from(*rest, 1);
		return true;
	}
	while (rest->len > 0 && rest->at[0] == '[') {
		size_t i = 1;

		for (; i < rest->len && (quoted || rest->at[i] != ']'); i++) {
			if (rest->at[i] == '\\' && quoted)
				i++;
			else if (rest->at[i] == '"')
				quoted = !quoted;
		}
		if (i >= rest->len)
			return false;
		*rest = slice_from(*rest, i + 1);
	}
	return true;
}

static struct slice unless_nil(struct slice word)
{
	return slice_is(word, "-") ? SLICE("") : word;
}

static bool read_5424(struct slice rest, struct syslog_message *ret)
{
	struct slice version, time, procid;

	if (!word_cut(&rest, &version) || !slice_is(version, "1") || !word_cut(&rest, &time) ||
		!word_cut(&rest, &ret->host) || !word_cut(&rest, &ret->app) ||
		!word_cut(&rest, &procid) || !word_cut(&rest, &ret->msgid) || !data_skip(&rest))
		return false;
	if (!time_read(time, &ret->time_us))
		ret->time_us = 0;
	ret->host = unless_nil(ret->host);
	ret->app = unless_nil(ret->app);
	ret->msgid = unless_nil(ret->msgid);
	if (slice_starts(rest, SLICE(" ")))
		rest = slice_from(rest, 1);
	ret->text = slice_starts(rest, SLICE("\xef\xbb\xbf")) ? slice_from(rest, 3) : rest;
	return true;
}

static bool month_read(struct slice word, int *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (*ret = 0; *ret < 12; ++*ret)
		if (slice_equal(word, (struct slice){names + 3 * (size_t)*ret, 3}))
			return true;
	return false;
}

static bool clock_read(struct slice word, struct tm *ret)
{
	uint64_t parts[3];
	struct slice part;

	for (size_t i = 0; i < 3; i++)
		if (!slice_cut(&word, i < 2 ? ':' : '.', &part) || part.len != 2 ||
			!slice_to_u64(part, &parts[i]))
			return false;
	ret->tm_hour = (int)parts[0];
	ret->tm_min = (int)parts[1];
	ret->tm_sec = (int)parts[2];
	return parts[0] < 24 && parts[1] < 60 && parts[2] < 61;
}

/* The year is the one that brings the time closest to now. */
static int64_t nearest(struct tm tm, const struct syslog_now *now)
{
	time_t here = (time_t)(now->wall_us / US + now->zone_s);
	int64_t best = 0, best_away = INT64_MAX;
	struct tm today;

	(void)gmtime_r(&here, &today);
	for (int year = today.tm_year - 1; year <= today.tm_year + 1; year++) {
		struct tm copy = tm;

		copy.tm_year = year;
		int64_t at = (int64_t)timegm(&copy) - now->zone_s;
		int64_t away =
			at > now->wall_us / US ? at - now->wall_us / US : now->wall_us / US - at;

		if (away < best_away) {
			best = at;
			best_away = away;
		}
	}
	return best * US;
}

/* "Nov 23 07:05:01", "Nov  3 …", Cisco's "Nov 23 2026 07:05:01:" and RFC 3339. */
static bool time_cut(struct slice *rest, const struct syslog_now *now, int64_t *ret_us)
{
	struct slice try = *rest, word;
	struct tm tm = {0};
	uint64_t day, year = 0;

	if (!word_cut(&try, &word))
		return false;
	if (time_read(word, ret_us)) {
		*rest = try;
		return true;
	}
	if (!month_read(word, &tm.tm_mon))
		return false;
	if (slice_starts(try, SLICE(" ")))
		try = slice_from(try, 1);
	if (!word_cut(&try, &word) || !slice_to_u64(word, &day) || day < 1 || day > 31 ||
		!word_cut(&try, &word))
		return false;
	if (word.len == 4 && slice_to_u64(word, &year) && !word_cut(&try, &word))
		return false;
	if (slice_ends(word, SLICE(":")))
		word.len--;
	tm.tm_mday = (int)day;
	if (!clock_read(word, &tm))
		return false;
	*rest = try;
	if (year >= 2000 && year < 2100) {
		tm.tm_year = (int)year - 1900;
		*ret_us = ((int64_t)timegm(&tm) - now->zone_s) * US;
	} else {
		*ret_us = nearest(tm, now);
	}
	return true;
}

/* "program[123]:" at the start of the text names the program, and stays part of it: mappings look for
 * it there too. */
static struct slice app_of(struct slice text)
{
	size_t end = 0;

	while (end < text.len && end <= APP_MAX && !strchr(" :[", text.at[end]))
		end++;
	if (end == text.len || end > APP_MAX || text.at[end] == ' ')
		return SLICE("");
	return (struct slice){text.at, end};
}

static bool is_host(struct slice word)
{
	return word.len > 0 && !slice_ends(word, SLICE(":")) &&
		slice_find_byte(word, '=') == word.len && slice_find_byte(word, '[') == word.len;
}

static void read_3164(struct slice rest, const struct syslog_now *now, struct syslog_message *ret)
{
	struct slice try, word;

	if (time_cut(&rest, now, &ret->time_us)) {
		try = rest;
		if (word_cut(&try, &word) && is_host(word)) {
			ret->host = word;
			rest = try;
		}
	}
	ret->text = rest;
	ret->app = app_of(rest);
}

bool syslog_read(struct slice line, const struct syslog_now *now, struct syslog_message *ret)
{
	struct slice rest = line;

	*ret = (struct syslog_message){0};
	while (rest.len > 0 && (unsigned char)rest.at[rest.len - 1] <= ' ') /* LF, CR, NUL */
		rest.len--;
	pri_cut(&rest, ret);
	if (!read_5424(rest, ret)) {
		ret->host = ret->msgid = SLICE("");
		ret->time_us = 0;
		read_3164(rest, now, ret);
	}
	return ret->text.len > 0;
}

static enum syslog_frame counted_cut(struct slice *rest, size_t len_max, struct slice *ret)
{
	size_t space = slice_find_byte(*rest, ' ');
	uint64_t len;

	if (space > LEN_DIGITS_MAX)
		return FRAME_BAD;
	if (space == rest->len)
		return FRAME_MORE;
	if (!slice_to_u64((struct slice){rest->at, space}, &len) || len > len_max)
		return FRAME_BAD;
	if (rest->len - space - 1 < len)
		return FRAME_MORE;
	*ret = (struct slice){rest->at + space + 1, (size_t)len};
	*rest = slice_from(*rest, space + 1 + (size_t)len);
	return FRAME_WHOLE;
}

enum syslog_frame syslog_frame_cut(struct slice *rest, size_t len_max, struct slice *ret)
{
	if (rest->len == 0)
		return FRAME_MORE;
	if (rest->at[0] >= '1' && rest->at[0] <= '9')
		return counted_cut(rest, len_max, ret);

	size_t end = slice_find_byte(*rest, '\n');
	if (end > len_max)
		return FRAME_BAD;
	if (end == rest->len)
		return FRAME_MORE;
	*ret = (struct slice){rest->at, end};
	*rest = slice_from(*rest, end + 1);
	return FRAME_WHOLE;
}
