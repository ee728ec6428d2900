#include "crawler/hosts.h"

#include "crawler/config.h"
#include "crawler/robots.h"
#include "crawler/timeline.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdio.h>
#include <string.h>

enum {
	ROBOTS_FRESH_MS = 24 * 3600 * 1000,
	ROBOTS_RETRY_MS = 10 * 60 * 1000,
	ROBOTS_SOON_MS = 1000,
	BACK_OFF_MS = 60 * 1000,
	IDLE_MS = 3600 * 1000,
	IDLE_MIN_MS = 1000,
	ROBOTS_TOTAL_MAX = 64 * 1024 * 1024, /* of memory, for hosts nobody waits for */
	CLAIM_AGAIN_MS = 1000,
	REST_MAX_MS = 24 * 3600 * 1000,
	REST_KEPT_MS = 60 * 1000,
	SLOW_MAX = 6,
	ROBOTS_KEPT_MAX = 48 * 1024, /* a longer robots.txt is asked for again after a restart */
	TABLE = 16384,
};

struct host {
	struct host *next; /* in its place of the table */
	struct due due;
	char *origin; /* "https://name:port", with "own " in front for looks at our sites */
	struct robots *robots; /* NULL: not known yet */
	mono_t robots_until;
	mono_t not_before; /* of the next request */
	mono_t used;
	bool busy;           /* a request is under way */
	unsigned slow;       /* its delay is doubled so often */
	struct visit *first; /* by rank */
	size_t queued;
	struct robots_request *asking; /* NULL: none under way */
};

/* A request for a host's robots.txt, with what is known about it. */
struct robots_request {
	struct hosts *hosts;
	struct host *host;
	struct arena *arena;
	struct url url;
	bool internal;
	unsigned hops;
};

struct hosts {
	struct fetcher *fetcher;
	const struct clock *clock;
	int64_t delay_ms;
	size_t parallel, count, waiting, robots_len;
	struct remember *memory;
	struct timeline timeline; /* hosts with visits that wait and no request under way */
	struct host **table;
	mono_t next_drop;
};

struct hosts *hosts_new(
	struct fetcher *fetcher, const struct hosts_options *options, const struct clock *clock)
{
	struct hosts *h = mem_alloc(sizeof *h);

	h->fetcher = fetcher;
	h->clock = clock;
	h->delay_ms = options->delay_ms;
	h->parallel = options->parallel;
	h->memory = options->memory;
	h->table = mem_array(TABLE, sizeof(struct host *));
	return h;
}

static void robots_request_free(struct robots_request *q)
{
	q->host->asking = NULL;
	arena_free(&q->arena);
	mem_free(q);
}

static void set_robots(struct hosts *h, struct host *host, struct robots *robots)
{
	h->robots_len -= host->robots == NULL ? 0 : robots_size(host->robots);
	h->robots_len += robots == NULL ? 0 : robots_size(robots);
	robots_free(&host->robots);
	host->robots = robots;
}

static void host_free(struct hosts *h, struct host *host)
{
	if (host->asking != NULL)
		robots_request_free(host->asking);
	set_robots(h, host, NULL);
	mem_free(host->origin);
	mem_free(host);
}

void hosts_free(struct hosts **h)
{
	if (*h == NULL)
		return;
	for (size_t i = 0; i < TABLE; i++)
		while ((*h)->table[i] != NULL) {
			struct host *host = (*h)->table[i];

			(*h)->table[i] = host->next;
			host_free(*h, host);
		}
	timeline_release(&(*h)->timeline);
	mem_free((*h)->table);
	mem_free(*h);
	*h = NULL;
}

static bool has_passed(const struct hosts *h, mono_t t)
{
	return mono_left_ms(t, clock_mono(h->clock)) == 0;
}

static void drop_idle_at(struct hosts *h, struct host **at, int64_t idle_ms)
{
	while (*at != NULL) {
		struct host *host = *at;

		if (host->busy || host->queued > 0 || !has_passed(h, host->not_before) ||
			!has_passed(h, mono_after(host->used, idle_ms))) {
			at = &host->next;
			continue;
		}
		*at = host->next;
		host_free(h, host);
		h->count--;
	}
}

