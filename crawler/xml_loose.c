#include "crawler/xml.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <ctype.h>

enum { SPACES_MAX = 64, NAME_LEN_MAX = 128, ENTITY_LEN_MAX = 10, SUBSET_MAX = 4096 };

struct declared {
	struct slice prefix, space;
	size_t depth;
};

struct loose {
	const struct xml_calls *calls;
	void *ctx;
	struct slice rest;
	struct slice open[XML_DEPTH_MAX]; /* names as written, with their prefix */
	size_t depth, elements;
	bool had_type;
	struct declared spaces[SPACES_MAX];
	size_t space_count;
	struct buf values; /* decoded values of attributes */
	struct buf piece;  /* decoded text */
};

static bool is_name_byte(char c)
{
	unsigned char u = (unsigned char)c;

	return isalnum(u) || u >= 0x80 || c == '_' || c == '-' || c == '.' || c == ':';
}

/* The character of "#65" or "#x41"; 0 when it is none. */
static int32_t numbered(struct slice name)
{
	bool hex = name.len > 1 && (name.at[1] == 'x' || name.at[1] == 'X');
	int32_t value = 0;

	for (size_t i = hex ? 2 : 1; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if ((!hex && !isdigit(c)) || !isxdigit(c) || value > 0x10FFFF)
			return 0;
		value = value * (hex ? 16 : 10) + (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	bool valid = value > 0 && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
	return valid ? value : 0xFFFD;
}

/* One "&…;" at the start of `s`: adds what it means and gives its length, 0 when it is none. */
static size_t add_reference(struct buf *out, struct slice s)
{
	size_t end = 1, len = 0;
	char text[4];

	while (end < s.len && end <= ENTITY_LEN_MAX &&
		(isalnum((unsigned char)s.at[end]) || s.at[end] == '#'))
		end++;
	if (end == s.len || s.at[end] != ';' || end < 2)
		return 0;
	struct slice name = slice_over(s.at + 1, end - 1);
	if (slice_is(name, "apos"))
		len = text_put('\'', text);
	else if (name.at[0] != '#')
		len = xml_entity(name, text);
	else if (numbered(name) > 0)
		len = text_put(numbered(name), text);
	buf_add(out, text, len);
	return len == 0 ? 0 : end + 1;
}

static void add_decoded(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		size_t next = i + slice_find_byte(slice_from(s, i), '&');

		buf_add(out, s.at + i, next - i);
		if (next == s.len)
			return;
		size_t len = add_reference(out, slice_from(s, next));
		if (len == 0)
			buf_add_byte(out, '&');
		i = next + (len == 0 ? 1 : len);
	}
}

static void say_text(struct loose *l, struct slice raw)
{
	if (raw.len == 0 || l->calls->text == NULL)
		return;
	buf_clear(&l->piece);
	add_decoded(&l->piece, raw);
	l->calls->text(l->ctx, buf_slice(&l->piece));
}

static void say_end(struct loose *l)
{
	if (l->calls->end != NULL)
		l->calls->end(l->ctx, l->depth);
	while (l->space_count > 0 && l->spaces[l->space_count - 1].depth == l->depth)
		l->space_count--;
	l->depth--;
}

/* Ends what is open down to the named element; an end without its start is left out. */
static void close_element(struct loose *l, struct slice name)
{
	size_t depth = l->depth;

	while (depth > 0 && !slice_equal_nocase(l->open[depth - 1], name))
		depth--;
	while (depth > 0 && l->depth >= depth)
		say_end(l);
}

static struct slice space_of(const struct loose *l, struct slice prefix)
{
	for (size_t i = l->space_count; i > 0; i--)
		if (slice_equal(l->spaces[i - 1].prefix, prefix))
			return l->spaces[i - 1].space;
	return (struct slice){0};
}

static void split_name(struct slice whole, struct slice *ret_prefix, struct slice *ret_name)
{
	size_t colon = slice_find_byte(whole, ':');

	*ret_prefix = colon == whole.len ? (struct slice){0} : slice_over(whole.at, colon);
	*ret_name = colon == whole.len ? whole : slice_from(whole, colon + 1);
}

static struct slice take_name(struct slice *rest)
{
	size_t len = 0;

	while (len < rest->len && is_name_byte(rest->at[len]))
		len++;
	struct slice name = slice_over(rest->at, len);
	*rest = slice_from(*rest, len);
	return name;
}

static void skip_blanks(struct slice *rest)
{
	while (rest->len > 0 && (isspace((unsigned char)rest->at[0]) || rest->at[0] == '/'))
		*rest = slice_from(*rest, 1);
}

static struct slice take_value(struct slice *rest)
{
	char quote = 0;
	size_t end = 0;

	if (rest->len > 0)
		quote = rest->at[0];

	if (quote == '"' || quote == '\'') {
		*rest = slice_from(*rest, 1);
		end = slice_find_byte(*rest, quote);
		struct slice value = slice_over(rest->at, end);
		*rest = slice_from(*rest, end + 1);
		return value;
	}
	while (end < rest->len && !isspace((unsigned char)rest->at[end]))
		end++;
	struct slice value = slice_over(rest->at, end);
	*rest = slice_from(*rest, end);
	return value;
}

/* Where the tag ends that `s` starts with: '>' outside of quotes, else the next '<' or the end. */
static size_t tag_end(struct slice s)
{
	char quote = 0;

	for (size_t i = 1; i < s.len; i++) {
		char c = s.at[i];

		if (quote != 0 && c == quote)
			quote = 0;
		else if (quote == 0 && (c == '>' || c == '<'))
			return i;
		else if (quote == 0 && (c == '"' || c == '\'') && s.at[i - 1] == '=')
			quote = c;
	}
	size_t plain = slice_find_byte(s, '>');
	return plain;
}

/* Attributes with their values as ranges of `values`, which may still move. */
static void read_attributes(struct loose *l, struct slice inside, struct xml_element *e)
{
	size_t starts[XML_ATTRIBUTES_MAX + 1];

	buf_clear(&l->values);
	for (skip_blanks(&inside); inside.len > 0 && e->attribute_count < XML_ATTRIBUTES_MAX;
		skip_blanks(&inside)) {
		struct xml_attribute *at = &e->attributes[e->attribute_count];
		struct slice name = take_name(&inside);

		if (name.len == 0) {
			inside = slice_from(inside, 1);
			continue;
		}
		*at = (struct xml_attribute){0};
		split_name(name, &at->prefix, &at->name);
		starts[e->attribute_count++] = l->values.len;
		while (inside.len > 0 && isspace((unsigned char)inside.at[0]))
			inside = slice_from(inside, 1);
		if (inside.len == 0 || inside.at[0] != '=')
			continue;
		inside = slice_from(inside, 1);
		while (inside.len > 0 && isspace((unsigned char)inside.at[0]))
			inside = slice_from(inside, 1);
		add_decoded(&l->values, take_value(&inside));
	}
	starts[e->attribute_count] = l->values.len;
	for (size_t i = 0; i < e->attribute_count; i++)
		e->attributes[i].value =
			slice_over(buf_text(&l->values) + starts[i], starts[i + 1] - starts[i]);
}

static struct slice raw_value(struct slice inside, struct slice attribute)
{
	size_t at = slice_find(inside, attribute);
	struct slice rest = slice_from(inside, at + attribute.len);

	while (rest.len > 0 && (isspace((unsigned char)rest.at[0]) || rest.at[0] == '='))
		rest = slice_from(rest, 1);
	return take_value(&rest);
}

/* Addresses of namespaces hold no entities, so they are borrowed from the text itself. */
static void declare(struct loose *l, struct slice inside, const struct xml_element *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct xml_attribute *at = &e->attributes[i];
		bool whole = at->prefix.len == 0 && slice_is(at->name, "xmlns");

		if ((!whole && !slice_is(at->prefix, "xmlns")) || l->space_count == SPACES_MAX)
			continue;
		struct slice written = whole
			? at->name
			: slice_over(at->prefix.at, at->prefix.len + 1 + at->name.len);
		l->spaces[l->space_count++] = (struct declared){
			.prefix = whole ? (struct slice){0} : at->name,
			.space = raw_value(
				slice_from(inside, (size_t)(written.at - inside.at)), written),
			.depth = e->depth,
		};
	}
}

