/* An alert in the Common Event Format (CEF:0), one line: a header of fields between '|' and an
 * extension of key=value pairs, each escaped in its own way. */
#pragma once

#include "courier/observed.h"
#include "courier/target.h"

void cef_write(const struct parcel *parcel, const struct observed *seen, struct buf *out);

/* In a header '\' and '|' are escaped and line ends become spaces; in an extension '\', '=' and
 * line ends are escaped. Other controls are left out. */
void cef_add_header(struct buf *out, struct slice text);
void cef_add_value(struct buf *out, struct slice text, size_t len_max);
