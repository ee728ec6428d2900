#include "lib/arena.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	FIRST_CHUNK = 4096,
	CHUNK_MAX = 1 << 20, /* larger requests get a chunk of their own */
	ALIGN = _Alignof(max_align_t),
};

/* Under AddressSanitizer what is not handed out is poisoned, with a gap behind each piece, so that
 * it finds overruns and use after a rewind inside a chunk too. */
#if defined(__SANITIZE_ADDRESS__)
#define GAP ALIGN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GAP ALIGN
#endif
#endif
#ifdef GAP
#include <sanitizer/asan_interface.h>
#else
#define GAP                                  0
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

struct chunk {
	struct chunk *next; /* the one that was filled before */
	size_t room;
	size_t used;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *current; /* always the largest but for requests over CHUNK_MAX */
	size_t used;
};

static struct chunk *chunk_new(size_t room, struct chunk *next)
{
	struct chunk *chunk = mem_alloc(sizeof(*chunk) + room);

	chunk->room = room;
	chunk->next = next;
	ASAN_POISON_MEMORY_REGION(chunk->bytes, room);
	return chunk;
}

struct arena *arena_new(void)
{
	struct arena *a = mem_alloc(sizeof(*a));

	a->current = chunk_new(FIRST_CHUNK, NULL);
	return a;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		mem_free(chunk);
		chunk = next;
	}
}

void arena_free(struct arena **a)
{
	if (!*a)
		return;
	chunks_free((*a)->current);
	mem_free(*a);
	*a = NULL;
}

void arena_rewind(struct arena *a)
{
	struct chunk *kept = a->current;

	chunks_free(kept->next);
	kept->next = NULL;
	ASAN_UNPOISON_MEMORY_REGION(kept->bytes, kept->used);
	memset(kept->bytes, 0, kept->used);
	ASAN_POISON_MEMORY_REGION(kept->bytes, kept->used);
	kept->used = 0;
	a->used = 0;
}

/* A new chunk that holds `len`, twice the size of the last one within bounds. */
static void chunk_add(struct arena *a, size_t len)
{
	size_t room = a->current->room;

	if (len > CHUNK_MAX) {
		/* Behind the current one, so that the free part of that is still used. */
		a->current->next = chunk_new(len, a->current->next);
		return;
	}
	room = room >= CHUNK_MAX / 2 ? CHUNK_MAX : room * 2;
	while (room < len)
		room *= 2;
	a->current = chunk_new(room, a->current);
}

void *arena_alloc(struct arena *a, size_t len)
{
	must(len < SIZE_MAX / 2);
	size_t rounded = (len + ALIGN - 1) / ALIGN * ALIGN + GAP;
	struct chunk *chunk = a->current;

	if (rounded > chunk->room - chunk->used) {
		chunk_add(a, rounded);
		chunk = rounded > CHUNK_MAX ? a->current->next : a->current;
	}
	void *memory = chunk->bytes + chunk->used;

	ASAN_UNPOISON_MEMORY_REGION(memory, len);
	chunk->used += rounded;
	a->used += rounded;
	return memory;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t len;

	must(!__builtin_mul_overflow(count, size, &len));
	return arena_alloc(a, len);
}

char *arena_text(struct arena *a, const char *text)
{
	return arena_copy(a, slice_of(text));
}

char *arena_copy(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(copy, s.at, s.len);
	return copy;
}

struct slice arena_slice(struct arena *a, struct slice s)
{
	return slice_over(arena_copy(a, s), s.len);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);

	must(len >= 0);
	char *text = arena_alloc(a, (size_t)len + 1);

	(void)vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
