#include "correlator/pattern.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

#include <string.h>

struct pattern pattern_read(struct arena *a, struct slice value)
{
	CLEANUP(buf_release) struct buf out = {0};

	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];
		struct slice after = slice_from(value, i + 1);

		if (c == '\\' && after.len > 0 && strchr("*?\\", *after.at) && *after.at) {
			buf_add_byte(&out, value.at[++i]);
		} else if (c == '*') {
			buf_add_byte(&out, (char)PATTERN_STAR);
		} else if (c == '?') {
			buf_add_byte(&out, (char)PATTERN_ANY);
		} else {
			buf_add_byte(&out, c);
		}
	}
	return (struct pattern){.text = arena_slice(a, buf_slice(&out))};
}

struct pattern pattern_literal(struct slice bytes)
{
	return (struct pattern){.text = bytes, .literal = true};
}

static bool is_wildcard(char c)
{
	return (uint8_t)c >= PATTERN_DASH;
}

bool pattern_has_wildcards(const struct pattern *p)
{
	for (size_t i = 0; !p->literal && i < p->text.len; i++)
		if (is_wildcard(p->text.at[i]))
			return true;
	return false;
}

size_t pattern_dash_len(struct slice text, size_t at)
{
	struct slice here = slice_from(text, at);

	if (here.len > 0 && (here.at[0] == '-' || here.at[0] == '/'))
		return 1;
	return slice_starts(here, SLICE("–")) || slice_starts(here, SLICE("—")) ||
			slice_starts(here, SLICE("―"))
		? 3
		: 0;
}

static bool is_word(int32_t c)
{
	return c == '_' || (c >= 0 && text_is_word_char(c));
}

struct pattern pattern_windash(struct arena *a, struct pattern p)
{
	CLEANUP(buf_release) struct buf out = {0};
	bool after_word = false;

	must(!p.literal);
	for (size_t at = 0; at < p.text.len;) {
		size_t dash = pattern_dash_len(p.text, at), next = at + dash;

		if (dash > 0 && !after_word && is_word(text_next(p.text, &next))) {
			buf_add_byte(&out, (char)PATTERN_DASH);
			at += dash;
			continue;
		}
		next = at;
		after_word = is_word(text_next(p.text, &next));
		buf_add(&out, p.text.at + at, next - at);
		at = next;
	}
	p.text = arena_slice(a, buf_slice(&out));
	return p;
}

static bool is_star(struct slice text, size_t at)
{
	return (uint8_t)text.at[at] == PATTERN_STAR;
}

/* A literal has no wildcard bytes; opening one keeps its bytes apart by the kind alone. */
static struct pattern opened(struct pattern p, enum pattern_kind other, enum pattern_kind kind)
{
	p.core = p.text;
	p.kind = p.kind == other ? PATTERN_CONTAINS : kind;
	return p;
}

struct pattern pattern_open_start(struct arena *a, struct pattern p)
{
	if (p.literal)
		return opened(p, PATTERN_STARTS, PATTERN_ENDS);
	if (p.text.len > 0 && is_star(p.text, 0))
		return p;

	char *at = arena_alloc(a, p.text.len + 1);
	at[0] = (char)PATTERN_STAR;
	if (p.text.len > 0)
		memcpy(at + 1, p.text.at, p.text.len);
	p.text = slice_over(at, p.text.len + 1);
	return p;
}

struct pattern pattern_open_end(struct arena *a, struct pattern p)
{
	if (p.literal)
		return opened(p, PATTERN_ENDS, PATTERN_STARTS);
	if (p.text.len > 0 && is_star(p.text, p.text.len - 1))
		return p;

	char *at = arena_alloc(a, p.text.len + 1);
	if (p.text.len > 0)
		memcpy(at, p.text.at, p.text.len);
	at[p.text.len] = (char)PATTERN_STAR;
	p.text = slice_over(at, p.text.len + 1);
	return p;
}

