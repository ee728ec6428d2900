/* Clocks that tests can set. Monotonic time measures; wall time labels.
 *
 *     const struct clock *clock = clock_system();
 *     mono_t until = mono_after(clock_mono(clock), 500);
 *     while (mono_left_ms(until, clock_mono(clock)) > 0)
 *             ...
 *
 * A clock is borrowed by everyone who is given one and must outlive them. */
#pragma once

#include "lib/slice.h"

/* Monotonic time: its own type, so that it cannot be mistaken for a date. */
typedef struct {
	int64_t ns;
} mono_t;

struct clock {
	mono_t (*mono)(const struct clock *c);
	int64_t (*wall_us)(const struct clock *c);
};

/* A clock that stands still until the test moves it. Pass &manual.clock. */
struct clock_manual {
	struct clock clock;
	mono_t now;
	int64_t wall_us;
};

const struct clock *clock_system(void);
void clock_manual_init(struct clock_manual *c, int64_t wall_us);
void clock_manual_advance(struct clock_manual *c, int64_t ms);

static inline mono_t clock_mono(const struct clock *c)
{
	return c->mono(c);
}

/* Microseconds since 1970-01-01 UTC. */
static inline int64_t clock_wall_us(const struct clock *c)
{
	return c->wall_us(c);
}

static inline mono_t mono_after(mono_t t, int64_t ms)
{
	return (mono_t){t.ns + ms * 1000000};
}

/* Milliseconds from `now` to `until`, rounded up; 0 when it has passed. */
int64_t mono_left_ms(mono_t until, mono_t now);

/* RFC 3339 in UTC with microseconds: 2026-11-23T00:05:00.000001+00:00 (32 characters). */
enum { TIME_TEXT_LEN = 32 };
void time_write(int64_t wall_us, char ret_text[TIME_TEXT_LEN + 1]);

/* Reads RFC 3339, with any zone, also Suricata's "+0700" without a colon. */
bool time_read(struct slice text, int64_t *ret_wall_us);
