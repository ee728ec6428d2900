#include "lib/http_server.h"

#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HEADERS_ADDED_MAX = 8, CLASSES = 5 };

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_HANDLED, STAGE_DEFERRED, STAGE_ANSWERED };

/* One connection, while nothing is being answered on it: by when the next request must be whole. */
struct visitor {
	struct visitor *previous, *next;
	int fd;
	bool waiting;
	mono_t deadline;
};

struct exchange {
	struct request request; /* first: handlers hold its address */
	struct http_server *server;
	struct MHD_Connection *connection;
	struct visitor *visitor;
	enum stage stage;
	bool suspended;
	bool target_is_bad;
	struct buf body;
	char address[INET6_ADDRSTRLEN];
	struct MHD_Response *response;
	int status;
	struct http_server_header added[HEADERS_ADDED_MAX];
	size_t added_count;
	struct request_stream stream;
	struct buf pending;
	size_t sent;
	struct exchange *previous_stream, *next_stream;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_server_options options;
	const struct clock *clock;
	struct visitor *visitors;
	struct exchange *streams;
	size_t exchange_count;
	bool draining;
	struct metric *answers[CLASSES], *swept, *connections;
};

static struct exchange *exchange_of(struct request *req)
{
	return (struct exchange *)req;
}

static void set_response(struct exchange *x, int status, const char *type)
{
	must(x->response);
	must(x->stage == STAGE_HEAD || x->stage == STAGE_HANDLED || x->stage == STAGE_DEFERRED);
	for (const struct http_server_header *h = x->server->options.headers; h && h->name; h++)
		must(MHD_add_response_header(x->response, h->name, h->value));
	bool cached = false;

	for (size_t i = 0; i < x->added_count; i++) {
		must(MHD_add_response_header(x->response, x->added[i].name, x->added[i].value));
		cached = cached || strcmp(x->added[i].name, MHD_HTTP_HEADER_CACHE_CONTROL) == 0;
	}
	if (type)
		must(MHD_add_response_header(x->response, MHD_HTTP_HEADER_CONTENT_TYPE, type));
	if (!cached)
		must(MHD_add_response_header(
			x->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"));
	x->status = status;
	metric_add(x->server->answers[status / 100 - 1], 1);

	bool was_deferred = x->stage == STAGE_DEFERRED;

	x->stage = STAGE_ANSWERED;
	if (was_deferred && x->suspended) {
		x->suspended = false;
		MHD_resume_connection(x->connection);
	}
}

void request_add_header(struct request *req, const char *name, struct slice value)
{
	struct exchange *x = exchange_of(req);

	must(x->added_count < HEADERS_ADDED_MAX);
	x->added[x->added_count++] =
		(struct http_server_header){name, arena_copy(req->arena, value)};
}

/* libmicrohttpd takes pointers to changeable bytes that it does not change. */
static void *changeable(const char *bytes)
{
	union {
		const char *constant;
		void *changeable;
	} at = {.constant = bytes};

	return at.changeable;
}

static void set_body(struct request *req, struct slice body, enum MHD_ResponseMemoryMode mode)
{
	exchange_of(req)->response =
		MHD_create_response_from_buffer(body.len, changeable(body.at ? body.at : ""), mode);
}

void request_answer(struct request *req, int status, const char *type, struct slice body)
{
	set_body(req, body, MHD_RESPMEM_MUST_COPY);
	set_response(exchange_of(req), status, type);
}

void request_answer_static(struct request *req, int status, const char *type, struct slice body)
{
	set_body(req, body, MHD_RESPMEM_PERSISTENT);
	set_response(exchange_of(req), status, type);
}

void request_problem(struct request *req, int status, const char *error, const char *detail)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);

	json_begin_object(&w);
	json_key(&w, "type");
	json_text(&w, SLICE("about:blank"));
	json_key(&w, "title");
	json_text(&w, slice_of(MHD_get_reason_phrase_for((unsigned)status)));
	json_key(&w, "status");
	json_int(&w, status);
	json_key(&w, "error");
	json_text(&w, slice_of(error));
	if (detail) {
		json_key(&w, "detail");
		json_text(&w, slice_of(detail));
	}
	json_end_object(&w);
	request_answer(req, status, "application/problem+json", buf_slice(&body));
}

