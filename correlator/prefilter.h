/* A first look at an event that leaves few rules to evaluate: all texts of all rules of a route are
 * looked for in one pass (lib/scan.h) over the event's texts, and a few fields are asked for.
 *
 *     struct prefilter *p = prefilter_new(&source, rules, count);
 *     const uint64_t *rules = prefilter_look(p, json_strings(event), view);
 *     (bit i: rules[i] may match)
 *
 * What it leaves out cannot match (cover.h). One thread. */
#pragma once

#include "correlator/cover.h"
#include "correlator/rule.h"

struct prefilter;

struct prefilter *prefilter_new(
	const struct cover_source *source, const struct rule *const *rules, size_t count);
void prefilter_free(struct prefilter **p);

/* Borrowed until the next call; (count + 63) / 64 words. */
const uint64_t *prefilter_look(struct prefilter *p, struct slice strings, struct view *v);

/* How many rules no sign is known for: they are evaluated for every event. */
size_t prefilter_unsigned(const struct prefilter *p);
