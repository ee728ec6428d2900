#include "correlator/rule_files.h"

#include "lib/mem.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_rule(const FTSENT *e)
{
	struct slice name = slice_over(e->fts_name, e->fts_namelen);

	if (e->fts_info != FTS_F)
		return false;
	return e->fts_level == 0 ||
		(name.at[0] != '.' &&
			(slice_ends(name, SLICE(".yml")) || slice_ends(name, SLICE(".yaml"))));
}

static void add(struct arena *a, struct rule_files *files, const char *path)
{
	files->at = mem_resize(files->at, files->count + 1, sizeof *files->at);
	files->at[files->count++] = arena_text(a, path);
}

static void fts_cleanup(FTS **tree)
{
	if (*tree)
		(void)fts_close(*tree);
}

static const char *reason(int error)
{
	const char *text = strerrordesc_np(error);

	return text ? text : "unknown error";
}

bool rule_files_find(struct arena *a, const char *path, struct rule_files *files, struct err *err)
{
	char *roots[] = {arena_text(a, path), NULL};
	CLEANUP(fts_cleanup) FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);

	if (!tree)
		return err_set(err, path, 0, "%s", reason(errno));
	for (FTSENT *e = fts_read(tree); e; e = fts_read(tree)) {
		if (e->fts_info == FTS_ERR || e->fts_info == FTS_DNR || e->fts_info == FTS_NS)
			return err_set(err, e->fts_path, 0, "%s", reason(e->fts_errno));
		if (is_rule(e))
			add(a, files, e->fts_path);
	}
	return true;
}

void rule_files_release(struct rule_files *files)
{
	mem_free(files->at);
	*files = (struct rule_files){0};
}
