/* An alert that silences others: while the alert of one rule is young, named rules raise none about
 * the same thing (`haidang.inhibits` of a rule). How long is kept in Redis beside the windows, so
 * that every worker knows. It only spares noise: two workers that raise both alerts in the same
 * moment may let the second through.
 *
 *     if (inhibit_holds(i, &hit, level)) …          (before an alert is raised)
 *     inhibit_begin(i, &hit, level);                (once it stands) */
#pragma once

#include "correlator/engine.h"
#include "correlator/store.h"

struct inhibit;

struct inhibit *inhibit_new(struct store *store);
void inhibit_free(struct inhibit **i);

/* Whether a rule that inhibits this one raised an alert of this level or above. When the store
 * cannot tell, it holds nothing back. */
bool inhibit_holds(struct inhibit *i, const struct rule_hit *hit, enum alert_level level);

/* What fires now inhibits from now on; kept until inhibit_write(), which gives 0 or -errno. */
void inhibit_begin(struct inhibit *i, const struct rule_hit *hit, enum alert_level level);
int inhibit_write(struct inhibit *i) __attribute__((warn_unused_result));
void inhibit_forget(struct inhibit *i); /* what was begun and not written */
