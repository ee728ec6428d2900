#include "console/collector.h"

#include "console/collect.h"
#include "console/outbox.h"
#include "console/record.h"
#include "event/health.h"
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BLOCK_MS = 500, PAUSE_MS = 200, HEALTH_JSON_MAX = 256 * 1024 };

struct collector {
	struct collector_options options;
	pthread_t thread;
	struct db *db;
	struct redis *r;
	struct collect *collect;
	struct json_reader *json;
	struct health health;
	int came_fd, stop_fd;
	bool failing;      /* the last round failed: logged once */
	bool changes_wait; /* the same of the outbox */
	mono_t next_health;

	pthread_mutex_t lock; /* of what follows */
	struct buf programs;  /* a JSON array */
	bool redis_up;
};

static void copy_member(struct json_value from, const char *key, struct json_writer *w)
{
	struct slice text;

	if (!json_get_text(from, key, &text))
		return;
	json_key(w, key);
	json_text(w, text);
}

/* "health:probe.s1": what is known of a program that fell silent. */
static void write_silent(struct slice key, struct json_writer *w)
{
	struct slice rest = slice_from(key, slice_find_byte(key, ':') + 1), program = SLICE("");

	(void)slice_cut(&rest, '.', &program);
	json_key(w, "program");
	json_text(w, program);
	json_key(w, "instance");
	json_text(w, rest);
}

struct programs {
	struct json_reader *json;
	struct json_writer w;
};

static void on_health(void *ctx, struct slice key, struct slice json)
{
	static const char *const members[] = {
		"program", "instance", "version", "status", "started", "updated"};
	struct programs *p = ctx;
	struct json_value root;
	struct err err = {0};
	bool alive = json.len > 0 && json_read(p->json, json, &root, &err);

	json_begin_object(&p->w);
	if (alive)
		for (size_t i = 0; i < sizeof members / sizeof *members; i++)
			copy_member(root, members[i], &p->w);
	else
		write_silent(key, &p->w);
	json_key(&p->w, "silent");
	json_bool(&p->w, !alive);
	json_end_object(&p->w);
}

static void health_round(struct collector *c)
{
	CLEANUP(buf_release) struct buf programs = {0};
	struct programs p = {c->json, json_writer_on(&programs)};

	CLEANUP(mem_cleanup)
	char *degraded =
		mem_printf("degraded: alerts cannot be collected: %s", collect_said(c->collect));

	/* A full Redis takes no report but still tells who fell silent. */
	int ignored = health_report(&c->health, c->r, c->options.clock, c->options.metrics,
		c->failing ? degraded : "collecting alerts");

	(void)ignored;
	json_begin_array(&p.w);
	bool told = health_each(c->r, on_health, &p) == 0;

	json_end_array(&p.w);

	must(pthread_mutex_lock(&c->lock) == 0);
	buf_clear(&c->programs);
	if (told)
		buf_add_slice(&c->programs, buf_slice(&programs));
	must(pthread_mutex_unlock(&c->lock) == 0);
}

static void tell(struct collector *c, int result)
{
	if (result < 0 && !c->failing)
		log_warning("Alerts cannot be collected now: %s", collect_said(c->collect));
	if (result >= 0 && c->failing)
		log_notice("Alerts are collected again");
	c->failing = result < 0;

	must(pthread_mutex_lock(&c->lock) == 0);
	c->redis_up = redis_connected(c->r);
	must(pthread_mutex_unlock(&c->lock) == 0);
	if (result > 0)
		must(eventfd_write(c->came_fd, 1) == 0);
}

/* What cannot be sent now stays in the outbox for the next round. */
static void send_changes(struct collector *c)
{
	int sent = outbox_send(c->db, c->r);

	if (sent < 0 && !c->changes_wait)
		log_warning("What analysts did cannot be told to the courier now: %s",
			db_said(c->db)[0] ? db_said(c->db) : redis_said(c->r));
	if (sent >= 0 && c->changes_wait)
		log_notice("What analysts do is told to the courier again");
	c->changes_wait = sent < 0;
}

static bool stop_wanted(const struct collector *c, int wait_ms)
{
	struct pollfd stop = {.fd = c->stop_fd, .events = POLLIN};

	return poll(&stop, 1, wait_ms) > 0;
}

static void *work(void *ctx)
{
	struct collector *c = ctx;

	while (!stop_wanted(c, c->failing ? PAUSE_MS : 0)) {
		mono_t now = clock_mono(c->options.clock);

		tell(c, collect_step(c->collect, BLOCK_MS));
		if (!c->failing) /* else it fails the same way, and over the words of the first failure */
			send_changes(c);
		if (mono_left_ms(c->next_health, now) == 0) {
			health_round(c);
			c->next_health = mono_after(now, HEALTH_INTERVAL_MS);
		}
	}
	return NULL;
}

struct collector *collector_new(const struct collector_options *options, struct err *err)
{
	struct db *db = record_open(options->record_path, err);

	if (!db)
		return NULL;
	struct collector *c = mem_alloc(sizeof *c);

	c->options = *options;
	c->db = db;
	c->r = redis_new(&options->redis, options->clock);
	c->collect = collect_new(c->db, c->r, options->clock, options->metrics);
	c->json = json_reader_new(HEALTH_JSON_MAX);
	c->health = (struct health){"console", options->instance, clock_wall_us(options->clock)};
	c->next_health = clock_mono(options->clock);
	c->came_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(c->came_fd >= 0 && c->stop_fd >= 0);
	must(pthread_mutex_init(&c->lock, NULL) == 0);
	must(pthread_create(&c->thread, NULL, work, c) == 0);
	return c;
}

void collector_free(struct collector **c)
{
	if (!*c)
		return;
	must(eventfd_write((*c)->stop_fd, 1) == 0);
	must(pthread_join((*c)->thread, NULL) == 0);
	collect_free(&(*c)->collect);
	redis_free(&(*c)->r);
	json_reader_free(&(*c)->json);
	db_close(&(*c)->db);
	buf_release(&(*c)->programs);
	(void)close((*c)->came_fd);
	(void)close((*c)->stop_fd);
	must(pthread_mutex_destroy(&(*c)->lock) == 0);
	mem_free(*c);
	*c = NULL;
}

int collector_fd(const struct collector *c)
{
	return c->came_fd;
}

void collector_seen(struct collector *c)
{
	eventfd_t ignored;

	(void)eventfd_read(c->came_fd, &ignored);
}

void collector_programs(struct collector *c, struct json_writer *w)
{
	must(pthread_mutex_lock(&c->lock) == 0);
	json_key(w, "redis");
	bool known = c->redis_up && c->programs.len > 0;

	json_bool(w, known);
	json_key(w, "programs");
	json_raw(w, known ? buf_slice(&c->programs) : SLICE("[]"));
	must(pthread_mutex_unlock(&c->lock) == 0);
}
