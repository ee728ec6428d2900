#include "ctl/beside.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_START = 2, PATH_LEN_MAX = 4096 };

static char *beside_find(const char *name)
{
	char self[PATH_LEN_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const places[] = {"", "../sbin/"};

	if (len <= 0)
		return mem_text(name);
	self[len] = '\0';
	*strrchr(self, '/') = '\0'; /* the kernel gives an absolute path */

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = mem_printf("%s/%s%s", self, places[i], name);

		if (access(path, X_OK) == 0)
			return path;
		mem_free(path);
	}
	return mem_text(name);
}

int beside_run(char **argv)
{
	CLEANUP(mem_cleanup) char *program = beside_find(argv[0]);
	int status;
	pid_t child = fork();

	if (child == 0) {
		(void)execvp(program, argv);
		(void)fprintf(stderr, "haidang: %s cannot be started: %s\n", program,
			strerrordesc_np(errno));
		_exit(CANNOT_START);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
