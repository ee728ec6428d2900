#include "crawler/html_scan.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <ctype.h>
#include <string.h>

enum { NAME_SLOTS = 256, TAG_NAME_MAX = 24, HELD_LEN_MIN = 9, HELD_MAX = 1 << 15, MARK_LEN = 6 };

/* A mark is a character of private use, which no page with marks has itself, and a number. */
static const char mark_start[] = "\xEE\x80\x80";
static const char mark_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum nature { NATURE_PLAIN, NATURE_FLAT, NATURE_RAW, NATURE_FOREIGN };

/* Elements that do not deepen the tree, because they are empty or their end tags may be left out;
 * those whose content is no markup; and the roots of foreign content, where that is not so. */
static const struct {
	const char *name;
	enum nature nature;
} natures[] = {
	{"area", NATURE_FLAT},
	{"base", NATURE_FLAT},
	{"body", NATURE_FLAT},
	{"br", NATURE_FLAT},
	{"col", NATURE_FLAT},
	{"colgroup", NATURE_FLAT},
	{"dd", NATURE_FLAT},
	{"dt", NATURE_FLAT},
	{"embed", NATURE_FLAT},
	{"head", NATURE_FLAT},
	{"hr", NATURE_FLAT},
	{"html", NATURE_FLAT},
	{"iframe", NATURE_RAW},
	{"img", NATURE_FLAT},
	{"input", NATURE_FLAT},
	{"li", NATURE_FLAT},
	{"link", NATURE_FLAT},
	{"math", NATURE_FOREIGN},
	{"meta", NATURE_FLAT},
	{"noembed", NATURE_RAW},
	{"noframes", NATURE_RAW},
	{"option", NATURE_FLAT},
	{"p", NATURE_FLAT},
	{"param", NATURE_FLAT},
	{"script", NATURE_RAW},
	{"source", NATURE_FLAT},
	{"style", NATURE_RAW},
	{"svg", NATURE_FOREIGN},
	{"tbody", NATURE_FLAT},
	{"td", NATURE_FLAT},
	{"textarea", NATURE_RAW},
	{"tfoot", NATURE_FLAT},
	{"th", NATURE_FLAT},
	{"thead", NATURE_FLAT},
	{"title", NATURE_RAW},
	{"tr", NATURE_FLAT},
	{"track", NATURE_FLAT},
	{"wbr", NATURE_FLAT},
	{"xmp", NATURE_RAW},
};

