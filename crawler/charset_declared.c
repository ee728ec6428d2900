#include "crawler/charset_declared.h"

#include <ctype.h>
#include <string.h>

/* The standard reads 1,024 bytes here and looks again while it parses; we read further at once. */
enum { PRESCAN_LEN = 16 * 1024 };

struct scan {
	struct slice s;
	size_t at;
};

static bool ended(const struct scan *in)
{
	return in->at >= in->s.len;
}

static bool is_space(char c)
{
	return c != '\0' && strchr("\t\n\f\r ", c) != NULL;
}

static void skip_spaces(struct scan *in, bool slashes)
{
	while (!ended(in) && (is_space(in->s.at[in->at]) || (slashes && in->s.at[in->at] == '/')))
		in->at++;
}

struct attribute {
	struct slice name, value;
};

static struct slice since(const struct scan *in, size_t from)
{
	return slice_over(in->s.at + from, in->at - from);
}

static struct slice quoted_value(struct scan *in)
{
	char quote = in->s.at[in->at++];
	size_t from = in->at;

	while (!ended(in) && in->s.at[in->at] != quote)
		in->at++;
	struct slice value = since(in, from);
	in->at += !ended(in);
	return value;
}

/* "get an attribute" of the standard; false at the end of the tag. A value that runs into the end
 * of the bytes leaves the scan ended, so nobody takes it. */
static bool next_attribute(struct scan *in, struct attribute *ret)
{
	*ret = (struct attribute){0};
	skip_spaces(in, true);
	if (ended(in) || in->s.at[in->at] == '>')
		return false;
	size_t from = in->at;
	while (!ended(in)) {
		char c = in->s.at[in->at];

		if ((c == '=' && in->at > from) || is_space(c) || c == '/' || c == '>')
			break;
		in->at++;
	}
	ret->name = since(in, from);
	skip_spaces(in, false);
	if (ended(in) || in->s.at[in->at] != '=')
		return true;
	in->at++;
	skip_spaces(in, false);
	if (ended(in))
		return true;
	if (in->s.at[in->at] == '"' || in->s.at[in->at] == '\'') {
		ret->value = quoted_value(in);
		return true;
	}
	from = in->at;
	while (!ended(in) && !is_space(in->s.at[in->at]) && in->s.at[in->at] != '>')
		in->at++;
	ret->value = since(in, from);
	return true;
}

static size_t find_nocase(struct slice s, struct slice needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++)
		if (slice_equal_nocase(slice_over(s.at + i, needle.len), needle))
			return i;
	return s.len;
}

struct slice charset_of_content_type(struct slice content_type)
{
	struct slice s = content_type;
	struct scan in = {.s = s};

	while ((in.at += find_nocase(slice_from(s, in.at), SLICE("charset"))) < s.len) {
		in.at += strlen("charset");
		skip_spaces(&in, false);
		if (ended(&in) || s.at[in.at] != '=')
			continue;
		in.at++;
		skip_spaces(&in, false);
		if (ended(&in))
			return (struct slice){0};
		if (s.at[in.at] == '"' || s.at[in.at] == '\'') {
			size_t end = slice_find_byte(slice_from(s, in.at + 1), s.at[in.at]);

			return in.at + 1 + end < s.len ? slice_over(s.at + in.at + 1, end)
						       : (struct slice){0};
		}
		size_t from = in.at;
		while (!ended(&in) && !is_space(s.at[in.at]) && s.at[in.at] != ';')
			in.at++;
		return since(&in, from);
	}
	return (struct slice){0};
}

/* The attributes of a <meta>, the scan behind its name. */
static struct slice of_meta(struct scan *in)
{
	struct slice charset = {0}, content = {0};
	struct attribute attribute;
	bool pragma = false;

	while (next_attribute(in, &attribute)) {
		if (slice_equal_nocase(attribute.name, SLICE("http-equiv")))
			pragma |= slice_equal_nocase(attribute.value, SLICE("content-type"));
		else if (slice_equal_nocase(attribute.name, SLICE("content")) && content.len == 0)
			content = charset_of_content_type(attribute.value);
		else if (slice_equal_nocase(attribute.name, SLICE("charset")) && charset.len == 0)
			charset = slice_trim(attribute.value);
	}
	if (ended(in))
		return (struct slice){0};
	return charset.len > 0 ? charset : pragma ? content : (struct slice){0};
}

static bool at_meta(const struct scan *in)
{
	struct slice rest = slice_from(in->s, in->at);

	return rest.len > 5 && slice_equal_nocase(slice_over(rest.at, 5), SLICE("<meta")) &&
		(is_space(rest.at[5]) || rest.at[5] == '/');
}

/* Past one piece of markup at a '<'. */
static void skip_markup(struct scan *in)
{
	struct slice rest = slice_from(in->s, in->at);
	bool closes = rest.len > 1 && rest.at[1] == '/';
	struct attribute attribute;

	if (slice_starts(rest, SLICE("<!--"))) {
		in->at += 2 + slice_find(slice_from(rest, 2), SLICE("-->")) + 3;
	} else if (rest.len > 1u + closes && isalpha((unsigned char)rest.at[1 + closes])) {
		while (!ended(in) && !is_space(in->s.at[in->at]) && in->s.at[in->at] != '>')
			in->at++;
		while (next_attribute(in, &attribute)) {
		}
	} else if (rest.len > 1 && strchr("!/?", rest.at[1]) != NULL && rest.at[1] != '\0') {
		in->at += slice_find_byte(rest, '>') + 1;
	} else {
		in->at++;
	}
}

static struct slice of_xml(struct slice head)
{
	struct scan in = {.s = slice_over(head.at, slice_find(head, SLICE("?>"))), .at = 5};
	struct attribute attribute;

	while (next_attribute(&in, &attribute))
		if (slice_equal_nocase(attribute.name, SLICE("encoding")))
			return slice_trim(attribute.value);
	return (struct slice){0};
}

struct slice charset_declared(struct slice bytes)
{
	struct scan in = {.s = bytes};

	if (in.s.len > PRESCAN_LEN)
		in.s.len = PRESCAN_LEN;
	struct slice trimmed = slice_trim(in.s);
	if (slice_starts(trimmed, SLICE("<?xml"))) {
		struct slice label = of_xml(trimmed);

		if (label.len > 0)
			return label;
	}
	while (!ended(&in)) {
		if (at_meta(&in)) {
			in.at += 6;
			struct slice label = of_meta(&in);

			if (label.len > 0)
				return label;
			continue;
		}
		if (in.s.at[in.at] == '<')
			skip_markup(&in);
		else
			in.at += slice_find_byte(slice_from(in.s, in.at), '<');
	}
	return (struct slice){0};
}
