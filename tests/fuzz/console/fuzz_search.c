#include "console/search.h"
#include "lib/db.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever is asked becomes a question that the index understands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const steps[] = {"CREATE VIRTUAL TABLE s USING fts5 (folded)"};
	struct arena *a = arena_new();
	struct err err = {0};
	static struct db *db; /* opening one takes longer than asking it */
	struct slice match = search_match(a, slice_over(data, len));

	if (!db)
		db = db_open("", steps, 1, &err);
	db_begin(db, DB_READ);
	if (match.len)
		(void)db_query_int(db, "SELECT count(*) FROM s WHERE folded MATCH ?1",
			DB_VALUES(db_text(match)), 0);
	must(db_end(db) == 0);
	arena_free(&a);
	return 0;
}
