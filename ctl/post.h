/* One HTTP request over a Unix socket, as much of HTTP/1.1 as a server of our own speaks.
 *
 *     if (!post_unix(path, "/v1/import", "application/x-ndjson", body, &answer, &err))
 *             …
 *     answer.status, answer.body                  (in the buffer of `answer`) */
#pragma once

#include "lib/buf.h"
#include "lib/err.h"

enum { POST_ANSWER_MAX = 1024 * 1024, POST_TIMEOUT_S = 60 };

struct post_answer {
	struct buf raw;
	int64_t status;
	struct slice body; /* borrowed from `raw` */
};

struct post_request {
	const char *socket_path, *target, *type;
	struct slice body;
};

bool post_unix(const struct post_request *request, struct post_answer *ret, struct err *err);
