#include "correlator/settle.h"

#include "correlator/inhibit.h"
#include "correlator/keymap.h"
#include "correlator/raise.h"
#include "correlator/told.h"
#include "event/streams.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum { TRIES_MAX = 64, OUTAGE_MS = 3600000 };

/* A window of this batch with its hits, which are linked by index. */
struct job {
	struct store_cell cell;
	const struct rule *rule;
	size_t first_hit, last_hit;
	struct settle_tally tally; /* of the last try */
	struct slice *muted_by;    /* ids of mutes, one per alert muted in the last try */
	struct hits onward;        /* to other correlations, from the last try */
};

struct settle {
	struct store *store;
	const struct clock *clock;
	struct explain *explain;
	struct inhibit *inhibit;
	const struct offices *offices;
	struct mutes *mutes;
	uint64_t version_state;
	int64_t outage_ms;
};

/* What one batch needs. */
struct batch {
	struct settle *settle;
	const struct hits *hits;
	struct keymap by_key;
	struct job **jobs;
	size_t job_count;
	size_t *next_hit; /* per hit: the next one of the same job, or SIZE_MAX */
};

struct settle *settle_new(struct store *store, const struct clock *clock)
{
	struct settle *s = mem_alloc(sizeof *s);

	s->store = store;
	s->clock = clock;
	s->explain = explain_new();
	s->inhibit = inhibit_new(store);
	s->outage_ms = OUTAGE_MS;
	must(getrandom(&s->version_state, sizeof s->version_state, 0) ==
		(ssize_t)sizeof s->version_state);
	return s;
}

void settle_free(struct settle **s)
{
	if (!*s)
		return;
	explain_free(&(*s)->explain);
	inhibit_free(&(*s)->inhibit);
	mem_free(*s);
	*s = NULL;
}

void settle_use(struct settle *s, const struct offices *offices, struct mutes *mutes)
{
	s->offices = offices;
	s->mutes = mutes;
}

void settle_keep(struct settle *s, int64_t outage_ms)
{
	s->outage_ms = outage_ms;
}

/* Versions need only differ from each other, whoever writes them (SplitMix64, randomly seeded). */
static uint64_t next_version(struct settle *s)
{
	uint64_t z = s->version_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static struct job *job_of(struct batch *b, const struct rule_hit *hit)
{
	CLEANUP(buf_release) struct buf key = {0};

	stream_window(hit->target->key, hit->group, &key);
	struct job *job = keymap_get(&b->by_key, buf_slice(&key));
	if (job)
		return job;

	job = arena_alloc(b->hits->arena, sizeof *job);
	job->rule = hit->target;
	job->first_hit = SIZE_MAX;
	job->cell.key = arena_slice(b->hits->arena, buf_slice(&key));
	job->cell.bucket = stream_bucket(hit->target->key, hit->group);
	keymap_put(&b->by_key, job->cell.key, job);
	b->jobs[b->job_count++] = job;
	return job;
}

static void collect_jobs(struct batch *b)
{
	for (size_t i = 0; i < b->hits->count; i++) {
		struct job *job = job_of(b, &b->hits->at[i]);

		b->next_hit[i] = SIZE_MAX;
		if (job->first_hit == SIZE_MAX)
			job->first_hit = i;
		else
			b->next_hit[job->last_hit] = i;
		job->last_hit = i;
	}
}

static void forget_alerts(struct store_cell *cell)
{
	for (size_t i = 0; i < cell->alert_count; i++)
		buf_release(&cell->alerts[i]);
	mem_free(cell->alerts);
	cell->alerts = NULL;
	cell->alert_count = 0;
}

static void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->job_count; i++) {
		forget_alerts(&b->jobs[i]->cell);
		buf_release(&b->jobs[i]->cell.blob);
		buf_release(&b->jobs[i]->cell.next);
		mem_free(b->jobs[i]->muted_by);
		hits_release(&b->jobs[i]->onward);
	}
	keymap_release(&b->by_key);
	mem_free(b->jobs);
	mem_free(b->next_hit);
}

static void mute(struct batch *b, struct job *job, struct slice id)
{
	job->muted_by = mem_resize(job->muted_by, job->tally.muted + 1, sizeof *job->muted_by);
	job->muted_by[job->tally.muted++] = arena_slice(b->hits->arena, id);
}

