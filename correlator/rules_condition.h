/* The condition of a temporal correlation over the rules it correlates: "logon and not (a or b)". As
 * there are few rules, it becomes a table of which sets of them meet it. */
#pragma once

#include "correlator/rule.h"

/* Sets places, truth and, when the correlation lists no rules, those that the condition names. */
bool rules_condition_read(struct rule_source *s, struct rule *r, const struct yaml_node *condition);
