/* Passwords and random secrets, through libsodium: the only module that knows it. Argon2id,
 * 3 passes over 32 MiB: about a tenth of a second, so never on the thread that serves. */
#pragma once

#include "lib/slice.h"

enum { PASSWORD_HASH_MAX = 128, SECRET_LEN = 32, ONE_TIME_LEN = 23 };

void password_init(void); /* before anything else, once */

void password_hash(struct slice password, char ret_hash[PASSWORD_HASH_MAX]);
bool password_verify(const char *hash, struct slice password);

/* A hash that no password fits and that takes as long to check as a real one. */
const char *password_hash_of_nobody(void);

/* Why a password that a person chose is refused, as a word for the API; NULL when it is good. */
const char *password_fault(struct slice password, struct slice user_name);

/* "xxxxx-xxxxx-xxxxx-xxxxx": 98 bits in letters and digits that are not mistaken for each other. */
void password_one_time(char ret[ONE_TIME_LEN + 1]);

void secret_random(uint8_t *ret, size_t len);
bool secret_equal(struct slice a, struct slice b); /* in time that depends on the lengths only */
void secret_wipe(void *bytes, size_t len);
