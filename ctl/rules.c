#include "ctl/rules.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CORRELATOR      "haidang-correlator"
#define RULES_HERE      "rules/sigma" /* in a source tree */
#define INSTALLED_RULES "/usr/share/haidang/rules/sigma"

enum { BAD_USE = 2, PATH_LEN_MAX = 4096 };

static int use(void)
{
	(void)fprintf(stderr, "haidang: expected: haidang rules check [PATH]...\n");
	return BAD_USE;
}

/* The correlator beside this program, so that a build in a folder of its own uses its own one, or
 * in the folder of services of the same prefix; else whichever PATH has. */
static char *correlator_find(void)
{
	char self[PATH_LEN_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const places[] = {"", "../sbin/"};

	if (len <= 0)
		return mem_text(CORRELATOR);
	self[len] = '\0';
	*strrchr(self, '/') = '\0'; /* the kernel gives an absolute path */

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path = mem_printf("%s/%s" CORRELATOR, self, places[i]);

		if (access(path, X_OK) == 0)
			return path;
		mem_free(path);
	}
	return mem_text(CORRELATOR);
}

/* The exit status of `haidang-correlator check PATHS`. */
static int correlator_check(char **paths, size_t count)
{
	CLEANUP(mem_cleanup) char *program = correlator_find();
	CLEANUP(mem_cleanup) char **argv = mem_array(count + 3, sizeof(*argv));
	char name[] = CORRELATOR, command[] = "check";
	int status;

	argv[0] = name;
	argv[1] = command;
	memcpy(&argv[2], paths, count * sizeof(*paths));
	pid_t child = fork();

	if (child == 0) {
		(void)execvp(program, argv);
		(void)fprintf(stderr, "haidang: %s cannot be started: %s\n", program,
			strerrordesc_np(errno));
		_exit(BAD_USE);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Counts and names what is missing beside NAME.yml: NAME.match.ndjson, NAME.nomatch.ndjson. */
static size_t pair_check(const char *rule)
{
	static const char *const endings[] = {"match.ndjson", "nomatch.ndjson"};
	int stem = (int)(strrchr(rule, '.') + 1 - rule);
	size_t missing = 0;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		CLEANUP(mem_cleanup) char *path = mem_printf("%.*s%s", stem, rule, endings[i]);

		if (access(path, R_OK) == 0)
			continue;
		(void)fprintf(stderr, "%s: no test events: %s is missing\n", rule, path);
		missing++;
	}
	return missing;
}

static bool is_rule(const FTSENT *entry)
{
	struct slice name = slice_over(entry->fts_name, entry->fts_namelen);

	return entry->fts_info == FTS_F &&
		(slice_ends(name, SLICE(".yml")) || slice_ends(name, SLICE(".yaml")));
}

static void walk_close(FTS **walk)
{
	if (*walk)
		(void)fts_close(*walk);
}

/* The number of files of test events that are missing, or -1 when a path cannot be read. */
static int pairs_check(char **paths)
{
	CLEANUP(walk_close) FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	size_t missing = 0;

	if (!walk)
		return -1;
	for (FTSENT *entry; (entry = fts_read(walk));) {
		if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
			(void)fprintf(stderr, "haidang: %s: %s\n", entry->fts_path,
				strerrordesc_np(entry->fts_errno));
			return -1;
		}
		if (is_rule(entry))
			missing += pair_check(entry->fts_path);
	}
	return (int)missing;
}

int rules_run(int argc, char **argv)
{
	char here[] = RULES_HERE, installed[] = INSTALLED_RULES;
	char *fallback[] = {access(here, R_OK) == 0 ? here : installed, NULL};
	char **paths = argc > 2 ? argv + 2 : fallback;
	size_t count = argc > 2 ? (size_t)argc - 2 : 1;

	if (argc < 2 || strcmp(argv[1], "check") != 0)
		return use();
	for (size_t i = 0; i < count; i++)
		if (paths[i][0] == '-')
			return use();
	int status = correlator_check(paths, count);
	int missing = pairs_check(paths);

	if (missing < 0)
		return BAD_USE;
	return status ? status : (missing ? 1 : 0);
}
