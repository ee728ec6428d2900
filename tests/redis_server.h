/* A redis-server of a test's own, on a Unix socket in a folder of its own. Header-only.
 *
 *     struct redis_server server;
 *     redis_server_make(&server, "save", "", NULL);   (folder, socket, extra settings)
 *     redis_server_start(&server);                    (answers when this returns)
 *     … server.address, server.folder …
 *     redis_server_kill(&server);                     (SIGKILL; start it again at will)
 *     redis_server_remove(&server);                   (ends it and removes the folder)
 *
 * With "appendonly", "yes", "appendfsync", "no" its data survives redis_server_kill(): what it has
 * answered is then in the kernel's hands. (With "everysec" a write may come after the answer.) */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REDIS_SERVER_SETTINGS_MAX = 16, REDIS_SERVER_WAIT_MS = 20000 };

struct redis_server {
	char folder[64];
	char socket[96];
	char address[104];                                   /* "unix:" and the socket */
	const char *settings[2 * REDIS_SERVER_SETTINGS_MAX]; /* name, value, … */
	size_t setting_count;
	pid_t pid; /* 0: not running */
};

/* Settings are pairs of name and value, ended by NULL; they must outlive the server. */
static inline void redis_server_make(struct redis_server *s, ...)
{
	va_list list;
	const char *setting;

	memset(s, 0, sizeof *s);
	snprintf(s->folder, sizeof s->folder, "/tmp/haidang-redis-XXXXXX");
	if (!mkdtemp(s->folder))
		abort();
	snprintf(s->socket, sizeof s->socket, "%s/redis.sock", s->folder);
	snprintf(s->address, sizeof s->address, "unix:%s", s->socket);
	va_start(list, s);
	while ((setting = va_arg(list, const char *)) &&
		s->setting_count < 2 * REDIS_SERVER_SETTINGS_MAX)
		s->settings[s->setting_count++] = setting;
	va_end(list);
}

static inline void redis_server_exec(const struct redis_server *s)
{
	char names[REDIS_SERVER_SETTINGS_MAX][48];
	const char *args[2 * REDIS_SERVER_SETTINGS_MAX + 16] = {"redis-server", "--port", "0",
		"--unixsocket", s->socket, "--dir", s->folder, "--save", "", "--daemonize", "no"};
	size_t count = 11;
	int quiet = open("/dev/null", O_RDWR);

	for (size_t i = 0; i + 1 < s->setting_count; i += 2) {
		snprintf(names[i / 2], sizeof names[0], "--%s", s->settings[i]);
		args[count++] = names[i / 2];
		args[count++] = s->settings[i + 1];
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the test, however that ends */
	if (quiet < 0 || dup2(quiet, 0) < 0 || dup2(quiet, 1) < 0 || dup2(quiet, 2) < 0)
		_exit(126);
	execvp(args[0], (char *const *)(const void *)args);
	_exit(127);
}

/* Whether it answers PING with PONG: neither away nor still loading. */
static inline bool redis_server_answers(const struct redis_server *s)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char answer[16] = "";
	bool ok;

	memcpy(to.sun_path, s->socket, strlen(s->socket) + 1);
	ok = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
		send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && poll(&p, 1, 1000) == 1 &&
		recv(fd, answer, sizeof answer - 1, 0) > 0;
	close(fd);
	return ok && (strncmp(answer, "+PONG", 5) == 0 || strncmp(answer, "-NOAUTH", 7) == 0);
}

static inline void redis_server_start(struct redis_server *s)
{
	unlink(s->socket);
	s->pid = fork();
	if (s->pid < 0)
		abort();
	if (s->pid == 0)
		redis_server_exec(s);
	for (int waited_ms = 0; !redis_server_answers(s); waited_ms += 5) {
		if (waited_ms > REDIS_SERVER_WAIT_MS || waitpid(s->pid, NULL, WNOHANG) != 0) {
			fprintf(stderr, "redis-server does not start\n");
			abort();
		}
		poll(NULL, 0, 5);
	}
}

static inline void redis_server_signal(struct redis_server *s, int signal)
{
	if (s->pid)
		kill(s->pid, signal);
}

/* At once, as a power cut would. */
static inline void redis_server_kill(struct redis_server *s)
{
	redis_server_signal(s, SIGKILL);
	if (s->pid)
		waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static inline int redis_server_remove_one(
	const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path);
}

static inline void redis_server_remove(struct redis_server *s)
{
	redis_server_kill(s);
	nftw(s->folder, redis_server_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
