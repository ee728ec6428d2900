/* TLS handshakes (RFC 8446, 5246, 6066, 7301): what the client asks for, what the server answers,
 * JA3 and JA3S, and up to TLS 1.2 the server's certificate. */
#include "lib/cursor.h"
#include "lib/digest.h"
#include "probe/proto/proto.h"
#include "probe/proto/x509.h"

#include <stdio.h>
#include <string.h>

enum {
	RECORD_CHANGE_CIPHER = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_HEADER_LEN = 5,
	RECORD_LEN_MAX = 16384 + 2048,
};

enum {
	MESSAGE_CLIENT_HELLO = 1,
	MESSAGE_SERVER_HELLO = 2,
	MESSAGE_CERTIFICATE = 11,
	MESSAGE_SERVER_DONE = 14,
};

enum {
	EXTENSION_SNI = 0,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_ALPN = 16,
	EXTENSION_VERSIONS = 43,
};

enum { TLS_1_3 = 0x0304, NAME_MAX_LEN = 255, ALPN_MAX = 96, JA3_TEXT_MAX = 4096 };

enum { JSON_JA3_LEN = (int)sizeof "{\"hash\":\"\"}" + 2 * MD5_LEN };

struct tls_state {
	uint32_t rest[2]; /* bytes of a message whose beginning was read as far as it lay there */
	bool client_seen, server_seen, certificate_seen, written;
	uint16_t version;
	char sni[NAME_MAX_LEN + 1];
	char alpn[ALPN_MAX + 1];
	char ja3[JSON_JA3_LEN], ja3s[JSON_JA3_LEN];
	char fingerprint[3 * SHA1_LEN];
	struct x509 certificate;
};

_Static_assert(sizeof(struct tls_state) <= PROTO_STATE_LEN, "fits a session");

/* The text that JA3 hashes: numbers of a list joined by '-', lists by ','. */
struct ja3 {
	bool list_has_items;
	size_t len;
	char text[JA3_TEXT_MAX];
};

/* `number` is below 2^16. */
static void ja3_number(struct ja3 *j, unsigned number)
{
	char digits[8];
	size_t count = 0;

	if (j->len + sizeof digits > JA3_TEXT_MAX)
		return;
	if (j->list_has_items)
		j->text[j->len++] = '-';
	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		j->text[j->len++] = digits[--count];
	j->list_has_items = true;
}

static void ja3_next_list(struct ja3 *j)
{
	if (j->len < JA3_TEXT_MAX)
		j->text[j->len++] = ',';
	j->list_has_items = false;
}

static void ja3_finish(const struct ja3 *j, char ret_json[JSON_JA3_LEN])
{
	uint8_t hash[MD5_LEN];
	char hex[2 * MD5_LEN + 1];

	digest_md5((struct slice){j->text, j->len}, hash);
	digest_hex(hash, sizeof hash, hex);
	(void)snprintf(ret_json, JSON_JA3_LEN, "{\"hash\":\"%s\"}", hex);
}

