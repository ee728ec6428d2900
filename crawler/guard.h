/* Which addresses may be connected to: public ones. Sources marked internal may also reach
 * private, loopback and link-local addresses (server-side request forgery, DNS rebinding). */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

bool guard_is_public(const struct sockaddr *address);
