/* Host names that imitate a protected one. The data are in rules/assets.yaml: what is ours, which
 * brands are imitated, what is allowed, and the weights.
 *
 *     struct lookalike *l = lookalike_read(path, &err);
 *     struct lookalike_hit hit;
 *     if (lookalike_match(l, SLICE("danang.gov.vn.evil.xyz"), &hit))
 *             publish(hit.target, hit.brand, hit.reason);
 *     lookalike_free(&l);
 *
 * Names under an owned suffix, the legitimate names of brands and allowed domains never match.
 * Immutable once read: several threads may match at once. Matching allocates nothing but for
 * "xn--" names. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

struct lookalike;

struct lookalike_hit {
	struct slice domain; /* registrable domain of the host, borrowed from it */
	struct slice target; /* the name imitated: these are borrowed from the lookalike */
	struct slice brand;  /* id in the assets */
	struct slice reason; /* brand_token, edit_distance, homoglyph, suffix */
	unsigned score;      /* at least the file's lookalike_threshold */
};

/* NULL with an error that names file and line. */
struct lookalike *lookalike_read(const char *path, struct err *err);
void lookalike_free(struct lookalike **l);

/* `host` in any case, ASCII, without port. */
bool lookalike_match(const struct lookalike *l, struct slice host, struct lookalike_hit *ret);

/* True when the name is under an owned suffix or named as ours. */
bool lookalike_is_owned(const struct lookalike *l, struct slice host);
