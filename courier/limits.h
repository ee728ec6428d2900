/* The limits of everything that an outsider controls, in one place. */
#pragma once

enum courier_limits {
	TARGETS_MAX = 32, /* bits of a route */
	ROUTES_MAX = 256,
	ESCALATE_MAX_MS = 7 * 24 * 3600 * 1000,
	QUEUE_ITEMS_MAX = 128,      /* alerts a target holds in memory */
	READ_PER_STREAM = 4,        /* alerts taken from each of the alert streams at once */
	ANSWER_LEN_MAX = 64 * 1024, /* head or body of an answer; a longer one is a failure */
	ANSWER_KEPT_MAX = 512,      /* of its body, for `haidang-courier test` */
	RETRY_AFTER_MAX_MS = 24 * 3600 * 1000, /* a longer Retry-After counts as this */
	RETRY_AFTER_LEN_MAX = 64,
	GONE_REST_MS = 3600 * 1000, /* after 410 Gone */
	DEAD_LETTERS_MAX = 10000,   /* kept per target, about */
	GOT_MAX = 200000,           /* alerts a target is remembered to have got; the newest */
	MAIL_RECEIVERS_MAX = 32,
	DIGEST_LEN_MAX = 64 * 1024 * 1024, /* of the alerts of one digest */
	DIGEST_IN_FULL = 100,              /* alerts; the rest have a line each */
	AUDIT_ROWS_MAX = 100000,           /* about */
	REASON_MAX = 200,                  /* bytes of a reason in log, status and dead letter */
	SECRET_FILE_MAX = 8 * 1024,
	SECRETS_MAX = 4,     /* signatures per request */
	SECRET_LEN_MIN = 24, /* Standard Webhooks 1.0: 192 to 512 bits */
	SECRET_LEN_MAX = 64,
	SUBJECT_LEN_MAX = 1024, /* of a CloudEvent's subject, as bytes */
	DRAIN_MS = 5000,        /* for requests under way at the end */

	PUBLISH_TARGET_MAX = 4096, /* bytes of path and query of a request */
	PUBLISH_PARAM_MAX = 2048,
	PUBLISH_HEADERS_MAX = 8 * 1024,
	PUBLISH_BODY_MAX = 1024, /* nothing is taken in */
	PUBLISH_REQUEST_MS = 20000,
	PUBLISH_IDLE_S = 60,
	PUBLISH_CONNECTIONS = 256,
	PUBLISH_CONNECTIONS_PER_ADDRESS = 32,
	PUBLISH_CONNECTION_MEMORY = 24 * 1024,
	PUBLISH_PAGE_MAX = 500, /* objects or entries of an answer */
};