/* Reserved values that clients scatter at random (RFC 8701); JA3 leaves them out. */
static bool is_grease(unsigned value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static void ja3_list_of_16(struct ja3 *j, struct cursor list)
{
	while (cursor_left(&list) >= 2) {
		unsigned value = cursor_be16(&list);

		if (!is_grease(value))
			ja3_number(j, value);
	}
}

static void ja3_list_of_8(struct ja3 *j, struct cursor list)
{
	while (cursor_left(&list) > 0)
		ja3_number(j, cursor_u8(&list));
}

static struct cursor nothing(void)
{
	return cursor_over("", 0);
}

static struct cursor block(struct cursor *c, size_t len)
{
	const uint8_t *bytes = cursor_bytes(c, len);

	return bytes ? cursor_over(bytes, len) : nothing();
}

static const char *version_name(unsigned version)
{
	switch (version) {
	case 0x0300: return "SSLv3";
	case 0x0301: return "TLSv1";
	case 0x0302: return "TLS 1.1";
	case 0x0303: return "TLS 1.2";
	case TLS_1_3: return "TLS 1.3";
	default: return "";
	}
}

static void emit(struct tls_state *t, const struct proto_sink *sink)
{
	if (t->written || (!t->client_seen && !t->server_seen))
		return;
	t->written = true;

	const struct event_tls tls = {
		.sni = slice_of(t->sni),
		.version = slice_of(version_name(t->version)),
		.subject = slice_of(t->certificate.subject),
		.issuerdn = slice_of(t->certificate.issuer),
		.fingerprint = slice_of(t->fingerprint),
		.notbefore_us = t->certificate.not_before_us,
		.notafter_us = t->certificate.not_after_us,
		.ja3 = slice_of(t->ja3),
		.ja3s = slice_of(t->ja3s),
		.alpn = slice_of(t->alpn),
	};
	sink->event(sink->ctx, EVENT_GROUP_tls, &tls);
}

static void read_sni(struct cursor body, struct tls_state *t)
{
	struct cursor list = block(&body, cursor_be16(&body));
	unsigned kind = cursor_u8(&list);
	size_t len = cursor_be16(&list);
	const uint8_t *name = cursor_bytes(&list, len);

	if (!name || kind != 0)
		return;
	proto_copy_text(t->sni, sizeof t->sni, slice_over(name, len));
	for (char *c = t->sni; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
}

static void read_alpn(struct cursor body, struct tls_state *t)
{
	struct cursor list = block(&body, cursor_be16(&body));
	size_t used = 0;

	while (cursor_left(&list) > 0) {
		size_t len = cursor_u8(&list);
		const uint8_t *name = cursor_bytes(&list, len);

		if (!name || used + len + 2 > sizeof t->alpn)
			break;
		if (used > 0)
			t->alpn[used++] = ',';
		proto_copy_text(t->alpn + used, len + 1, slice_over(name, len));
		used += len;
	}
}

/* In a client hello a list with its length, in a server hello the one version chosen. */
static void read_client_versions(struct cursor body, struct tls_state *t)
{
	struct cursor list = block(&body, cursor_u8(&body));
	unsigned highest = 0;

	while (cursor_left(&list) >= 2) {
		unsigned version = cursor_be16(&list);

		if (!is_grease(version) && version > highest && version <= TLS_1_3)
			highest = version;
	}
	if (highest != 0)
		t->version = (uint16_t)highest;
}

static void read_client_extensions(struct cursor list, struct tls_state *t, struct ja3 *j)
{
	struct cursor groups = nothing(), formats = nothing();

	while (cursor_left(&list) >= 4) {
		unsigned type = cursor_be16(&list);
		struct cursor body = block(&list, cursor_be16(&list));

		if (!cursor_ok(&list))
			break;
		if (!is_grease(type))
			ja3_number(j, type);
		if (type == EXTENSION_SNI)
			read_sni(body, t);
		else if (type == EXTENSION_ALPN)
			read_alpn(body, t);
		else if (type == EXTENSION_VERSIONS)
			read_client_versions(body, t);
		else if (type == EXTENSION_GROUPS)
			groups = block(&body, cursor_be16(&body));
		else if (type == EXTENSION_POINT_FORMATS)
			formats = block(&body, cursor_u8(&body));
	}
	ja3_next_list(j);
	ja3_list_of_16(j, groups);
	ja3_next_list(j);
	ja3_list_of_8(j, formats);
}

static void read_client_hello(struct cursor c, struct tls_state *t, const struct proto_sink *sink)
{
	struct ja3 j = {.list_has_items = false};

	if (t->client_seen)
		return;
	t->version = cursor_be16(&c);
	(void)cursor_bytes(&c, 32);
	(void)block(&c, cursor_u8(&c));

	struct cursor ciphers = block(&c, cursor_be16(&c));
	(void)block(&c, cursor_u8(&c));
	if (!cursor_ok(&c))
		return;
	t->client_seen = true;
	ja3_number(&j, t->version);
	ja3_next_list(&j);
	ja3_list_of_16(&j, ciphers);
	ja3_next_list(&j);
	read_client_extensions(block(&c, cursor_be16(&c)), t, &j);
	ja3_finish(&j, t->ja3);
	if (t->sni[0] != '\0')
		sink->host(sink->ctx, APP_TLS, slice_of(t->sni));
}

static void read_server_hello(struct cursor c, struct tls_state *t)
{
	struct ja3 j = {.list_has_items = false};
	unsigned version = cursor_be16(&c);

	(void)cursor_bytes(&c, 32);
	(void)block(&c, cursor_u8(&c));
	unsigned cipher = cursor_be16(&c);
	(void)cursor_u8(&c);
	if (!cursor_ok(&c))
		return;
	t->server_seen = true;
	t->version = (uint16_t)version;
	ja3_number(&j, version);
	ja3_next_list(&j);
	ja3_number(&j, cipher);
	ja3_next_list(&j);

	struct cursor list = block(&c, cursor_be16(&c));
	while (cursor_left(&list) >= 4) {
		unsigned type = cursor_be16(&list);
		struct cursor body = block(&list, cursor_be16(&list));

		if (!cursor_ok(&list))
			break;
		ja3_number(&j, type);
		if (type == EXTENSION_VERSIONS)
			t->version = cursor_be16(&body);
	}
	ja3_finish(&j, t->ja3s);
}

static void write_fingerprint(struct slice der, char ret_text[3 * SHA1_LEN])
{
	uint8_t hash[SHA1_LEN];

	digest_sha1(der, hash);
	for (size_t i = 0; i < SHA1_LEN; i++) {
		(void)snprintf(ret_text + 3 * i, 3, "%02x", hash[i]);
		ret_text[3 * i + 2] = ':';
	}
	ret_text[3 * SHA1_LEN - 1] = '\0';
}

/* The first certificate of the chain is the server's own. */
static void read_certificate(struct cursor c, struct tls_state *t)
{
	(void)cursor_bytes(&c, 3);

	size_t len = (size_t)cursor_u8(&c) << 16;
	len |= cursor_be16(&c);

	const uint8_t *der = cursor_bytes(&c, len);
	if (!der || t->certificate_seen || !x509_read(slice_over(der, len), &t->certificate))
		return;
	t->certificate_seen = true;
	write_fingerprint(slice_over(der, len), t->fingerprint);
}

/* What a side may say: a client's certificate names a person and is not looked at. */
static void read_from_client(
	unsigned type, struct cursor body, struct tls_state *t, const struct proto_sink *sink)
{
	if (type == MESSAGE_CLIENT_HELLO)
		read_client_hello(body, t, sink);
}

static void read_from_server(
	unsigned type, struct cursor body, struct tls_state *t, const struct proto_sink *sink)
{
	switch (type) {
	case MESSAGE_SERVER_HELLO:
		read_server_hello(body, t);
		if (t->version == TLS_1_3) /* the certificate comes encrypted */
			emit(t, sink);
		break;
	case MESSAGE_CERTIFICATE:
		read_certificate(body, t);
		if (t->certificate_seen)
			emit(t, sink);
		break;
	case MESSAGE_SERVER_DONE: emit(t, sink); break;
	default: break;
	}
}

struct message {
	unsigned type;
	size_t len;
};

/* False when not even the header is there. */
static bool read_message_header(struct cursor *c, struct message *ret)
{
	ret->type = cursor_u8(c);
	ret->len = (size_t)cursor_u8(c) << 16;
	ret->len |= cursor_be16(c);
	return cursor_ok(c);
}

static bool are_whole(struct cursor c)
{
	struct message m;

	while (cursor_left(&c) > 0)
		if (!read_message_header(&c, &m) || !cursor_bytes(&c, m.len))
			return false;
	return true;
}

static void read_messages(
	struct tls_state *t, enum side side, struct cursor c, const struct proto_sink *sink)
{
	struct message m;

	while (cursor_left(&c) > 0 && read_message_header(&c, &m)) {
		size_t here = cursor_left(&c) < m.len ? cursor_left(&c) : m.len;

		t->rest[side] = (uint32_t)(m.len - here);
		if (side == SIDE_SERVER)
			read_from_client(m.type, block(&c, here), t, sink);
		else
			read_from_server(m.type, block(&c, here), t, sink);
	}
}

static bool looks_like_record(const uint8_t *b)
{
	return b[0] >= RECORD_CHANGE_CIPHER && b[0] <= 23 && b[1] == 3 && b[2] <= 4 &&
		(b[3] << 8 | b[4]) <= RECORD_LEN_MAX;
}

/* Handshake bytes taken out of the records that carry them: a message may lie in several. */
struct flight {
	size_t len;   /* of the bytes */
	size_t taken; /* with the headers of the records */
	bool over;    /* no record follows that could go on with them */
	uint8_t bytes[RECORD_LEN_MAX];
};

/* A record that is not here whole is left for later, unless there is no room for more of it. */
static void join_records(struct slice bytes, struct flight *f)
{
	const uint8_t *b = (const uint8_t *)bytes.at;

	while (f->taken + RECORD_HEADER_LEN <= bytes.len) {
		const uint8_t *record = b + f->taken;
		size_t left = bytes.len - f->taken - RECORD_HEADER_LEN;
		size_t len = (size_t)record[3] << 8 | record[4];
		size_t here = left < len ? left : len;

		f->over = record[0] != RECORD_HANDSHAKE || !looks_like_record(record) ||
			f->len + here > sizeof f->bytes;
		if (f->over || (left < len && bytes.len < STREAM_BUFFER_LEN))
			return;
		memcpy(f->bytes + f->len, record + RECORD_HEADER_LEN, here);
		f->len += here;
		f->taken += RECORD_HEADER_LEN + len;
	}
}

static size_t read_handshake(
	struct tls_state *t, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct flight f;

	f.len = f.taken = 0;
	f.over = false;
	join_records(bytes, &f);

	size_t old = t->rest[side] < f.len ? t->rest[side] : f.len;
	struct cursor messages = cursor_over(f.bytes + old, f.len - old);
	if (!f.over && bytes.len < STREAM_BUFFER_LEN && (f.taken == 0 || !are_whole(messages)))
		return 0;
	t->rest[side] -= (uint32_t)old;
	read_messages(t, side, messages, sink);
	return t->written ? STREAM_DONE : f.taken;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct tls_state *t = state;
	const uint8_t *b = (const uint8_t *)bytes.at;

	if (bytes.len < RECORD_HEADER_LEN)
		return 0;
	if (!looks_like_record(b))
		return STREAM_DONE;
	if (b[0] == RECORD_HANDSHAKE)
		return read_handshake(t, side, bytes, sink);
	if (side == SIDE_CLIENT)
		emit(t, sink);
	if (b[0] != RECORD_ALERT || t->written) /* what follows is encrypted */
		return STREAM_DONE;
	return RECORD_HEADER_LEN + ((size_t)b[3] << 8 | b[4]);
}

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	const uint8_t *b = (const uint8_t *)bytes.at;

	(void)server_port;
	if (b[0] != RECORD_HANDSHAKE || (bytes.len > 1 && b[1] != 3))
		return PROTO_NO;
	if (bytes.len < RECORD_HEADER_LEN + 1)
		return PROTO_MAYBE;

	unsigned first = side == SIDE_SERVER ? MESSAGE_CLIENT_HELLO : MESSAGE_SERVER_HELLO;
	return looks_like_record(b) && b[5] == first ? PROTO_YES : PROTO_NO;
}

static void end(void *state, const struct proto_sink *sink)
{
	emit(state, sink);
}

const struct proto tls_proto = {
	.app = APP_TLS,
	.state_len = sizeof(struct tls_state),
	.recognise = recognise,
	.read = read,
	.end = end,
};