static void place(const struct loose *l, struct xml_element *e)
{
	static const char xml_space[] = "http://www.w3.org/XML/1998/namespace";

	e->space = space_of(l, e->prefix);
	for (size_t i = 0; i < e->attribute_count; i++) {
		struct xml_attribute *at = &e->attributes[i];

		if (slice_is(at->prefix, "xml"))
			at->space = slice_of(xml_space);
		else if (at->prefix.len > 0)
			at->space = space_of(l, at->prefix);
	}
}

static bool open_element(struct loose *l, struct slice inside, struct err *err)
{
	bool empty = inside.len > 0 && inside.at[inside.len - 1] == '/';
	struct xml_element e = {.depth = l->depth + 1};
	struct slice name = take_name(&inside);

	if (name.len > NAME_LEN_MAX)
		return true;
	if (l->depth == XML_DEPTH_MAX || ++l->elements > XML_ELEMENTS_MAX)
		return err_set(err, NULL, 0,
			l->depth == XML_DEPTH_MAX ? "nested too deep" : "too many elements");
	l->open[l->depth++] = name;
	split_name(name, &e.prefix, &e.name);
	read_attributes(l, inside, &e);
	declare(l, inside, &e);
	place(l, &e);
	l->calls->start(l->ctx, &e);
	if (empty)
		say_end(l);
	return true;
}

