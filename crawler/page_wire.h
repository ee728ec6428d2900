/* What page_worker and its child say to each other over a socket: a header, then the bytes. */
#pragma once

#include <stdint.h>

enum {
	WIRE_TEXT_MAX = 16 * 1024,
	WIRE_BODY_MAX = 16 * 1024 * 1024,
	WIRE_JSON_MAX = 64 * 1024 * 1024
};

struct wire_request {
	uint32_t kind; /* enum parse_kind */
	uint32_t url_len, type_len, body_len;
};

struct wire_answer {
	uint32_t faulty; /* the bytes are a reason, not JSON */
	uint32_t len;
};
