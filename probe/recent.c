#include "probe/recent.h"

#include "lib/mem.h"

enum { PLACES = 1 << 14 };

struct place {
	uint64_t hash;
	int64_t until_us;
};

struct recent {
	int64_t silence_us;
	struct place places[PLACES];
};

struct recent *recent_new(int64_t silence_us)
{
	struct recent *r = mem_alloc(sizeof *r);

	r->silence_us = silence_us;
	return r;
}

void recent_free(struct recent **r)
{
	mem_free(*r);
	*r = NULL;
}

bool recent_add(struct recent *r, uint64_t hash, int64_t now_us)
{
	struct place *p = &r->places[hash % PLACES];

	if (p->hash == hash && now_us < p->until_us)
		return false;
	*p = (struct place){hash, now_us + r->silence_us};
	return true;
}
