/* Which Redis serves which key: one node, the master that sentinels name, or the nodes of a cluster.
 * Keeps a connection to each.
 *
 *     struct redis_nodes *n = redis_nodes_new(&options, &login);
 *     if (redis_nodes_find(n) == 0)
 *             redis_nodes_of(n, slot, &link);
 *     … a node answered MOVED: redis_nodes_moved(n, slot, &address) …
 *     redis_nodes_free(&n);
 *
 * A map of a cluster that has proved wrong is asked for anew by the next redis_nodes_find(), of any
 * node or seed that answers. */
#pragma once

#include "lib/redis_link.h"

struct redis_nodes;

/* `login` is borrowed. */
struct redis_nodes *redis_nodes_new(const struct redis_options *options, struct redis_login *login);
void redis_nodes_free(struct redis_nodes **n);

/* Makes sure that the nodes are known; nothing may be owed on any link. 0 or -errno. */
int redis_nodes_find(struct redis_nodes *n) __attribute__((warn_unused_result));

/* The open link to the node that serves the slot. */
int redis_nodes_of(struct redis_nodes *n, unsigned slot, struct redis_link **ret)
	__attribute__((warn_unused_result));

/* The open link to a node by its address. */
int redis_nodes_at(struct redis_nodes *n, const struct redis_address *address,
	struct redis_link **ret) __attribute__((warn_unused_result));

bool redis_nodes_has(const struct redis_nodes *n, const struct redis_address *address); /* open */

void redis_nodes_moved(struct redis_nodes *n, unsigned slot, const struct redis_address *address);
void redis_nodes_doubt(struct redis_nodes *n); /* what is known may be old */

/* All links there are, open or not; NULL for none. */
size_t redis_nodes_count(const struct redis_nodes *n);
struct redis_link *redis_nodes_link(const struct redis_nodes *n, size_t index);

bool redis_nodes_serves(const struct redis_nodes *n, size_t index); /* keys, as far as is known */

bool redis_nodes_is_cluster(const struct redis_nodes *n);
const char *redis_nodes_said(const struct redis_nodes *n); /* why the last call failed */
