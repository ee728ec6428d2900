#include "lib/redis.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/redis_nodes.h"
#include "lib/redis_slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	TIMEOUT_MS = 2000,
	BUFFER_KEPT = 1024 * 1024, /* a larger buffer is given back after use */
	TURN_WAIT_MS = 20,         /* before commands that nobody could serve are sent again */
	TURNS_AT_ONCE = 3,         /* moves that are followed without waiting */
	REPLICA_WAIT_MS = 500,
	SILENT_WAIT_MS = 10, /* while replicas are known to be silent */
};

/* Redis itself refuses a client that sends more than this without a pause (query buffer limit). */
#define QUEUE_LEN_MAX ((size_t)1 << 30)

struct command {
	struct redis_reply *reply; /* kept until those before it were given */
	bool settled;              /* it is the one to be given */
};

/* What goes to one node as a whole: a command, or all from MULTI to EXEC. */
struct unit {
	size_t first, count; /* commands */
	size_t at, len;      /* bytes in `out` */
	unsigned slot;
	struct redis_address *to; /* NULL: the node of the slot */
	enum redis_turn turn;     /* what the node said last */
	bool waiting;             /* to be sent, once more perhaps */
};

/* What is under way on one link: units in the order of sending. */
struct lane {
	struct redis_link *link;
	size_t *units;
	size_t count, room, head;
	size_t got;  /* answers of the unit at the head */
	bool asking; /* the next answer is that to ASKING */
};

/* Takes over the reply. */
typedef void take_reply(void *ctx, size_t index, struct redis_reply *reply);

struct redis {
	struct redis_login login;
	struct redis_nodes *nodes;
	char *user, *password;
	int64_t extra_ms, replicas;
	bool replicas_silent; /* when they were asked last */

	struct buf out;
	struct command *commands;
	size_t count, command_room;
	struct unit *units;
	size_t unit_count, unit_room;
	bool in_multi; /* the last unit is not closed by EXEC yet */

	struct lane *lanes;
	size_t lane_count;
	size_t given; /* commands whose replies were given */
	take_reply *take;
	void *ctx;
	bool running, started;
	int start_error;
	int failed; /* a negative errno, found in an answer */
	char said[REDIS_SAID_MAX];
};

bool redis_address_check(const char *address, struct err *err)
{
	struct redis_address parsed;

	return redis_address_read(address, &parsed, err);
}

struct redis *redis_new(const struct redis_options *options, const struct clock *clock)
{
	struct redis *r = mem_alloc(sizeof *r);

	if (options->user && *options->user)
		r->user = mem_text(options->user);
	if (options->password && *options->password)
		r->password = mem_text(options->password);
	r->login = (struct redis_login){.user = r->user,
		.password = r->password,
		.timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS,
		.clock = clock};
	r->replicas = options->replicas;
	r->nodes = redis_nodes_new(options, &r->login);
	return r;
}

void redis_free(struct redis **r)
{
	if (!*r)
		return;
	redis_nodes_free(&(*r)->nodes);
	if ((*r)->password)
		explicit_bzero((*r)->password, strlen((*r)->password));
	mem_free((*r)->password);
	mem_free((*r)->user);
	for (size_t i = 0; i < (*r)->count; i++)
		redis_reply_free(&(*r)->commands[i].reply);
	for (size_t i = 0; i < (*r)->unit_count; i++)
		mem_free((*r)->units[i].to);
	for (size_t i = 0; i < (*r)->lane_count; i++)
		mem_free((*r)->lanes[i].units);
	mem_free((*r)->commands);
	mem_free((*r)->units);
	mem_free((*r)->lanes);
	buf_release(&(*r)->out);
	mem_free(*r);
	*r = NULL;
}

bool redis_connected(const struct redis *r)
{
	for (size_t i = 0; i < redis_nodes_count(r->nodes); i++)
		if (redis_link_is_open(redis_nodes_link(r->nodes, i)))
			return true;
	return false;
}

bool redis_is_cluster(const struct redis *r)
{
	return redis_nodes_is_cluster(r->nodes);
}

const char *redis_said(const struct redis *r)
{
	return r->said;
}

void redis_be_patient(struct redis *r, int64_t extra_ms)
{
	r->extra_ms = extra_ms;
}

