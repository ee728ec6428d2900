#include "crawler/trap.h"

#include <ctype.h>

static bool number_of(struct slice s, int64_t *ret)
{
	return s.len > 0 && s.len <= 4 && slice_to_i64(s, ret);
}

static const char *path_trap(struct slice path)
{
	struct slice seen[TRAP_SEGMENTS_MAX], part;
	size_t count = 0;

	while (slice_cut(&path, '/', &part)) {
		unsigned same = 0;

		if (part.len == 0)
			continue;
		if (count == TRAP_SEGMENTS_MAX)
			return "trap_depth";
		for (size_t i = 0; i < count; i++)
			same += slice_equal(seen[i], part);
		if (same >= TRAP_REPEATS_MAX)
			return "trap_repeat";
		seen[count++] = part;
	}
	return NULL;
}

/* A path that ends in a year, month or day names a page of a calendar or archive. */
static bool ends_in_date(struct slice path, int now_year)
{
	int64_t numbers[3], year = 0;
	size_t count = 0;
	struct slice part;

	while (slice_cut(&path, '/', &part)) {
		int64_t value;

		if (part.len == 0)
			continue;
		if (count == 3 || !number_of(part, &value))
			count = 0;
		if (number_of(part, &value))
			numbers[count++] = value;
	}
	if (count > 0)
		year = numbers[0];
	return count > 0 && year >= 1900 && year < 2200 &&
		((count > 1 && numbers[1] >= 1 && numbers[1] <= 12) || year > now_year + 1 ||
			year < now_year - 30);
}

static bool is_calendar_key(struct slice key)
{
	static const char *const keys[] = {"month", "year", "date", "day", "week", "thang", "nam",
		"ngay", "tuan", "calendar", "ical", "tribe-bar-date"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (slice_equal_nocase(key, slice_of(keys[i])))
			return true;
	return false;
}

static const char *query_trap(struct slice query)
{
	struct slice part;
	size_t count = 0;

	if (query.len > TRAP_QUERY_MAX)
		return "trap_query";
	while (slice_cut(&query, '&', &part)) {
		part.len = slice_find_byte(part, '=');
		if (++count > TRAP_PARAMETERS_MAX)
			return "trap_query";
		if (is_calendar_key(part))
			return "trap_calendar";
	}
	return NULL;
}

const char *trap_of(const struct url *url, int now_year)
{
	const char *trap = path_trap(url->path);

	if (trap == NULL)
		trap = query_trap(slice_from(url->target, url->path.len + 1));
	if (trap == NULL && ends_in_date(url->path, now_year))
		trap = "trap_calendar";
	return trap;
}
