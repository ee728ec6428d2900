/* The state of the whole appliance, as its programs report it: what `haidang status` shows. */
#pragma once

#include "ctl/figures.h"
#include "event/alert.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/redis.h"

enum { REPORTS_MAX = 256, FIGURES_MAX = 12, ALERT_LEVELS = ALERT_CRITICAL + 1 };

struct figure_value {
	const struct figure *figure;
	int64_t value;
};

/* What one program reported last. */
struct report {
	struct slice program, instance, version, said;
	int64_t started_us; /* 0: unknown */
	bool running;       /* else it is known but silent */
	struct figure_value figures[FIGURES_MAX];
	size_t figure_count;
};

struct appliance {
	struct report *reports;
	size_t count;
	char **problems; /* in words; none: all is well */
	size_t problem_count;
	uint64_t alerts[ALERT_LEVELS]; /* of the last 24 hours */
};

/* Everything lives in the arena. 0, or -errno when Redis is away. */
int appliance_read(struct redis *r, const struct clock *clock, struct arena *a,
	struct appliance *ret) __attribute__((warn_unused_result));