/* False when another alert speaks for it. */
static bool fire(struct batch *b, struct job *job, struct raise *raise)
{
	struct store_cell *cell = &job->cell;
	struct settle *s = b->settle;
	struct slice muted_by;
	struct buf alert = {0};

	if (inhibit_holds(s->inhibit, raise->cause, raise->window->told.level)) {
		job->tally.inhibited++;
		return false;
	}
	raise->now_us = clock_wall_us(s->clock);
	raise->offices = s->offices;
	raise->mutes = s->mutes;
	if (!raise_alert(s->explain, raise, &alert, &muted_by)) {
		mute(b, job, muted_by);
		return true;
	}
	cell->alerts = mem_resize(cell->alerts, cell->alert_count + 1, sizeof *cell->alerts);
	cell->alerts[cell->alert_count++] = alert;
	job->tally.alerts++;
	inhibit_begin(s->inhibit, raise->cause, raise->window->told.level);
	return true;
}

/* A new alert, or a revision of the one that its window is silent after. */
static void tell(struct batch *b, struct job *job, const struct rule_hit *hit, struct window *w,
	const struct window_verdict *fired)
{
	bool silent = hit->hit.time_us < w->suppressed_until_us || w->has_fired;

	const struct told_news news = {
		&hit->hit, job->rule->window.kind, hit->level, &job->rule->response};

	if (!job->rule->alerts)
		return;
	if (fired) {
		told_open(&w->told, &news, w, fired);
		if (!fire(b, job,
			    &(struct raise){.cause = hit,
				    .window = w,
				    .verdict = fired,
				    .revised_for = ""}))
			told_hold_back(&w->told);
	} else if (silent && told_add(&w->told, &news)) {
		const char *why = told_revise(&w->told, &news) ? "level" : "count";
		struct window_verdict verdict = {.count = w->told.count,
			.value = (double)w->told.count,
			.first_us = w->told.first_us,
			.last_us = w->told.last_us};

		(void)fire(b, job,
			&(struct raise){.cause = hit,
				.window = w,
				.verdict = &verdict,
				.revised_for = why});
	}
}

/* Each window is a producer of its own to the windows that count what it fires: their marks know it
 * beside the stream of the event. */
static uint64_t chain_stream(uint64_t stream, struct slice key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ stream;

	for (size_t i = 0; i < key.len; i++)
		hash = (hash ^ (uint8_t)key.at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void go_onward(struct job *job, const struct rule_hit *hit)
{
	for (size_t i = 0; i < hit->onward_count; i++) {
		struct rule_hit next = hit->onward[i];

		next.hit.stream = chain_stream(hit->hit.stream, job->cell.key);
		hits_add(&job->onward, &next);
	}
}

/* Applies all hits of the job to the blob as fetched. The cell is done when none was news. */
static void apply(struct batch *b, struct job *job)
{
	CLEANUP(window_release) struct window w = {0};
	struct store_cell *cell = &job->cell;
	const struct window_spec *spec = &job->rule->window;
	bool changed = false;

	forget_alerts(cell);
	job->tally = (struct settle_tally){0};
	job->onward.count = 0;
	job->tally.unreadable = !window_read(&w, spec, buf_slice(&cell->blob));
	for (size_t i = job->first_hit; i != SIZE_MAX; i = b->next_hit[i]) {
		const struct rule_hit *hit = &b->hits->at[i];
		struct window_verdict verdict;
		enum window_outcome outcome = window_apply(&w, spec, &hit->hit, &verdict);

		changed |= outcome != WINDOW_KNOWN;
		job->tally.known += outcome == WINDOW_KNOWN;
		job->tally.late += outcome == WINDOW_LATE;
		job->tally.suppressed += outcome == WINDOW_SUPPRESSED;
		if (outcome == WINDOW_FIRED ||
			(outcome == WINDOW_KNOWN && hit->onward_count > 0 &&
				window_fired(&w, &hit->hit)))
			go_onward(job, hit);
		if (outcome != WINDOW_KNOWN && outcome != WINDOW_LATE)
			tell(b, job, hit, &w, outcome == WINDOW_FIRED ? &verdict : NULL);
	}
	buf_clear(&cell->next);
	cell->done = !changed;
	cell->conflict = false;
	cell->ttl_ms = window_ttl_ms(&w, spec, b->settle->outage_ms);
	if (changed)
		window_write(&w, spec, next_version(b->settle), &cell->next);
}

static size_t cells_to_write(struct batch *b, struct store_cell **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < b->job_count; i++) {
		struct job *job = b->jobs[i];

		if (job->cell.done)
			continue;
		apply(b, job);
		if (!job->cell.done)
			ret[count++] = &job->cell;
	}
	return count;
}

static void add_tallies(const struct batch *b, struct settle_tally *tally)
{
	for (size_t i = 0; i < b->job_count; i++) {
		const struct settle_tally *t = &b->jobs[i]->tally;

		tally->alerts += t->alerts;
		tally->late += t->late;
		tally->suppressed += t->suppressed;
		tally->known += t->known;
		tally->unreadable += t->unreadable;
		tally->muted += t->muted;
		tally->inhibited += t->inhibited;
		for (size_t k = 0; k < t->muted; k++)
			mutes_count(b->settle->mutes, b->jobs[i]->muted_by[k]);
	}
}

static int write_all(struct batch *b, struct store_cell **cells, struct settle_tally *tally)
{
	struct store *store = b->settle->store;

	for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
		size_t count = cells_to_write(b, cells);
		if (count == 0)
			return 0;

		int said = store->commit(store, cells, count);
		if (said < 0)
			return said;
		for (size_t i = 0; i < count; i++) {
			cells[i]->done = !cells[i]->conflict;
			tally->conflicts += cells[i]->conflict;
		}
	}
	return -EBUSY;
}

