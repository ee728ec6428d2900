/* The modifiers after a field's name: "CommandLine|wide|base64offset|contains". */
#pragma once

#include "correlator/matcher.h"
#include "lib/err.h"

enum transform {
	TRANSFORM_UTF16LE,
	TRANSFORM_UTF16BE,
	TRANSFORM_UTF16,
	TRANSFORM_BASE64,
	TRANSFORM_BASE64_OFFSET,
	TRANSFORM_WINDASH,
};

/* What a field's key asks for, before any value. */
struct field_test {
	struct slice field;
	enum matcher_op op;
	enum matcher_part part;
	bool all, cased, neq, field_reference, expand;
	bool open_start, open_end;
	unsigned regex_flags;
	enum transform transforms[8];
	size_t transform_count;
};

bool modifier_read(
	struct slice key, struct field_test *ret, const char *file, unsigned line, struct err *err);

/* The encodings of one literal value; gives how many, at most TRANSFORM_VALUES_MAX. windash is none
 * (pattern_windash()). */
enum { TRANSFORM_VALUES_MAX = 3 };
size_t transform_apply(enum transform t, struct arena *a, struct slice value, struct slice *ret);
