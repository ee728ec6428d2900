/* A hash table from text to pointers. Keys are borrowed and must outlive their entry; the hash is
 * seeded (SipHash-2-4), because pages and packets choose what becomes a key.
 *
 *     struct keymap m = {0};
 *     keymap_put(&m, key, window);
 *     struct window *w = keymap_get(&m, key);
 *     keymap_release(&m); */
#pragma once

#include "lib/slice.h"

struct keymap_entry {
	struct slice key; /* .at NULL: free */
	uint64_t hash;
	void *value;
};

struct keymap {
	struct keymap_entry *at;
	size_t room; /* a power of two, or 0 */
	size_t count;
	uint64_t seed[2];
};

void keymap_release(struct keymap *m);                      /* not what it points to */
void *keymap_get(const struct keymap *m, struct slice key); /* NULL: none */
void keymap_put(struct keymap *m, struct slice key, void *value);
void keymap_remove(struct keymap *m, struct slice key);
