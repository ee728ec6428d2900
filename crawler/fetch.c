#include "crawler/fetch.h"

#include "crawler/date.h"
#include "crawler/guard.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	HEADERS_LEN_MAX = 64 * 1024,
	SLOW_BYTES = 200,
	SLOW_S = 10,
	RETRY_MAX_S = 86400,
	UNIX_TIME_MIN = 1000000000,
	VALIDATOR_LEN_MAX = 1024
};

/* What those who break into sites show other pages to. */
static const char SEARCHER[] =
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

struct transfer {
	struct fetcher *fetcher;
	struct transfer *next;
	struct fetch_request request;
	char *url;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body, content_type, etag, last_modified, location, robots_tag;
	int64_t retry_after_s, reset_s;
	size_t header_bytes;
	bool private_address, too_large, share_spent;
};

struct fetcher {
	struct service *service;
	const struct clock *clock;
	CURLM *multi;
	struct curl_slist *resolve;
	char *user_agent;
	int64_t timeout_ms;
	struct transfer *transfers;
	size_t busy;
	mono_t due; /* of libcurl's timer */
	bool timer_set;
};

const char *fetch_fault_name(enum fetch_fault fault)
{
	static const char *const names[] = {"ok", "private_address", "host_not_found",
		"no_connection", "tls", "too_large", "too_slow", "broken"};

	must(fault < FETCH_FAULTS);
	return names[fault];
}

static void on_socket_ready(void *ctx, int fd, unsigned events)
{
	struct fetcher *f = ctx;
	int running, what = 0;

	if ((events & EPOLLIN) != 0)
		what |= CURL_CSELECT_IN;
	if ((events & EPOLLOUT) != 0)
		what |= CURL_CSELECT_OUT;
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(f->multi, fd, what, &running);
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
	struct fetcher *f = ctx;
	unsigned events = 0;

	(void)easy;
	(void)of_socket;
	if (what == CURL_POLL_REMOVE) {
		service_unwatch(f->service, fd);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	service_watch(f->service, fd, events, on_socket_ready, f);
	return 0;
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *ctx)
{
	struct fetcher *f = ctx;

	(void)multi;
	f->timer_set = timeout_ms >= 0;
	f->due = mono_after(clock_mono(f->clock), timeout_ms);
	return 0;
}

struct fetcher *fetcher_new(
	struct service *service, const struct fetcher_options *options, const struct clock *clock)
{
	struct fetcher *f = mem_alloc(sizeof *f);

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	f->service = service;
	f->clock = clock;
	f->user_agent = mem_text(options->user_agent);
	f->timeout_ms = options->timeout_ms;
	f->multi = curl_multi_init();
	must(f->multi != NULL);
	for (size_t i = 0; i < options->resolve_count; i++)
		f->resolve = curl_slist_append(f->resolve, options->resolve[i]);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	/* One for the pages of a host, one for the look at a site of ours on it. */
	curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 2L);
	/* A connection that is shared while in use would pass by the check of its address. */
	curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return f;
}

static void transfer_free(struct transfer *t)
{
	struct fetcher *f = t->fetcher;

	for (struct transfer **at = &f->transfers; *at != NULL; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	f->busy--;
	curl_multi_remove_handle(f->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	mem_free(t->url);
	struct buf *bufs[] = {&t->body, &t->content_type, &t->etag, &t->last_modified, &t->location,
		&t->robots_tag};
	for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
		buf_release(bufs[i]);
	mem_free(t);
}

void fetcher_free(struct fetcher **f)
{
	if (*f == NULL)
		return;
	while ((*f)->transfers != NULL)
		transfer_free((*f)->transfers);
	curl_multi_cleanup((*f)->multi);
	curl_slist_free_all((*f)->resolve);
	curl_global_cleanup();
	mem_free((*f)->user_agent);
	mem_free(*f);
	*f = NULL;
}

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = ctx;

	(void)purpose;
	if (!t->request.internal && !guard_is_public(&address->addr)) {
		t->private_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;

	size_t room = t->request.len_max - t->body.len;

	buf_add(&t->body, bytes, len < room ? len : room); /* of robots.txt the beginning counts */
	t->too_large = len > room;
	return t->too_large ? 0 : len;
}

static int64_t retry_after(struct slice value, const struct clock *clock)
{
	int64_t seconds;
	struct date date;

	if (!slice_to_i64(value, &seconds)) {
		if (!date_find(value, &date))
			return -1;
		seconds = (date_us(&date, 0) - clock_wall_us(clock)) / 1000000;
	}
	if (seconds > UNIX_TIME_MIN) /* of X-RateLimit-Reset, at some */
		seconds -= clock_wall_us(clock) / 1000000;
	return seconds < 0 ? 0 : seconds > RETRY_MAX_S ? RETRY_MAX_S : seconds;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct slice line = slice_over(bytes, size * count), name = {0};
	const struct {
		const char *name;
		struct buf *to;
	} kept[] = {{"content-type", &t->content_type}, {"etag", &t->etag},
		{"last-modified", &t->last_modified}, {"location", &t->location},
		{"x-robots-tag", &t->robots_tag}};

	t->header_bytes += line.len;
	if (t->header_bytes > HEADERS_LEN_MAX) {
		t->too_large = true;
		return 0;
	}
	struct slice value = line;
	if (!slice_cut(&value, ':', &name))
		return line.len;
	value = slice_trim(value);
	if (slice_equal_nocase(name, SLICE("retry-after")))
		t->retry_after_s = retry_after(value, t->fetcher->clock);
	if (slice_equal_nocase(name, SLICE("x-ratelimit-reset")))
		t->reset_s = retry_after(value, t->fetcher->clock);
	if (slice_equal_nocase(name, SLICE("x-ratelimit-remaining")))
		t->share_spent = slice_is(value, "0");
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (slice_equal_nocase(name, slice_of(kept[i].name))) {
			if (kept[i].to == &t->robots_tag && value.len > 0)
				buf_add_text(kept[i].to, ","); /* each of several counts */
			else
				buf_clear(kept[i].to);
			buf_add_slice(kept[i].to, value);
		}
	return line.len;
}

static void add_header(struct transfer *t, const char *name, const char *value)
{
	/* A server that is sent back its own huge ETag would refuse each later request. */
	if (value == NULL || value[0] == '\0' || strlen(value) > VALIDATOR_LEN_MAX)
		return;
	CLEANUP(mem_cleanup) char *line = mem_printf("%s: %s", name, value);
	t->headers = curl_slist_append(t->headers, line);
}

static void add_token(struct transfer *t, const char *token)
{
	CLEANUP(mem_cleanup) char *line = mem_printf("Authorization: Bearer %s", token);

	t->headers = curl_slist_append(t->headers, line);
}

static void set_limits(struct fetcher *f, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)f->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(f->timeout_ms < 10000 ? f->timeout_ms : 10000));
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A fetch that ends while its host name is looked up must not wait for the resolver. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
}

