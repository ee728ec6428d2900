/* The EVE file of a producer: one JSON object a line, appended by a thread of its own, so that a
 * slow disk does not hold Redis up nor the other way round. eve_line() blocks only when the disk
 * is EVE_WAITING_MAX bytes behind; nothing is dropped but what the disk refuses, which is counted.
 *
 *     struct eve *eve = eve_new("/var/log/haidang/eve.json", 50, lost);
 *     eve_line(eve, json);
 *     eve_free(&eve);            (writes what is left) */
#pragma once

#include "lib/clock.h"
#include "lib/metrics.h"

struct eve;

/* Path "-" is stdout. `lost` counts lines the disk refused. A file that cannot be opened is tried
 * again with each write. */
struct eve *eve_new(const char *path, int64_t linger_ms, struct metric *lost);
void eve_free(struct eve **eve);

void eve_line(struct eve *eve, struct slice json);
void eve_flush(struct eve *eve);                    /* soon; does not wait */
void eve_reopen(struct eve *eve);                   /* soon: after the file was rotated */
bool eve_wait(struct eve *eve, int64_t timeout_ms); /* until everything given is written */
int eve_error(struct eve *eve);                     /* 0, or the -errno of the last failure */