void redis_register_script(struct redis *r, struct redis_script *script)
{
	uint8_t hash[SHA1_LEN];

	must(r->login.script_count < REDIS_SCRIPTS_MAX && !redis_connected(r));
	digest_sha1(slice_of(script->source), hash);
	digest_hex(hash, sizeof hash, script->sha1);
	r->login.scripts[r->login.script_count++] = script;
}

static struct unit *add_unit(struct redis *r, unsigned slot)
{
	if (r->unit_count == r->unit_room) {
		r->unit_room = r->unit_room ? r->unit_room * 2 : 64;
		r->units = mem_resize(r->units, r->unit_room, sizeof *r->units);
	}
	struct unit *u = &r->units[r->unit_count++];

	*u = (struct unit){.first = r->count, .at = r->out.len, .slot = slot, .waiting = true};
	return u;
}

/* The command's arguments follow, and then end_command(). */
static void start_command(struct redis *r, struct slice key, struct slice name)
{
	unsigned slot = redis_slot_of(key);

	must(!r->running && !r->started);
	must(r->out.len < QUEUE_LEN_MAX);
	if (r->in_multi)
		must(r->units[r->unit_count - 1].slot == slot);
	else
		(void)add_unit(r, slot);
	r->in_multi = (r->in_multi || slice_is(name, "MULTI")) && !slice_is(name, "EXEC");
}

static void end_command(struct redis *r)
{
	struct unit *u = &r->units[r->unit_count - 1];

	if (r->count == r->command_room) {
		r->command_room = r->command_room ? r->command_room * 2 : 64;
		r->commands = mem_resize(r->commands, r->command_room, sizeof *r->commands);
	}
	r->commands[r->count++] = (struct command){0};
	u->count++;
	u->len = r->out.len - u->at;
}

static void add_args(struct redis *r, const struct slice *args, size_t count)
{
	for (size_t i = 0; i < count; i++)
		redis_command_add(&r->out, args[i]);
}

void redis_queue(struct redis *r, struct slice key, const struct slice *args, size_t count)
{
	must(count > 0);
	start_command(r, key, args[0]);
	redis_command_begin(&r->out, count);
	add_args(r, args, count);
	end_command(r);
}

void redis_queue_script(struct redis *r, const struct redis_script *script, struct redis_keys keys,
	const struct slice *args, size_t count)
{
	size_t key_count = keys.second.len ? 2 : 1;

	must(key_count == 1 || redis_slot_of(keys.first) == redis_slot_of(keys.second));
	start_command(r, keys.first, SLICE("EVALSHA"));
	redis_command_begin(&r->out, 3 + key_count + count);
	redis_command_add(&r->out, SLICE("EVALSHA"));
	redis_command_add(&r->out, slice_of(script->sha1));
	redis_command_add(&r->out, key_count == 2 ? SLICE("2") : SLICE("1"));
	redis_command_add(&r->out, keys.first);
	if (key_count == 2)
		redis_command_add(&r->out, keys.second);
	add_args(r, args, count);
	end_command(r);
}

/* To a node instead of a key. */
static void queue_at(
	struct redis *r, const struct redis_link *link, const struct slice *args, size_t count)
{
	redis_queue(r, SLICE(""), args, count);
	r->units[r->unit_count - 1].to =
		mem_copy(redis_link_address(link), sizeof(struct redis_address));
}

static int fail(struct redis *r, int error, const char *said)
{
	if (said != r->said)
		(void)snprintf(r->said, sizeof r->said, "%s", said);
	return error;
}

static struct lane *lane_of(struct redis *r, struct redis_link *link)
{
	for (size_t i = 0; i < r->lane_count; i++)
		if (r->lanes[i].link == link)
			return &r->lanes[i];
	r->lanes = mem_resize(r->lanes, r->lane_count + 1, sizeof *r->lanes);
	r->lanes[r->lane_count] = (struct lane){.link = link};
	return &r->lanes[r->lane_count++];
}

static void lane_add(struct lane *lane, size_t unit)
{
	if (lane->count == lane->room) {
		lane->room = lane->room ? lane->room * 2 : 64;
		lane->units = mem_resize(lane->units, lane->room, sizeof *lane->units);
	}
	lane->units[lane->count++] = unit;
}

/* The open link that a unit goes to. One that names its node wants the very connection it was
 * queued for. */
