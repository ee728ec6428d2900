/* What kind of day a day is: holidays, also by the lunar calendar, and seasons, from
 * rules/calendar.yaml.
 *
 *     struct calendar *c = calendar_read("rules/calendar.yaml", &err);
 *     struct calendar_day day = calendar_day(c, calendar_local_hour(wall_us) / 24);
 *     calendar_free(&c);
 *
 * A NULL calendar knows weekends only. Days are counted from 1970-01-01, by Vietnamese time. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

enum day_kind { DAY_WORKING, DAY_WEEKEND, DAY_HOLIDAY, DAY_KINDS };

struct calendar_day {
	enum day_kind kind;
	bool in_season;
	struct slice name; /* the holiday's, else the season's id; "weekend", "ordinary" */
};

struct calendar;

struct calendar *calendar_read(const char *path, struct err *err);
void calendar_free(struct calendar **c);
struct calendar_day calendar_day(const struct calendar *c, int64_t day);

enum { CALENDAR_ZONE_H = 7 };
int64_t calendar_local_hour(int64_t wall_us); /* hours since 1970-01-01 00:00 there */