struct scan {
	struct slice text;
	size_t at, copied; /* what stands before is in `out`, or was left out */
	struct buf out;
	struct arena *a;
	struct html_held *held; /* NULL: nothing is held back */
	bool in_text;           /* behind a whole tag or comment */
	size_t depth, tags, foreign;
	uint16_t open[NAME_SLOTS]; /* elements open, by a hash of their names */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static size_t next_of(const struct scan *s, size_t from, char c)
{
	return from + slice_find_byte(slice_from(s->text, from), c);
}

/* Leaves out what stands between two offsets. */
static void leave_out(struct scan *s, size_t from, size_t to)
{
	if (from > s->copied)
		buf_add(&s->out, s->text.at + s->copied, from - s->copied);
	s->copied = to;
}

/* Puts a mark for what stands between two offsets. */
static void hold(struct scan *s, size_t from, size_t to)
{
	struct html_held *held = s->held;
	struct slice text = slice_over(s->text.at + from, to - from);

	if (held == NULL || text.len < HELD_LEN_MIN || held->count == HELD_MAX ||
		slice_find_byte(text, '&') < text.len || slice_find_byte(text, '\0') < text.len)
		return;
	if (held->count == held->room) {
		size_t room = held->room == 0 ? 512 : held->room * 2;
		struct slice *at = arena_array(s->a, room, sizeof *at);

		if (held->count > 0)
			memcpy(at, held->at, held->count * sizeof *at);
		held->at = at;
		held->room = room;
	}
	size_t number = held->count;
	char mark[MARK_LEN] = {mark_start[0], mark_start[1], mark_start[2],
		mark_digits[number >> 12 & 63], mark_digits[number >> 6 & 63],
		mark_digits[number & 63]};

	held->at[held->count++] = text;
	leave_out(s, from, to);
	buf_add(&s->out, mark, sizeof mark);
}

/* The parser treats white space before a text in ways of its own. */
static void hold_text(struct scan *s, size_t from, size_t to)
{
	while (from < to && is_space(s->text.at[from]))
		from++;
	hold(s, from, to);
}

static size_t skip_value(const struct scan *s, size_t at)
{
	struct slice t = s->text;

	if (at < t.len && (t.at[at] == '"' || t.at[at] == '\''))
		return next_of(s, at + 1, t.at[at]) + 1;
	while (at < t.len && !is_space(t.at[at]) && t.at[at] != '>')
		at++;
	return at;
}

/* Past "= value", if that follows. */
static size_t skip_equals(const struct scan *s, size_t at)
{
	size_t value = at;

	while (value < s->text.len && is_space(s->text.at[value]))
		value++;
	if (value >= s->text.len || s->text.at[value] != '=')
		return at;
	for (value++; value < s->text.len && is_space(s->text.at[value]);)
		value++;
	return skip_value(s, value);
}

/* Attributes that anything here asks for; the parser would read the others for nothing. */
static bool is_wanted(struct slice name)
{
	static const char *const names[] = {"aria-hidden", "charset", "class", "content",
		"datetime", "hidden", "href", "http-equiv", "id", "itemprop", "lang", "name",
		"property", "pubdate", "rel", "role", "style", "title", "type", "xml:lang"};

	if (name.len < 2 || name.len > 11)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((name.at[0] | 0x20) == names[i][0] &&
			slice_equal_nocase(name, slice_of(names[i])))
			return true;
	return false;
}

/* What stands in quotes between two offsets. */
static void hold_value(struct scan *s, size_t from, size_t to)
{
	char quote = s->text.at[to - 1];

	if (to - from < HELD_LEN_MIN || (quote != '"' && quote != '\''))
		return;
	size_t start = from + slice_find_byte(slice_over(s->text.at + from, to - from), quote);
	if (start + 1 < to)
		hold(s, start + 1, to - 1);
}

/* Past the attributes and the '>' of a tag. */
static size_t skip_attributes(struct scan *s, size_t at)
{
	struct slice t = s->text;
	size_t count = 0, excess = 0;

	for (;;) {
		while (at < t.len && (is_space(t.at[at]) || t.at[at] == '/'))
			at++;
		if (at >= t.len || t.at[at] == '>')
			break;
		size_t from = at++;
		while (at < t.len && !is_space(t.at[at]) && strchr("=/>", t.at[at]) == NULL)
			at++;
		struct slice name = slice_over(t.at + from, at - from);
		at = skip_equals(s, at);
		if (!is_wanted(name))
			leave_out(s, from, at < t.len ? at : t.len);
		else if (++count == HTML_ATTRIBUTES_MAX + 1)
			excess = from;
		else if (excess == 0 && at < t.len)
			hold_value(s, from + name.len, at);
	}
	if (at > t.len)
		at = t.len;
	if (excess > 0)
		leave_out(s, excess > s->copied ? excess : s->copied, at);
	return at < t.len ? at + 1 : at;
}

struct tag {
	char name[TAG_NAME_MAX]; /* small letters, cut */
	size_t len;
	bool ends;
};

static enum nature nature_of(const struct tag *tag)
{
	size_t low = 0, high = sizeof natures / sizeof natures[0];

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(tag->name, natures[middle].name);