static int link_of(struct redis *r, const struct unit *u, struct redis_link **ret)
{
	bool stays = u->to && u->turn != REDIS_ASK;

	if (stays && !redis_nodes_has(r->nodes, u->to))
		return fail(r, -EAGAIN, "Redis: the connection was lost meanwhile");

	int error = u->to ? redis_nodes_at(r->nodes, u->to, ret)
			  : redis_nodes_of(r->nodes, u->slot, ret);

	return error ? fail(r, error, redis_nodes_said(r->nodes)) : 0;
}

static int send_unit(struct redis *r, size_t index)
{
	struct unit *u = &r->units[index];
	struct redis_link *link = NULL;
	int error = link_of(r, u, &link);

	if (error)
		return error;
	if (u->turn == REDIS_ASK)
		redis_link_send(link, SLICE("*1\r\n$6\r\nASKING\r\n"), 1);
	redis_link_send(link, slice_over(r->out.at + u->at, u->len), u->count);
	lane_add(lane_of(r, link), index);
	u->waiting = false;
	return 0;
}

static bool unit_begins(const struct redis *r, const struct lane *lane)
{
	const struct unit *u = &r->units[lane->units[lane->head]];

	return lane->got == 0 && u->turn == REDIS_ASK && !lane->asking;
}

static int send_waiting(struct redis *r)
{
	int error = redis_nodes_find(r->nodes);

	for (size_t i = 0; i < r->lane_count; i++)
		mem_free(r->lanes[i].units);
	r->lane_count = 0;
	if (error)
		return fail(r, error, redis_nodes_said(r->nodes));
	for (size_t i = 0; i < r->unit_count && !error; i++)
		if (r->units[i].waiting)
			error = send_unit(r, i);
	return error;
}

static void give(struct redis *r)
{
	for (; r->given < r->count && r->commands[r->given].settled; r->given++) {
		struct redis_reply *reply = r->commands[r->given].reply;

		r->commands[r->given].reply = NULL;
		r->take(r->ctx, r->given, reply);
	}
}

/* All its answers are here: they count, unless the node sent us elsewhere. */
static void unit_ends(struct redis *r, struct unit *u)
{
	u->waiting = u->turn != REDIS_HERE;
	for (size_t i = u->first; i < u->first + u->count; i++) {
		if (u->waiting)
			redis_reply_free(&r->commands[i].reply);
		else
			r->commands[i].settled = true;
	}
	give(r);
}

static void turn(struct redis *r, struct unit *u, const struct redis_link *link,
	const struct redis_reply *reply)
{
	struct redis_address to;
	enum redis_turn said = redis_turn_read(reply, redis_link_address(link), &to);

	if (said == REDIS_HERE || u->turn != REDIS_HERE)
		return;
	u->turn = said;
	if (said == REDIS_MOVED)
		redis_nodes_moved(r->nodes, u->slot, &to);
	if (said == REDIS_ASK)
		u->to = mem_copy(&to, sizeof to);
	if (said == REDIS_LATER) {
		redis_nodes_doubt(r->nodes);
		(void)snprintf(
			r->said, sizeof r->said, "Redis: %.*s", SLICE_ARG(redis_reply_text(reply)));
	}
}

/* Answers after which the connection is of no use: to be made anew, perhaps to another node. */
static bool link_is_wrong(struct redis *r, struct redis_link *link, struct redis_reply *reply)
{
	bool no_script = redis_reply_fails(reply, "NOSCRIPT");

	if (!no_script && !redis_reply_fails(reply, "READONLY"))
		return false;
	r->failed = redis_link_close(link, EAGAIN,
		no_script ? SLICE("Redis: a script must be loaded again")
			  : SLICE("Redis: it has become a replica"));
	redis_nodes_doubt(r->nodes);
	return true;
}

static bool on_answer(void *ctx, struct redis_link *link, struct redis_reply *reply)
{
	struct redis *r = ctx;
	struct lane *lane = lane_of(r, link);

	if (lane->head == lane->count || unit_begins(r, lane)) {
		lane->asking = true;
		redis_reply_free(&reply);
		return true;
	}
	struct unit *u = &r->units[lane->units[lane->head]];

	if (link_is_wrong(r, link, reply)) {
		redis_reply_free(&reply);
		return false;
	}
	if (lane->got == 0)
		u->turn = REDIS_HERE;
	if (redis_is_cluster(r) && redis_reply_kind(reply) == REDIS_ERROR)
		turn(r, u, link, reply);
	r->commands[u->first + lane->got++].reply = reply;
	if (lane->got < u->count)
		return true;
	lane->got = 0;
	lane->asking = false;
	lane->head++;
	unit_ends(r, u);
	return true;
}

