#include "crawler/import_server.h"

#include "lib/digest.h"
#include "lib/file.h"
#include "lib/http_server.h"
#include "lib/listen.h"
#include "lib/mem.h"

#include <string.h>
#include <sys/stat.h>

enum { SECRET_TEXT_MAX = 256, KEY_MIN = 24, KEY_MAX = 64, TARGET_MAX = 256, PARAM_MAX = 64 };

static const char PREFIX[] = "whsec_";

struct import_server {
	struct http_server *server;
	struct import *import;
	const struct clock *clock;
	char *secret; /* NULL: none */
	struct metric *accepted, *rejected, *refused;
};

/* In a time that does not depend on where they differ. */
static bool same_secret(struct slice a, struct slice b)
{
	unsigned char differ = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++)
		differ |= (unsigned char)(a.at[i] ^ b.at[i]);
	return differ == 0;
}

static bool key_of(struct slice secret, uint8_t key[KEY_MAX], size_t *ret_len)
{
	return slice_starts(secret, slice_of(PREFIX)) &&
		digest_from_base64(slice_from(secret, sizeof PREFIX - 1), key, KEY_MAX, ret_len) &&
		*ret_len >= KEY_MIN;
}

static bool has_signature(struct slice signatures, struct slice wanted)
{
	struct slice one;

	while (slice_cut(&signatures, ' ', &one))
		if (same_secret(one, wanted))
			return true;
	return false;
}

bool import_is_signed(struct slice secret, const struct import_credentials *given,
	struct slice body, int64_t now_s)
{
	static const struct slice bearer = SLICE_INIT("Bearer ");
	CLEANUP(buf_release) struct buf content = {0};
	uint8_t key[KEY_MAX], mac[SHA256_LEN];
	char text[4 * ((SHA256_LEN + 2) / 3) + 4] = "v1,";
	size_t len;
	int64_t then;

	if (slice_starts(given->authorization, bearer))
		return same_secret(slice_from(given->authorization, bearer.len), secret);
	if (given->id.len == 0 || !slice_to_i64(given->timestamp, &then) ||
		then < now_s - IMPORT_CLOCK_SKEW_S || then > now_s + IMPORT_CLOCK_SKEW_S ||
		!key_of(secret, key, &len))
		return false;
	buf_add_slice(&content, given->id);
	buf_add_byte(&content, '.');
	buf_add_slice(&content, given->timestamp);
	buf_add_byte(&content, '.');
	buf_add_slice(&content, body);
	digest_hmac_sha256(slice_over(key, len), buf_slice(&content), mac);
	digest_base64(mac, sizeof mac, text + 3);
	return has_signature(given->signatures, slice_of(text));
}

/* The owner and group of a Unix socket are its key; everyone else signs. */
static bool may_come_in(const struct import_server *s, const struct request *req)
{
	struct import_credentials given = {
		.authorization = request_header(req, "Authorization"),
		.id = request_header(req, "webhook-id"),
		.timestamp = request_header(req, "webhook-timestamp"),
		.signatures = request_header(req, "webhook-signature"),
	};

	if (req->address.len == 0)
		return true;
	return s->secret != NULL &&
		import_is_signed(
			slice_of(s->secret), &given, req->body, clock_wall_us(s->clock) / 1000000);
}

static void handle(void *ctx, struct request *req)
{
	struct import_server *s = ctx;
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);

	if (!slice_is(req->target.path, "/v1/import")) {
		request_problem(req, 404, "not_found", NULL);
		return;
	}
	if (req->method != METHOD_POST) {
		request_add_header(req, "Allow", SLICE("POST"));
		request_problem(req, 405, "method", "POST was expected");
		return;
	}
	if (!may_come_in(s, req)) {
		metric_add(s->refused, 1);
		request_problem(
			req, 401, "not_signed", "the signature or secret is missing or wrong");
		return;
	}
	struct import_report *report = arena_alloc(req->arena, sizeof *report);
	import_body(s->import, req->body, report);
	metric_add(
		s->accepted, report->fresh + report->updated + report->unchanged + report->queued);
	metric_add(s->rejected, report->rejected);
	import_report_write(report, &w);
	bool none = report->rejected > 0 && report->rejected >= report->items;
	request_answer(req, none ? 422 : 200, "application/json", buf_slice(&out));
}