static bool is_full(const struct hosts *h)
{
	return h->count >= HOSTS_MAX || h->robots_len > ROBOTS_TOTAL_MAX;
}

/* Forgets hosts that nobody has asked for in an hour, a minute, a second: a feed may name ever new
 * ones, and there may be more sources than hosts have room. What is remembered of them stays. */
static void make_room(struct hosts *h)
{
	if (!is_full(h) || !has_passed(h, h->next_drop))
		return;
	h->next_drop = mono_after(clock_mono(h->clock), IDLE_MIN_MS);
	for (int64_t idle_ms = IDLE_MS; idle_ms >= IDLE_MIN_MS && is_full(h); idle_ms /= 60)
		for (size_t i = 0; i < TABLE; i++)
			drop_idle_at(h, &h->table[i], idle_ms);
}

/* The next request to the host, if one waits and none is under way. */
static void plan(struct hosts *h, struct host *host)
{
	if (host->first == NULL || host->busy)
		timeline_remove(&h->timeline, &host->due);
	else
		timeline_set(
			&h->timeline, &host->due, host->not_before.ns / 1000000, host->first->rank);
}

/* The key of what is remembered of a host: "rest" or "robots". */
static struct slice key_of(struct arena *a, const struct host *host, const char *what)
{
	uint8_t hash[SHA256_LEN];
	char hex[2 * 16 + 1];

	digest_sha256(slice_of(host->origin), hash);
	digest_hex(hash, 16, hex);
	return slice_of(arena_printf(a, "%s:%s", what, hex));
}

/* "WALL_MS" or "WALL_MS STATUS\nBODY": until when, in wall-clock milliseconds. */
static int64_t left_of(const struct hosts *h, struct slice *rest)
{
	struct slice head = {0};
	int64_t until;

	if (!slice_cut(rest, ' ', &head) || !slice_to_i64(head, &until))
		return 0;
	int64_t left = until - clock_wall_us(h->clock) / 1000;
	return left < 0 ? 0 : left > REST_MAX_MS ? REST_MAX_MS : left;
}

static void recall(struct hosts *h, struct host *host)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice keys[] = {key_of(a, host, "rest"), key_of(a, host, "robots")};
	struct slice known[2], status;
	int64_t code;

	if (h->memory == NULL)
		return;
	remember_get_many(h->memory, a, keys, 2, known);
	mono_t now = clock_mono(h->clock);
	host->not_before = mono_after(now, left_of(h, &known[0]));
	int64_t fresh_ms = left_of(h, &known[1]);
	if (fresh_ms == 0 || !slice_cut(&known[1], '\n', &status) || !slice_to_i64(status, &code))
		return;
	set_robots(h, host,
		code >= 400 ? robots_for_status((unsigned)code)
			    : robots_read(known[1], SLICE(CRAWLER_PRODUCT)));
	host->robots_until = mono_after(now, fresh_ms);
}

static void keep_robots(
	struct hosts *h, const struct host *host, unsigned status, struct slice body)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	int64_t until = clock_wall_us(h->clock) / 1000 + ROBOTS_FRESH_MS;

	if (h->memory == NULL || body.len > ROBOTS_KEPT_MAX)
		return;
	const char *head = arena_printf(a, "%lld %u\n", (long long)until, status);
	CLEANUP(buf_release) struct buf value = {0};
	buf_add_text(&value, head);
	buf_add_slice(&value, body);
	remember_set(h->memory, key_of(a, host, "robots"), buf_slice(&value), ROBOTS_FRESH_MS);
}

/* A crawler that is killed and comes back must not ask sooner than one that lives on. */
static void keep_rest(struct hosts *h, const struct host *host, int64_t ms)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	int64_t until = clock_wall_us(h->clock) / 1000 + ms;

	if (h->memory != NULL)
		remember_set(h->memory, key_of(a, host, "rest"),
			slice_of(arena_printf(a, "%lld", (long long)until)), ms + REST_KEPT_MS);
}

