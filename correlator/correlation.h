/* Sigma's correlation rules. */
#pragma once

#include "correlator/rule.h"

/* Reads the section into `r`; what it refers to is found later. */
bool correlation_read(struct rule_source *s, struct rule *r, const struct yaml_node *document);

/* The name that a field of the correlation (or an alias) has in events of `base`. */
struct slice correlation_field(const struct rule *r, struct slice name, const struct rule *base);
