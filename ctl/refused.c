#include "ctl/refused.h"

#include "ctl/terminal.h"
#include "event/streams.h"
#include "lib/json_write.h"
#include "lib/mem.h"

#include <stdio.h>

static void add_json(const struct redis_reply *fields, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_writer w = json_writer_on(&text);

	json_begin_object(&w);
	for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2) {
		json_key_slice(&w, redis_reply_text(redis_reply_at(fields, i)));
		json_text(&w, redis_reply_text(redis_reply_at(fields, i + 1)));
	}
	json_end_object(&w);
	terminal_add_json(out, buf_slice(&text));
	buf_add_byte(out, '\n');
}

/* "json  ev:{net.s1.0} 1763856300000-4  118 bytes: {"event_id":…" */
static void add_words(const struct redis_reply *fields, struct buf *out)
{
	struct slice stream = {0}, entry = {0}, reason = {0}, length = {0}, event = {0};
	const struct {
		const char *name;
		struct slice *value;
	} rows[] = {{"stream", &stream}, {"entry", &entry}, {"reason", &reason},
		{"length", &length}, {"event", &event}};

	for (size_t i = 0; i + 1 < redis_reply_count(fields); i += 2)
		for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
			if (slice_is(redis_reply_text(redis_reply_at(fields, i)), rows[r].name))
				*rows[r].value = redis_reply_text(redis_reply_at(fields, i + 1));
	terminal_add(out, reason);
	buf_add_text(out, "  ");
	terminal_add(out, stream);
	buf_add_byte(out, ' ');
	terminal_add(out, entry);
	buf_add_text(out, "  ");
	terminal_add(out, length);
	buf_add_text(out, " bytes: ");
	terminal_add(out, event);
	buf_add_byte(out, '\n');
}

int refused_run(void *ctl_config, struct arena *a)
{
	const struct ctl_config *config = ctl_config;
	CLEANUP(redis_free) struct redis *redis = ctl_redis(config, a);
	CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
	CLEANUP(buf_release) struct buf out = {0};
	const struct slice key = SLICE(REFUSED_STREAM);
	const struct slice limit = slice_of(arena_printf(a, "%lld", (long long)config->limit));
	const struct slice args[] = {
		SLICE("XREVRANGE"), key, SLICE("+"), SLICE("-"), SLICE("COUNT"), limit};

	if (!redis)
		return 2;
	if (redis_call(redis, key, args, sizeof args / sizeof *args, &reply) < 0) {
		(void)fprintf(stderr, "haidang: Redis cannot be read: %s\n", redis_said(redis));
		return 1;
	}
	if (redis_reply_kind(reply) == REDIS_ERROR) {
		(void)fprintf(stderr, "haidang: Redis refuses: %.*s\n",
			SLICE_ARG(redis_reply_text(reply)));
		return 1;
	}
	for (size_t i = redis_reply_count(reply); i > 0; i--) {
		const struct redis_reply *fields = redis_reply_at(redis_reply_at(reply, i - 1), 1);

		if (config->json)
			add_json(fields, &out);
		else
			add_words(fields, &out);
	}
	return fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
}
