/* HTTP/1 (RFC 9112): requests with their answers, several on one connection. Bodies are passed
 * over unseen. */
#include "lib/url_mask.h"
#include "probe/proto/proto.h"

#include <string.h>

enum {
	REQUESTS_MAX = 4, /* waiting for an answer; more are told without one */
	TEXTS_LEN = 1500, /* host, address and user agent of all waiting requests */
	HOST_MAX = 255,
	URL_MAX = 1024,
	AGENT_MAX = 256,
	TYPE_MAX = 128,
	METHOD_MAX = 16,
	HEADERS_MAX = 128,
	CHUNK_LINE_MAX = 256,
};

enum http_part { HTTP_HEAD, HTTP_CHUNK, HTTP_TRAILER };

struct http_request {
	uint16_t at, host_len, url_len, agent_len; /* in the texts, one after the other */
	char method[METHOD_MAX];
};

struct http_state {
	enum http_part part[2];
	uint8_t waiting;
	bool unpaired; /* which answer belongs to which request is no longer known */
	uint16_t texts_len;
	struct http_request requests[REQUESTS_MAX];
	char texts[TEXTS_LEN];
};

_Static_assert(sizeof(struct http_state) <= PROTO_STATE_LEN, "fits a session");

/* What the headers of one message say. */
struct http_head {
	struct slice start, host, agent, type;
	uint64_t length;
	bool has_length, chunked, basic_login;
	bool unclear; /* where the body ends: servers and proxies may differ about it */
};

static const struct slice methods[] = {SLICE_INIT("GET "), SLICE_INIT("POST "), SLICE_INIT("HEAD "),
	SLICE_INIT("PUT "), SLICE_INIT("DELETE "), SLICE_INIT("OPTIONS "), SLICE_INIT("CONNECT "),
	SLICE_INIT("PATCH "), SLICE_INIT("TRACE "), SLICE_INIT("PROPFIND "),
	SLICE_INIT("PROPPATCH "), SLICE_INIT("MKCOL "), SLICE_INIT("REPORT "),
	SLICE_INIT("SEARCH ")};

/* Length of a message's head with its empty line, 0 when that is still to come. */
static size_t head_len(struct slice bytes)
{
	const char *end = bytes.at + bytes.len, *p = bytes.at;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		if (p < end && *p == '\n')
			return (size_t)(p + 1 - bytes.at);
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
			return (size_t)(p + 2 - bytes.at);
	}
	return 0;
}

static void read_length(struct slice value, struct http_head *h)
{
	uint64_t length = 0;

	h->unclear |= !slice_to_u64(value, &length) || length >= STREAM_SKIP_MAX ||
		(h->has_length && length != h->length);
	h->has_length = true;
	h->length = length;
}

static struct slice last_of_list(struct slice list)
{
	struct slice item = {0};

	while (slice_cut(&list, ',', &item))
		;
	return slice_trim(item);
}

static void read_header(struct slice name, struct slice value, struct http_head *h)
{
	if (slice_equal_nocase(name, SLICE("host"))) {
		h->host = url_without_user(value);
	} else if (slice_equal_nocase(name, SLICE("user-agent"))) {
		h->agent = value;
	} else if (slice_equal_nocase(name, SLICE("content-type"))) {
		h->type = value;
	} else if (slice_equal_nocase(name, SLICE("content-length"))) {
		read_length(value, h);
	} else if (slice_equal_nocase(name, SLICE("transfer-encoding"))) {
		h->chunked = slice_equal_nocase(last_of_list(value), SLICE("chunked"));
		h->unclear |= !h->chunked; /* RFC 9112 §6.3 */
	} else if (slice_equal_nocase(name, SLICE("authorization")) ||
		slice_equal_nocase(name, SLICE("proxy-authorization"))) {
		h->basic_login |= value.len > 6 &&
			slice_equal_nocase((struct slice){value.at, 6}, SLICE("basic "));
	}
}

static void read_head(struct slice bytes, struct http_head *ret)
{
	struct slice line;

	*ret = (struct http_head){0};
	(void)slice_cut(&bytes, '\n', &line);
	ret->start = slice_trim(line);
	for (int i = 0; i < HEADERS_MAX && slice_cut(&bytes, '\n', &line); i++) {
		size_t colon = slice_find_byte(line, ':');

		if (colon < line.len)
			read_header((struct slice){line.at, colon},
				slice_trim(slice_from(line, colon + 1)), ret);
	}
	ret->unclear |= bytes.len > 0;
}

struct http_answer {
	uint64_t status, length;
	struct slice type;
};

