#include "correlator/expr.h"

#include "lib/must.h"

#include <string.h>

struct expr *expr_test(struct arena *a, const struct matcher *test)
{
	struct expr *e = arena_alloc(a, sizeof *e);

	e->kind = EXPR_TEST;
	e->test = *test;
	return e;
}

struct expr *expr_not(struct arena *a, struct expr *part)
{
	return expr_group(a, EXPR_NOT, &part, 1);
}

struct expr *expr_group(struct arena *a, enum expr_kind kind, struct expr **parts, size_t count)
{
	must(kind == EXPR_NOT ? count == 1 : kind != EXPR_TEST);
	if (kind != EXPR_NOT && count == 1)
		return parts[0];

	struct expr *e = arena_alloc(a, sizeof *e);
	e->kind = kind;
	e->count = count;
	e->parts = arena_array(a, count ? count : 1, sizeof(struct expr *));
	for (size_t i = 0; i < count; i++)
		e->parts[i] = parts[i];
	return e;
}

bool expr_holds(const struct expr *e, struct view *v)
{
	if (e->kind == EXPR_TEST)
		return matcher_holds(&e->test, v);
	if (e->kind == EXPR_NOT)
		return !expr_holds(e->parts[0], v);

	bool decides = e->kind == EXPR_OR;
	for (size_t i = 0; i < e->count; i++)
		if (expr_holds(e->parts[i], v) == decides)
			return decides;
	return !decides;
}

struct outcomes {
	bool yes, no;
};

static struct outcomes outcomes_of(const struct expr *e, expr_absent_fn *is_absent, const void *ctx)
{
	struct outcomes all = {e->kind == EXPR_AND, e->kind == EXPR_OR};

	if (e->kind == EXPR_TEST) {
		bool absent = is_absent(ctx, e->test.slot);
		return (struct outcomes){
			!absent || e->test.op == MATCH_NULL, !absent || e->test.op != MATCH_NULL};
	}
	for (size_t i = 0; i < e->count; i++) {
		struct outcomes one = outcomes_of(e->parts[i], is_absent, ctx);

		if (e->kind == EXPR_NOT)
			return (struct outcomes){one.no, one.yes};
		all.yes = e->kind == EXPR_AND ? all.yes && one.yes : all.yes || one.yes;
		all.no = e->kind == EXPR_AND ? all.no || one.no : all.no && one.no;
	}
	return all;
}

bool expr_can_hold(const struct expr *e, expr_absent_fn *is_absent, const void *ctx)
{
	return outcomes_of(e, is_absent, ctx).yes;
}
