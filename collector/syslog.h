/* Syslog messages as devices send them: RFC 5424, RFC 3164 and what is commonly taken for it. */
#pragma once

#include "lib/slice.h"

struct syslog_message {
	unsigned facility, severity; /* 13 (user) and 5 (notice) when the header names none */
	int64_t time_us;             /* 0: none, or none that can be believed */
	struct slice host, app, msgid;
	struct slice text; /* without byte order mark and white space at its end */
};

/* For times that name no zone or year. */
struct syslog_now {
	int64_t wall_us;
	int64_t zone_s; /* east of UTC */
};

/* Borrows from `line`. False when there is no text. */
bool syslog_read(struct slice line, const struct syslog_now *now, struct syslog_message *ret);

/* The next message of a TCP stream (RFC 6587): "LEN MESSAGE" or a line; cut off `rest`. MORE: not all
 * of it is there. BAD: it is longer than `len_max`; the stream cannot be read on. */
enum syslog_frame { FRAME_WHOLE, FRAME_MORE, FRAME_BAD };
enum syslog_frame syslog_frame_cut(struct slice *rest, size_t len_max, struct slice *ret);
