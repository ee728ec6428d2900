#include "console/password.h"

#include "console/limits.h"
#include "lib/must.h"
#include "lib/text.h"

#include <assert.h>
#include <sodium.h>

enum { PASSES = 3, MEMORY = 32 * 1024 * 1024 };

static_assert(PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash fits");

void password_init(void)
{
	must(sodium_init() >= 0);
}

void password_hash(struct slice password, char ret_hash[PASSWORD_HASH_MAX])
{
	must(password.len <= PASSWORD_LEN_MAX);
	must(crypto_pwhash_str_alg(ret_hash, password.at, password.len, PASSES, MEMORY,
		     crypto_pwhash_ALG_ARGON2ID13) == 0);
}

bool password_verify(const char *hash, struct slice password)
{
	return crypto_pwhash_str_verify(hash, password.at, password.len) == 0;
}

const char *password_hash_of_nobody(void)
{
	return "$argon2id$v=19$m=32768,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA"
	       "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
}

const char *password_fault(struct slice password, struct slice user_name)
{
	if (password.len > PASSWORD_LEN_MAX || !text_is_utf8(password))
		return "password_unusable";
	if (password.len < PASSWORD_LEN_MIN)
		return "password_too_short";

	size_t different = 0;
	bool seen[256] = {false};

	for (size_t i = 0; i < password.len; i++) {
		different += !seen[(unsigned char)password.at[i]];
		seen[(unsigned char)password.at[i]] = true;
	}
	if (different < 6)
		return "password_too_simple";
	if (user_name.len >= 4 && slice_find(password, user_name) < password.len)
		return "password_holds_name";
	return NULL;
}

void password_one_time(char ret[ONE_TIME_LEN + 1])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < ONE_TIME_LEN; i++)
		ret[i] = letters[randombytes_uniform(sizeof letters - 1)];
	for (size_t i = 5; i < ONE_TIME_LEN; i += 6)
		ret[i] = '-';
	ret[ONE_TIME_LEN] = '\0';
}

void secret_random(uint8_t *ret, size_t len)
{
	randombytes_buf(ret, len);
}

bool secret_equal(struct slice a, struct slice b)
{
	return a.len == b.len && sodium_memcmp(a.at, b.at, a.len) == 0;
}

void secret_wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}