static void emit(const struct http_state *s, const struct http_request *r,
	const struct http_answer *answer, const struct proto_sink *sink)
{
	const char *at = s->texts + r->at;
	const struct event_http http = {
		.hostname = {at, r->host_len},
		.url = {at + r->host_len, r->url_len},
		.http_user_agent = {at + r->host_len + r->url_len, r->agent_len},
		.http_method = slice_of(r->method),
		.http_content_type = answer->type,
		.status = answer->status,
		.length = answer->length,
	};

	sink->event(sink->ctx, EVENT_GROUP_http, &http);
}

static void drop_oldest(struct http_state *s)
{
	const struct http_request *r = &s->requests[0];
	uint16_t len = (uint16_t)(r->host_len + r->url_len + r->agent_len);

	s->waiting--;
	s->texts_len = (uint16_t)(s->texts_len - len);
	memmove(s->texts, s->texts + len, s->texts_len);
	memmove(&s->requests[0], &s->requests[1], s->waiting * sizeof s->requests[0]);
	for (unsigned i = 0; i < s->waiting; i++)
		s->requests[i].at = (uint16_t)(s->requests[i].at - len);
}

static void emit_all(struct http_state *s, const struct proto_sink *sink)
{
	static const struct http_answer none = {0};

	for (unsigned i = 0; i < s->waiting; i++)
		emit(s, &s->requests[i], &none, sink);
	s->waiting = 0;
	s->texts_len = 0;
}

static uint16_t keep_text(struct http_state *s, struct slice text, size_t max)
{
	size_t room = TEXTS_LEN - s->texts_len;
	size_t len = text.len < max ? text.len : max;

	if (len > room)
		len = room;
	if (len > 0)
		memcpy(s->texts + s->texts_len, text.at, len);
	s->texts_len = (uint16_t)(s->texts_len + len);
	return (uint16_t)len;
}

static uint16_t keep_url(struct http_state *s, struct slice url)
{
	size_t room = TEXTS_LEN - s->texts_len;
	size_t len = url_mask(url, s->texts + s->texts_len, room < URL_MAX ? room : URL_MAX);

	s->texts_len = (uint16_t)(s->texts_len + len);
	return (uint16_t)len;
}

static void keep_request(struct http_state *s, const struct http_head *h, struct slice method,
	struct slice url, const struct proto_sink *sink)
{
	if (s->waiting == REQUESTS_MAX || (s->waiting > 0 && s->texts_len > TEXTS_LEN / 2)) {
		emit_all(s, sink);
		s->unpaired = true;
	}

	struct http_request *r = &s->requests[s->waiting++];
	r->at = s->texts_len;
	r->host_len = keep_text(s, h->host, HOST_MAX);
	r->url_len = keep_url(s, url);
	r->agent_len = keep_text(s, h->agent, AGENT_MAX);
	proto_copy_text(r->method, sizeof r->method, method);
	if (s->unpaired)
		emit_all(s, sink);
}

/* How the body that follows a head of `len` bytes is passed over. Where it may end in two places,
 * nothing after it is read: it could be taken for a request that was never made. */
static size_t pass_body(struct http_state *s, enum side side, const struct http_head *h, size_t len)
{
	if (h->unclear)
		return STREAM_DONE;
	if (h->chunked) {
		s->part[side] = HTTP_CHUNK;
		return len;
	}
	return len + (h->has_length ? h->length : 0);
}

static struct slice host_name(struct slice host)
{
	size_t colon = slice_find_byte(host, ':');

	return (struct slice){host.at, colon};
}

/* The version stands after the last space: an address that attacks may hold spaces itself. */
static bool read_request_line(struct slice line, struct slice *ret_method, struct slice *ret_url)
{
	static const size_t version_len = sizeof " HTTP/1.1" - 1;

	if (!slice_cut(&line, ' ', ret_method) || line.len < version_len)
		return false;
	*ret_url = (struct slice){line.at, line.len - version_len};
	return slice_starts(slice_from(line, ret_url->len), SLICE(" HTTP/1."));
}

static size_t read_request(
	struct http_state *s, struct slice bytes, size_t len, const struct proto_sink *sink)
{
	struct http_head h;
	struct slice method, url;

	read_head((struct slice){bytes.at, len}, &h);
	if (!read_request_line(h.start, &method, &url))
		return STREAM_DONE;
	keep_request(s, &h, method, url, sink);
	sink->url(sink->ctx, url);
	if (h.host.len > 0 && h.host.len <= HOST_MAX)
		sink->host(sink->ctx, APP_HTTP, host_name(h.host));
	if (h.basic_login)
		sink->credential(sink->ctx, APP_HTTP);
	return pass_body(s, SIDE_SERVER, &h, len);
}

