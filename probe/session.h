/* What is read of a TCP connection: its two directions as streams and the parser that was
 * recognised.
 *
 *     struct session *s = session_new(sessions);         (NULL: no memory of the budget is left)
 *     bool more = session_segment(sessions, s, &segment, &sink);
 *     session_free(sessions, &s, &sink);                  (tells what the parser still knows)
 *
 * One thread. */
#pragma once

#include "probe/proto/proto.h"

struct session;
struct sessions;

struct session_losses {
	uint64_t gaps; /* directions given up because bytes were missing */
	uint64_t full; /* directions given up because of a limit */
};

struct segment {
	enum side side;
	uint16_t server_port;
	bool first_known; /* `first` is the first sequence number of the direction */
	uint32_t first, seq;
	struct slice payload;
};

/* `memory_len` bytes are divided between sessions and their buffers. */
struct sessions *sessions_new(size_t memory_len);
void sessions_free(struct sessions **s);
struct session_losses sessions_losses(const struct sessions *s);

struct session *session_new(struct sessions *all);
void session_free(struct sessions *all, struct session **s, const struct proto_sink *sink);

/* False when nothing more can be learnt and the session should be freed. */
bool session_segment(struct sessions *all, struct session *s, const struct segment *segment,
	const struct proto_sink *sink);
