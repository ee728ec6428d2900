#include "lib/address.h"

#include "lib/mem.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct network {
	struct address base, mask;
};

struct networks {
	size_t count;
	struct network at[];
};

struct address address_v4(const uint8_t bytes[4])
{
	struct address a;

	memcpy(a.words, v4_prefix, sizeof v4_prefix);
	memcpy((uint8_t *)a.words + sizeof v4_prefix, bytes, 4);
	return a;
}

struct address address_v6(const uint8_t bytes[16])
{
	struct address a;

	memcpy(a.words, bytes, sizeof a.words);
	return a;
}

bool address_is_v4(struct address a)
{
	return memcmp(a.words, v4_prefix, sizeof v4_prefix) == 0;
}

struct slice address_bytes(const struct address *a)
{
	const uint8_t *bytes = (const uint8_t *)a->words;

	return address_is_v4(*a) ? slice_over(bytes + sizeof v4_prefix, 4) : slice_over(bytes, 16);
}

static char *octet_write(char *to, unsigned value)
{
	if (value >= 100)
		*to++ = (char)('0' + value / 100);
	if (value >= 10)
		*to++ = (char)('0' + value / 10 % 10);
	*to++ = (char)('0' + value % 10);
	return to;
}

size_t address_write(struct address a, char ret_text[ADDRESS_TEXT_MAX])
{
	if (!address_is_v4(a)) {
		(void)inet_ntop(AF_INET6, a.words, ret_text, ADDRESS_TEXT_MAX);
		return strlen(ret_text);
	}

	const uint8_t *octets = (const uint8_t *)a.words + sizeof v4_prefix;
	char *to = ret_text;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		to = octet_write(to, octets[i]);
	}
	*to = '\0';
	return (size_t)(to - ret_text);
}

static struct address mask_of(unsigned bits)
{
	struct address mask;

	for (unsigned i = 0; i < 2; i++) {
		unsigned here = bits > 64 * i ? bits - 64 * i : 0;

		mask.words[i] = here == 0 ? 0
			: here >= 64      ? UINT64_MAX
					  : htobe64(UINT64_MAX << (64 - here));
	}
	return mask;
}

bool address_read(struct slice text, struct address *ret)
{
	char host[ADDRESS_TEXT_MAX];
	uint8_t bytes[16];

	if (text.len == 0 || text.len >= sizeof host)
		return false;
	memcpy(host, text.at, text.len);
	host[text.len] = '\0';
	if (inet_pton(AF_INET6, host, bytes) == 1)
		*ret = address_v6(bytes);
	else if (inet_pton(AF_INET, host, bytes) == 1)
		*ret = address_v4(bytes);
	else
		return false;
	return true;
}

static bool network_read(const char *text, struct network *ret)
{
	struct slice rest = slice_of(text);
	size_t slash = slice_find_byte(rest, '/');
	struct slice host = {text, slash};
	uint64_t bits = 128;

	if (!address_read(host, &ret->base))
		return false;

	unsigned width = slice_find_byte(host, ':') < host.len ? 128 : 32;
	if (slash < rest.len) {
		if (!slice_to_u64(slice_from(rest, slash + 1), &bits) || bits > width)
			return false;
		bits += 128 - width;
	}
	ret->mask = mask_of((unsigned)bits);
	for (int i = 0; i < 2; i++)
		ret->base.words[i] &= ret->mask.words[i];
	return true;
}

struct networks *networks_new(char *const *texts, size_t count, struct err *err)
{
	struct networks *n = mem_alloc(sizeof *n + count * sizeof n->at[0]);

	for (n->count = 0; n->count < count; n->count++) {
		if (network_read(texts[n->count], &n->at[n->count]))
			continue;
		(void)err_set(err, NULL, 0, "'%s' is no network, expected one like 10.0.0.0/8",
			texts[n->count]);
		networks_free(&n);
		return NULL;
	}
	return n;
}

void networks_free(struct networks **n)
{
	mem_free(*n);
	*n = NULL;
}

bool networks_hold(const struct networks *n, struct address a)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct network *net = &n->at[i];

		if ((a.words[0] & net->mask.words[0]) == net->base.words[0] &&
			(a.words[1] & net->mask.words[1]) == net->base.words[1])
			return true;
	}
	return false;
}