static char lower_ascii(char c)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	if (c >= 'A' && c <= 'Z')
		c = letters[c - 'A'];
	return c;
}

struct slice pattern_fold(struct arena *a, struct slice text)
{
	bool upper = false;

	for (size_t i = 0; i < text.len; i++) {
		if ((uint8_t)text.at[i] >= 0x80)
			return text_lower(a, text);
		upper |= text.at[i] >= 'A' && text.at[i] <= 'Z';
	}
	if (!upper)
		return text;

	char *at = arena_alloc(a, text.len);
	for (size_t i = 0; i < text.len; i++)
		at[i] = lower_ascii(text.at[i]);
	return slice_over(at, text.len);
}

/* Lowers the runs between wildcards, whose bytes are no UTF-8. */
struct pattern pattern_lower(struct arena *a, struct pattern p)
{
	CLEANUP(buf_release) struct buf out = {0};
	size_t start = 0;

	for (size_t i = 0; i <= p.text.len; i++) {
		if (i < p.text.len && (p.literal || !is_wildcard(p.text.at[i])))
			continue;
		struct slice run = slice_over(p.text.at + start, i - start);
		buf_add_slice(&out, pattern_fold(a, run));
		if (i < p.text.len)
			buf_add_byte(&out, p.text.at[i]);
		start = i + 1;
	}
	p.text = arena_slice(a, buf_slice(&out));
	if (p.literal)
		p.core = p.text;
	return p;
}

void pattern_classify(struct pattern *p)
{
	if (p->literal) {
		p->core = p->text;
		return;
	}

	struct slice core = p->text;
	bool start = core.len > 0 && is_star(core, 0);
	if (start)
		core = slice_from(core, 1);
	bool end = core.len > 0 && is_star(core, core.len - 1);
	if (end)
		core.len--;
	p->core = core;
	if (!start && !end)
		p->kind = PATTERN_EQUAL;
	else
		p->kind = start && end ? PATTERN_CONTAINS : start ? PATTERN_ENDS : PATTERN_STARTS;
	if (p->text.len == 1 && start)
		p->kind = PATTERN_CONTAINS;

	struct pattern inner = {.text = core};
	if (pattern_has_wildcards(&inner))
		p->kind = PATTERN_GLOB;
}

static size_t code_point_len(struct slice text, size_t at)
{
	size_t len = 1;

	while (at + len < text.len && ((uint8_t)text.at[at + len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* Goes back to the last star only: an earlier one never needs to take more than it took. */
static bool glob_matches(struct slice glob, struct slice text)
{
	size_t g = 0, t = 0, after_star = SIZE_MAX, taken = 0;

	while (t < text.len) {
		if (g < glob.len && is_star(glob, g)) {
			after_star = ++g;
			taken = t;
		} else if (g < glob.len && (uint8_t)glob.at[g] == PATTERN_ANY) {
			g++;
			t += code_point_len(text, t);
		} else if (g < glob.len && (uint8_t)glob.at[g] == PATTERN_DASH &&
			pattern_dash_len(text, t) > 0) {
			g++;
			t += pattern_dash_len(text, t);
		} else if (g < glob.len && glob.at[g] == text.at[t]) {
			g++;
			t++;
		} else if (after_star != SIZE_MAX) {
			g = after_star;
			taken += code_point_len(text, taken);
			t = taken;
		} else {
			return false;
		}
	}
	while (g < glob.len && is_star(glob, g))
		g++;
	return g == glob.len;
}

bool pattern_matches(const struct pattern *p, struct slice text)
{
	switch (p->kind) {
	case PATTERN_EQUAL: return slice_equal(p->core, text);
	case PATTERN_STARTS: return slice_starts(text, p->core);
	case PATTERN_ENDS: return slice_ends(text, p->core);
	case PATTERN_CONTAINS: return p->core.len == 0 || slice_find(text, p->core) < text.len;
	case PATTERN_GLOB: return glob_matches(p->text, text);
	}
	return false;
}
