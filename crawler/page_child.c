/* The jailed side of page_worker: reads a request, answers with JSON, until its socket closes. */
#include "crawler/charset.h"
#include "crawler/connector.h"
#include "crawler/feed.h"
#include "crawler/feed_decode.h"
#include "crawler/page.h"
#include "crawler/page_wire.h"
#include "crawler/page_worker.h"
#include "crawler/sitemap.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The sanitizers reserve terabytes of address space and read /proc. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool set_limit(int what, rlim_t most)
{
	return setrlimit((__rlimit_resource_t)what, &(struct rlimit){most, most}) == 0;
}

static bool allow_calls(scmp_filter_ctx filter)
{
	static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(recvfrom),
		SCMP_SYS(sendto), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),
		SCMP_SYS(setitimer), SCMP_SYS(clock_gettime), SCMP_SYS(getpid), SCMP_SYS(gettid),
		SCMP_SYS(getrandom), SCMP_SYS(exit), SCMP_SYS(exit_group)};

	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) < 0)
			return false;
	/* abort() signals itself; a signal to another process of this user would be a way out. */
	if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)) < 0)
		return false;
	/* No memory that can be run. */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) >= 0 &&
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) >= 0;
}

static void filter_release(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

/* Everything else fails with EPERM: a library that looks for an optional file goes on without. */
static bool jail(void)
{
	if (!set_limit(RLIMIT_CORE, 0) || !set_limit(RLIMIT_FSIZE, 0) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return false;
	if (SANITIZED)
		return true;
	if (!set_limit(RLIMIT_AS, PARSE_MEMORY_MAX) || !set_limit(RLIMIT_NOFILE, 0))
		return false;
	CLEANUP(filter_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	return filter != NULL && allow_calls(filter) && seccomp_load(filter) == 0;
}

static bool read_all(void *to, size_t len)
{
	char *at = to;

	while (len > 0) {
		ssize_t got = recv(STDIN_FILENO, at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
	}
	return true;
}

static bool write_all(const void *from, size_t len)
{
	const char *at = from;

	while (len > 0) {
		ssize_t put = send(STDIN_FILENO, at, len, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

struct parse {
	struct arena *a;
	const struct charset_set *charsets;
	enum parse_kind kind;
	struct url url;
	struct charset_text text;
	struct json_writer *w;
};

static bool parse_page(struct parse *p, struct err *err)
{
	const struct html_node *root = html_read(p->a, p->text.text, err);
	struct page page;

	if (root == NULL)
		return false;
	page_read(p->a, root, &p->url, &page);
	page_write(&page, p->kind == PARSE_SITE ? PAGE_WHOLE : PAGE_ARTICLE, p->w);
	return true;
}

static void write_feed(struct parse *p, struct feed *feed, const char *fault)
{
	for (size_t i = 0; i < feed->entry_count; i++) {
		struct feed_entry *e = &feed->entries[i];

		e->title = html_plain(p->a, e->title);
		e->summary = html_plain(p->a, e->summary);
		e->content = html_plain(p->a, e->content);
	}
	feed_write(feed, p->text.charset, fault, p->w);
}

/* A broken feed still gives its entries, as long as it is one. */
static bool parse_feed(struct parse *p, struct err *err)
{
	struct feed feed;
	bool whole =
		feed_read(p->a, p->text.text, &(struct feed_options){.base = &p->url}, &feed, err);

	if (feed.version[0] == '\0')
		return false;
	write_feed(p, &feed, whole ? NULL : err->said);
	return true;
}

typedef bool connector_fn(struct arena *a, struct slice utf8, const struct url *base,
	struct feed *ret, struct err *err);

static bool parse_answer(struct parse *p, connector_fn *read, struct err *err)
{
	struct feed feed;

	if (!read(p->a, p->text.text, &p->url, &feed, err))
		return false;
	write_feed(p, &feed, NULL);
	return true;
}

static bool parse_sitemap(struct parse *p, struct err *err)
{
	struct sitemap map;
	bool whole = sitemap_read(p->a, p->text.text, &map, err);

	if (!whole && map.count == 0)
		return false;
	sitemap_write(&map, p->w);
	return true;
}

static bool parse(struct parse *p, struct err *err)
{
	switch (p->kind) {
	case PARSE_PAGE:
	case PARSE_SITE: return parse_page(p, err);
	case PARSE_FEED: return parse_feed(p, err);
	case PARSE_SITEMAP: return parse_sitemap(p, err);
	case PARSE_WORDPRESS: return parse_answer(p, connector_wordpress, err);
	case PARSE_MASTODON: return parse_answer(p, connector_mastodon, err);
	case PARSE_FACEBOOK: return parse_answer(p, connector_facebook, err);
	case PARSE_KINDS: break;
	}
	return err_set(err, NULL, 0, "unknown kind of request");
}

/* One request and its answer; false when the other side is gone or talks nonsense. */
static bool serve(struct arena *a, const struct charset_set *charsets)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct wire_request request;
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};

	if (!read_all(&request, sizeof request) || request.url_len > WIRE_TEXT_MAX ||
		request.type_len > WIRE_TEXT_MAX || request.body_len > WIRE_BODY_MAX)
		return false;
	char *url = arena_alloc(a, request.url_len + 1),
	     *type = arena_alloc(a, request.type_len + 1);
	char *body = arena_alloc(a, request.body_len + 1);
	if (!read_all(url, request.url_len) || !read_all(type, request.type_len) ||
		!read_all(body, request.body_len))
		return false;

	struct itimerval limit = {.it_value = {.tv_sec = PARSE_CPU_S}}, none = {0};
	setitimer(ITIMER_PROF, &limit, NULL);
	struct parse p = {
		.a = a, .charsets = charsets, .kind = (enum parse_kind)request.kind, .w = &w};
	bool ok = url_parse(a, slice_over(url, request.url_len), NULL, &p.url);
	if (ok) {
		bool xml = p.kind == PARSE_FEED || p.kind == PARSE_SITEMAP;
		p.text = (xml ? feed_decode : charset_decode)(charsets, a,
			slice_over(body, request.body_len), slice_over(type, request.type_len));
		ok = parse(&p, &err);
	}
	setitimer(ITIMER_PROF, &none, NULL);
	if (!ok) {
		buf_clear(&out);
		buf_add_text(&out, err_is_set(&err) ? err_text(&err) : "bad address");
	}
	struct wire_answer answer = {!ok, (uint32_t)out.len};
	return write_all(&answer, sizeof answer) && write_all(out.at, out.len);
}

int page_worker_command(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char host[TEXT_HOST_MAX];
	size_t len;

	(void)argc;
	(void)argv;
	struct charset_set *charsets = charset_set_new();
	/* ICU loads its tables now, not in the jail. */
	text_host_to_ascii(text_nfc(a, SLICE("a\xCC\x81.vn")), host, &len);
	if (!jail()) {
		(void)fprintf(stderr, "haidang-crawler page-worker: the jail cannot be closed\n");
		return 1;
	}
	do
		arena_rewind(a);
	while (serve(a, charsets));
	charset_set_free(&charsets);
	return 0;
}
