#include "console/form.h"

static bool fault(struct form_fault *ret, const char *error, const char *field)
{
	*ret = (struct form_fault){error, field};
	return false;
}

static bool read_field(
	struct json_value root, const struct form_field *field, struct form_fault *ret)
{
	struct json_value value;

	if (!json_get(root, field->key, &value))
		return fault(ret, "field_missing", field->key);
	if (!json_to_text(value, field->ret))
		return fault(ret, "field_not_text", field->key);
	if (field->ret->len > field->len_max)
		return fault(ret, "field_too_long", field->key);
	if (slice_trim(*field->ret).len == 0)
		return fault(ret, "field_blank", field->key);
	return true;
}

bool form_read(struct json_reader *reader, struct slice body, const struct form_field *fields,
	size_t count, struct form_fault *ret)
{
	struct json_value root;
	struct err err = {0};

	if (!json_read(reader, body, &root, &err))
		return fault(ret, "bad_json", NULL);
	if (json_kind(root) != JSON_OBJECT)
		return fault(ret, "not_an_object", NULL);
	for (size_t i = 0; i < count; i++)
		if (!read_field(root, &fields[i], ret))
			return false;
	if (json_count(root) != count)
		return fault(ret, "unknown_field", NULL);
	return true;
}
