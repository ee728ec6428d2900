#include "correlator/keymap.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>
#include <sys/auxv.h>

enum { ROOM_FIRST = 64 };

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
static uint64_t siphash(const uint64_t seed[2], struct slice key)
{
	uint64_t v[4] = {seed[0] ^ UINT64_C(0x736f6d6570736575),
		seed[1] ^ UINT64_C(0x646f72616e646f6d), seed[0] ^ UINT64_C(0x6c7967656e657261),
		seed[1] ^ UINT64_C(0x7465646279746573)};

	for (size_t at = 0; at <= key.len; at += 8) {
		size_t left = key.len - at;
		uint64_t word = left < 8 ? (uint64_t)key.len << 56 : 0;

		for (size_t i = 0; i < (left < 8 ? left : 8); i++)
			word |= (uint64_t)(uint8_t)key.at[at + i] << (8 * i);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void keymap_release(struct keymap *m)
{
	mem_free(m->at);
	*m = (struct keymap){0};
}

/* The entry of the key, or the free one where it would stand. */
static struct keymap_entry *find(const struct keymap *m, struct slice key, uint64_t hash)
{
	for (size_t i = hash & (m->room - 1);; i = (i + 1) & (m->room - 1)) {
		struct keymap_entry *e = &m->at[i];

		if (!e->key.at || (e->hash == hash && slice_equal(e->key, key)))
			return e;
	}
}

void *keymap_get(const struct keymap *m, struct slice key)
{
	return m->room ? find(m, key, siphash(m->seed, key))->value : NULL;
}

/* Sixteen random bytes that the kernel gives each process: unknown outside, and without a system call
 * for maps that live for a batch only. */
static void make_seed(struct keymap *m)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives the address as a number. */
	const void *random = (const void *)getauxval(AT_RANDOM);

	must(random);
	memcpy(m->seed, random, sizeof m->seed);
}

static void grow(struct keymap *m)
{
	struct keymap old = *m;

	if (old.room == 0)
		make_seed(m);
	m->room = old.room ? old.room * 2 : ROOM_FIRST;
	m->at = mem_array(m->room, sizeof *m->at);
	for (size_t i = 0; i < old.room; i++)
		if (old.at[i].key.at)
			*find(m, old.at[i].key, old.at[i].hash) = old.at[i];
	mem_free(old.at);
}

void keymap_put(struct keymap *m, struct slice key, void *value)
{
	must(key.at && value);
	if ((m->count + 1) * 2 > m->room)
		grow(m);

	uint64_t hash = siphash(m->seed, key);
	struct keymap_entry *e = find(m, key, hash);
	m->count += !e->key.at;
	*e = (struct keymap_entry){key, hash, value};
}

/* Moves up those behind the gap that may not stand behind one (Knuth, 6.4, algorithm R). */
void keymap_remove(struct keymap *m, struct slice key)
{
	if (m->room == 0)
		return;

	struct keymap_entry *gap = find(m, key, siphash(m->seed, key));
	if (!gap->key.at)
		return;
	m->count--;
	size_t hole = (size_t)(gap - m->at);
	for (size_t i = (hole + 1) & (m->room - 1); m->at[i].key.at; i = (i + 1) & (m->room - 1)) {
		size_t home = m->at[i].hash & (m->room - 1);

		if (((i - home) & (m->room - 1)) < ((i - hole) & (m->room - 1)))
			continue;
		m->at[hole] = m->at[i];
		hole = i;
	}
	m->at[hole] = (struct keymap_entry){0};
}
