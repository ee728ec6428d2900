/* What must be in an event for an expression to hold: a set of signs of which at least one is there.
 * It serves a first look at events (prefilter.h); whether a rule matches is only decided by its
 * expression.
 *
 *     struct cover c;
 *     if (cover_of(&source, rule->detection, &c)) … c.signs[0 … c.count - 1]
 *
 * Of the parts of an `and` the rarest is taken, of an `or` all of them; a `not` has none. */
#pragma once

#include "correlator/expr.h"

enum cover_kind {
	COVER_TEXT,    /* bytes in json_strings(), ASCII letters in either case */
	COVER_NUMBER,  /* a number equal to .number in the field */
	COVER_PRESENT, /* the field is there */
};

struct cover_sign {
	enum cover_kind kind;
	size_t slot;
	struct slice text;
	double number;
};

struct cover {
	struct cover_sign *signs; /* in the arena */
	size_t count;
	int rarity; /* of the most common sign: the more the rarer */
};

struct cover_source {
	struct arena *arena;
	const struct view_fields *fields;
};

/* False when the expression may hold for events that bear no sign at all. */
bool cover_of(const struct cover_source *source, const struct expr *e, struct cover *ret);

/* Adds the field's presence as a sign of its own. */
void cover_present(const struct cover_source *source, size_t slot, struct cover *ret);
