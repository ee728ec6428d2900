/* An alert as objects of STIX 2.1: identity, marking, extension, what was observed, the techniques of
 * ATT&CK, an indicator where the alert justifies one, sighting, note, and the report that binds
 * them. Ids are functions of what they name, so that the same alert always gives the same objects and
 * a later revision newer versions of them; a retracted alert revokes them.
 *
 *     stix_each(parcel, seen, "/haidang/tinh-a", on_object, ctx);
 *     stix_bundle(parcel, seen, "/haidang/tinh-a", &buf); */
#pragma once

#include "courier/observed.h"
#include "courier/target.h"

enum { STIX_ID_MAX = 96, STIX_TIME_LEN = 24, STIX_OBJECTS_MAX = 320 };

struct stix_object {
	struct slice type, id;
	struct slice version; /* its `modified` or `created`; "" when it has neither */
	struct slice json;
};

typedef void stix_on_object(void *ctx, const struct stix_object *object);

/* What is given to `fn` is borrowed for the call. References come before what refers to them. */
void stix_each(const struct parcel *parcel, const struct observed *seen, const char *source,
	stix_on_object *fn, void *ctx);
void stix_bundle(const struct parcel *parcel, const struct observed *seen, const char *source,
	struct buf *out);

/* RFC 3339 with milliseconds and Z (§3.2 of STIX 2.1). */
void stix_time(int64_t wall_us, char ret[STIX_TIME_LEN + 1]);
