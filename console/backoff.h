/* Who typed wrong passwords lately and has to wait. Two keys are kept: an account from one
 * address, and an address. A flood of wrong passwords for an account from elsewhere therefore
 * never locks its owner out. The addresses of an IPv6 /64 are one. Bounded: sets of few entries, the one longest quiet gives way.
 *
 *     int64_t wait = backoff_wait_ms(b, account, address, now);
 *     if (wait > 0)
 *             ...                            (429, Retry-After)
 *     ... check the password ...
 *     backoff_failed(b, account, address, now);  or  backoff_succeeded(…)
 */
#pragma once

#include "lib/clock.h"

struct backoff;

struct backoff *backoff_new(void);
void backoff_free(struct backoff **b);

/* How long this account may not be tried from this address; 0 = now. */
int64_t backoff_wait_ms(struct backoff *b, struct slice account, struct slice address, mono_t now);

/* Counts an attempt as failed; called before the password is checked, so that many at once do
 * not slip through. */
void backoff_failed(struct backoff *b, struct slice account, struct slice address, mono_t now);

/* Whether a wait of the account or of the address began that was not told yet; true once for each,
 * so that it can be noted without a line per attempt. */
bool backoff_began(struct backoff *b, struct slice account, struct slice address);

/* Takes the attempt back and forgets the account's failures from this address. */
void backoff_succeeded(struct backoff *b, struct slice account, struct slice address);
