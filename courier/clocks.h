/* The legal clocks of an incident (NĐ 331/2026 Điều 31.2.d): by when it is to be reported. They
 * start when an analyst declares an alert an incident, or with the alert when its rule has a tag
 * haidang.incident-at-once, -serious or -ordinary, and end when the alert is closed. */
#pragma once

#include "event/alert.h"
#include "lib/buf.h"

struct legal_clock {
	const char *id; /* "24h"; part of a delivery's key */
	int64_t hours;
	unsigned gravities; /* bits 1 << enum gravity */
	const char *vi, *en;
};

enum { CLOCK_COUNT = 3 };
extern const struct legal_clock legal_clocks[CLOCK_COUNT];

struct incident {
	unsigned gravity; /* a bit of legal_clock.gravities; 0: no incident, or a closed one */
	int64_t start_us;
};
struct incident clocks_incident(const struct alert *alert);

/* What a reminder of the clock says, with the end in the time of Viet Nam. */
void clocks_say(const struct legal_clock *clock, int64_t due_us, struct buf *vi, struct buf *en);
