#include "ctl/rules.h"

#include "ctl/beside.h"
#include "ctl/rule_stats.h"
#include "lib/buf.h"
#include "lib/mem.h"

#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RULES_HERE      "rules/sigma" /* in a source tree */
#define INSTALLED_RULES "/usr/share/haidang/rules/sigma"

enum { BAD_USE = 2 };

static int use(void)
{
	(void)fprintf(stderr,
		"haidang: expected: haidang rules check|test|list [PATH]... or haidang rules stats\n");
	return BAD_USE;
}

/* The exit status of `haidang-correlator COMMAND PATHS`. */
static int correlator(const char *command, char **paths, size_t count)
{
	CLEANUP(mem_cleanup) char **argv = mem_array(count + 3, sizeof(*argv));
	char name[] = "haidang-correlator";
	CLEANUP(mem_cleanup) char *what = mem_text(command);

	argv[0] = name;
	argv[1] = what;
	memcpy(&argv[2], paths, count * sizeof(*paths));
	return beside_run(argv);
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

static int check_run(char **paths, size_t count)
{
	int status = correlator("check", paths, count);
	int missing = pairs_check(paths);

	if (missing < 0)
		return BAD_USE;
	return status ? status : (missing ? 1 : 0);
}

int rules_run(int argc, char **argv)
{
	char here[] = RULES_HERE, installed[] = INSTALLED_RULES;
	char *fallback[] = {access(here, R_OK) == 0 ? here : installed, NULL};
	char **paths = argc > 2 ? argv + 2 : fallback;
	size_t count = argc > 2 ? (size_t)argc - 2 : 1;

	if (argc >= 2 && strcmp(argv[1], "stats") == 0)
		return rule_stats_run(argc - 1, argv + 1);
	for (size_t i = 0; i < count; i++)
		if (paths[i][0] == '-')
			return use();
	if (argc >= 2 && strcmp(argv[1], "check") == 0)
		return check_run(paths, count);
	if (argc >= 2 && strcmp(argv[1], "test") == 0)
		return correlator("test-pack", paths, count);
	if (argc >= 2 && strcmp(argv[1], "list") == 0)
		return correlator("list", paths, count);
	return use();
}