static bool has_no_body(uint64_t status, const char *method)
{
	return status == 204 || status == 304 || strcmp(method, "HEAD") == 0;
}

static size_t read_answer(
	struct http_state *s, struct slice bytes, size_t len, const struct proto_sink *sink)
{
	struct http_head h;
	struct slice rest, version, code;
	struct http_answer answer = {0};
	char method[METHOD_MAX] = "";

	read_head((struct slice){bytes.at, len}, &h);
	rest = h.start;
	if (!slice_cut(&rest, ' ', &version) || !slice_starts(version, SLICE("HTTP/1.")) ||
		!slice_cut(&rest, ' ', &code) || !slice_to_u64(code, &answer.status))
		return STREAM_DONE;
	if (answer.status >= 100 && answer.status < 200 && answer.status != 101)
		return len;
	answer.length = h.has_length ? h.length : 0;
	answer.type = (struct slice){h.type.at, h.type.len < TYPE_MAX ? h.type.len : TYPE_MAX};
	if (s->waiting > 0) {
		memcpy(method, s->requests[0].method, sizeof method);
		emit(s, &s->requests[0], &answer, sink);
		drop_oldest(s);
	}
	if (answer.status == 101)
		return STREAM_DONE;
	if (strcmp(method, "CONNECT") == 0 && answer.status / 100 == 2)
		return PROTO_AGAIN;
	if (has_no_body(answer.status, method))
		return len;
	if (!h.chunked && !h.has_length) /* it lasts until the connection closes */
		return STREAM_DONE;
	return pass_body(s, SIDE_CLIENT, &h, len);
}

static bool hex_digit(char c, unsigned *ret)
{
	if (c >= '0' && c <= '9')
		*ret = (unsigned)(c - '0');
	else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		*ret = (unsigned)((c | 0x20) - 'a' + 10);
	else
		return false;
	return true;
}

/* A line that gives the length of a chunk; the chunk and its line end are passed over. */
static size_t read_chunk(struct http_state *s, enum side side, struct slice bytes)
{
	size_t end = slice_find_byte(bytes, '\n'), size = 0, digits = 0;
	unsigned digit;

	if (end == bytes.len)
		return end > CHUNK_LINE_MAX ? STREAM_DONE : 0;
	while (digits < end && hex_digit(bytes.at[digits], &digit)) {
		size = size << 4 | digit;
		if (++digits > 7)
			return STREAM_DONE;
	}
	if (digits == 0)
		return STREAM_DONE;
	if (size == 0)
		s->part[side] = HTTP_TRAILER;
	return end + 1 + (size > 0 ? size + 2 : 0);
}

static size_t read_trailer(struct http_state *s, enum side side, struct slice bytes)
{
	size_t end = slice_find_byte(bytes, '\n');

	if (end == bytes.len)
		return end > CHUNK_LINE_MAX ? STREAM_DONE : 0;
	if (slice_trim((struct slice){bytes.at, end}).len == 0)
		s->part[side] = HTTP_HEAD;
	return end + 1;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct http_state *s = state;
	size_t len;

	switch (s->part[side]) {
	case HTTP_CHUNK: return read_chunk(s, side, bytes);
	case HTTP_TRAILER: return read_trailer(s, side, bytes);
	case HTTP_HEAD: break;
	}
	if (bytes.at[0] == '\r' || bytes.at[0] == '\n') /* RFC 9112 §2.2 */
		return 1;
	len = head_len(bytes);
	if (len == 0)
		return 0;
	return side == SIDE_SERVER ? read_request(s, bytes, len, sink)
				   : read_answer(s, bytes, len, sink);
}

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	enum proto_match best = PROTO_NO;

	(void)server_port;
	if (side == SIDE_CLIENT)
		return proto_match_start(bytes, SLICE("HTTP/1."));
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		enum proto_match match = proto_match_start(bytes, methods[i]);

		if (match > best)
			best = match;
	}
	return best;
}

static void lost(void *state, enum side side, const struct proto_sink *sink)
{
	struct http_state *s = state;

	if (side == SIDE_SERVER)
		return;
	s->unpaired = true;
	emit_all(s, sink);
}

static void end(void *state, const struct proto_sink *sink)
{
	emit_all(state, sink);
}

const struct proto http_proto = {
	.app = APP_HTTP,
	.state_len = sizeof(struct http_state),
	.recognise = recognise,
	.read = read,
	.lost = lost,
	.end = end,
};
