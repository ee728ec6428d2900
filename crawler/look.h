/* One look at a source: a visit to its page; the new articles it names are put into the frontier.
 * What the look saw (ETag, hash) is noted only when all of them stand there, so that none is lost.
 *
 *     struct look *look = look_start(&env, sources, &sources->at[i], on_end, ctx);
 *
 * The look frees itself after its callback; look_free() is for one that is cut short, after its
 * hosts and worker are gone. */
#pragma once

#include "crawler/account.h"
#include "crawler/frontier.h"
#include "crawler/hosts.h"
#include "crawler/knowledge.h"
#include "crawler/page_worker.h"
#include "crawler/source_state.h"
#include "crawler/sources.h"
#include "lib/json_read.h"
#include "lib/metrics.h"

struct look;

struct look_env {
	const struct knowledge *knowledge;
	struct hosts *hosts;
	struct frontier *frontier;
	struct page_worker *worker;
	struct metrics *metrics;
	struct json_reader *reader;
};

typedef void look_end_fn(void *ctx, struct look *look);

struct look_plan {
	struct sources *generation; /* a reference is taken */
	const struct source *source;
	struct account *account;    /* borrowed until the end */
	struct source_state *state; /* of the last look; takes over what this one saw */
	visit_claim_fn *claim;      /* called with ctx before the request */
	look_end_fn *end;
	void *ctx;
};

/* Why the source could not be read this time, in a word: "status_404", "robots", "empty"; empty
 * when it could. */
const char *look_trouble(const struct look *look);
bool look_has_news(const struct look *look);    /* it found what was not known before */
bool look_was_dropped(const struct look *look); /* its claim said so: nothing was asked for */

/* The callback may come before this returns. */
void look_start(const struct look_env *env, const struct look_plan *plan, struct look **ret_look);
void look_free(struct look **look);