void fetch(struct fetcher *f, const struct fetch_request *request)
{
	struct transfer *t = mem_alloc(sizeof *t);
	CURL *easy = curl_easy_init();

	must(easy != NULL);
	t->fetcher = f;
	t->request = *request;
	t->url = mem_text(request->url);
	t->easy = easy;
	t->retry_after_s = -1;
	t->reset_s = -1;
	t->next = f->transfers;
	f->transfers = t;
	f->busy++;
	add_header(t, "If-None-Match", request->etag);
	add_header(t, "If-Modified-Since", request->last_modified);
	if (request->token != NULL)
		add_token(t, request->token);
	t->headers = curl_slist_append(t->headers, "Accept-Language: vi, en;q=0.5");
	set_limits(f, easy);
	curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, request->as_searcher ? SEARCHER : f->user_agent);
	if (request->as_searcher)
		curl_easy_setopt(easy, CURLOPT_REFERER, "https://www.google.com/");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, f->resolve);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	/* A connection opened for an internal source must not serve another. */
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, request->internal ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	must(curl_multi_add_handle(f->multi, easy) == CURLM_OK);
}

static enum fetch_fault fault_of(const struct transfer *t, CURLcode code)
{
	if (t->private_address)
		return FETCH_PRIVATE_ADDRESS;
	if (t->too_large)
		return FETCH_TOO_LARGE;
	switch ((int)code) {
	case CURLE_OK: return FETCH_OK;
	case CURLE_COULDNT_RESOLVE_HOST: return FETCH_NOT_FOUND;
	case CURLE_COULDNT_CONNECT: return FETCH_NO_CONNECTION;
	case CURLE_OPERATION_TIMEDOUT: return FETCH_TOO_SLOW;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER: return FETCH_TLS;
	default: return FETCH_BROKEN;
	}
}

static void finish(struct transfer *t, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	struct fetch_result result = {
		.fault = fault_of(t, code),
		.status = (unsigned)status,
		.body = buf_slice(&t->body),
		.content_type = buf_slice(&t->content_type),
		.etag = buf_slice(&t->etag),
		.last_modified = buf_slice(&t->last_modified),
		.location = buf_slice(&t->location),
		.robots_tag = buf_slice(&t->robots_tag),
		.retry_after_s = t->retry_after_s,
		.spent_s = t->share_spent ? t->reset_s : -1,
	};
	t->request.done(t->request.ctx, &result);
	transfer_free(t);
}

size_t fetcher_busy(const struct fetcher *f)
{
	return f->busy;
}

int64_t fetcher_wait_ms(const struct fetcher *f, int64_t longest_ms)
{
	if (!f->timer_set)
		return longest_ms;
	int64_t left = mono_left_ms(f->due, clock_mono(f->clock));
	return left < longest_ms ? left : longest_ms;
}

void fetcher_tick(struct fetcher *f)
{
	int running, left;
	CURLMsg *message;

	if (f->timer_set && mono_left_ms(f->due, clock_mono(f->clock)) == 0) {
		f->timer_set = false;
		curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct transfer *t = NULL;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(t, code);
	}
}
