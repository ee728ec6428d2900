/* The limits of everything that an outsider controls, in one place. */
#pragma once

enum collector_limits {
	INPUTS_MAX = 32,
	LINE_LEN_MAX = 1024 * 1024, /* an EVE line; a longer one is refused */
	EVENT_LEN_MAX = 256 * 1024, /* what is made of one; a longer one is refused */
	STEP_LINES = 512,           /* read from a source before they are sent */
	STEP_LEN_MAX = 2 * 1024 * 1024,
	BATCH_EVENTS = 50, /* per stream entry */
	BATCH_LEN_MAX = 128 * 1024,
	SYSLOG_LEN_MAX = 64 * 1024, /* a message over TCP or UDP; a longer one is refused */
	CONNECTIONS_MAX = 256,      /* senders connected to one input */
	HANDSHAKE_MAX_S = 15,       /* from connecting to the end of TLS' handshake */
	IDLE_MAX_S = 3600,          /* without a whole message; senders connect again */
	REFUSALS_SAID = 5,          /* log lines per reason, input and SWEEP_MS; all are counted */
	SWEEP_MS = 5000,
	DATAGRAMS_PER_TURN = 256,
	FORMATS_MAX = 256,      /* of the mapping file */
	COLUMNS_MAX = 128,      /* fields taken out of one message */
	SKEW_MAX_S = 24 * 3600, /* a message's own time further off is not believed */
	MAPPING_FILE_MAX = 1024 * 1024,
};
