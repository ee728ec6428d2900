/* What every parser of an application protocol looks like. A parser is one file; the list of them
 * is proto_list. It is given the bytes of each direction in order and answers with what it found.
 *
 *     const struct proto *p = proto_recognise(first_bytes, SIDE_SERVER, 80, &maybe);
 *     size_t taken = p->read(state, SIDE_SERVER, bytes, &sink);
 *     ...
 *     p->end(state, &sink);          (once, when the flow ends or no more bytes will come)
 *
 * A parser sees any bytes at all, reads none beyond the slice, keeps nothing but what is in its
 * state (PROTO_STATE_LEN bytes at most, zeroed at first) and never keeps a secret or a user name. */
#pragma once

#include "event/fields.h"
#include "lib/slice.h"
#include "probe/stream.h"

/* Whom the bytes are for. */
enum side { SIDE_SERVER, SIDE_CLIENT };

/* Names as Suricata writes them in app_proto. */
enum app {
	APP_UNKNOWN,
	APP_DNS,
	APP_TLS,
	APP_HTTP,
	APP_SSH,
	APP_FTP,
	APP_SMTP,
	APP_POP3,
	APP_IMAP,
	APP_TELNET,
	APP_COUNT
};

const char *app_name(enum app app); /* "" for APP_UNKNOWN */

/* Where results go. Everything is borrowed for the call. */
struct proto_sink {
	void *ctx;
	/* A dns, tls, http or ssh event; `values` is the group's struct. */
	void (*event)(void *ctx, enum event_group group, const void *values);
	/* A host name that the client asked for, as soon as it is known. */
	void (*host)(void *ctx, enum app app, struct slice name);
	/* The path and query of a request. */
	void (*url)(void *ctx, struct slice url);
	/* Somebody logged in, or tried, where others can read it. */
	void (*credential)(void *ctx, enum app service);
	/* What the flow speaks, when the parser learns more than its name. */
	void (*app)(void *ctx, enum app app);
};

/* An answer of read(): what follows is another protocol (STARTTLS, CONNECT). */
#define PROTO_AGAIN (SIZE_MAX - 1)

enum { PROTO_STATE_LEN = 2048 };

enum proto_match { PROTO_NO, PROTO_MAYBE, PROTO_YES };

struct proto {
	enum app app; /* what to call the flow once recognised, APP_UNKNOWN: the parser says */
	size_t state_len;
	/* Looks at the first bytes of one direction; PROTO_MAYBE asks for more of them. */
	enum proto_match (*recognise)(struct slice bytes, enum side side, uint16_t server_port);
	/* How many bytes it is done with (0: needs more first; above bytes.len: passes over what
	 * comes), STREAM_DONE or PROTO_AGAIN. */
	size_t (*read)(
		void *state, enum side side, struct slice bytes, const struct proto_sink *sink);
	/* Bytes of one direction are missing for good; NULL when that changes nothing. */
	void (*lost)(void *state, enum side side, const struct proto_sink *sink);
	void (*end)(void *state, const struct proto_sink *sink); /* may be NULL */
};

extern const struct proto dns_tcp_proto, tls_proto, http_proto, ssh_proto, login_proto,
	telnet_proto;

/* NULL when no parser knows the bytes; `ret_maybe` then says whether more of them could help. */
const struct proto *proto_recognise(
	struct slice bytes, enum side side, uint16_t server_port, bool *ret_maybe);

/* Copies printable text into a field of a state: at most `room` - 1 bytes and a NUL; bytes below
 * space become '.'. */
void proto_copy_text(char *to, size_t room, struct slice text);

/* Whether `bytes` begin with `word`, or could once there are more of them. */
enum proto_match proto_match_start(struct slice bytes, struct slice word);