/* NULL when there are too many. A look at a site of ours waits behind no article of the same host
 * and for no Retry-After it sent: who broke in could silence the look with either. */
static struct host *find_host(struct hosts *h, const struct visit *v)
{
	CLEANUP(mem_cleanup)
	char *origin = mem_printf("%s%.*s://%.*s:%u", v->own_site ? "own " : "",
		SLICE_ARG(v->url.scheme), SLICE_ARG(v->url.host), v->url.port);
	struct host **place = &h->table[digest_hash64(slice_of(origin)) % TABLE];

	for (struct host *host = *place; host != NULL; host = host->next)
		if (strcmp(host->origin, origin) == 0)
			return host;
	make_room(h);
	if (h->count >= HOSTS_MAX)
		return NULL;
	struct host *host = mem_alloc(sizeof *host);
	host->origin = mem_text(origin);
	host->used = clock_mono(h->clock);
	host->next = *place;
	*place = host;
	h->count++;
	recall(h, host);
	return host;
}

size_t hosts_queued(struct hosts *h, const struct visit *visit)
{
	const struct host *host = find_host(h, visit);

	return host == NULL ? HOST_QUEUE_MAX : host->queued;
}

static void end_visit(
	struct visit *v, enum visit_end end, const char *reason, const struct fetch_result *fetch)
{
	struct visit_result result = {end, reason, fetch, &v->url};

	v->done(v->ctx, &result);
}

void hosts_visit(struct hosts *h, struct visit *visit)
{
	visit->hosts = h;
	visit->next = NULL;
	if (visit->hops == 0)
		visit->first_host = visit->url.host;
	visit->host = find_host(h, visit);
	if (visit->host == NULL || visit->host->queued == HOST_QUEUE_MAX) {
		end_visit(visit, VISIT_FAILED, "queue_full", NULL);
		return;
	}
	struct visit **at = &visit->host->first;
	while (*at != NULL && (*at)->rank <= visit->rank)
		at = &(*at)->next;
	visit->next = *at;
	*at = visit;
	visit->host->queued++;
	h->waiting++;
	plan(h, visit->host);
}

static struct visit *take_first(struct hosts *h, struct host *host)
{
	struct visit *v = host->first;

	host->first = v->next;
	host->queued--;
	h->waiting--;
	return v;
}

static int64_t delay_of(const struct hosts *h, const struct host *host, const struct visit *v)
{
	int64_t delay = v->delay_ms > 0 ? v->delay_ms : h->delay_ms;

	if (host->robots == NULL || v->own_site || robots_delay_s(host->robots) <= 0)
		return delay;
	double wanted = robots_delay_s(host->robots);
	int64_t robots =
		(int64_t)(1000 * (wanted > ROBOTS_DELAY_MAX_S ? ROBOTS_DELAY_MAX_S : wanted));
	return robots > delay ? robots : delay;
}

/* robots.txt is for those who come unasked: our own site and an interface whose operator gave us a
 * token have asked us in. */
static bool is_free(const struct visit *v)
{
	return v->own_site || v->token != NULL;
}

/* A host that says it is asked too often is asked ever more rarely, until it is well again. */
static int64_t slowed(struct host *host, bool too_often, int64_t ms)
{
	if (too_often && host->slow < SLOW_MAX)
		host->slow++;
	else if (!too_often && host->slow > 0)
		host->slow--;
	return ms << host->slow;
}

