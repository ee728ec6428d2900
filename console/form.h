/* Reads the body of a request: one JSON object of known text members.
 *
 *     struct slice reason;
 *     const struct form_field fields[] = {{"reason", NOTE_LEN_MAX, &reason}};
 *     struct form_fault fault;
 *     if (!form_read(reader, body, fields, 1, &fault))
 *             ...                       (fault.error = "field_missing", fault.field = "reason")
 */
#pragma once

#include "lib/json_read.h"

struct form_field {
	const char *key;
	size_t len_max;    /* bytes */
	struct slice *ret; /* borrowed from the reader */
};

struct form_fault {
	const char *error;
	const char *field; /* NULL when no one field is meant */
};

/* Every field must be there, be a text, not blank and not too long; nothing else may be there. */
bool form_read(struct json_reader *reader, struct slice body, const struct form_field *fields,
	size_t count, struct form_fault *ret);
