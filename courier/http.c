#include "courier/http.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { CONNECT_TIMEOUT_MS = 5000 };

struct http {
	CURLM *multi;
	struct http_options options;
	struct exchange *idle; /* to be used again */
	struct exchange *busy;
};

/* One request and its answer; lives on in the idle list with its curl handle. */
struct exchange {
	struct exchange *next, **link; /* who points here */
	CURL *easy;
	struct curl_slist *headers; /* or who is to get a mail */
	struct buf message;         /* of a mail */
	size_t message_read;
	void *token;
	size_t head_len, body_len;
	struct buf body;
	char retry_after[RETRY_AFTER_LEN_MAX];
	size_t retry_after_len;
	char said[CURL_ERROR_SIZE];
};

static void exchange_link(struct exchange **list, struct exchange *x)
{
	x->next = *list;
	x->link = list;
	if (x->next)
		x->next->link = &x->next;
	*list = x;
}

static void exchange_unlink(struct exchange *x)
{
	*x->link = x->next;
	if (x->next)
		x->next->link = x->link;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t len = size * count, room = ANSWER_KEPT_MAX - x->body.len;

	x->body_len += len;
	if (x->body_len > ANSWER_LEN_MAX)
		return 0; /* ends the exchange with CURLE_WRITE_ERROR */
	buf_add(&x->body, bytes, len < room ? len : room);
	return len;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	size_t len = size * count;
	struct slice rest = slice_over(bytes, len), name;

	x->head_len += len;
	if (x->head_len > ANSWER_LEN_MAX)
		return 0;
	if (!slice_cut(&rest, ':', &name) || !slice_equal_nocase(name, SLICE("retry-after")))
		return len;
	rest = slice_trim(rest);
	if (rest.len <= sizeof(x->retry_after)) {
		memcpy(x->retry_after, rest.at, rest.len);
		x->retry_after_len = rest.len;
	}
	return len;
}

#define EASY_SET(easy, option, value) must(curl_easy_setopt(easy, option, value) == CURLE_OK)

static struct exchange *exchange_new(struct http *h)
{
	struct exchange *x = mem_alloc(sizeof(*x));
	int64_t timeout = h->options.timeout_ms;

	x->easy = curl_easy_init();
	must(x->easy);
	EASY_SET(x->easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	EASY_SET(x->easy, CURLOPT_FOLLOWLOCATION, 0L);
	EASY_SET(x->easy, CURLOPT_PROXY, "");
	EASY_SET(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	EASY_SET(x->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	EASY_SET(x->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	EASY_SET(x->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->options.ca_file) {
		EASY_SET(x->easy, CURLOPT_CAINFO, h->options.ca_file);
		EASY_SET(x->easy, CURLOPT_CAPATH, NULL); /* else the system's count as well */
	}
	EASY_SET(x->easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	EASY_SET(x->easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS));
	EASY_SET(x->easy, CURLOPT_USERAGENT, "haidang-courier/" VERSION);
	EASY_SET(x->easy, CURLOPT_ERRORBUFFER, x->said);
	EASY_SET(x->easy, CURLOPT_WRITEFUNCTION, on_body);
	EASY_SET(x->easy, CURLOPT_WRITEDATA, x);
	EASY_SET(x->easy, CURLOPT_HEADERFUNCTION, on_head);
	EASY_SET(x->easy, CURLOPT_HEADERDATA, x);
	EASY_SET(x->easy, CURLOPT_PRIVATE, x);
	return x;
}

static void exchange_free(struct exchange *x)
{
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	buf_release(&x->body);
	buf_release(&x->message);
	mem_free(x);
}

struct http *http_new(const struct http_options *options)
{
	struct http *h = mem_alloc(sizeof(*h));

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	h->options = *options;
	h->multi = curl_multi_init();
	must(h->multi);
	must(curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
		     (long)options->connections) == CURLM_OK);
	must(curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)options->connections) ==
		CURLM_OK);
	return h;
}

void http_free(struct http **h)
{
	if (!*h)
		return;
	for (struct exchange *x; (x = (*h)->busy);) {
		exchange_unlink(x);
		must(curl_multi_remove_handle((*h)->multi, x->easy) == CURLM_OK);
		exchange_free(x);
	}
	for (struct exchange *x; (x = (*h)->idle);) {
		exchange_unlink(x);
		exchange_free(x);
	}
	must(curl_multi_cleanup((*h)->multi) == CURLM_OK);
	curl_global_cleanup();
	mem_free(*h);
	*h = NULL;
}

static void headers_add(struct exchange *x, const char *header)
{
	struct curl_slist *longer = curl_slist_append(x->headers, header);

	must(longer);
	x->headers = longer;
}

/* One that is not in use, with nothing left of its last request. */
static struct exchange *exchange_take(struct http *h, void *token)
{
	struct exchange *x = h->idle;

