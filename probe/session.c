#include "probe/session.h"

#include "lib/mem.h"

#include <stdalign.h>
#include <string.h>

struct session {
	const struct proto *proto; /* NULL: not recognised yet */
	struct stream streams[2];
	alignas(max_align_t) char state[PROTO_STATE_LEN];
};

struct sessions {
	struct pool *sessions, *buffers;
	struct session_losses losses;
};

/* What the reader of a stream has to know. */
struct reading {
	struct session *session;
	const struct segment *segment;
	const struct proto_sink *sink;
};

struct sessions *sessions_new(size_t memory_len)
{
	struct sessions *all = mem_alloc(sizeof *all);

	all->sessions =
		pool_new(sizeof(struct session), memory_len / 2 / sizeof(struct session) + 1);
	all->buffers = pool_new(STREAM_BUFFER_LEN, memory_len / 2 / STREAM_BUFFER_LEN + 1);
	return all;
}

void sessions_free(struct sessions **s)
{
	if (!*s)
		return;
	pool_free(&(*s)->sessions);
	pool_free(&(*s)->buffers);
	mem_free(*s);
	*s = NULL;
}

struct session_losses sessions_losses(const struct sessions *s)
{
	return s->losses;
}

struct session *session_new(struct sessions *all)
{
	struct session *s = pool_take(all->sessions);

	if (s)
		memset(s, 0, offsetof(struct session, state));
	return s;
}

static void end_proto(struct session *s, const struct proto_sink *sink)
{
	if (s->proto && s->proto->end)
		s->proto->end(s->state, sink);
	s->proto = NULL;
}

void session_free(struct sessions *all, struct session **s, const struct proto_sink *sink)
{
	end_proto(*s, sink);
	for (int side = 0; side < 2; side++) {
		if (stream_has_hole(&(*s)->streams[side]))
			all->losses.gaps++;
		stream_end(&(*s)->streams[side], all->buffers);
	}
	pool_give(all->sessions, *s);
	*s = NULL;
}

static bool recognise(struct reading *r, struct slice bytes, size_t *ret_taken)
{
	struct session *s = r->session;
	bool maybe;

	s->proto = proto_recognise(bytes, r->segment->side, r->segment->server_port, &maybe);
	if (!s->proto) {
		*ret_taken = maybe ? 0 : STREAM_DONE;
		return false;
	}
	memset(s->state, 0, s->proto->state_len);
	if (s->proto->app != APP_UNKNOWN)
		r->sink->app(r->sink->ctx, s->proto->app);
	return true;
}

static size_t read_bytes(void *ctx, struct slice bytes)
{
	struct reading *r = ctx;
	struct session *s = r->session;
	size_t taken;

	if (!s->proto && !recognise(r, bytes, &taken))
		return taken;
	taken = s->proto->read(s->state, r->segment->side, bytes, r->sink);
	if (taken != PROTO_AGAIN)
		return taken;
	end_proto(s, r->sink);
	return bytes.len;
}

static void lose(struct session *s, enum side side, const struct proto_sink *sink)
{
	if (s->proto && s->proto->lost)
		s->proto->lost(s->state, side, sink);
}

/* A SYN that the server never took, made up or of an older connection, must not make all that
 * follows look old. */
static bool is_after_first(const struct segment *s)
{
	return s->first_known && (int32_t)(s->seq - s->first) >= 0;
}

bool session_segment(struct sessions *all, struct session *s, const struct segment *segment,
	const struct proto_sink *sink)
{
	struct stream *stream = &s->streams[segment->side];
	struct reading reading = {s, segment, sink};
	const struct stream_reader reader = {read_bytes, &reading, all->buffers};

	if (!stream->started)
		stream_start(stream, is_after_first(segment) ? segment->first : segment->seq);
	if (stream->ended)
		return true;
	switch (stream_segment(stream, &reader, segment->seq, segment->payload)) {
	case STREAM_GAP:
		all->losses.gaps++;
		lose(s, segment->side, sink);
		break;
	case STREAM_FULL:
		all->losses.full++;
		lose(s, segment->side, sink);
		break;
	case STREAM_OK:
	case STREAM_ENDED: break;
	}
	return !s->streams[0].ended || !s->streams[1].ended;
}
