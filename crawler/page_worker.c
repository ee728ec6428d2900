#include "crawler/page_worker.h"

#include "crawler/page_wire.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_LEN = 64 * 1024, RESTART_MS = 1000 };

struct job {
	struct job *next;
	struct buf request;
	size_t sent;
	page_done_fn *done;
	void *ctx;
	mono_t until;
};

struct page_worker {
	struct service *service;
	const struct clock *clock;
	pid_t child;
	int fd;                   /* -1: no child */
	struct job *first, *last; /* the first is with the child */
	size_t busy;
	struct buf answer;
	uint64_t deaths;
	mono_t restart; /* no child before */
};

static void on_ready(void *ctx, int fd, unsigned events);

static void watch(struct page_worker *w)
{
	bool writes = w->first != NULL && w->first->sent < w->first->request.len;

	service_watch(w->service, w->fd, EPOLLIN | (writes ? EPOLLOUT : 0u), on_ready, w);
}

/* 0 or -errno. */
static int spawn_child(struct page_worker *w)
{
	int pair[2];
	char name[] = "haidang-crawler", command[] = "page-worker";
	char *argv[] = {name, command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	must(posix_spawn_file_actions_init(&actions) == 0 &&
		posix_spawnattr_init(&attributes) == 0);
	must(posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO) == 0);
	/* The service blocks its signals; the child must not inherit that. */
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int status = posix_spawn(&w->child, "/proc/self/exe", &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(pair[1]);
	if (status != 0) {
		close(pair[0]);
		return -status;
	}
	w->fd = pair[0];
	must(fcntl(w->fd, F_SETFL, O_NONBLOCK) == 0);
	watch(w);
	return 0;
}

/* Where there is no room for a child now, its pages wait: losing them would be for good. */
static void start_child(struct page_worker *w)
{
	int status = spawn_child(w);

	if (status < 0)
		log_error("the page worker cannot be started error=%s", strerrorname_np(-status));
	w->restart = mono_after(clock_mono(w->clock), RESTART_MS);
}

struct page_worker *page_worker_new(struct service *service, const struct clock *clock)
{
	struct page_worker *w = mem_alloc(sizeof *w);

	w->service = service;
	w->clock = clock;
	w->fd = -1;
	start_child(w);
	return w;
}

static void stop_child(struct page_worker *w)
{
	if (w->fd < 0)
		return;
	service_unwatch(w->service, w->fd);
	close(w->fd);
	w->fd = -1;
	kill(w->child, SIGKILL);
	while (waitpid(w->child, NULL, 0) < 0 && errno == EINTR) {
	}
	buf_clear(&w->answer);
}

static void job_free(struct job *job)
{
	buf_release(&job->request);
	mem_free(job);
}

void page_worker_free(struct page_worker **w)
{
	if (*w == NULL)
		return;
	stop_child(*w);
	while ((*w)->first != NULL) {
		struct job *job = (*w)->first;

		(*w)->first = job->next;
		job_free(job);
	}
	buf_release(&(*w)->answer);
	mem_free(*w);
	*w = NULL;
}

static void begin_first(struct page_worker *w)
{
	if (w->first != NULL)
		w->first->until = mono_after(clock_mono(w->clock), PARSE_WALL_MS);
	if (w->fd >= 0)
		watch(w);
}

/* The callback may submit new tasks. */
static void finish_first(struct page_worker *w, const char *fault, struct slice json)
{
	struct job *job = w->first;

	w->first = job->next;
	if (w->first == NULL)
		w->last = NULL;
	w->busy--;
	job->done(job->ctx, fault, json);
	job_free(job);
	begin_first(w);
}

static void replace_child(struct page_worker *w, const char *why)
{
	stop_child(w);
	w->deaths++;
	start_child(w);
	if (w->first != NULL)
		finish_first(w, why, (struct slice){0});
}

static void send_more(struct page_worker *w)
{
	struct job *job = w->first;

	while (job != NULL && job->sent < job->request.len) {
		ssize_t len = send(w->fd, job->request.at + job->sent, job->request.len - job->sent,
			MSG_NOSIGNAL);

		if (len < 0)
			break;
		job->sent += (size_t)len;
	}
	watch(w);
}

/* True when the answer is whole. */
static bool answer_ready(const struct page_worker *w, struct wire_answer *ret)
{
	if (w->answer.len < sizeof *ret)
		return false;
	memcpy(ret, w->answer.at, sizeof *ret);
	return ret->len <= WIRE_JSON_MAX && w->answer.len >= sizeof *ret + ret->len;
}

static void take_answer(struct page_worker *w, const struct wire_answer *header)
{
	struct buf answer = w->answer;
	struct slice body = slice_over(answer.at + sizeof *header, header->len);

	w->answer = (struct buf){0};
	if (header->faulty != 0) {
		/* A child that a page has taken over need not end its text. */
		CLEANUP(mem_cleanup) char *fault = mem_printf("%.*s", SLICE_ARG(body));

		finish_first(w, fault, (struct slice){0});
	} else {
		finish_first(w, NULL, body);
	}
	buf_release(&answer);
}

static void on_ready(void *ctx, int fd, unsigned events)
{
	struct page_worker *w = ctx;
	struct wire_answer header;

	if ((events & EPOLLOUT) != 0)
		send_more(w);
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
		return;
	ssize_t len = recv(fd, buf_room(&w->answer, READ_LEN), READ_LEN, 0);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		replace_child(w, "the parser was stopped at its limits");
		return;
	}
	buf_grew(&w->answer, (size_t)len);
	bool odd = w->first == NULL || w->answer.len > sizeof header + WIRE_JSON_MAX;
	if (odd)
		replace_child(w, "the parser answered out of turn");
	else if (answer_ready(w, &header))
		take_answer(w, &header);
}

void page_worker_submit(struct page_worker *w, const struct page_task *task)
{
	struct job *job = mem_alloc(sizeof *job);
	struct wire_request header = {(uint32_t)task->kind, (uint32_t)task->url.len,
		(uint32_t)task->content_type.len, (uint32_t)task->body.len};

	must(task->url.len <= WIRE_TEXT_MAX && task->body.len <= WIRE_BODY_MAX);
	if (header.type_len > WIRE_TEXT_MAX)
		header.type_len = 0;
	buf_add(&job->request, &header, sizeof header);
	buf_add_slice(&job->request, task->url);
	buf_add(&job->request, task->content_type.at, header.type_len);
	buf_add_slice(&job->request, task->body);
	job->done = task->done;
	job->ctx = task->ctx;
	if (w->last != NULL)
		w->last->next = job;
	else
		w->first = job;
	w->last = job;
	w->busy++;
	if (w->first == job)
		begin_first(w);
}

void page_worker_tick(struct page_worker *w)
{
	mono_t now = clock_mono(w->clock);

	if (w->fd < 0 && mono_left_ms(w->restart, now) == 0) {
		start_child(w);
		begin_first(w);
	} else if (w->fd >= 0 && w->first != NULL && mono_left_ms(w->first->until, now) == 0) {
		replace_child(w, "the parser took too long");
	}
}

size_t page_worker_busy(const struct page_worker *w)
{
	return w->busy;
}

uint64_t page_worker_deaths(const struct page_worker *w)
{
	return w->deaths;
}
