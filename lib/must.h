/* Assertions about our own code, always compiled in.
 *
 *     must(queue->count <= queue->limit);
 *
 * A failed one prints the condition with its place to stderr and aborts; the service manager
 * starts the program anew. Never for what the outside world can cause. */
#pragma once

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))

_Noreturn void must_fail(const char *cond, const char *file, int line);
