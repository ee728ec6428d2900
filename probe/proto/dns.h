/* DNS messages (RFC 1035, 2782, 3596, 6891): the question and all answers. Names are written in
 * lower case with RFC 4343 escapes, pointers in them only ever lead backwards and are counted. */
#pragma once

#include "lib/buf.h"
#include "probe/proto/proto.h"

enum {
	DNS_NAME_TEXT_MAX = 1024, /* 255 bytes on the wire, each at most four characters */
	DNS_ANSWERS_MAX = 64,     /* more are not written */
	DNS_RDATA_TEXT_MAX = 1024,
	/* Compressed names make an event a hundred times as long as its packet: once the answers
	 * are this long, the rest is not written. */
	DNS_ANSWERS_TEXT_MAX = 16 * 1024,
	DNS_POINTERS_MAX = 64, /* in one name */
};

/* Reads one message and gives it to `sink` as an event and, for a query, as a host name. `scratch`
 * is cleared and used. False when it is no DNS message; answers that are cut off or malformed end
 * the list of answers, not the event. */
bool dns_read(struct slice message, struct buf *scratch, const struct proto_sink *sink);

/* Shannon entropy in thousandths of a bit per character, dots left out. */
uint64_t dns_entropy_millibits(struct slice labels);
