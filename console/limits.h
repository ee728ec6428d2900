/* The limits of everything an outsider controls, in one place. docs/console.md repeats them. */
#pragma once

enum {
	TARGET_LEN_MAX = 2048,         /* bytes of path and query of a request */
	HEADERS_LEN_MAX = 8 * 1024,    /* bytes of all header names and values */
	BODY_LEN_MAX = 32 * 1024,      /* bytes of a request's body */
	REQUEST_MS_MAX = 20000,        /* for a request to arrive whole */
	IDLE_S_MAX = 60,               /* a connection without a request */
	CONNECTIONS_MAX = 2048,        /* at once */
	CONNECTION_MEMORY = 24 * 1024, /* bytes libmicrohttpd may use for one */
	STREAMS_MAX = 1500,            /* viewers that follow live */
	STREAM_BACKLOG_MAX = 1000,     /* changes a viewer may be behind before it starts anew */
	STREAM_BATCH = 64,             /* changes written to a viewer at once */

	OUTBOX_BATCH = 64,     /* changes told to the courier at once */
	CHANGES_KEPT = 100000, /* of them in Redis, about */

	PARAM_LEN_MAX = 256, /* bytes of one, decoded */
	SEARCH_TERMS_MAX = 8,
	LIST_DEFAULT = 100, /* alerts of a list */
	LIST_MAX = 200,
	HISTORY_MAX = 500, /* entries of an alert's history that are shown */

	NAME_LEN_MAX = 64,     /* of a user */
	PASSWORD_LEN_MIN = 14, /* TCVN 14423 asks for 14 */
	PASSWORD_LEN_MAX = 256,
	NOTE_LEN_MAX = 8000,        /* bytes of a comment or reason */
	SESSIONS_PER_USER_MAX = 16, /* the oldest ends */
	HASHES_WAITING_MAX = 32,    /* log-ins that wait for their password to be checked */

	BACKOFF_ENTRIES = 4096,   /* accounts and addresses remembered after a wrong password */
	BACKOFF_FREE_ACCOUNT = 5, /* wrong passwords of one account from one address before waits */
	BACKOFF_FREE_ADDRESS = 30, /* of one address, any account */
	BACKOFF_FIRST_MS = 1000,   /* doubles with each further one */
	BACKOFF_MS_MAX = 5 * 60 * 1000,
	BACKOFF_FORGET_MS = 60 * 60 * 1000,
};
