#include "correlator/keymap.h"
#include "correlator/store.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stddef.h>

struct entry {
	char *key;
	struct buf blob;
};

struct store_memory {
	struct store store;
	struct keymap entries;
	store_alert_fn *fn;
	void *ctx;
};

static struct store_memory *of(struct store *s)
{
	return (struct store_memory *)((char *)s - offsetof(struct store_memory, store));
}

static int fetch(struct store *s, struct store_cell *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *e = keymap_get(&of(s)->entries, cells[i]->key);

		buf_clear(&cells[i]->blob);
		if (e)
			buf_add_slice(&cells[i]->blob, buf_slice(&e->blob));
	}
	return 0;
}

static struct entry *entry_of(struct store_memory *m, struct slice key)
{
	struct entry *e = keymap_get(&m->entries, key);

	if (e)
		return e;
	e = mem_alloc(sizeof *e);
	e->key = mem_copy(key.at, key.len);
	keymap_put(&m->entries, slice_over(e->key, key.len), e);
	return e;
}

static int commit(struct store *s, struct store_cell *const *cells, size_t count)
{
	struct store_memory *m = of(s);

	for (size_t i = 0; i < count; i++) {
		struct entry *e = entry_of(m, cells[i]->key);

		must(slice_equal(buf_slice(&e->blob), buf_slice(&cells[i]->blob)));
		buf_clear(&e->blob);
		buf_add_slice(&e->blob, buf_slice(&cells[i]->next));
		for (size_t k = 0; m->fn && k < cells[i]->alert_count; k++)
			m->fn(m->ctx, buf_slice(&cells[i]->alerts[k]));
	}
	return 0;
}

struct store *store_memory_new(store_alert_fn *fn, void *ctx)
{
	struct store_memory *m = mem_alloc(sizeof *m);

	m->store = (struct store){fetch, commit};
	m->fn = fn;
	m->ctx = ctx;
	return &m->store;
}

void store_memory_free(struct store **s)
{
	if (!*s)
		return;

	struct store_memory *m = of(*s);
	for (size_t i = 0; i < m->entries.room; i++) {
		struct entry *e = m->entries.at[i].value;

		if (!m->entries.at[i].key.at)
			continue;
		mem_free(e->key);
		buf_release(&e->blob);
		mem_free(e);
	}
	keymap_release(&m->entries);
	mem_free(m);
	*s = NULL;
}
