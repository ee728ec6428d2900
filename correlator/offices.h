/* The offices that act on alerts and the networks they answer for, from rules/assets.yaml: the
 * lists `offices` and `network_scopes`. Offices, never persons.
 *
 *     struct offices *o = offices_load("rules/assets.yaml", &err);
 *     const struct scope *s = offices_scope(o, SLICE("10.77.1.15"));
 *     offices_free(&o);
 *
 * Never changes once it is loaded. */
#pragma once

#include "lib/address.h"
#include "lib/arena.h"
#include "lib/buf.h"

enum { OFFICES_MAX = 500, SCOPES_MAX = 4000 };

struct office {
	struct slice id, vi, en, desk; /* desk: how the office is reached */
};

/* Networks of one site or kind, and who answers for them. */
struct scope {
	struct slice id, name, owner;
	struct networks *networks;
};

struct offices;

struct offices *offices_load(const char *path, struct err *err);
void offices_free(struct offices **o); /* NULL-safe */

const struct office *offices_find(const struct offices *o, struct slice id);

/* The first scope that holds the address, or NULL. */
const struct scope *offices_scope(const struct offices *o, struct slice address);

/* Appends a JSON array of {id, vi, en, desk}: those named, then the owners of the scopes of the
 * addresses; each once, ten at most. `o` may be NULL: ids alone. */
struct offices_concerned {
	const struct slice *ids;
	size_t id_count;
	const struct slice *addresses;
	size_t address_count;
};
void offices_write(
	const struct offices *o, const struct offices_concerned *concerned, struct buf *out);