/* Those that owe answers, for poll(); gives how many. */
static size_t owing(struct redis *r, struct pollfd *fds, struct lane **lanes)
{
	size_t count = 0;

	for (size_t i = 0; i < r->lane_count; i++) {
		if (!redis_link_owes(r->lanes[i].link))
			continue;
		fds[count] = redis_link_poll(r->lanes[i].link);
		lanes[count++] = &r->lanes[i];
	}
	return count;
}

static int wait_any(struct pollfd *fds, size_t count, int64_t timeout_ms)
{
	mono_t until = mono_after(clock_mono(clock_system()), timeout_ms);
	int n;

	do {
		int64_t left_ms = mono_left_ms(until, clock_mono(clock_system()));

		n = poll(fds, count, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n ? 0 : -ETIMEDOUT;
}

static int step_lane(struct redis *r, struct lane *lane, short ready)
{
	struct redis_link *link = lane->link;
	int error = redis_link_step(link, ready, on_answer, r);

	if (r->failed)
		error = r->failed;
	return error ? fail(r, error, redis_link_said(link)) : 0;
}

/* Until no answer is outstanding. */
static int drain(struct redis *r)
{
	CLEANUP(mem_cleanup) struct pollfd *fds = mem_array(r->lane_count + 1, sizeof *fds);
	CLEANUP(mem_cleanup)
	struct lane **lanes = mem_array(r->lane_count + 1, sizeof(struct lane *));
	size_t count;

	while ((count = owing(r, fds, lanes))) {
		int error = wait_any(fds, count, r->login.timeout_ms + r->extra_ms);

		if (error) {
			CLEANUP(mem_cleanup)
			char *said = mem_printf("waiting for Redis: %s", strerrordesc_np(-error));

			return fail(
				r, redis_link_close(lanes[0]->link, -error, slice_of(said)), said);
		}
		for (size_t i = 0; i < count && !error; i++)
			error = fds[i].revents ? step_lane(r, lanes[i], fds[i].revents) : 0;
		if (error)
			return error;
	}
	return 0;
}

/* What may still come is of no use to anybody. */
static void abandon(struct redis *r)
{
	redis_nodes_doubt(r->nodes);
	for (size_t i = 0; i < r->lane_count; i++)
		if (redis_link_owes(r->lanes[i].link))
			(void)redis_link_close(r->lanes[i].link, ECONNABORTED,
				SLICE("Redis: another node failed"));
}

/* What the nodes sent elsewhere is sent there, for as long as the timeout allows. */
static int run_rounds(struct redis *r, int error)
{
	mono_t until = mono_after(clock_mono(clock_system()), r->login.timeout_ms + r->extra_ms);

	for (unsigned turns = 0; !error; turns++) {
		error = drain(r);
		if (error || r->given == r->count)
			return error;
		if (mono_left_ms(until, clock_mono(clock_system())) == 0)
			return *r->said ? -EAGAIN : fail(r, -EAGAIN, "Redis: keys keep moving");
		bool wait = turns >= TURNS_AT_ONCE;

		for (size_t i = 0; i < r->unit_count; i++)
			wait |= r->units[i].waiting && r->units[i].turn == REDIS_LATER;
		if (wait)
			(void)poll(NULL, 0, TURN_WAIT_MS);
		error = send_waiting(r);
		for (size_t i = 0; i < r->unit_count; i++) {
			if (r->units[i].turn != REDIS_ASK)
				continue;
			mem_free(r->units[i].to);
			r->units[i].to = NULL;
		}
	}
	return error;
}

static void clear_queue(struct redis *r)
{
	for (size_t i = 0; i < r->count; i++)
		redis_reply_free(&r->commands[i].reply);
	for (size_t i = 0; i < r->unit_count; i++)
		mem_free(r->units[i].to);
	r->count = r->unit_count = r->given = 0;
	r->in_multi = false;
	r->extra_ms = 0;
	if (r->out.room > BUFFER_KEPT)
		buf_release(&r->out);
	buf_clear(&r->out);
}

static int start(struct redis *r)
{
	must(!r->in_multi && !r->running);
	r->failed = 0;
	if (!r->count)
		return 0;
	return send_waiting(r);
}

void redis_start(struct redis *r)
{
	must(!r->started);
	r->start_error = start(r);
	r->started = true;
	for (size_t i = 0; i < r->lane_count && !r->start_error; i++)
		r->start_error = step_lane(r, &r->lanes[i], POLLOUT);
}

static int run_queue(struct redis *r, take_reply *take, void *ctx)
{
	int error = r->started ? r->start_error : start(r);

	must(!r->running);
	r->started = false;
	r->running = true;
	r->take = take;
	r->ctx = ctx;
	if (r->count) {
		error = run_rounds(r, error);
		if (error)
			abandon(r);
	}
	r->running = false;
	clear_queue(r);
	return error;
}

struct lender {
	redis_on_reply *fn;
	void *ctx;
};

static void lend_reply(void *ctx, size_t index, struct redis_reply *reply)
{
	const struct lender *lender = ctx;

	if (lender->fn)
		lender->fn(lender->ctx, index, reply);
	redis_reply_free(&reply);
}

int redis_flush(struct redis *r, redis_on_reply *fn, void *ctx)
{
	struct lender lender = {fn, ctx};

	return run_queue(r, lend_reply, &lender);
}

static void keep_reply(void *ctx, size_t index, struct redis_reply *reply)
{
	struct redis_reply **kept = ctx;

	must(index == 0);
	*kept = reply;
}

int redis_call(struct redis *r, struct slice key, const struct slice *args, size_t count,
	struct redis_reply **ret)
{
	must(!r->count);
	*ret = NULL;
	redis_queue(r, key, args, count);
	return run_queue(r, keep_reply, ret);
}

int redis_call_each(
	struct redis *r, const struct slice *args, size_t count, redis_on_reply *fn, void *ctx)
{
	int error = redis_nodes_find(r->nodes);

	must(!r->count);
	for (size_t i = 0; i < redis_nodes_count(r->nodes) && !error; i++) {
		struct redis_link *link = redis_nodes_link(r->nodes, i);

		if (!redis_nodes_serves(r->nodes, i))
			continue;
		error = redis_nodes_at(r->nodes, redis_link_address(link), &link);
		queue_at(r, link, args, count);
	}
	if (!error)
		return redis_flush(r, fn, ctx);
	clear_queue(r);
	return fail(r, error, redis_nodes_said(r->nodes));
}

struct confirming {
	int64_t wanted;
	bool all;
};

static void on_confirmed(void *ctx, size_t index, const struct redis_reply *reply)
{
	struct confirming *c = ctx;

	(void)index;
	c->all &= redis_reply_kind(reply) == REDIS_INT && redis_reply_int(reply) >= c->wanted;
}

int redis_confirm(struct redis *r, bool *ret_confirmed)
{
	struct confirming c = {r->replicas, true};
	int wait_ms = r->replicas_silent ? SILENT_WAIT_MS : REPLICA_WAIT_MS;
	char wanted[24], wait[24];

	must(!r->count);
	*ret_confirmed = true;
	if (!r->replicas)
		return 0;
	(void)snprintf(wanted, sizeof wanted, "%lld", (long long)r->replicas);
	(void)snprintf(wait, sizeof wait, "%d", wait_ms);

	const struct slice args[] = {SLICE("WAIT"), slice_of(wanted), slice_of(wait)};

	for (size_t i = 0; i < redis_nodes_count(r->nodes); i++)
		if (redis_link_is_unconfirmed(redis_nodes_link(r->nodes, i)))
			queue_at(r, redis_nodes_link(r->nodes, i), args, 3);
	redis_be_patient(r, wait_ms);

	int error = redis_flush(r, on_confirmed, &c);

	for (size_t i = 0; i < redis_nodes_count(r->nodes) && !error; i++)
		redis_link_confirm(redis_nodes_link(r->nodes, i));
	*ret_confirmed = c.all;
	if (!error)
		r->replicas_silent = !c.all;
	return error;
}