void request_defer(struct request *req)
{
	exchange_of(req)->stage = STAGE_DEFERRED;
}

static ssize_t on_read(void *ctx, uint64_t position, char *ret, size_t room)
{
	struct exchange *x = ctx;

	(void)position;
	if (x->sent == x->pending.len) {
		buf_clear(&x->pending);
		x->sent = 0;
		if (x->server->draining || !x->stream.next(x->stream.ctx, &x->pending))
			return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (x->pending.len == 0) {
		x->suspended = true;
		MHD_suspend_connection(x->connection);
		return 0;
	}

	size_t left = x->pending.len - x->sent;
	size_t len = left < room ? left : room;

	memcpy(ret, x->pending.at + x->sent, len);
	x->sent += len;
	return (ssize_t)len;
}

static void stream_unlink(struct exchange *x)
{
	if (x->previous_stream)
		x->previous_stream->next_stream = x->next_stream;
	else
		x->server->streams = x->next_stream;
	if (x->next_stream)
		x->next_stream->previous_stream = x->previous_stream;
}

void request_stream(struct request *req, const char *type, const struct request_stream *stream)
{
	struct exchange *x = exchange_of(req);

	x->stream = *stream;
	x->next_stream = x->server->streams;
	if (x->next_stream)
		x->next_stream->previous_stream = x;
	x->server->streams = x;
	x->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, x, NULL);
	set_response(x, MHD_HTTP_OK, type);
}

void request_wake(struct request *req)
{
	struct exchange *x = exchange_of(req);

	if (!x->suspended)
		return;
	x->suspended = false;
	MHD_resume_connection(x->connection);
}

static void visitor_waits(struct visitor *v, mono_t until)
{
	v->waiting = true;
	v->deadline = until;
}

/* Called with the request line as it came, before anything else is known of the request. */
static void *on_target(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	struct http_server *h = ctx;
	struct exchange *x = mem_alloc(sizeof *x);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	x->server = h;
	x->connection = connection;
	x->visitor = info->socket_context;
	x->request.arena = arena_new();
	x->target_is_bad = !request_target_read(
		x->request.arena, slice_of(uri), &h->options.limits.target, &x->request.target);
	visitor_waits(x->visitor, mono_after(clock_mono(h->clock), h->options.limits.request_ms));
	h->exchange_count++;
	return x;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode code)
{
	struct http_server *h = ctx;
	struct exchange *x = *request;

	(void)connection;
	(void)code;
	if (!x)
		return;
	*request = NULL;
	if (x->stream.end) {
		stream_unlink(x);
		x->stream.end(x->stream.ctx);
	}
	visitor_waits(x->visitor,
		mono_after(clock_mono(h->clock),
			h->options.limits.request_ms + 1000 * h->options.limits.idle_s));
	if (x->response)
		MHD_destroy_response(x->response);
	buf_release(&x->body);
	buf_release(&x->pending);
	arena_free(&x->request.arena);
	mem_free(x);
	h->exchange_count--;
}

static enum request_method method_read(const char *method)
{
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return METHOD_GET;
	if (strcmp(method, "POST") == 0)
		return METHOD_POST;
	return strcmp(method, "DELETE") == 0 ? METHOD_DELETE : METHOD_OTHER;
}

struct header_totals {
	size_t len, lengths, encodings, hosts, bad_names;
};