/* What starts with "<!" or "<?"; gives its length. */
static size_t skip_declaration(struct loose *l, struct slice s)
{
	size_t end;

	if (slice_starts(s, SLICE("<!--"))) {
		end = slice_find(slice_from(s, 4), SLICE("-->"));
		return end + 7 < s.len ? end + 7 : s.len;
	}
	if (slice_starts(s, SLICE("<![CDATA["))) {
		struct slice inside = slice_from(s, 9);

		end = slice_find(inside, SLICE("]]>"));
		if (l->calls->text != NULL)
			l->calls->text(l->ctx, slice_over(inside.at, end));
		return end + 12 < s.len ? end + 12 : s.len;
	}
	end = slice_find_byte(s, '>');
	struct slice head = slice_over(s.at, end);
	if (!l->had_type && slice_starts(s, SLICE("<!")) && slice_find_byte(head, '[') < end) {
		l->had_type = true; /* a document has one */
		struct slice subset = slice_over(s.at, s.len < SUBSET_MAX ? s.len : SUBSET_MAX);
		size_t close = slice_find(subset, SLICE("]>"));

		end = close < subset.len ? close + 1 : end;
	}
	return end < s.len ? end + 1 : s.len;
}

static bool take_markup(struct loose *l, struct err *err)
{
	struct slice s = l->rest;
	char next = 0;

	if (s.len > 1)
		next = s.at[1];
	if (next == '!' || next == '?') {
		l->rest = slice_from(s, skip_declaration(l, s));
		return true;
	}
	bool closes = next == '/' && s.len > 2 && is_name_byte(s.at[2]);
	if (!closes && !isalpha((unsigned char)next) && next != '_') {
		say_text(l, slice_over(s.at, 1));
		l->rest = slice_from(s, 1);
		return true;
	}
	size_t end = tag_end(s);
	struct slice inside = slice_over(s.at + (closes ? 2 : 1), end - (closes ? 2 : 1));
	l->rest = slice_from(s, end < s.len && s.at[end] == '>' ? end + 1 : end);
	if (!closes)
		return open_element(l, inside, err);
	close_element(l, take_name(&inside));
	return true;
}

static void loose_release(struct loose *l)
{
	buf_release(&l->values);
	buf_release(&l->piece);
}

bool xml_read_loose(struct slice text, const struct xml_calls *calls, void *ctx, struct err *err)
{
	CLEANUP(loose_release) struct loose l = {.calls = calls, .ctx = ctx, .rest = text};
	bool ok = true;

	while (ok && l.rest.len > 0) {
		size_t end = slice_find_byte(l.rest, '<');

		say_text(&l, slice_over(l.rest.at, end));
		l.rest = slice_from(l.rest, end);
		ok = l.rest.len == 0 || take_markup(&l, err);
	}
	while (l.depth > 0)
		say_end(&l);
	return ok;
}
