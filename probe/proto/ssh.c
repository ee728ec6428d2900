/* SSH (RFC 4253): the version lines, and HASSH of the key exchange lists. */
#include "lib/cursor.h"
#include "lib/digest.h"
#include "probe/proto/proto.h"

#include <string.h>

enum {
	LINE_MAX = 255, /* RFC 4253 §4.2 */
	SOFTWARE_MAX = 128,
	PACKET_MAX = 12 * 1024,
	MESSAGE_KEXINIT = 20,
	KEXINIT_LISTS = 8,
};

/* Name lists of KEXINIT, in their order. */
enum {
	LIST_KEX,
	LIST_HOST_KEY,
	LIST_CIPHER_CS,
	LIST_CIPHER_SC,
	LIST_MAC_CS,
	LIST_MAC_SC,
	LIST_COMPRESSION_CS,
	LIST_COMPRESSION_SC
};

struct ssh_state {
	bool banner_seen[2], kex_seen[2], written;
	char software[2][SOFTWARE_MAX];
	char hassh[2][2 * MD5_LEN + 1];
};

_Static_assert(sizeof(struct ssh_state) <= PROTO_STATE_LEN, "fits a session");

static void emit(struct ssh_state *s, const struct proto_sink *sink)
{
	if (s->written)
		return;
	s->written = true;

	const struct event_ssh ssh = {
		.client_software = slice_of(s->software[SIDE_SERVER]),
		.server_software = slice_of(s->software[SIDE_CLIENT]),
		.hassh = slice_of(s->hassh[SIDE_SERVER]),
		.hassh_server = slice_of(s->hassh[SIDE_CLIENT]),
	};
	sink->event(sink->ctx, EVENT_GROUP_ssh, &ssh);
}

/* "SSH-2.0-OpenSSH_9.2p1 Debian-2": the software is what follows the second dash. */
static size_t read_banner(struct ssh_state *s, enum side side, struct slice bytes)
{
	size_t end = slice_find_byte(bytes, '\n');

	if (end == bytes.len)
		return bytes.len > LINE_MAX ? STREAM_DONE : 0;

	struct slice line = slice_trim((struct slice){bytes.at, end});
	if (!slice_starts(line, SLICE("SSH-"))) /* a server may write lines before (§4.2) */
		return side == SIDE_CLIENT ? end + 1 : STREAM_DONE;

	struct slice rest = slice_from(line, 4), version;
	(void)slice_cut(&rest, '-', &version);
	proto_copy_text(s->software[side], SOFTWARE_MAX, rest);
	s->banner_seen[side] = true;
	return end + 1;
}

static void hash_lists(const struct slice lists[KEXINIT_LISTS], enum side side, char *ret_hex)
{
	unsigned to_client = side == SIDE_CLIENT;
	const unsigned used[] = {LIST_KEX, LIST_CIPHER_CS + to_client, LIST_MAC_CS + to_client,
		LIST_COMPRESSION_CS + to_client};
	char text[PACKET_MAX];
	uint8_t hash[MD5_LEN];
	size_t len = 0;

	for (size_t i = 0; i < sizeof used / sizeof used[0]; i++) {
		if (i > 0)
			text[len++] = ';';
		memcpy(text + len, lists[used[i]].at, lists[used[i]].len);
		len += lists[used[i]].len;
	}
	digest_md5((struct slice){text, len}, hash);
	digest_hex(hash, sizeof hash, ret_hex);
}

static void read_lists(struct ssh_state *s, enum side side, struct cursor c)
{
	struct slice lists[KEXINIT_LISTS];

	(void)cursor_bytes(&c, 16);
	for (int i = 0; i < KEXINIT_LISTS; i++) {
		size_t len = cursor_be32(&c);

		lists[i] = slice_over(cursor_bytes(&c, len), len);
	}
	if (cursor_ok(&c))
		hash_lists(lists, side, s->hassh[side]);
}

static size_t read_packet(struct ssh_state *s, enum side side, struct slice bytes)
{
	struct cursor c = cursor_over(bytes.at, bytes.len);
	size_t len = cursor_be32(&c);

	(void)cursor_u8(&c);
	unsigned message = cursor_u8(&c);
	if (!cursor_ok(&c))
		return 0;
	if (len < 2 || len > PACKET_MAX)
		return STREAM_DONE;
	if (bytes.len < 4 + len)
		return 0;
	if (message == MESSAGE_KEXINIT)
		read_lists(s, side, cursor_over(c.at, len - 2));
	s->kex_seen[side] = true;
	return STREAM_DONE;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct ssh_state *s = state;
	size_t taken =
		s->banner_seen[side] ? read_packet(s, side, bytes) : read_banner(s, side, bytes);

	if (s->kex_seen[0] && s->kex_seen[1])
		emit(s, sink);
	return taken;
}

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	(void)side, (void)server_port;
	return proto_match_start(bytes, SLICE("SSH-"));
}

static void end(void *state, const struct proto_sink *sink)
{
	emit(state, sink);
}

const struct proto ssh_proto = {
	.app = APP_SSH,
	.state_len = sizeof(struct ssh_state),
	.recognise = recognise,
	.read = read,
	.end = end,
};