		if (order == 0)
			return natures[middle].nature;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NATURE_PLAIN;
}

static uint16_t *slot_of(struct scan *s, const struct tag *tag)
{
	unsigned hash = 5381;

	for (const char *c = tag->name; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	return &s->open[hash % NAME_SLOTS];
}

/* To the end tag that alone ends such an element, or the end. */
static size_t skip_raw(const struct scan *s, size_t at, const struct tag *tag)
{
	for (;; at++) {
		at = next_of(s, at, '<');
		if (at + tag->len + 2 > s->text.len)
			return s->text.len;
		if (s->text.at[at + 1] == '/' &&
			slice_equal_nocase(slice_over(s->text.at + at + 2, tag->len),
				slice_over(tag->name, tag->len)))
			return at;
	}
}

static size_t read_name(const struct scan *s, size_t at, struct tag *ret)
{
	while (at < s->text.len && !is_space(s->text.at[at]) && s->text.at[at] != '>' &&
		s->text.at[at] != '/') {
		if (ret->len + 1 < sizeof ret->name)
			ret->name[ret->len++] = (char)tolower((unsigned char)s->text.at[at]);
		at++;
	}
	return at;
}

/* An end tag that closes nothing makes nothing less deep. */
static void close_element(struct scan *s, const struct tag *tag, enum nature nature)
{
	uint16_t *open = slot_of(s, tag);

	if (nature == NATURE_FLAT || nature == NATURE_RAW || *open == 0)
		return;
	(*open)--;
	s->depth--;
	s->foreign -= nature == NATURE_FOREIGN && s->foreign > 0;
}

/* Styles, and scripts that name no date. */
static bool is_idle(const struct tag *tag, struct slice content)
{
	if (strcmp(tag->name, "style") == 0)
		return true;
	return strcmp(tag->name, "script") == 0 &&
		slice_find(content, SLICE("@context")) == content.len &&
		slice_find(content, SLICE("ublished")) == content.len;
}

/* A tag at `from`, its name at `at`. */
static void scan_tag(struct scan *s, size_t from, size_t at, bool ends)
{
	struct tag tag = {.ends = ends};
	size_t written = s->out.len, copied = s->copied;
	size_t name_end = read_name(s, at, &tag);
	enum nature nature = nature_of(&tag);

	s->at = skip_attributes(s, name_end);
	s->tags++;
	if (ends) {
		close_element(s, &tag, nature);
		return;
	}
	if (nature == NATURE_RAW && s->foreign == 0) {
		size_t content = s->at;

		s->at = skip_raw(s, s->at, &tag);
		if (is_idle(&tag, slice_over(s->text.at + content, s->at - content)))
			leave_out(s, content, s->at);
		return;
	}
	if (strcmp(tag.name, "img") == 0 || (nature != NATURE_FLAT && s->depth == HTML_DEPTH_MAX)) {
		/* Whole, whatever of its attributes was left out before. */
		s->out.len = written;
		s->copied = copied;
		leave_out(s, from, s->at);
		return;
	}
	if (nature == NATURE_FLAT)
		return;
	s->depth++;
	(*slot_of(s, &tag))++;
	s->foreign += nature == NATURE_FOREIGN;
}

static void scan_markup(struct scan *s)
{
	struct slice rest = slice_from(s->text, s->at);
	size_t from = s->at;
	bool ends = rest.len > 1 && rest.at[1] == '/';

	s->in_text = true;
	if (slice_starts(rest, SLICE("<!--"))) {
		size_t len = 4 + slice_find(slice_from(rest, 4), SLICE("-->")) + 3;

		/* One that is never closed, or closed oddly, is left to the parser. */
		s->at = len <= rest.len ? from + len : s->text.len;
		if (len <= rest.len && slice_find(slice_over(rest.at, len), SLICE("--!>")) == len &&
			rest.len > 5 && rest.at[4] != '>' && rest.at[5] != '>')
			leave_out(s, from, s->at);
	} else if (rest.len > 1u + ends && isalpha((unsigned char)rest.at[1 + ends])) {
		scan_tag(s, from, from + 1 + ends, ends);
	} else {
		s->in_text = false;
		s->at++;
	}
}

static size_t next_markup(struct scan *s)
{
	size_t next = next_of(s, s->at, '<');

	if (s->in_text)
		hold_text(s, s->at, next);
	return next;
}

struct slice html_scan(struct arena *a, struct slice utf8, struct html_held *ret_held)
{
	bool marked = slice_find(utf8, slice_of(mark_start)) < utf8.len;
	struct scan s = {.text = utf8, .a = a, .held = marked ? NULL : ret_held};

	*ret_held = (struct html_held){0};
	while ((s.at = next_markup(&s)) < utf8.len) {
		if (s.tags == HTML_TAGS_MAX) {
			leave_out(&s, s.at, utf8.len);
			break;
		}
		scan_markup(&s);
	}
	if (s.copied == 0)
		return utf8;
	leave_out(&s, utf8.len, utf8.len);
	struct slice safe = arena_slice(a, buf_slice(&s.out));
	buf_release(&s.out);
	return safe;
}

/* What the mark at the start of `text` stands for; empty when it is none. */
static struct slice marked(const struct html_held *held, struct slice text)
{
	size_t number = 0;

	if (text.len < MARK_LEN || !slice_starts(text, slice_of(mark_start)))
		return (struct slice){0};
	for (size_t i = 3; i < MARK_LEN; i++) {
		const char *digit = memchr(mark_digits, text.at[i], sizeof mark_digits - 1);

		if (digit == NULL)
			return (struct slice){0};
		number = number << 6 | (size_t)(digit - mark_digits);
	}
	return number < held->count ? held->at[number] : (struct slice){0};
}

struct slice html_held_text(struct arena *a, const struct html_held *held, struct slice text)
{
	if (held->count == 0 || text.len < MARK_LEN)
		return text;
	if (text.len == MARK_LEN && marked(held, text).len > 0)
		return marked(held, text);
	size_t at = slice_find(text, slice_of(mark_start));
	if (at == text.len)
		return text;
	CLEANUP(buf_release) struct buf out = {0};
	while (at < text.len) {
		struct slice rest = slice_from(text, at), whole = marked(held, rest);

		buf_add(&out, text.at, at);
		buf_add_slice(&out, whole.len > 0 ? whole : slice_over(rest.at, 1));
		text = slice_from(rest, whole.len > 0 ? MARK_LEN : 1);
		at = slice_find(text, slice_of(mark_start));
	}
	buf_add_slice(&out, text);
	return arena_slice(a, buf_slice(&out));
}
