#include "event/fields.h"

#include "lib/clock.h"
#include "lib/must.h"

#include <stddef.h>

/* The path of a field starts with its group's key; the rows know only the group's id, so a key
 * must be the id or empty (a unit test checks it). */
enum {
#define GROUP(id, key, meaning) KEY_LEN_##id = sizeof(key) - 1,
#define FIELD(group, member, name, type, unit, sigma, meaning)
#define END(id)
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END
};

#define QUOTED(name)                                                                               \
	{                                                                                          \
		"\"" name "\":", sizeof("\"" name "\":") - 1                                       \
	}

const struct event_field event_fields[] = {
#define GROUP(id, key, meaning)
#define FIELD(group, member, name, type, unit, sigma, meaning)                                     \
	{EVENT_GROUP_##group, name, KEY_LEN_##group ? #group "." name : (name), QUOTED(name),      \
		EVENT_##type, offsetof(struct event_##group, member), unit, sigma, meaning},
#define END(id)
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END
};

const size_t event_field_count = sizeof event_fields / sizeof *event_fields;

/* Where each group's rows start and end in event_fields[]: enumerators number the rows, and those
 * that stand between the rows take the number back. */
enum {
#define GROUP(id, key, meaning)                                FIRST_##id, BEFORE_##id = FIRST_##id - 1,
#define FIELD(group, member, name, type, unit, sigma, meaning) ROW_##group##_##member,
#define END(id)                                                AFTER_##id, LAST_##id = AFTER_##id - 1,
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END
};

static const struct group {
	const char *key, *meaning;
	size_t first, after;
} groups[EVENT_GROUP_COUNT] = {
#define GROUP(id, key, meaning) {key, meaning, FIRST_##id, AFTER_##id},
#define FIELD(group, member, name, type, unit, sigma, meaning)
#define END(id)
#include "event/fields.def"
#undef GROUP
#undef FIELD
#undef END
};

const char *event_group_key(enum event_group group)
{
	must(group < EVENT_GROUP_COUNT);
	return groups[group].key;
}

const char *event_group_meaning(enum event_group group)
{
	must(group < EVENT_GROUP_COUNT);
	return groups[group].meaning;
}

static bool is_left_out(enum event_field_type type, const void *value)
{
	switch (type) {
	case EVENT_TEXT:
	case EVENT_JSON: return !((const struct slice *)value)->len;
	case EVENT_TEXTS: return !((const struct event_texts *)value)->count;
	case EVENT_UINT: return !*(const uint64_t *)value;
	case EVENT_BOOL: return !*(const bool *)value;
	case EVENT_TIME: return !*(const int64_t *)value;
	case EVENT_COUNT:
	case EVENT_REAL: return false;
	}
	return true;
}

static void write_texts(struct json_writer *w, const struct event_texts *texts)
{
	json_begin_array(w);
	for (size_t i = 0; i < texts->count; i++)
		json_text(w, texts->at[i]);
	json_end_array(w);
}

static void write_time(struct json_writer *w, int64_t wall_us)
{
	char text[TIME_TEXT_LEN + 1];

	time_write(wall_us, text);
	json_text(w, (struct slice){text, TIME_TEXT_LEN});
}

static void write_value(struct json_writer *w, enum event_field_type type, const void *value)
{
	switch (type) {
	case EVENT_TEXT: json_text(w, *(const struct slice *)value); break;
	case EVENT_TEXTS: write_texts(w, value); break;
	case EVENT_UINT:
	case EVENT_COUNT: json_uint(w, *(const uint64_t *)value); break;
	case EVENT_REAL: json_real(w, *(const double *)value); break;
	case EVENT_BOOL: json_bool(w, true); break;
	case EVENT_TIME: write_time(w, *(const int64_t *)value); break;
	case EVENT_JSON: json_raw(w, *(const struct slice *)value); break;
	}
}

/* Opens the group's object with the first field that is written. */
static void write_group(struct json_writer *w, enum event_group id, const void *values)
{
	const struct group *group = &groups[id];
	bool has_object = *group->key != '\0', is_open = false;

	for (size_t i = group->first; i < group->after; i++) {
		const struct event_field *field = &event_fields[i];
		const void *value = (const char *)values + field->offset;

		if (is_left_out(field->type, value))
			continue;
		if (has_object && !is_open) {
			json_key(w, group->key);
			json_begin_object(w);
			is_open = true;
		}
		json_key_quoted(w, field->quoted);
		write_value(w, field->type, value);
	}
	if (is_open)
		json_end_object(w);
}

void event_write(struct json_writer *w, const struct event_common *common,
	const struct event_part *parts, size_t count)
{
	json_begin_object(w);
	write_group(w, EVENT_GROUP_common, common);
	for (size_t i = 0; i < count; i++) {
		must(parts[i].group < EVENT_GROUP_COUNT);
		write_group(w, parts[i].group, parts[i].values);
	}
	json_end_object(w);
}

static bool is_alias(const struct event_field *field, struct slice name)
{
	struct slice rest = slice_of(field->sigma), alias;

	while (slice_cut(&rest, ' ', &alias))
		if (alias.len && slice_equal_nocase(alias, name))
			return true;
	return false;
}

const char *event_sigma_path(struct slice name)
{
	for (size_t i = 0; i < event_field_count; i++)
		if (is_alias(&event_fields[i], name))
			return event_fields[i].path;
	return NULL;
}
