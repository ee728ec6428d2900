/* What a mapping file is read into: shared by its reader (mapping_read.c) and mapping.c. */
#pragma once

#include "collector/dissect.h"
#include "collector/mapping.h"
#include "event/fields.h"

enum map_take { TAKE_PAIRS, TAKE_CEF, TAKE_COMMAS, TAKE_DISSECT };

struct map_field {
	const struct event_field *field;
	struct slice from; /* a column's name, or the value itself */
	bool is_value;
};

struct map_condition {
	struct slice column;
	struct slice *values; /* one of them, ASCII case ignored */
	size_t count;
};

struct map_event {
	struct slice *contains; /* all of them */
	size_t contains_count;
	struct slice after; /* the text to take apart begins after it, where it stands */
	enum map_take take;
	struct slice *columns;
	size_t column_count;
	const struct dissect *dissect;
	struct map_condition *conditions;
	size_t condition_count;
	struct slice event_type;
	struct map_field *fields;
	size_t field_count;
};

struct map_format {
	struct slice id;
	struct slice app; /* empty: any */
	struct slice *contains;
	size_t contains_count;
	struct map_event *events;
	size_t event_count;
};

struct mapping {
	struct arena *a;
	struct map_format *formats;
	size_t count;
};

bool mapped_has(enum event_group group);
