#include "lib/scan.h"

#include "lib/arena.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <hs.h>

struct literal {
	struct slice text;
	unsigned flags, id;
};

struct scan {
	struct arena *arena;
	struct literal *literals;
	size_t count, room;
	hs_database_t *database;
	hs_scratch_t *scratch;
};

struct scan *scan_new(void)
{
	struct scan *s = mem_alloc(sizeof *s);

	s->arena = arena_new();
	return s;
}

void scan_free(struct scan **s)
{
	if (!*s)
		return;
	hs_free_scratch((*s)->scratch);
	hs_free_database((*s)->database);
	mem_free((*s)->literals);
	arena_free(&(*s)->arena);
	mem_free(*s);
	*s = NULL;
}

void scan_add(struct scan *s, struct slice literal, unsigned flags, unsigned id)
{
	must(literal.len > 0 && !s->database);
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->literals = mem_resize(s->literals, s->room, sizeof *s->literals);
	}
	unsigned how = flags & SCAN_NOCASE ? HS_FLAG_CASELESS : 0;
	how |= flags & SCAN_ONCE ? HS_FLAG_SINGLEMATCH : 0;
	s->literals[s->count++] = (struct literal){arena_slice(s->arena, literal), how, id};
}

size_t scan_count(const struct scan *s)
{
	return s->count;
}

bool scan_ready(struct scan *s, struct err *err)
{
	hs_compile_error_t *fault = NULL;

	if (s->count == 0)
		return true;

	const char **texts = mem_array(s->count, sizeof *texts);
	unsigned *flags = mem_array(s->count, sizeof *flags);
	unsigned *ids = mem_array(s->count, sizeof *ids);
	size_t *lens = mem_array(s->count, sizeof *lens);
	for (size_t i = 0; i < s->count; i++) {
		texts[i] = s->literals[i].text.at;
		lens[i] = s->literals[i].text.len;
		flags[i] = s->literals[i].flags;
		ids[i] = s->literals[i].id;
	}
	hs_error_t status = hs_compile_lit_multi(texts, flags, ids, lens, (unsigned)s->count,
		HS_MODE_BLOCK, NULL, &s->database, &fault);
	if (status != HS_SUCCESS)
		(void)err_set(err, NULL, 0, "%zu literals cannot be compiled: %s", s->count,
			fault ? fault->message : "");
	hs_free_compile_error(fault);
	if (status == HS_SUCCESS)
		must(hs_alloc_scratch(s->database, &s->scratch) == HS_SUCCESS);
	mem_free(texts);
	mem_free(flags);
	mem_free(ids);
	mem_free(lens);
	return status == HS_SUCCESS;
}

struct search {
	scan_hit_fn *hit;
	void *ctx;
};

static int on_match(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *ctx)
{
	const struct search *search = ctx;

	(void)from;
	(void)flags;
	return search->hit(search->ctx, id, (size_t)to);
}

void scan_find(const struct scan *s, struct slice text, scan_hit_fn *hit, void *ctx)
{
	struct search search = {hit, ctx};

	if (s->database && text.len > 0)
		(void)hs_scan(
			s->database, text.at, (unsigned)text.len, 0, s->scratch, on_match, &search);
}

struct scan_regex {
	hs_database_t *database;
	hs_scratch_t *scratch;
};

struct scan_regex *scan_regex_new(const char *expression, unsigned flags)
{
	unsigned how = HS_FLAG_UTF8 | HS_FLAG_UCP | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
	hs_compile_error_t *fault = NULL;
	hs_database_t *database = NULL;

	how |= flags & SCAN_REGEX_NOCASE ? HS_FLAG_CASELESS : 0;
	how |= flags & SCAN_REGEX_MULTILINE ? HS_FLAG_MULTILINE : 0;
	how |= flags & SCAN_REGEX_DOTALL ? HS_FLAG_DOTALL : 0;
	if (hs_compile(expression, how, HS_MODE_BLOCK, NULL, &database, &fault) != HS_SUCCESS) {
		hs_free_compile_error(fault);
		return NULL;
	}

	struct scan_regex *re = mem_alloc(sizeof *re);
	re->database = database;
	must(hs_alloc_scratch(database, &re->scratch) == HS_SUCCESS);
	return re;
}

void scan_regex_free(struct scan_regex **re)
{
	if (!*re)
		return;
	hs_free_scratch((*re)->scratch);
	hs_free_database((*re)->database);
	mem_free(*re);
	*re = NULL;
}

static bool found_one(void *ctx, unsigned id, size_t end)
{
	(void)id;
	(void)end;
	*(bool *)ctx = true;
	return true;
}

bool scan_regex_finds(const struct scan_regex *re, struct slice utf8)
{
	bool found = false;
	struct search search = {found_one, &found};

	(void)hs_scan(re->database, utf8.at ? utf8.at : "", (unsigned)utf8.len, 0, re->scratch,
		on_match, &search);
	return found;
}
