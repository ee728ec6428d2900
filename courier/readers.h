/* Who may read what the courier publishes: a file of lines "NAME sha256:HEX", the hash of a token that
 * the reader sends as a bearer token (RFC 6750) or as the password of NAME (RFC 7617). A token is
 * random and long, so that a plain hash of it gives nothing away. */
#pragma once

#include "lib/digest.h"
#include "lib/err.h"

enum { READERS_MAX = 64, READER_NAME_MAX = 64, READERS_FILE_MAX = 64 * 1024 };

struct reader {
	char name[READER_NAME_MAX + 1];
	uint8_t hash[SHA256_LEN];
};

struct readers {
	struct reader at[READERS_MAX];
	size_t count;
};

/* Refuses a file that everyone can read, or that lets nobody in. */
bool readers_read_file(const char *path, struct readers *ret, struct err *err);
bool readers_read(const char *file, struct slice text, struct readers *ret, struct err *err);

/* By the value of an Authorization header. */
bool readers_admit(const struct readers *readers, struct slice authorization);

/* By a token alone; takes as long for a wrong one as for a right one. */
bool readers_admit_token(const struct readers *readers, struct slice token);
