/* What a rule of our pack must have before people see its alerts: words in both languages with the
 * numbers in them, what to do first, an office, known false positives. And the privacy charter:
 * topics of feedback raise nothing below five different items. */
#pragma once

#include "correlator/ruleset.h"

/* Calls `fn` per fault of the rule, in words. `document` is the rule's YAML. */
typedef void pack_lint_fn(void *ctx, const char *fault);
void pack_lint(const struct rule *r, const struct yaml_node *document, pack_lint_fn *fn, void *ctx);

/* Whether a detection is about topics on which people give feedback, and a rule that counts it. */
bool pack_lint_is_feedback(const struct yaml_node *document);
bool pack_lint_is_private(const struct rule *r);
