/* DNS over TCP: messages behind their length (RFC 7766). */
#include "lib/mem.h"
#include "probe/proto/dns.h"

enum { DNS_PORT = 53, LENGTH_LEN = 2, HEADER_LEN = 12 };

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	(void)side;
	if (server_port != DNS_PORT)
		return PROTO_NO;
	if (bytes.len < LENGTH_LEN + HEADER_LEN)
		return PROTO_MAYBE;

	const uint8_t *b = (const uint8_t *)bytes.at;
	bool one_question = b[6] == 0 && b[7] == 1;
	return one_question && (b[0] << 8 | b[1]) >= HEADER_LEN ? PROTO_YES : PROTO_NO;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	CLEANUP(buf_release) struct buf scratch = {0};

	(void)state, (void)side;
	if (bytes.len < LENGTH_LEN)
		return 0;

	const uint8_t *b = (const uint8_t *)bytes.at;
	size_t len = (size_t)b[0] << 8 | b[1];
	if (len > STREAM_BUFFER_LEN - LENGTH_LEN) /* a zone transfer: its question was seen */
		return LENGTH_LEN + len;
	if (bytes.len < LENGTH_LEN + len)
		return 0;
	(void)dns_read((struct slice){bytes.at + LENGTH_LEN, len}, &scratch, sink);
	return LENGTH_LEN + len;
}

const struct proto dns_tcp_proto = {
	.app = APP_DNS,
	.recognise = recognise,
	.read = read,
};
