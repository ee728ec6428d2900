#include "lib/redis_sentinel.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct redis_sentinel {
	struct redis_login login;
	char *master;
	struct redis_link **links;
	size_t count;
	struct redis_link *heard; /* the one we listen to, or NULL */
	char said[REDIS_SAID_MAX];
};

struct redis_sentinel *redis_sentinel_new(
	const struct redis_options *options, const struct redis_login *login)
{
	struct redis_sentinel *s = mem_alloc(sizeof *s);
	struct redis_address address;
	struct err err = {0};

	s->login = (struct redis_login){.timeout_ms = login->timeout_ms, .clock = login->clock};
	s->master = mem_text(options->master);
	s->links = mem_array(options->node_count + 1, sizeof(struct redis_link *));
	for (size_t i = 0; i < options->node_count; i++) {
		if (redis_address_read(options->nodes[i], &address, &err))
			s->links[s->count++] = redis_link_new(&address, &s->login);
		else
			(void)snprintf(s->said, sizeof s->said, "%.*s", REDIS_SAID_MAX - 1,
				err_text(&err));
	}
	return s;
}

void redis_sentinel_free(struct redis_sentinel **s)
{
	if (!*s)
		return;
	for (size_t i = 0; i < (*s)->count; i++)
		redis_link_free(&(*s)->links[i]);
	mem_free((*s)->links);
	mem_free((*s)->master);
	mem_free(*s);
	*s = NULL;
}

static int fail(struct redis_sentinel *s, int error, const char *said)
{
	(void)snprintf(s->said, sizeof s->said, "asking a sentinel: %s", said);
	return error;
}

static int ask_one(struct redis_sentinel *s, struct redis_link *l, struct redis_address *ret)
{
	const struct slice args[] = {
		SLICE("SENTINEL"), SLICE("GET-MASTER-ADDR-BY-NAME"), slice_of(s->master)};
	const struct slice listen[] = {SLICE("SUBSCRIBE"), SLICE("+switch-master")};
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	CLEANUP(redis_reply_free) struct redis_reply *listening = NULL;

	/* One that is listened to takes no other command. */
	(void)redis_link_close(l, 0, SLICE(""));
	int error = redis_link_open(l);

	if (!error)
		error = redis_link_ask(l, args, 3, &reply);
	if (error)
		return fail(s, error, redis_link_said(l));
	if (redis_reply_count(reply) != 2 ||
		!redis_address_make(redis_reply_text(redis_reply_at(reply, 0)),
			redis_reply_text(redis_reply_at(reply, 1)), ret))
		return fail(s, -EAGAIN, "it knows no such master");
	if (redis_link_ask(l, listen, 2, &listening) == 0)
		s->heard = l;
	return 0;
}

int redis_sentinel_master(struct redis_sentinel *s, struct redis_address *ret)
{
	int error = -EINVAL;

	s->heard = NULL;
	for (size_t i = 0; i < s->count; i++) {
		error = ask_one(s, s->links[i], ret);
		if (!error)
			return 0;
	}
	return error;
}

struct news {
	const char *master;
	bool moved;
};

/* ["message", "+switch-master", "NAME old-ip old-port new-ip new-port"] */
static bool on_news(void *ctx, struct redis_link *l, struct redis_reply *reply)
{
	struct news *news = ctx;
	struct slice words, name;

	(void)l;
	if (redis_reply_count(reply) == 3) {
		words = redis_reply_text(redis_reply_at(reply, 2));
		news->moved |= slice_cut(&words, ' ', &name) && slice_is(name, news->master);
	}
	redis_reply_free(&reply);
	return true;
}

bool redis_sentinel_moved(struct redis_sentinel *s)
{
	struct news news = {.master = s->master};

	if (!s->heard || !redis_link_is_open(s->heard))
		return false;

	struct pollfd p = redis_link_poll(s->heard);

	if (poll(&p, 1, 0) <= 0)
		return false;
	/* A sentinel that fell silent is replaced by the next, at the price of asking once more. */
	return redis_link_step(s->heard, p.revents, on_news, &news) < 0 || news.moved;
}

const char *redis_sentinel_said(const struct redis_sentinel *s)
{
	return s->said;
}
