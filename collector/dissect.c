#include "collector/dissect.h"

#include "collector/limits.h"

#include <string.h>

enum { PIECES_MAX = 64 };

struct piece {
	struct slice name;    /* of the gap; empty: thrown away */
	struct slice literal; /* that follows it; empty only at the end */
};

struct dissect {
	struct slice head; /* before the first gap */
	size_t count;
	struct piece at[PIECES_MAX];
};

bool column_get(const struct columns *c, struct slice name, struct slice *ret)
{
	for (size_t i = 0; i < c->count; i++) {
		if (!slice_equal(c->at[i].name, name))
			continue;
		*ret = c->at[i].value;
		return true;
	}
	return false;
}

void column_add(struct columns *c, struct slice name, struct slice value)
{
	if (c->count < COLUMNS_MAX)
		c->at[c->count++] = (struct column){name, value};
}

struct dissect *dissect_new(struct arena *a, struct slice pattern, struct err *err)
{
	struct dissect *d = arena_alloc(a, sizeof *d);
	size_t gap = slice_find(pattern, SLICE("%{"));

	d->head = (struct slice){pattern.at, gap};
	for (struct slice rest = slice_from(pattern, gap); rest.len > 0; d->count++) {
		size_t end = slice_find_byte(rest, '}');

		if (end == rest.len || d->count == PIECES_MAX) {
			(void)err_set(err, NULL, 0, "pattern: a gap is not closed, or too many");
			return NULL;
		}
		d->at[d->count].name = (struct slice){rest.at + 2, end - 2};
		rest = slice_from(rest, end + 1);
		gap = slice_find(rest, SLICE("%{"));
		d->at[d->count].literal = (struct slice){rest.at, gap};
		if (gap == 0 && rest.len > 0) {
			(void)err_set(err, NULL, 0, "pattern: two gaps without text between them");
			return NULL;
		}
		rest = slice_from(rest, gap);
	}
	if (d->head.len == 0 && d->count == 0)
		(void)err_set(err, NULL, 0, "pattern: it is empty");
	return err_is_set(err) ? NULL : d;
}

bool dissect_match(const struct dissect *d, struct slice text, struct columns *ret)
{
	size_t before = ret->count, at = slice_find(text, d->head);

	if (at == text.len && d->head.len > 0)
		return false;
	text = slice_from(text, at + d->head.len);
	for (size_t i = 0; i < d->count; i++) {
		const struct piece *p = &d->at[i];
		size_t end = p->literal.len ? slice_find(text, p->literal) : text.len;

		if (end == text.len && p->literal.len) {
			ret->count = before;
			return false;
		}
		if (p->name.len)
			column_add(ret, p->name, (struct slice){text.at, end});
		text = slice_from(text, end + p->literal.len);
	}
	return true;
}

static bool is_key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_' || c == '-' || c == '.';
}

/* Skips to the next "key=" and cuts it off. */
static bool key_cut(struct slice *rest, struct slice *ret)
{
	size_t start = 0;

	for (size_t i = 0; i < rest->len; i++) {
		if (rest->at[i] == '=' && i > start) {
			*ret = (struct slice){rest->at + start, i - start};
			*rest = slice_from(*rest, i + 1);
			return true;
		}
		if (!is_key_byte(rest->at[i]))
			start = i + 1;
	}
	return false;
}

static struct slice quoted_cut(struct slice *rest)
{
	size_t i = 1;

	for (; i < rest->len && rest->at[i] != '"'; i++)
		i += rest->at[i] == '\\';
	i = i < rest->len ? i : rest->len;

	struct slice value = {rest->at + 1, i - 1};
	*rest = slice_from(*rest, i + 1);
	return value;
}

/* Up to the space before the next key: of the last run of key letters before an unescaped '='. */
static struct slice open_cut(struct slice *rest)
{
	size_t end = rest->len, word = 0;

	for (size_t i = 0; i < rest->len && end == rest->len; i++) {
		if (rest->at[i] == '\\')
			i++;
		else if (rest->at[i] == '=' && word > 0 && i > word)
			end = word;
		else if (rest->at[i] == ' ')
			word = i + 1;
		else if (!is_key_byte(rest->at[i]))
			word = 0;
	}

	struct slice value = slice_trim((struct slice){rest->at, end});
	*rest = slice_from(*rest, end);
	return value;
}

/* FortiGate parts pairs by spaces, others by commas or semicolons too. */
static struct slice bare_cut(struct slice *rest)
{
	size_t end = 0;

	while (end < rest->len && !strchr(" ,;\t", rest->at[end]))
		end++;

	struct slice value = {rest->at, end};
	*rest = slice_from(*rest, end);
	return value;
}

void pairs_read(struct slice text, bool until_key, struct columns *ret)
{
	struct slice key, value;

	while (ret->count < COLUMNS_MAX && key_cut(&text, &key)) {
		if (until_key) {
			value = open_cut(&text);
		} else if (slice_starts(text, SLICE("\""))) {
			value = quoted_cut(&text);
		} else {
			value = bare_cut(&text);
		}
		column_add(ret, key, value);
	}
}

void commas_read(struct slice text, const struct slice *names, size_t count, struct columns *ret)
{
	for (size_t i = 0; i < count; i++) {
		struct slice value;

		if (slice_starts(text, SLICE("\""))) {
			value = quoted_cut(&text);
			text = slice_from(text, slice_find_byte(text, ',') + 1);
		} else {
			size_t end = slice_find_byte(text, ',');

			value = (struct slice){text.at, end};
			text = slice_from(text, end + 1);
		}
		if (names[i].len)
			column_add(ret, names[i], value);
	}
}