	if (x)
		exchange_unlink(x);
	else
		x = exchange_new(h);
	exchange_link(&h->busy, x);

	curl_slist_free_all(x->headers);
	x->headers = NULL;
	x->token = token;
	x->head_len = x->body_len = x->retry_after_len = x->message_read = 0;
	buf_clear(&x->body);
	buf_clear(&x->message);
	x->said[0] = '\0';
	return x;
}

void http_post(struct http *h, const struct http_request *request)
{
	struct exchange *x = exchange_take(h, request->token);

	headers_add(x, "Expect:"); /* no extra round trip before the body */
	for (const char *const *header = request->headers; *header; header++)
		headers_add(x, *header);
	EASY_SET(x->easy, CURLOPT_URL, request->url);
	EASY_SET(x->easy, CURLOPT_HTTPHEADER, x->headers);
	EASY_SET(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	EASY_SET(x->easy, CURLOPT_COPYPOSTFIELDS, request->body.at);
	must(curl_multi_add_handle(h->multi, x->easy) == CURLM_OK);
}

static size_t on_message(char *bytes, size_t size, size_t count, void *ctx)
{
	struct exchange *x = ctx;
	struct slice rest = slice_from(buf_slice(&x->message), x->message_read);
	size_t len = rest.len < size * count ? rest.len : size * count;

	if (len > 0)
		memcpy(bytes, rest.at, len);
	x->message_read += len;
	return len;
}

void http_mail(struct http *h, const struct http_mail *mail)
{
	struct exchange *x = exchange_take(h, mail->token);
	bool must_encrypt = !mail->allow_plain || mail->user; /* no password in the clear */

	for (size_t i = 0; i < mail->to_count; i++)
		headers_add(x, mail->to[i]);
	buf_add_slice(&x->message, mail->message);
	EASY_SET(x->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	EASY_SET(x->easy, CURLOPT_URL, mail->url);
	EASY_SET(x->easy, CURLOPT_USE_SSL, (long)(must_encrypt ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	EASY_SET(x->easy, CURLOPT_USERNAME, mail->user);
	EASY_SET(x->easy, CURLOPT_PASSWORD, mail->password);
	EASY_SET(x->easy, CURLOPT_MAIL_FROM, mail->from);
	EASY_SET(x->easy, CURLOPT_MAIL_RCPT, x->headers);
	EASY_SET(x->easy, CURLOPT_UPLOAD, 1L);
	EASY_SET(x->easy, CURLOPT_READFUNCTION, on_message);
	EASY_SET(x->easy, CURLOPT_READDATA, x);
	EASY_SET(x->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->message.len);
	must(curl_multi_add_handle(h->multi, x->easy) == CURLM_OK);
}

static void say_failure(const struct exchange *x, CURLcode code, char *said, size_t room)
{
	CLEANUP(buf_release) struct buf text = {0};

	/* Of a header line beyond its own limit libcurl says that it is out of memory. */
	bool too_long = x->head_len > ANSWER_LEN_MAX || x->body_len > ANSWER_LEN_MAX ||
		code == CURLE_OUT_OF_MEMORY;

	if (too_long)
		buf_printf(&text, "answer is longer than %d bytes", ANSWER_LEN_MAX);
	else
		buf_add_text(&text, x->said[0] ? x->said : curl_easy_strerror(code));
	size_t len = text.len < room - 1 ? text.len : room - 1;

	for (size_t i = 0; i < len; i++)
		said[i] = (char)(text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?');
	said[len] = '\0';
}

static void exchange_done(
	struct http *h, struct exchange *x, CURLcode code, http_on_response *fn, void *ctx)
{
	struct http_response response = {
		.retry_after = slice_over(x->retry_after, x->retry_after_len),
		.body = buf_slice(&x->body),
	};
	long status = 0;

	must(curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
	if (code == CURLE_OK || x->message.len > 0)
		response.status = (int)status;
	if (code != CURLE_OK)
		say_failure(x, code, response.said, sizeof(response.said));
	response.read_mail = x->message_read > 0;
	must(curl_multi_remove_handle(h->multi, x->easy) == CURLM_OK);
	fn(ctx, x->token, &response);
	exchange_unlink(x);
	exchange_link(&h->idle, x);
}

static size_t responses_give(struct http *h, http_on_response *fn, void *ctx)
{
	size_t count = 0;
	int queued;

	for (CURLMsg *msg; (msg = curl_multi_info_read(h->multi, &queued)); count++) {
		struct exchange *x;

		must(curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&x) ==
			CURLE_OK);
		exchange_done(h, x, msg->data.result, fn, ctx);
	}
	return count;
}

void http_run(struct http *h, int64_t timeout_ms, http_on_response *fn, void *ctx)
{
	int running = 0;

	/* Starts what was added, which may end at once; only then does polling know the sockets. */
	must(curl_multi_perform(h->multi, &running) == CURLM_OK);
	if (responses_give(h, fn, ctx) > 0)
		return;
	must(curl_multi_poll(h->multi, NULL, 0, (int)timeout_ms, NULL) == CURLM_OK);
	must(curl_multi_perform(h->multi, &running) == CURLM_OK);
	responses_give(h, fn, ctx);
}

static bool is_loopback(const char *host)
{
	struct in_addr address;

	if (inet_pton(AF_INET, host, &address) == 1) /* not "127.0.0.1.example.com" */
		return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static void url_cleanup(CURLU **url)
{
	curl_url_cleanup(*url);
}

struct url_parts {
	char *scheme, *host, *user;
};

static void url_parts_release(struct url_parts *parts)
{
	curl_free(parts->scheme);
	curl_free(parts->host);
	curl_free(parts->user);
}

static bool url_read(
	const char *text, const char *const schemes[2], struct url_parts *ret, struct err *err)
{
	CLEANUP(url_cleanup) CURLU *url = curl_url();

	must(url);
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_SCHEME, &ret->scheme, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_HOST, &ret->host, 0) != CURLUE_OK || !ret->host[0] ||
		(strcmp(ret->scheme, schemes[0]) != 0 && strcmp(ret->scheme, schemes[1]) != 0))
		return err_set(err, NULL, 0, "'%s' is no %s:// or %s:// URL", text, schemes[0],
			schemes[1]);
	if (curl_url_get(url, CURLUPART_USER, &ret->user, 0) == CURLUE_OK)
		return err_set(err, NULL, 0, "the url must not hold a user or password");
	return true;
}

bool http_url_check(const char *text, bool allow_plain, struct err *err)
{
	CLEANUP(url_parts_release) struct url_parts parts = {0};

	if (!url_read(text, (const char *const[]){"https", "http"}, &parts, err))
		return false;
	must(parts.scheme && parts.host);
	if (strcmp(parts.scheme, "http") == 0 && !is_loopback(parts.host) && !allow_plain)
		return err_set(err, NULL, 0,
			"'%s': http:// to another machine is readable on the way; use https:// or allow_plain",
			text);
	return true;
}

bool http_mail_url_check(const char *text, struct err *err)
{
	CLEANUP(url_parts_release) struct url_parts parts = {0};

	return url_read(text, (const char *const[]){"smtps", "smtp"}, &parts, err);
}
