/* What the events of an alert let one observe: addresses, host names, pages, certificates; checked,
 * so that each is what its name says or empty.
 *
 *     struct observed seen;
 *     observed_read(reader, arena, alert, &seen);
 *
 * The first is what the alert's group says. Texts live in the arena. */
#pragma once

#include "event/alert.h"

enum { OBSERVED_MAX = ALERT_EVENTS_MAX + 1, OBSERVED_HOSTS_MAX = 16, OBSERVED_URL_MAX = 2048 };

struct observed_event {
	struct slice event_type;
	struct slice src_ip, dest_ip;  /* as inet_pton() reads them */
	uint64_t src_port, dest_port;  /* 0: unknown */
	struct slice proto, app_proto; /* "TCP", "dns" */
	struct slice host;             /* asked for by DNS, TLS or HTTP; ASCII, lower case */
	struct slice url;              /* of an article, a page of our own, an HTTP request */
	struct slice method, user_agent;
	struct slice lookalike, lookalike_of; /* host names */
	struct slice certificate_sha1;        /* 40 lower-case hex digits */
	struct slice certificate_subject, certificate_issuer;
	struct slice hosts[OBSERVED_HOSTS_MAX]; /* linked from the page */
	size_t host_count;
};

struct observed {
	struct observed_event at[OBSERVED_MAX];
	size_t count;
};

/* `reader` is used for group and events; what was read through it before ends. */
void observed_read(struct json_reader *reader, struct arena *a, const struct alert *alert,
	struct observed *ret);

bool observed_is_ipv6(struct slice ip);