/* A secret that everyone on the machine can read is none. */
static bool read_secret(struct import_server *s, const char *path, struct err *err)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct stat about;
	uint8_t key[KEY_MAX];
	size_t len;

	if (path[0] == '\0')
		return true;
	if (!file_read(path, SECRET_TEXT_MAX, &text, err))
		return false;
	if (stat(path, &about) < 0 || (about.st_mode & S_IRWXO) != 0)
		return err_set(err, path, 0, "everyone can read this secret; chmod o-rwx it");
	struct slice secret = slice_trim(buf_slice(&text));
	if (!key_of(secret, key, &len))
		return err_set(err, path, 1, "whsec_ and base64 of %d to %d bytes were expected",
			KEY_MIN, KEY_MAX);
	s->secret = mem_printf("%.*s", SLICE_ARG(secret));
	return true;
}

static bool is_loopback(struct slice listen)
{
	return slice_starts(listen, SLICE("127.")) || slice_starts(listen, SLICE("[::1]:"));
}

static bool open_server(struct import_server *s, const struct import_server_options *options,
	struct metrics *metrics, struct err *err)
{
	static const struct http_server_header headers[] = {{"Cache-Control", "no-store"}, {0}};
	struct slice listen = slice_of(options->listen);
	struct http_server_options server = {
		.limits = {.target = {TARGET_MAX, PARAM_MAX},
			.headers_len = IMPORT_HEADERS_MAX,
			.body_len = IMPORT_BODY_MAX,
			.request_ms = IMPORT_REQUEST_MS,
			.idle_s = IMPORT_REQUEST_MS / 1000,
			.connections = IMPORT_CONNECTIONS_MAX,
			.connections_per_address = IMPORT_CONNECTIONS_MAX,
			.connection_memory = (size_t)2 * IMPORT_HEADERS_MAX},
		.metrics_prefix = "haidang_crawler_import_http",
		.headers = headers,
		.handle = handle,
		.ctx = s,
	};

	if (!read_secret(s, options->secret_file, err))
		return false;
	bool local = slice_starts(listen, SLICE("unix:"));
	if (!local && !is_loopback(listen))
		return err_set(err, NULL, 0,
			"crawler.import_listen: unix:PATH or an address of loopback was expected");
	if (!local && s->secret == NULL)
		return err_set(err, NULL, 0,
			"crawler.import_secret: an address needs one; only unix:PATH does without");
	server.listen_fd = listen_open("crawler.import_listen", options->listen, err);
	if (server.listen_fd < 0)
		return false;
	s->server = http_server_new(&server, s->clock, metrics);
	return s->server != NULL || err_set(err, NULL, 0, "libmicrohttpd cannot start");
}

struct import_server *import_server_new(const struct import_server_options *options,
	const struct clock *clock, struct metrics *metrics, struct err *err)
{
	struct import_server *s = mem_alloc(sizeof *s);

	s->import = options->import;
	s->clock = clock;
	s->accepted = metrics_counter(
		metrics, "haidang_crawler_imported_total", "", "Items taken in by import.");
	s->rejected = metrics_counter(metrics, "haidang_crawler_import_rejected_total", "",
		"Items of imports that were rejected.");
	s->refused = metrics_counter(metrics, "haidang_crawler_import_refused_total", "",
		"Imports without a right signature.");
	if (!open_server(s, options, metrics, err))
		import_server_free(&s);
	return s;
}

void import_server_free(struct import_server **s)
{
	if (*s == NULL)
		return;
	http_server_free(&(*s)->server);
	if ((*s)->secret != NULL)
		explicit_bzero((*s)->secret, strlen((*s)->secret));
	mem_free((*s)->secret);
	mem_free(*s);
	*s = NULL;
}

int import_server_fd(const struct import_server *s)
{
	return http_server_fd(s->server);
}

int64_t import_server_wait_ms(const struct import_server *s, int64_t longest_ms)
{
	int64_t own = http_server_timeout_ms(s->server);

	return own < longest_ms ? own : longest_ms;
}

void import_server_run(struct import_server *s)
{
	http_server_run(s->server);
}

void import_server_sweep(struct import_server *s)
{
	http_server_sweep(s->server);
}
