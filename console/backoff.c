#include "console/backoff.h"

#include "console/limits.h"
#include "console/password.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <arpa/inet.h>
#include <string.h>

enum { WAYS = 8, SETS = BACKOFF_ENTRIES / WAYS, KEY_LEN = 16, IPV6_GROUP_LEN = 8 };

struct entry {
	uint8_t key[KEY_LEN];
	uint32_t failures; /* 0: a free place */
	bool told;         /* of its wait */
	mono_t last;
};

struct backoff {
	uint8_t secret[SECRET_LEN]; /* so that nobody can choose which entries meet */
	struct entry entries[SETS][WAYS];
};

struct backoff *backoff_new(void)
{
	struct backoff *b = mem_alloc(sizeof *b);

	secret_random(b->secret, sizeof b->secret);
	return b;
}

void backoff_free(struct backoff **b)
{
	mem_free(*b);
	*b = NULL;
}

/* Who has one IPv6 address has its /64; one that stands for an IPv4 address is that one alone. */
static struct slice address_group(struct slice address, struct in6_addr *ret)
{
	char text[INET6_ADDRSTRLEN] = {0};

	if (address.len >= sizeof text)
		return address;
	memcpy(text, address.at, address.len);
	if (inet_pton(AF_INET6, text, ret) != 1 || IN6_IS_ADDR_V4MAPPED(ret))
		return address;
	return slice_over(ret, IPV6_GROUP_LEN);
}

static void key_make(const struct backoff *b, struct slice account, struct slice address,
	uint8_t ret[SHA256_LEN])
{
	CLEANUP(buf_release) struct buf text = {0};
	struct in6_addr room;

	for (size_t i = 0; i < account.len; i++) {
		char c = account.at[i];

		buf_add_byte(&text, (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c));
	}
	buf_add_byte(&text, '\0');
	buf_add_slice(&text, address_group(address, &room));
	digest_hmac_sha256(slice_over(b->secret, sizeof b->secret), buf_slice(&text), ret);
}

static struct entry *set_of(struct backoff *b, const uint8_t key[SHA256_LEN])
{
	return b->entries[(key[KEY_LEN] << 8 | key[KEY_LEN + 1]) % SETS];
}

static struct entry *entry_find(struct backoff *b, const uint8_t key[SHA256_LEN])
{
	struct entry *set = set_of(b, key);

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].failures && memcmp(set[i].key, key, KEY_LEN) == 0)
			return &set[i];
	return NULL;
}

static struct entry *entry_make(struct backoff *b, const uint8_t key[SHA256_LEN])
{
	struct entry *set = set_of(b, key), *quietest = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (!set[i].failures) {
			quietest = &set[i];
			break;
		}
		if (set[i].last.ns < quietest->last.ns)
			quietest = &set[i];
	}
	*quietest = (struct entry){0};
	memcpy(quietest->key, key, KEY_LEN);
	return quietest;
}

static int64_t entry_wait_ms(const struct entry *entry, uint32_t free_failures, mono_t now)
{
	if (!entry || entry->failures <= free_failures)
		return 0;
	int64_t wait = BACKOFF_FIRST_MS;

	for (uint32_t i = free_failures + 1; i < entry->failures && wait < BACKOFF_MS_MAX; i++)
		wait *= 2;
	return mono_left_ms(
		mono_after(entry->last, wait < BACKOFF_MS_MAX ? wait : BACKOFF_MS_MAX), now);
}

int64_t backoff_wait_ms(struct backoff *b, struct slice account, struct slice address, mono_t now)
{
	uint8_t key[SHA256_LEN];

	key_make(b, account, address, key);
	int64_t account_ms = entry_wait_ms(entry_find(b, key), BACKOFF_FREE_ACCOUNT, now);

	key_make(b, SLICE(""), address, key);
	int64_t address_ms = entry_wait_ms(entry_find(b, key), BACKOFF_FREE_ADDRESS, now);

	return account_ms > address_ms ? account_ms : address_ms;
}

static void count_failure(struct backoff *b, const uint8_t key[SHA256_LEN], mono_t now)
{
	struct entry *entry = entry_find(b, key);

	if (!entry)
		entry = entry_make(b, key);
	if (entry->failures && mono_left_ms(mono_after(entry->last, BACKOFF_FORGET_MS), now) == 0) {
		entry->failures = 0;
		entry->told = false;
	}
	entry->failures += entry->failures < UINT32_MAX;
	entry->last = now;
}

void backoff_failed(struct backoff *b, struct slice account, struct slice address, mono_t now)
{
	uint8_t key[SHA256_LEN];

	key_make(b, account, address, key);
	count_failure(b, key, now);
	key_make(b, SLICE(""), address, key);
	count_failure(b, key, now);
}

static bool began(struct entry *entry, uint32_t free_failures)
{
	if (!entry || entry->told || entry->failures <= free_failures)
		return false;
	entry->told = true;
	return true;
}

bool backoff_began(struct backoff *b, struct slice account, struct slice address)
{
	uint8_t key[SHA256_LEN];

	key_make(b, account, address, key);
	bool account_began = began(entry_find(b, key), BACKOFF_FREE_ACCOUNT);

	key_make(b, SLICE(""), address, key);
	return began(entry_find(b, key), BACKOFF_FREE_ADDRESS) || account_began;
}

void backoff_succeeded(struct backoff *b, struct slice account, struct slice address)
{
	uint8_t key[SHA256_LEN];

	key_make(b, account, address, key);
	struct entry *entry = entry_find(b, key);

	if (entry)
		*entry = (struct entry){0};
	key_make(b, SLICE(""), address, key);
	entry = entry_find(b, key);
	if (entry)
		entry->failures--;
}