/* The host rests for its delay, longer when it asked for that. */
static void rest(struct hosts *h, struct visit *v, const struct fetch_result *result)
{
	struct host *host = v->host;
	bool too_often = !v->own_site && (result->status == 429 || result->status == 503);
	int64_t ms = slowed(host, too_often, delay_of(h, host, v));

	if (!v->own_site && result->spent_s * 1000 > ms)
		ms = result->spent_s * 1000;
	if (too_often) {
		int64_t asked =
			result->retry_after_s >= 0 ? result->retry_after_s * 1000 : BACK_OFF_MS;

		ms = asked > ms ? asked : ms;
		keep_rest(h, host, ms);
		if (h->memory != NULL)
			remember_flush(h->memory);
	}
	host->busy = false;
	host->used = clock_mono(h->clock);
	host->not_before = mono_after(host->used, ms);
	plan(h, host);
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A private address is allowed only on the host that the source names. */
static void follow(struct visit *v, const struct fetch_result *result)
{
	struct url url;

	if (++v->hops > HOPS_MAX) {
		end_visit(v, VISIT_REFUSED, "too_many_redirects", result);
		return;
	}
	if (!url_parse(v->arena, result->location, &v->url, &url) || url.has_userinfo) {
		end_visit(v, VISIT_REFUSED, "bad_redirect", result);
		return;
	}
	v->url = url;
	v->internal = v->internal && slice_equal(url.host, v->first_host);
	v->own_site = v->own_site && slice_equal(url.host, v->first_host);
	v->etag = v->last_modified = v->token = NULL;
	hosts_visit(v->hosts, v);
}

static bool has_validator(const struct visit *v)
{
	return (v->etag != NULL && v->etag[0] != '\0') ||
		(v->last_modified != NULL && v->last_modified[0] != '\0');
}

static void on_fetched(void *ctx, const struct fetch_result *result)
{
	struct visit *v = ctx;
	char reason[32];

	rest(v->hosts, v, result);
	if (result->fault == FETCH_PRIVATE_ADDRESS) {
		end_visit(v, VISIT_REFUSED, fetch_fault_name(result->fault), result);
	} else if (result->fault != FETCH_OK) {
		end_visit(v, VISIT_FAILED, fetch_fault_name(result->fault), result);
	} else if (is_redirect(result->status)) {
		follow(v, result);
	} else if (result->status >= 400 || (result->status == 304 && !has_validator(v))) {
		bool gone = result->status >= 400 && result->status < 500 &&
			result->status != 429 && result->status != 408;

		(void)snprintf(reason, sizeof reason, "status_%u", result->status);
		end_visit(v, gone ? VISIT_REFUSED : VISIT_FAILED, reason, result);
	} else {
		end_visit(v, VISIT_FETCHED, NULL, result);
	}
}

static void start_visit(struct visit *v)
{
	v->host->busy = true;
	fetch(v->hosts->fetcher,
		&(struct fetch_request){
			.url = v->url.href.at,
			.etag = v->etag,
			.last_modified = v->last_modified,
			.token = v->token,
			.as_searcher = v->as_searcher && v->own_site,
			.internal = v->internal,
			.len_max = v->len_max,
			.done = on_fetched,
			.ctx = v,
		});
}

static void robots_known(struct robots_request *q, struct robots *robots, int64_t fresh_ms)
{
	struct hosts *h = q->hosts;
	struct host *host = q->host;

	set_robots(h, host, robots);
	host->used = clock_mono(h->clock);
	host->robots_until = mono_after(host->used, fresh_ms);
	host->busy = false;
	plan(h, host);
	robots_request_free(q);
	make_room(h);
}

static void ask_robots(struct robots_request *q);

/* RFC 9309 §2.3.1: 4xx allows all; 5xx and no answer forbid all; five redirects are followed. */
static void on_robots(void *ctx, const struct fetch_result *result)
{
	struct robots_request *q = ctx;
	struct url url;

	if (result->fault == FETCH_OK && is_redirect(result->status)) {
		bool follows = ++q->hops <= ROBOTS_REDIRECTS_MAX &&
			url_parse(q->arena, result->location, &q->url, &url) && !url.has_userinfo;

		if (!follows) {
			robots_known(q, robots_for_status(404), ROBOTS_FRESH_MS);
			return;
		}
		q->internal = q->internal && slice_equal(url.host, q->url.host);
		q->url = url;
		ask_robots(q);
	} else if (result->status >= 200 && result->status < 300 &&
		(result->fault == FETCH_OK ||
			(result->fault == FETCH_TOO_LARGE && result->body.len > 0))) {
		keep_robots(q->hosts, q->host, 200, result->body);
		robots_known(q, robots_read(result->body, SLICE(CRAWLER_PRODUCT)), ROBOTS_FRESH_MS);
	} else if (result->fault == FETCH_OK && result->status >= 400 && result->status < 500 &&
		result->status != 429) {
		keep_robots(q->hosts, q->host, result->status, (struct slice){0});
		robots_known(q, robots_for_status(result->status), ROBOTS_FRESH_MS);
	} else if (result->fault == FETCH_PRIVATE_ADDRESS) {
		/* The visit itself will be refused for its address, which is the better reason. */
		robots_known(q, robots_for_status(404), ROBOTS_SOON_MS);
	} else {
		robots_known(q, robots_for_status(503), ROBOTS_RETRY_MS);
	}
}

static void ask_robots(struct robots_request *q)
{
	q->host->busy = true;
	fetch(q->hosts->fetcher,
		&(struct fetch_request){
			.url = q->url.href.at,
			.internal = q->internal,
			.len_max = ROBOTS_LEN_MAX,
			.done = on_robots,
			.ctx = q,
		});
}

static void start_robots(struct hosts *h, struct host *host, const struct visit *v)
{
	struct robots_request *q = mem_alloc(sizeof *q);

	q->hosts = h;
	q->host = host;
	q->arena = arena_new();
	q->internal = v->internal;
	host->asking = q;
	must(url_parse(q->arena, SLICE("/robots.txt"), &v->url, &q->url));
	ask_robots(q);
}

static void judge_visit(struct visit *v)
{
	if (is_free(v) || robots_allows(v->host->robots, v->url.target))
		start_visit(v);
	else if (robots_unavailable(v->host->robots))
		end_visit(v, VISIT_FAILED, "robots_unavailable", NULL);
	else
		end_visit(v, VISIT_REFUSED, "robots", NULL);
}

/* Starts the next visit of a host that may be asked now. */
static void host_tick(struct hosts *h, struct host *host)
{
	struct visit *v = host->first;

	if (!is_free(v) && (host->robots == NULL || has_passed(h, host->robots_until))) {
		start_robots(h, host, v);
		return;
	}
	bool asks = v->claim != NULL && v->hops == 0;
	if (asks)
		keep_rest(h, host, delay_of(h, host, v));
	enum claim claim = asks ? v->claim(v->ctx) : CLAIM_MINE;
	if (claim == CLAIM_LATER) {
		host->not_before = mono_after(clock_mono(h->clock), CLAIM_AGAIN_MS);
		plan(h, host);
		return;
	}
	if (asks && h->memory != NULL)
		remember_flush(h->memory);
	take_first(h, host);
	host->used = clock_mono(h->clock);
	if (claim == CLAIM_DROP)
		end_visit(v, VISIT_DROPPED, "claimed", NULL);
	else
		judge_visit(v);
	plan(h, host);
}

void hosts_tick(struct hosts *h)
{
	while (fetcher_busy(h->fetcher) < h->parallel) {
		int64_t now_ms = clock_mono(h->clock).ns / 1000000;
		struct due *due = timeline_take(&h->timeline, now_ms);

		if (due == NULL)
			return;
		host_tick(h, DUE_OWNER(due, struct host, due));
	}
}

int64_t hosts_wait_ms(const struct hosts *h, int64_t longest_ms)
{
	int64_t at_ms, now_ms = clock_mono(h->clock).ns / 1000000;

	if (fetcher_busy(h->fetcher) >= h->parallel || !timeline_next(&h->timeline, &at_ms))
		return longest_ms;
	int64_t left = at_ms < now_ms ? 0 : at_ms - now_ms + 1;
	return left < longest_ms ? left : longest_ms;
}

size_t hosts_waiting(const struct hosts *h)
{
	return h->waiting;
}
