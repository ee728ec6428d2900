/* What parsers say, as lines of text that a test can compare:
 *
 *     app ftp | host dns www.example.vn | url /a | credential ftp | {"event_type":"dns",…}
 *
 * and a talk, which gives bytes to a session as segments of TCP. Header-only. */
#pragma once

#include "lib/buf.h"
#include "probe/session.h"
#include "tests/unit/test.h"

#include <string.h>

static void heard_event(void *ctx, enum event_group group, const void *values)
{
	const struct event_common common = {.event_type = slice_of(event_group_key(group))};
	const struct event_part part = {group, values};
	struct json_writer w = json_writer_on(ctx);

	event_write(&w, &common, &part, 1);
	buf_add_byte(ctx, '\n');
}

static void heard_host(void *ctx, enum app app, struct slice name)
{
	buf_printf(ctx, "host %s %.*s\n", app_name(app), SLICE_ARG(name));
}

static void heard_url(void *ctx, struct slice url)
{
	buf_printf(ctx, "url %.*s\n", SLICE_ARG(url));
}

static void heard_credential(void *ctx, enum app service)
{
	buf_printf(ctx, "credential %s\n", app_name(service));
}

static void heard_app(void *ctx, enum app app)
{
	buf_printf(ctx, "app %s\n", app_name(app));
}

static inline struct proto_sink heard_in(struct buf *buf)
{
	return (struct proto_sink){
		buf, heard_event, heard_host, heard_url, heard_credential, heard_app};
}

struct talk {
	struct sessions *all;
	struct session *session; /* NULL once it needs no more */
	struct buf heard;
	struct proto_sink sink;
	uint16_t server_port;
	uint32_t seq[2];
};

static inline void talk_begin(struct talk *t, uint16_t server_port)
{
	*t = (struct talk){.server_port = server_port, .seq = {0xfffffff0, 77}};
	t->all = sessions_new(1 << 20);
	t->session = session_new(t->all);
	t->sink = heard_in(&t->heard);
}

static inline void talk_segment(struct talk *t, enum side side, uint32_t offset, struct slice bytes)
{
	const struct segment segment = {
		.side = side,
		.server_port = t->server_port,
		.first_known = true,
		.first = t->seq[side],
		.seq = t->seq[side] + offset,
		.payload = bytes,
	};

	t->sink.ctx = &t->heard;
	if (t->session && !session_segment(t->all, t->session, &segment, &t->sink))
		session_free(t->all, &t->session, &t->sink);
}

/* The next bytes of one side, in segments of `step` bytes. */
static inline void talk_say(struct talk *t, enum side side, struct slice bytes, size_t step)
{
	while (bytes.len > 0) {
		size_t len = bytes.len < step ? bytes.len : step;

		talk_segment(t, side, 0, (struct slice){bytes.at, len});
		t->seq[side] += (uint32_t)len;
		bytes = slice_from(bytes, len);
	}
}

static inline void talk_end(struct talk *t)
{
	t->sink.ctx = &t->heard;
	if (t->session)
		session_free(t->all, &t->session, &t->sink);
}

static inline void talk_release(struct talk *t)
{
	talk_end(t);
	sessions_free(&t->all);
	buf_release(&t->heard);
}

/* One line of a conversation: "C text" from the client, "S text" from the server; \n is added. */
struct talk_line {
	enum side side;
	const char *text;
};

static inline void talk_lines(struct talk *t, const struct talk_line *lines, size_t step)
{
	for (; lines->text; lines++)
		talk_say(t, lines->side, slice_of(lines->text), step);
}
