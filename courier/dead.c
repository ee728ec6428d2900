#include "courier/dead.h"

#include "event/streams.h"

#include <errno.h>

const char DEAD_RETRY[] =
	"local e = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])\n"
	"if #e == 0 then return 0 end\n"
	"local f = e[1][2]\n"
	"for i = 1, #f, 2 do\n"
	"  if f[i] == 'a' then redis.call('XADD', KEYS[2], '*', 'a', f[i + 1]) end\n"
	"end\n"
	"return redis.call('XDEL', KEYS[1], ARGV[1])\n";

static void letter_read(const struct redis_reply *entry, struct dead_letter *ret)
{
	const struct redis_reply *fields = redis_reply_at(entry, 1);
	const struct {
		const char *name;
		struct slice *value;
	} wanted[] = {{ALERT_FIELD_BODY, &ret->alert}, {"reason", &ret->reason},
		{"attempts", &ret->attempts}, {"at", &ret->at}};

	*ret = (struct dead_letter){.id = redis_reply_text(redis_reply_at(entry, 0))};
	for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
		for (size_t k = 0; k < sizeof(wanted) / sizeof(*wanted); k++)
			if (slice_is(redis_reply_text(redis_reply_at(fields, i)), wanted[k].name))
				*wanted[k].value = redis_reply_text(redis_reply_at(fields, i + 1));
}

int dead_each(struct redis *r, const char *target, dead_fn *fn, void *ctx)
{
	char name[STREAM_NAME_MAX];
	struct redis_reply *reply;

	stream_dead_letters(target, name);
	const struct slice args[] = {SLICE("XRANGE"), slice_of(name), SLICE("-"), SLICE("+")};
	int err = redis_call(r, slice_of(name), args, 4, &reply);

	if (err)
		return err;
	for (size_t i = 0; i < redis_reply_count(reply); i++) {
		struct dead_letter letter;

		letter_read(redis_reply_at(reply, i), &letter);
		fn(ctx, &letter);
	}
	redis_reply_free(&reply);
	return 0;
}

static void on_number(void *ctx, size_t index, const struct redis_reply *reply)
{
	(void)index;
	*(int *)ctx = redis_reply_kind(reply) == REDIS_INT ? (int)redis_reply_int(reply) : -ENOSPC;
}

int dead_retry(
	struct redis *r, const struct redis_script *script, const char *target, struct slice id)
{
	char dead[STREAM_NAME_MAX], own[STREAM_NAME_MAX];
	int count = 0;

	stream_dead_letters(target, dead);
	stream_for_target(target, own);
	redis_queue_script(r, script, (struct redis_keys){slice_of(dead), slice_of(own)}, &id, 1);
	int err = redis_flush(r, on_number, &count);

	return err ? err : count;
}

int dead_drop(struct redis *r, const char *target, struct slice id)
{
	char dead[STREAM_NAME_MAX];
	int count = 0;

	stream_dead_letters(target, dead);
	redis_queue(r, slice_of(dead), (struct slice[]){SLICE("XDEL"), slice_of(dead), id}, 3);
	int err = redis_flush(r, on_number, &count);

	return err ? err : count;
}
