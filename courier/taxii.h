/* The kind "taxii": alerts as STIX 2.1 objects in one collection of a TAXII 2.1 server that the courier
 * is itself. Readers fetch; nothing is taken in. */
#pragma once

#include "courier/publish.h"

extern const struct target_kind taxii_kind;

/* For taxii.c and tests: what a request is for. */
enum taxii_resource {
	TAXII_NONE,
	TAXII_DISCOVERY,
	TAXII_ROOT,
	TAXII_COLLECTIONS,
	TAXII_COLLECTION,
	TAXII_MANIFEST,
	TAXII_OBJECTS,
	TAXII_OBJECT,
	TAXII_VERSIONS,
};

struct taxii_path {
	enum taxii_resource resource;
	struct slice collection, object;
};

#define TAXII_ROOT_PATH  "/haidang/"
#define TAXII_MEDIA_TYPE "application/taxii+json;version=2.1"

struct taxii_path taxii_path_read(struct slice path);

/* Whether an Accept header admits TAXII_MEDIA_TYPE; "" does not (§1.6.8.1 wants one sent). */
bool taxii_is_acceptable(struct slice accept);

/* False with the name of the parameter that is wrong. The limit is at least 1. */
bool taxii_question_read(
	const struct request_target *target, struct shelf_question *ret, const char **ret_wrong);
