#include "lib/redis_slots.h"

#include <stdio.h>

static unsigned crc16(struct slice bytes)
{
	static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6,
		0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
	unsigned crc = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		unsigned byte = (uint8_t)bytes.at[i];

		crc = (crc << 4 ^ table[(crc >> 12 ^ byte >> 4) & 15]) & 0xffff;
		crc = (crc << 4 ^ table[(crc >> 12 ^ byte) & 15]) & 0xffff;
	}
	return crc;
}

unsigned redis_slot_of(struct slice key)
{
	struct slice tag = slice_from(key, slice_find_byte(key, '{') + 1);
	size_t len = slice_find_byte(tag, '}');

	if (len > 0 && len < tag.len)
		key = (struct slice){tag.at, len};
	return crc16(key) % REDIS_SLOTS;
}

static bool address_of(const struct redis_reply *node, const struct redis_address *asked,
	struct redis_address *ret)
{
	char port[REDIS_PORT_MAX];

	if (redis_reply_count(node) < 2)
		return false;

	struct slice host = redis_reply_text(redis_reply_at(node, 0));
	int64_t number = redis_reply_int(redis_reply_at(node, 1));

	if (number < 1 || number > UINT16_MAX)
		return false;
	(void)snprintf(port, sizeof port, "%u", (unsigned)number);
	return redis_address_make(host.len ? host : slice_of(asked->host), slice_of(port), ret);
}

bool redis_slots_read(const struct redis_reply *reply, const struct redis_address *asked,
	redis_on_slots *fn, void *ctx)
{
	if (redis_reply_kind(reply) != REDIS_ARRAY || redis_reply_count(reply) == 0)
		return false;
	for (size_t i = 0; i < redis_reply_count(reply); i++) {
		const struct redis_reply *row = redis_reply_at(reply, i);
		struct redis_slot_range range;

		if (redis_reply_count(row) < 3)
			return false;
		int64_t first = redis_reply_int(redis_reply_at(row, 0));
		int64_t last = redis_reply_int(redis_reply_at(row, 1));

		if (first < 0 || last < first || last >= REDIS_SLOTS ||
			!address_of(redis_reply_at(row, 2), asked, &range.master))
			return false;
		range.first = (unsigned)first;
		range.last = (unsigned)last;
		fn(ctx, &range);
	}
	return true;
}

/* "MOVED 3999 127.0.0.1:6381"; the host may be empty, and an IPv6 address has no brackets. */
static bool target_of(
	struct slice said, const struct redis_address *asked, struct redis_address *ret)
{
	struct slice word, host;

	for (int i = 0; i < 3; i++)
		if (!slice_cut(&said, ' ', &word))
			return false;
	host = word;
	while (host.len && host.at[host.len - 1] != ':')
		host.len--;
	if (!host.len)
		return false;

	struct slice port = slice_from(word, host.len);

	host.len--;
	return redis_address_make(host.len ? host : slice_of(asked->host), port, ret);
}

enum redis_turn redis_turn_read(const struct redis_reply *reply, const struct redis_address *asked,
	struct redis_address *ret_to)
{
	bool moved = redis_reply_fails(reply, "MOVED ");

	if (moved || redis_reply_fails(reply, "ASK ")) {
		if (!target_of(redis_reply_text(reply), asked, ret_to))
			return REDIS_LATER;
		return moved ? REDIS_MOVED : REDIS_ASK;
	}
	if (redis_reply_fails(reply, "TRYAGAIN") || redis_reply_fails(reply, "CLUSTERDOWN") ||
		redis_reply_fails(reply, "LOADING") || redis_reply_fails(reply, "MASTERDOWN"))
		return REDIS_LATER;
	return REDIS_HERE;
}
