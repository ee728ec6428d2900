/* One test of one field: an operation and a value compiled for it. It holds when any element of
 * the field passes it. */
#pragma once

#include "correlator/cidr.h"
#include "correlator/pattern.h"
#include "correlator/regex.h"
#include "correlator/view.h"

enum matcher_op {
	MATCH_PATTERN, /* text by .pattern, or an equal number */
	MATCH_REGEX,
	MATCH_CIDR,
	MATCH_EXISTS, /* the key is there */
	MATCH_NULL,   /* the key is not there, or its value is null */
	MATCH_FIELD,  /* compared with another field, as .pattern.kind says */
	MATCH_EQUAL,
	MATCH_LT,
	MATCH_LTE,
	MATCH_GT,
	MATCH_GTE,
};

/* A number taken from a date before it is compared. */
enum matcher_part { PART_NONE, PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_MONTH, PART_YEAR };

struct matcher {
	size_t slot;
	enum matcher_op op;
	bool cased;
	bool has_number; /* MATCH_PATTERN: the value is a number too */
	enum matcher_part part;
	double number;
	struct pattern pattern;
	union {
		struct regex *regex;
		struct cidr cidr;
		size_t other_slot;
	};
};

bool matcher_holds(const struct matcher *m, struct view *v);
