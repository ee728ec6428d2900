/* The bounds of everything that a rule's author, an event's producer or a page's writer controls. */
#pragma once

#include <stdint.h>

enum {
	/* Rules. */
	RULE_FILE_LEN_MAX = 4 << 20, /* bytes */
	RULES_MAX = 20000,
	RULE_VALUES_MAX = 20000, /* values of one rule, after windash, base64offset and expand */
	RULE_TAGS_MAX = 32,
	RULE_TAG_LEN_MAX = 256, /* an alert holds them, and readers of alerts have a bound */
	RULE_RELATED_MAX = 8,
	ESCALATIONS_MAX = 4,
	INHIBITED_RULES_MAX = 16,
	RULE_SHOW_MAX = 48, /* fields that an alert copies from its events */
	CONDITION_LEN_MAX = 4096,
	CONDITION_DEPTH_MAX = 32,
	MODIFIERS_MAX = 8,
	REGEX_LEN_MAX = 8192,
	REGEX_STEPS_MAX = 50000,   /* PCRE2's match and depth limits */
	REGEX_HEAP_MAX = 16 << 20, /* bytes, of the interpreter; the compiled code has a stack */
	REGEX_STACK_MAX = 1 << 20,
	REGEX_TEXT_MAX = 64 << 10, /* bytes searched */
	RULE_TEXT_LEN_MAX = 4096,  /* title, template, … */
	RULE_KEY_LEN_MAX = 256,    /* id, or what stands for it */
	EXPLANATION_LEN_MAX = 4096,
	GROUP_FIELDS_MAX = 8,
	CORRELATION_RULES_MAX = 16,
	ORDERED_CONDITION_RULES_MAX = 6, /* of temporal_ordered with a condition over rules */
	CORRELATION_DEPTH_MAX = 8,       /* correlations of correlations */
	VALUE_COUNT_MAX = 10000,         /* different values; a window holds them all */
	CORRELATION_TIMESPAN_MAX_S = 31 * 86400,

	/* Events. */
	EVENT_LEN_MAX = 1 << 20,
	EVENTS_PER_BATCH_MAX = 10000,
	ASIDE_PER_ROUND_MAX = 16,  /* refused events that are set aside at once */
	ASIDE_LEN_MAX = 2048,      /* bytes of one */
	EVENT_FUTURE_MAX_S = 3600, /* a clock further ahead would close windows for everybody */
	VIEW_VALUES_MAX = 1024,    /* elements of one field */
	VIEW_LEAVES_MAX = 4096,    /* values that a keyword is looked for in */
	GROUPS_PER_EVENT_MAX = 64,
	GROUP_TEXT_MAX = 256, /* bytes of one value in a group */
	VALUES_PER_EVENT_MAX = 64,
	SAMPLE_LEN_MAX = 4096,
	SAMPLE_TEXT_MAX = 300,

	/* State. */
	WINDOW_MARKS_MAX = 256,
	WINDOW_FIRED_MAX = 128,
	LEASE_MS_MAX = 300000,
};

#define EVENT_COUNT_MAX UINT64_C(1000000000000)
