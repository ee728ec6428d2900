/* Signing secrets and signatures of Standard Webhooks 1.0: "whsec_" and base64 of 24 to 64 random
 * bytes; several at once while a secret is being replaced, so that the receiver can check against
 * the old or the new one.
 *
 *     struct secrets secrets;
 *     if (!secrets_read_file("/etc/haidang/secrets/centre", &secrets, &err))
 *             ...
 *     secrets_sign(&secrets, SLICE("al-1.1700000000.{}"), &buf);      "v1,K5oZ… v1,9fY…"
 *     secrets_wipe(&secrets);
 *
 * No error text ever holds a secret. */
#pragma once

#include "courier/limits.h"
#include "lib/buf.h"
#include "lib/err.h"

struct secret {
	uint8_t key[SECRET_LEN_MAX];
	size_t len;
};

struct secrets {
	struct secret at[SECRETS_MAX]; /* newest first */
	size_t count;
};

enum { SECRET_TEXT_LEN = 50, SIGNATURE_LEN = 47 }; /* whsec_ + 44; v1, + 44 */

/* One secret a line; empty lines and those that start with '#' are skipped. `file` is for errors. */
bool secrets_read(const char *file, struct slice text, struct secrets *ret, struct err *err);

/* Refuses a file that everyone can read. */
bool secrets_read_file(const char *path, struct secrets *ret, struct err *err);

/* The first line of such a file as a password. */
enum { PASSWORD_ROOM = 256 };
bool secret_read_password(const char *path, char ret[PASSWORD_ROOM], struct err *err);

void secrets_wipe(struct secrets *secrets);

/* Adds the value of webhook-signature to `out`. `content` = id "." timestamp "." body. */
void secrets_sign(const struct secrets *secrets, struct slice content, struct buf *out);

/* A fresh secret of 32 random bytes, NUL-terminated. 0 or -errno. */
int secret_make(char ret_text[SECRET_TEXT_LEN + 1]) __attribute__((warn_unused_result));
