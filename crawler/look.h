/* One look at a source: a visit to its page, then visits to the new articles it names. What the
 * look saw (ETag, hash) is remembered only when all its articles are done, so that an article that
 * failed is found again at the next look.
 *
 *     struct look *look = look_start(&env, sources, &sources->at[i], on_end, ctx);
 *
 * The look frees itself after its callback; look_free() is for one that is cut short, after its
 * hosts and worker are gone. */
#pragma once

#include "crawler/hosts.h"
#include "crawler/knowledge.h"
#include "crawler/page_worker.h"
#include "crawler/sources.h"
#include "lib/json_read.h"
#include "lib/metrics.h"

struct look;

struct look_env {
	const struct knowledge *knowledge;
	struct hosts *hosts;
	struct page_worker *worker;
	struct metrics *metrics;
	struct json_reader *reader;
};

typedef void look_end_fn(void *ctx, struct look *look);

struct look_plan {
	struct sources *generation; /* a reference is taken */
	const struct source *source;
	look_end_fn *end;
	void *ctx;
};

/* Why the source could not be read this time, in a word: "status_404", "robots", "empty"; empty
 * when it could. */
const char *look_trouble(const struct look *look);

/* The callback may come before this returns. */
void look_start(const struct look_env *env, const struct look_plan *plan, struct look **ret_look);
void look_free(struct look **look);
