#include "lib/request_target.h"

#include "lib/text.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes escapes; `plus` is what a '+' stands for. */
static bool unescape(struct arena *a, struct slice raw, char plus, struct slice *ret)
{
	char *out = arena_alloc(a, raw.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.at[i];

		if (c == '+')
			c = plus;
		if (c == '%') {
			int high = i + 2 < raw.len ? hex_digit(raw.at[i + 1]) : -1;
			int low = i + 2 < raw.len ? hex_digit(raw.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return false;
		out[len++] = c;
	}
	*ret = slice_over(out, len);
	return text_is_utf8(*ret);
}

static bool read_param(
	struct arena *a, struct slice raw, size_t len_max, struct request_target *ret)
{
	size_t equals = slice_find_byte(raw, '=');
	struct request_param *param = &ret->params[ret->count];

	if (ret->count == REQUEST_PARAMS_MAX)
		return false;
	if (!unescape(a, (struct slice){raw.at, equals}, ' ', &param->name) ||
		!unescape(a, slice_from(raw, equals + 1), ' ', &param->value))
		return false;
	ret->count++;
	return param->name.len <= len_max && param->value.len <= len_max;
}

bool request_target_read(struct arena *a, struct slice raw,
	const struct request_target_limits *limits, struct request_target *ret)
{
	size_t question = slice_find_byte(raw, '?');
	struct slice query = slice_from(raw, question + 1), part;

	*ret = (struct request_target){0};
	if (raw.len == 0 || raw.len > limits->len || raw.at[0] != '/')
		return false;
	if (!unescape(a, (struct slice){raw.at, question}, '+', &ret->path))
		return false;
	while (slice_cut(&query, '&', &part))
		if (part.len && !read_param(a, part, limits->param_len, ret))
			return false;
	return true;
}

struct slice request_target_param(const struct request_target *target, const char *name)
{
	for (size_t i = 0; i < target->count; i++)
		if (slice_is(target->params[i].name, name))
			return target->params[i].value;
	return SLICE("");
}
