/* The kind "syslog": RFC 5424 messages over TLS (RFC 5425) or TCP, each with its length before it
 * (octet counting, RFC 6587 §3.4.1).
 *
 * Syslog has no acknowledgement. A burst of alerts therefore goes over one connection, which then
 * is ended in order; when the receiver ends it too, it read them all, and only then they count as
 * delivered. When the connection breaks instead, all of the burst is sent again. Each message bears
 * the alert's key, by which a receiver can drop what it has. */
#pragma once

#include "courier/target.h"

extern const struct target_kind syslog_kind;
