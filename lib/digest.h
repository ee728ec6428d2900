/* Hashes and encodings: MD5 and SHA-1 (for formats that fix them), SHA-256 and HMAC-SHA256 through
 * a library; hex and base64. */
#pragma once

#include "lib/slice.h"

enum { MD5_LEN = 16, SHA1_LEN = 20, SHA256_LEN = 32 };

void digest_md5(struct slice bytes, uint8_t ret[MD5_LEN]);
void digest_sha1(struct slice bytes, uint8_t ret[SHA1_LEN]);
void digest_sha256(struct slice bytes, uint8_t ret[SHA256_LEN]);
void digest_hmac_sha256(struct slice key, struct slice bytes, uint8_t ret[SHA256_LEN]);

/* Lower-case hex, NUL-terminated: 2 * len + 1 bytes. */
void digest_hex(const uint8_t *bytes, size_t len, char *ret_text);

/* Standard base64 with padding (RFC 4648 §4), NUL-terminated: 4 * ((len + 2) / 3) + 1 bytes. */
void digest_base64(const uint8_t *bytes, size_t len, char *ret_text);

/* Decodes; false when the text is no such base64 or longer than `room` bytes decoded. */
bool digest_from_base64(struct slice text, uint8_t *ret, size_t room, size_t *ret_len);

/* A fast 64-bit hash for tables and buckets (FNV-1a, then mixed); not against an adversary. */
uint64_t digest_hash64(struct slice bytes);
