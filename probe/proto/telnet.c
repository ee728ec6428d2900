/* Telnet (RFC 854): a server that asks for a password and a client that answers. */
#include "probe/proto/proto.h"

#include <string.h>

enum { TELNET_PORT = 23, IAC = 255, WILL = 251, DONT = 254, SUB_BEGIN = 250, SUB_END = 240 };

enum { TAIL_LEN = 12, BYTES_MAX = 16 * 1024 };

struct telnet_state {
	size_t bytes;        /* looked at so far */
	char tail[TAIL_LEN]; /* the last characters the server showed, lower case */
	bool asked;          /* for a password */
	bool in_option[2];   /* inside IAC SB … IAC SE */
};

static void show(struct telnet_state *t, unsigned char c)
{
	static const struct slice prompt = SLICE_INIT("assword:");

	if (c >= 'A' && c <= 'Z')
		c = (unsigned char)(c | 0x20);
	if (c == ' ')
		return;
	memmove(t->tail, t->tail + 1, TAIL_LEN - 1);
	t->tail[TAIL_LEN - 1] = (char)c;
	t->asked = slice_ends((struct slice){t->tail, TAIL_LEN}, prompt);
}

/* Length of the command at `b`, 0 when it is cut off. */
static size_t command_len(struct telnet_state *t, enum side side, const uint8_t *b, size_t len)
{
	if (len < 2)
		return 0;
	if (b[1] == SUB_BEGIN || b[1] == SUB_END)
		t->in_option[side] = b[1] == SUB_BEGIN;
	if (b[1] >= WILL && b[1] <= DONT)
		return len < 3 ? 0 : 3;
	return 2;
}

static bool is_answer(const struct telnet_state *t, enum side side)
{
	return side == SIDE_SERVER && t->asked;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct telnet_state *t = state;
	const uint8_t *b = (const uint8_t *)bytes.at;

	for (size_t i = 0; i < bytes.len;) {
		if (++t->bytes > BYTES_MAX)
			return STREAM_DONE;
		if (b[i] == IAC) {
			size_t len = command_len(t, side, b + i, bytes.len - i);

			if (len == 0)
				return i;
			i += len;
			continue;
		}
		if (is_answer(t, side) && !t->in_option[side]) {
			sink->credential(sink->ctx, APP_TELNET);
			return STREAM_DONE;
		}
		if (side == SIDE_CLIENT && !t->in_option[side])
			show(t, b[i]);
		i++;
	}
	return bytes.len;
}

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	const uint8_t *b = (const uint8_t *)bytes.at;

	(void)side;
	if (b[0] == IAC && bytes.len >= 3 && b[1] >= WILL && b[1] <= DONT)
		return PROTO_YES;
	return server_port == TELNET_PORT ? PROTO_YES : PROTO_NO;
}

const struct proto telnet_proto = {
	.app = APP_TELNET,
	.state_len = sizeof(struct telnet_state),
	.recognise = recognise,
	.read = read,
};
