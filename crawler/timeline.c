#include "crawler/timeline.h"

#include "lib/mem.h"
#include "lib/must.h"

enum { ROOM_FIRST = 64 };

static bool is_before(const struct due *a, const struct due *b)
{
	if (a->ready && a->rank != b->rank)
		return a->rank < b->rank;
	return a->at_ms < b->at_ms;
}

static void put(struct due_heap *h, size_t index, struct due *due)
{
	h->at[index] = due;
	due->place = index + 1;
}

static void rise(struct due_heap *h, size_t index, struct due *due)
{
	while (index > 0 && is_before(due, h->at[(index - 1) / 2])) {
		put(h, index, h->at[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	put(h, index, due);
}

static void sink(struct due_heap *h, size_t index, struct due *due)
{
	for (size_t child = 2 * index + 1; child < h->count; child = 2 * index + 1) {
		if (child + 1 < h->count && is_before(h->at[child + 1], h->at[child]))
			child++;
		if (!is_before(h->at[child], due))
			break;
		put(h, index, h->at[child]);
		index = child;
	}
	put(h, index, due);
}

static void heap_add(struct due_heap *h, struct due *due)
{
	if (h->count == h->room) {
		h->room = h->room == 0 ? ROOM_FIRST : 2 * h->room;
		h->at = mem_resize(h->at, h->room, sizeof(struct due *));
	}
	rise(h, h->count++, due);
}

static void heap_remove(struct due_heap *h, struct due *due)
{
	size_t index = due->place - 1;
	struct due *last = h->at[--h->count];

	must(h->at[index] == due || last == due);
	due->place = 0;
	if (last == due)
		return;
	if (index > 0 && is_before(last, h->at[(index - 1) / 2]))
		rise(h, index, last);
	else
		sink(h, index, last);
}

void timeline_release(struct timeline *t)
{
	mem_free(t->waiting.at);
	mem_free(t->ready.at);
	*t = (struct timeline){0};
}

void timeline_remove(struct timeline *t, struct due *due)
{
	if (due->place != 0)
		heap_remove(due->ready ? &t->ready : &t->waiting, due);
}

void timeline_set(struct timeline *t, struct due *due, int64_t at_ms, unsigned rank)
{
	timeline_remove(t, due);
	due->at_ms = at_ms;
	due->rank = rank;
	due->ready = false;
	heap_add(&t->waiting, due);
}

struct due *timeline_take(struct timeline *t, int64_t now_ms)
{
	while (t->waiting.count > 0 && t->waiting.at[0]->at_ms <= now_ms) {
		struct due *due = t->waiting.at[0];

		heap_remove(&t->waiting, due);
		due->ready = true;
		heap_add(&t->ready, due);
	}
	if (t->ready.count == 0)
		return NULL;
	struct due *first = t->ready.at[0];
	heap_remove(&t->ready, first);
	return first;
}

bool timeline_next(const struct timeline *t, int64_t *ret_at_ms)
{
	if (t->ready.count == 0 && t->waiting.count == 0)
		return false;
	*ret_at_ms = t->ready.count > 0 ? t->ready.at[0]->at_ms : t->waiting.at[0]->at_ms;
	return true;
}

size_t timeline_count(const struct timeline *t)
{
	return t->waiting.count + t->ready.count;
}

bool due_is_set(const struct due *due)
{
	return due->place != 0;
}
