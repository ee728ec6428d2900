/* Dates as feeds and pages write them: ISO 8601, RFC 822, "05/10/2025 10:00", "5-10-2025",
 * "ngày 5 tháng 10 năm 2025", "October 5, 2025" (and such months of other languages).
 *
 *     struct date d;
 *     if (date_find(SLICE("Thứ hai, 05/10/2025, 10:00 (GMT+7)"), &d))
 *             published_us = date_us(&d, 7 * 60);
 *
 * Where both readings are possible the day stands before the month, as in Viet Nam. */
#pragma once

#include "lib/slice.h"

struct date {
	int year, month, day;
	int hour, minute, second;
	int zone_min; /* east of UTC */
	bool has_time, has_zone;
};

/* The first date in the text; years 1995 to 2099. */
bool date_find(struct slice text, struct date *ret);

/* "3 giờ trước", "Hôm qua, 07:05", "2 days ago", counted from now. */
bool date_find_ago(struct slice text, int64_t now_us, struct date *ret);

/* Microseconds since 1970; `zone_min` serves when the text named none. */
int64_t date_us(const struct date *date, int zone_min);

/* "2025-10-05" or "2025-10-05T10:00:00+07:00". */
enum { DATE_TEXT_MAX = 32 };
void date_write(const struct date *date, char ret[DATE_TEXT_MAX]);
