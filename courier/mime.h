/* A mail as RFC 5322 and MIME say: multipart/alternative of UTF-8 text and HTML in base64, headers
 * of RFC 2047. Nothing in subject or texts can end a header or a part: what is not plain ASCII is
 * encoded, and of controls nothing is left. */
#pragma once

#include "courier/letter.h"

struct mime_head {
	const char *from; /* address; mime_address_check() holds of each */
	const char *const *to;
	size_t to_count;
	const char *id;     /* before the '@' of Message-ID: letters, digits and '-' */
	const char *thread; /* id of the mail it belongs to, or NULL */
	int64_t wall_us;
};

/* LOCAL@DOMAIN in ASCII, without quotes, spaces or anything else that means something in a header. */
bool mime_address_check(const char *address);

void mime_write(const struct mime_head *head, const struct letter *letter, struct buf *out);

/* Adds `text` as the value of a header: plain, or as encoded words of at most 75 bytes on lines of
 * their own. */
void mime_header_text(struct slice text, struct buf *out);
