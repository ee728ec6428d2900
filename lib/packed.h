/* Reading a file as what is in it, when it is packed: gzip (RFC 1952, through zlib) and Zstandard
 * (RFC 8878, through libzstd), told by their first bytes; any other file as it is.
 *
 *     FILE *in = packed_open("capture.pcap.zst", &err);
 *     ... fread(…, in) ... fclose(in);
 *
 * A file that ends within its packing, or is damaged, gives a read error (EIO) there. */
#pragma once

#include "lib/err.h"

#include <stdio.h>

/* "-" is stdin. NULL with an error that names the file. */
FILE *packed_open(const char *path, struct err *err);