static enum MHD_Result add_header(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct header_totals *totals = ctx;

	(void)kind;
	totals->len += strlen(name) + (value ? strlen(value) : 0);
	totals->lengths += slice_equal_nocase(slice_of(name), SLICE("Content-Length"));
	totals->encodings += slice_equal_nocase(slice_of(name), SLICE("Transfer-Encoding"));
	totals->hosts += slice_equal_nocase(slice_of(name), SLICE("Host"));
	totals->bad_names += strpbrk(name, " \t") != NULL; /* "Content-Length : 5" */
	return MHD_YES;
}

/* A request whose end can be read in two ways (RFC 9112 §6.3) is refused: libmicrohttpd 0.9.75 is
 * lenient there. */
static bool framing_is_clear(
	const struct request *req, const struct header_totals *totals, uint64_t *ret_len)
{
	struct slice length = request_header(req, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct slice encoding = request_header(req, MHD_HTTP_HEADER_TRANSFER_ENCODING);

	if (totals->lengths + totals->encodings > 1 || totals->hosts != 1 || totals->bad_names)
		return false;
	if (totals->encodings)
		return slice_equal_nocase(encoding, SLICE("chunked"));
	return totals->lengths == 0 || slice_to_u64(length, ret_len);
}

/* What cannot be accepted whatever it asks for. */
static bool head_is_good(struct exchange *x)
{
	const struct http_server_limits *limits = &x->server->options.limits;
	struct header_totals totals = {0};
	uint64_t len = 0;

	(void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_header, &totals);
	if (totals.len > limits->headers_len)
		request_problem(&x->request, 431, "headers_too_long", NULL);
	else if (!framing_is_clear(&x->request, &totals, &len))
		request_problem(&x->request, 400, "bad_headers", NULL);
	else if (len > limits->body_len)
		request_problem(&x->request, 413, "body_too_long", NULL);
	else if (x->target_is_bad)
		request_problem(&x->request, 400, "bad_target", NULL);
	else
		return true;
	return false;
}

static void address_read(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info->client_addr;

	if (peer->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6,
			&((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, x->address,
			sizeof x->address);
	else if (peer->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
			&((const struct sockaddr_in *)(const void *)peer)->sin_addr, x->address,
			sizeof x->address);
	x->request.address = slice_of(x->address);
}

static enum MHD_Result send_answer(struct exchange *x)
{
	x->visitor->waiting = false;
	return MHD_queue_response(x->connection, (unsigned)x->status, x->response);
}

static enum MHD_Result handle(struct exchange *x)
{
	x->stage = STAGE_HANDLED;
	x->visitor->waiting = false;
	x->request.body = buf_slice(&x->body);
	if (x->body.len > x->server->options.limits.body_len)
		request_problem(&x->request, 413, "body_too_long", NULL);
	else
		x->server->options.handle(x->server->options.ctx, &x->request);
	if (x->stage == STAGE_ANSWERED)
		return send_answer(x);
	must(x->stage == STAGE_DEFERRED);
	x->suspended = true;
	MHD_suspend_connection(x->connection);
	return MHD_YES;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libmicrohttpd's */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **request)
{
	struct exchange *x = *request;

	(void)ctx;
	(void)connection;
	(void)url;
	(void)version;
	switch (x->stage) {
	case STAGE_HEAD:
		x->request.method = method_read(method);
		address_read(x);
		if (!head_is_good(x))
			return send_answer(x);
		x->stage = STAGE_BODY;
		return MHD_YES;
	case STAGE_BODY:
		if (*upload_len == 0)
			return handle(x);
		if (x->body.len <= x->server->options.limits.body_len)
			buf_add(&x->body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	case STAGE_ANSWERED: return send_answer(x);
	case STAGE_HANDLED:
	case STAGE_DEFERRED: break;
	}
	must_fail("a request that waits is suspended", __FILE__, __LINE__);
}

struct slice request_header(const struct request *req, const char *name)
{
	const struct exchange *x = (const struct exchange *)req;

	return slice_of(MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name));
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http_server *h = ctx;
	struct visitor *v = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		v = mem_alloc(sizeof *v);
		v->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd;
		visitor_waits(v, mono_after(clock_mono(h->clock), h->options.limits.request_ms));
		v->next = h->visitors;
		if (v->next)
			v->next->previous = v;
		h->visitors = v;
		*socket_context = v;
		metric_set(h->connections, metric_value(h->connections) + 1);
		return;
	}
	if (v->previous)
		v->previous->next = v->next;
	else
		h->visitors = v->next;
	if (v->next)
		v->next->previous = v->previous;
	mem_free(v);
	metric_set(h->connections, metric_value(h->connections) - 1);
}

void http_server_sweep(struct http_server *h)
{
	mono_t now = clock_mono(h->clock);

	for (struct visitor *v = h->visitors; v; v = v->next)
		if (v->waiting && mono_left_ms(v->deadline, now) == 0) {
			v->waiting = false;
			(void)shutdown(v->fd, SHUT_RDWR); /* libmicrohttpd then sees the end */
			metric_add(h->swept, 1);
		}
}

static struct metric *counter(struct http_server *h, struct metrics *metrics, const char *name,
	const char *labels, const char *help)
{
	CLEANUP(mem_cleanup) char *whole = mem_printf("%s_%s", h->options.metrics_prefix, name);

	return metrics_counter(metrics, whole, labels, help);
}

static void register_metrics(struct http_server *h, struct metrics *metrics)
{
	CLEANUP(mem_cleanup) char *open = mem_printf("%s_connections", h->options.metrics_prefix);

	for (int i = 0; i < CLASSES; i++) {
		CLEANUP(mem_cleanup) char *labels = mem_printf("class=\"%dxx\"", i + 1);

		h->answers[i] = counter(
			h, metrics, "answers_total", labels, "Answers given, by class of status.");
	}
	h->swept = counter(h, metrics, "slow_total", "",
		"Connections ended because a request took too long to arrive.");
	h->connections = metrics_gauge(metrics, open, "", "Connections open now.");
}

struct http_server *http_server_new(const struct http_server_options *options,
	const struct clock *clock, struct metrics *metrics)
{
	static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	const struct http_server_limits *limits = &options->limits;
	struct http_server *h = mem_alloc(sizeof *h);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, changeable(options->certificate)},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, changeable(options->key)},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, changeable(priorities)},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	h->options = *options;
	h->clock = clock;
	register_metrics(h, metrics);
	h->daemon = MHD_start_daemon(options->key ? flags | MHD_USE_TLS : flags, 0, NULL, NULL,
		on_request, h, MHD_OPTION_LISTEN_SOCKET, options->listen_fd,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_CONNECTION_LIMIT, limits->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->connections_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)limits->idle_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->connection_memory,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_ARRAY, options->key ? tls : none, MHD_OPTION_END);
	if (!h->daemon) {
		mem_free(h);
		return NULL;
	}
	return h;
}

int http_server_fd(const struct http_server *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t http_server_timeout_ms(const struct http_server *h)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (MHD_get_timeout(h->daemon, &timeout) != MHD_YES || timeout > 1000)
		return 1000;
	return (int64_t)timeout;
}

void http_server_run(struct http_server *h)
{
	(void)MHD_run(h->daemon);
}

void http_server_drain(struct http_server *h)
{
	MHD_socket fd = MHD_quiesce_daemon(h->daemon);

	if (fd != MHD_INVALID_SOCKET)
		(void)close(fd);
	h->draining = true;
	for (struct exchange *x = h->streams; x; x = x->next_stream)
		request_wake(&x->request);
}

bool http_server_is_idle(const struct http_server *h)
{
	return h->exchange_count == 0;
}

void http_server_free(struct http_server **h)
{
	if (!*h)
		return;
	MHD_stop_daemon((*h)->daemon);
	must((*h)->exchange_count == 0);
	mem_free(*h);
	*h = NULL;
}