/* Settles hits of one depth; what they fire goes to `next`. */
static int settle_depth(
	struct settle *s, const struct hits *hits, struct hits *next, struct settle_tally *tally)
{
	CLEANUP(batch_release) struct batch b = {.settle = s, .hits = hits};
	CLEANUP(mem_cleanup) struct store_cell **cells = NULL;

	if (hits->count == 0)
		return 0;
	b.jobs = mem_array(hits->count, sizeof(struct job *));
	b.next_hit = mem_array(hits->count, sizeof *b.next_hit);
	cells = mem_array(hits->count, sizeof(struct store_cell *));
	collect_jobs(&b);
	for (size_t i = 0; i < b.job_count; i++)
		cells[i] = &b.jobs[i]->cell;

	int said = s->store->fetch(s->store, cells, b.job_count);
	if (said == 0)
		said = write_all(&b, cells, tally);
	if (said == 0)
		said = inhibit_write(s->inhibit);
	else
		inhibit_forget(s->inhibit);
	if (said == 0)
		add_tallies(&b, tally);
	for (size_t i = 0; said == 0 && i < b.job_count; i++)
		for (size_t k = 0; k < b.jobs[i]->onward.count; k++)
			hits_add(next, &b.jobs[i]->onward.at[k]);
	return said;
}

static int by_order(const void *a, const void *b)
{
	const struct rule_hit *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static bool has_chains(const struct hits *hits)
{
	for (size_t i = 0; i < hits->count; i++)
		if (hits->at[i].onward_count > 0)
			return true;
	return false;
}

static void add_depth(const struct hits *from, unsigned depth, struct hits *to)
{
	for (size_t i = 0; i < from->count; i++)
		if (from->at[i].target->depth == depth)
			hits_add(to, &from->at[i]);
}

/* Windows that count what others fire come after those. */
int settle_hits(struct settle *s, const struct hits *hits, struct settle_tally *tally)
{
	struct hits next = {.arena = hits->arena};
	int said = 0;

	if (!has_chains(hits))
		return settle_depth(s, hits, &next, tally);
	for (unsigned depth = 0; said == 0 && depth <= CORRELATION_DEPTH_MAX; depth++) {
		struct hits level = {.arena = hits->arena};

		add_depth(hits, depth, &level);
		add_depth(&next, depth, &level);
		if (level.count > 0)
			qsort(level.at, level.count, sizeof *level.at, by_order);
		said = settle_depth(s, &level, &next, tally);
		hits_release(&level);
	}
	hits_release(&next);
	return said;
}
