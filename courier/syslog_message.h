/* An alert as a message of syslog (RFC 5424), in UTF-8, of at most SYSLOG_LEN_MAX bytes. What every
 * receiver can sort by stands in structured data, before the words, which are cut first. */
#pragma once

#include "courier/observed.h"
#include "courier/target.h"

enum {
	SYSLOG_LEN_MAX = 8192, /* RFC 5425 §4.3.1: receivers should take that much */
	SYSLOG_HOST_MAX = 255,
	SYSLOG_VALUE_MAX = 512, /* bytes of one SD-PARAM's value before escaping */
};

struct syslog_origin {
	int64_t facility;   /* 0 to 23 */
	int64_t enterprise; /* private enterprise number in our SD-ID */
	int64_t format;     /* enum syslog_format */
	const char *host;   /* HOSTNAME; "" becomes "-" */
	int64_t process;    /* PROCID */
};

void syslog_write(const struct syslog_origin *origin, const struct parcel *parcel,
	const struct observed *seen, struct buf *out);

int syslog_severity(enum alert_level level);

/* An SD-PARAM's value: '"', '\' and ']' escaped (§6.3.3), controls left out, cut. */
void syslog_add_value(struct buf *out, struct slice value);

/* A header field of printable ASCII without spaces; "-" when nothing is left. */
void syslog_add_header(struct buf *out, struct slice text, size_t len_max);
