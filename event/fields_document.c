#include "event/fields.h"

static const char *const type_names[] = {
	[EVENT_TEXT] = "text",
	[EVENT_TEXTS] = "list of texts",
	[EVENT_UINT] = "integer",
	[EVENT_COUNT] = "integer",
	[EVENT_REAL] = "number",
	[EVENT_BOOL] = "boolean",
	[EVENT_TIME] = "time",
	[EVENT_JSON] = "JSON",
};

static const char *const type_rules[] = {
	[EVENT_TEXT] = "left out when empty",
	[EVENT_TEXTS] = "left out when empty",
	[EVENT_UINT] = "left out when 0",
	[EVENT_COUNT] = "always written",
	[EVENT_REAL] = "always written",
	[EVENT_BOOL] = "written when true",
	[EVENT_TIME] = "left out when unknown",
	[EVENT_JSON] = "left out when empty",
};

/* A cell of a Markdown table: a bar would end it. */
static void add_cell(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
	buf_add_text(out, " | ");
}

static void add_aliases(struct buf *out, const char *aliases)
{
	struct slice rest = slice_of(aliases), alias;
	const char *between = "";

	while (slice_cut(&rest, ' ', &alias)) {
		buf_printf(out, "%s`%.*s`", between, SLICE_ARG(alias));
		between = ", ";
	}
}

static void add_field(struct buf *out, const struct event_field *field)
{
	buf_printf(out, "| `%s` | %s | %s | ", field->path, type_names[field->type],
		type_rules[field->type]);
	add_cell(out, field->unit);
	add_cell(out, field->meaning);
	add_aliases(out, field->sigma);
	buf_add_text(out, " |\n");
}

static void add_group(struct buf *out, enum event_group group)
{
	const char *key = event_group_key(group);

	if (*key)
		buf_printf(out, "\n## `%s`: %s\n\n", key, event_group_meaning(group));
	else
		buf_printf(out, "\n## %s\n\n", event_group_meaning(group));
	buf_add_text(out,
		"| field | type | presence | unit | meaning | in Sigma also |\n"
		"|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < event_field_count; i++)
		if (event_fields[i].group == group)
			add_field(out, &event_fields[i]);
}

void event_fields_document(struct buf *out)
{
	buf_add_text(out,
		"# Events\n\n"
		"One JSON object per event, in the shape of Suricata's EVE. This page is made by `haidang "
		"fields` from `event/fields.def`; change that file, not this one.\n\n"
		"Times are RFC 3339 in UTC with microseconds. The last column names the other names under "
		"which Sigma rules know a field; its path always works too. There is no field for an author, "
		"an account or a person, and none may be added.\n");
	for (int group = 0; group < EVENT_GROUP_COUNT; group++)
		add_group(out, (enum event_group)group);
}
