/* A durable source of EVE lines: one struct of functions per kind, a file each. Nothing is taken
 * out of a source before what was made of it is in Redis, see sink.h.
 *
 *     void *source = kind->open(&place);
 *     kind->resume(source, position);                     (again after every failure)
 *     kind->read(source, STEP_LINES, on_line, ctx);
 *     kind->position(source, &position);
 *     ... sink_commit() ...
 *     kind->committed(source);                            (may be NULL)
 *     kind->close(&source); */
#pragma once

#include "collector/config.h"
#include "lib/clock.h"

struct source_place {
	const struct input_config *config;
	const struct redis_options *redis; /* of the appliance */
	const struct clock *clock;
};

enum source_state {
	SOURCE_BUSY, /* there may be more */
	SOURCE_IDLE, /* nothing more for now */
	SOURCE_AWAY, /* cannot be read now; `said` tells why */
};

typedef void source_on_line(void *ctx, struct slice line);

struct source_kind {
	void *(*open)(const struct source_place *place);
	void (*close)(void **source);
	/* Goes to the place after which nothing was taken; empty: the first start ever. */
	enum source_state (*resume)(void *source, struct slice position);
	enum source_state (*read)(void *source, size_t lines_max, source_on_line *fn, void *ctx);
	void (*position)(const void *source, struct buf *out); /* after what was read */
	void (*committed)(void *source);
	const char *(*said)(const void *source); /* "" when all is well */
	uint64_t (*lost)(const void *source); /* times that lines were gone before they were read */
};

extern const struct source_kind source_file, source_list, source_stream;
