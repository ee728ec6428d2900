#include "probe/pool.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <stdalign.h>
#include <string.h>

struct pool {
	char *memory;
	void *given; /* a list through the first bytes of each object */
	size_t object_len, count;
	size_t fresh; /* objects from here on were never taken */
	size_t taken;
};

struct pool *pool_new(size_t object_len, size_t count)
{
	struct pool *p = mem_alloc(sizeof *p);
	size_t align = alignof(max_align_t);

	p->object_len = (object_len + align - 1) / align * align;
	p->count = count;
	p->memory = mem_array(count, p->object_len);
	return p;
}

void pool_free(struct pool **p)
{
	if (!*p)
		return;
	mem_free((*p)->memory);
	mem_free(*p);
	*p = NULL;
}

void *pool_take(struct pool *p)
{
	void *object = p->given;

	if (object)
		memcpy(&p->given, object, sizeof p->given);
	else if (p->fresh < p->count)
		object = p->memory + p->fresh++ * p->object_len;
	else
		return NULL;
	p->taken++;
	return object;
}

void pool_give(struct pool *p, void *object)
{
	must(p->taken > 0);
	memcpy(object, &p->given, sizeof p->given);
	p->given = object;
	p->taken--;
}

size_t pool_taken(const struct pool *p)
{
	return p->taken;
}
