/* The compiled detection of a rule: a tree of and, or and not over tests of single fields, which
 * lives in the arena of its rule set.
 *
 *     struct expr *e = expr_join(arena, EXPR_AND, left, right);
 *     if (expr_holds(e, view)) … */
#pragma once

#include "correlator/matcher.h"
#include "lib/arena.h"

enum expr_kind { EXPR_AND, EXPR_OR, EXPR_NOT, EXPR_TEST };

struct expr {
	enum expr_kind kind;
	size_t count; /* and, or: parts; not: 1 */
	struct expr **parts;
	struct matcher test;
};

struct expr *expr_test(struct arena *a, const struct matcher *test);
struct expr *expr_not(struct arena *a, struct expr *part);
struct expr *expr_group(struct arena *a, enum expr_kind kind, struct expr **parts, size_t count);

/* Whether it holds for some event, when those for which `is_absent` is true are fields that no event
 * has. */
typedef bool expr_absent_fn(const void *ctx, size_t slot);
bool expr_can_hold(const struct expr *e, expr_absent_fn *is_absent, const void *ctx);

bool expr_holds(const struct expr *e, struct view *v);
