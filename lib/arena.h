/* One arena per unit of work (a page, a rule set, a batch): many small allocations, given back
 * all at once.
 *
 *     CLEANUP(arena_free) struct arena *a = arena_new();
 *     char *name = arena_text(a, "portal");
 *     arena_rewind(a);     (ready for the next page)
 *
 * Everything returned is zeroed, aligned for any type, and lives until arena_rewind() or
 * arena_free(). Not for use by two threads at once. */
#pragma once

#include "lib/slice.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **a); /* NULL-safe; sets it to NULL */
void arena_rewind(struct arena *a);

void *arena_alloc(struct arena *a, size_t len);
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_text(struct arena *a, const char *text);
char *arena_copy(struct arena *a, struct slice s); /* NUL-terminated */
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

size_t arena_used(const struct arena *a); /* bytes handed out since the last rewind */
