#include "lib/digest.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

void digest_md5(struct slice bytes, uint8_t ret[MD5_LEN])
{
	struct md5_ctx ctx;

	md5_init(&ctx);
	md5_update(&ctx, bytes.len, (const uint8_t *)bytes.at);
	md5_digest(&ctx, MD5_LEN, ret);
}

void digest_sha1(struct slice bytes, uint8_t ret[SHA1_LEN])
{
	struct sha1_ctx ctx;

	sha1_init(&ctx);
	sha1_update(&ctx, bytes.len, (const uint8_t *)bytes.at);
	sha1_digest(&ctx, SHA1_LEN, ret);
}

void digest_sha256(struct slice bytes, uint8_t ret[SHA256_LEN])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, bytes.len, (const uint8_t *)bytes.at);
	sha256_digest(&ctx, SHA256_LEN, ret);
}

void digest_hmac_sha256(struct slice key, struct slice bytes, uint8_t ret[SHA256_LEN])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key.len, (const uint8_t *)key.at);
	hmac_sha256_update(&ctx, bytes.len, (const uint8_t *)bytes.at);
	hmac_sha256_digest(&ctx, SHA256_LEN, ret);
}

void digest_hex(const uint8_t *bytes, size_t len, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*ret_text++ = digits[bytes[i] >> 4];
		*ret_text++ = digits[bytes[i] & 15];
	}
	*ret_text = '\0';
}

void digest_base64(const uint8_t *bytes, size_t len, char *ret_text)
{
	base64_encode_raw(ret_text, len, bytes);
	ret_text[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
}

/* The six bits a character stands for, or -1. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool digest_from_base64(struct slice text, uint8_t *ret, size_t room, size_t *ret_len)
{
	size_t len = text.len / 4 * 3, padding = 0, out = 0;
	uint32_t bits = 0;

	if (text.len % 4)
		return false;
	while (padding < 2 && padding < text.len && text.at[text.len - 1 - padding] == '=')
		padding++;
	len -= padding;
	if (len > room)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int value = i >= text.len - padding ? 0 : sextet(text.at[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		/* Of the last group only the bytes that the padding leaves. */
		for (int shift = 16; i % 4 == 3 && shift >= 0 && out < len; shift -= 8)
			ret[out++] = (uint8_t)(bits >> shift);
	}
	/* Bits under the padding must be zero, else two texts would mean the same bytes. */
	if (padding && bits & (padding == 1 ? 0xffU : 0xffffU))
		return false;
	*ret_len = len;
	return true;
}

uint64_t digest_hash64(struct slice bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < bytes.len; i++)
		hash = (hash ^ (uint8_t)bytes.at[i]) * UINT64_C(0x100000001b3);
	/* FNV mixes its high bits badly; this is the finalizer of MurmurHash3. */
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}
