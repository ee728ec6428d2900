#include "correlator/cover.h"

#include "correlator/regex_text.h"
#include "lib/buf.h"
#include "lib/mem.h"

#include <string.h>

/* Longer literals find no less, and the automaton stays small. */
enum {
	TEXT_LEN_MAX = 40,
	TEXT_LEN_MIN = 2,
	RARITY_PRESENT = 1,
	RARITY_COMMON = 2,
	RARITY_NUMBER = 5
};

static bool is_ascii(char c)
{
	return (uint8_t)c < 0x80;
}

static bool all_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_ascii(s.at[i]))
			return false;
	return true;
}

/* Whether the text of a number or a truth value could hold it: those are not among the event's
 * texts. */
static bool could_be_number(struct slice s)
{
	size_t dots = 0;

	if (slice_find(SLICE("true"), s) < 4 || slice_find(SLICE("false"), s) < 5)
		return true;
	for (size_t i = 0; i < s.len; i++) {
		if (!strchr("0123456789+-.e", s.at[i]) || s.at[i] == '\0')
			return false;
		dots += s.at[i] == '.';
	}
	return dots < 2;
}

/* Values that most events bear somewhere: to look for those is of little use. */
static bool is_common(struct slice text)
{
	static const char *const words[] = {"query", "answer", "a", "aaaa", "get", "tcp", "udp",
		"dns", "tls", "http", "ssh", "flow", "outbound", "inbound", "internal", "external",
		"established", "closed", "new", "noerror", "timeout", "dpi", "acceptable", "safe",
		"web", "network", "vi", "news", "in", "80", "443", "53", "200"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(text, words[i]))
			return true;
	return false;
}

/* Fields that every event has. */
static bool is_everywhere(const struct cover_source *source, size_t slot)
{
	static const char *const paths[] = {"event_type", "event_id", "timestamp", "sensor",
		"src_ip", "dest_ip", "src_port", "dest_port", "proto", "direction", "in_iface",
		"flow_id", "community_id", "app_proto"};
	const char *path = view_fields_path(source->fields, slot);

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

static void take_sign(
	const struct cover_source *source, struct cover_sign sign, int rarity, struct cover *ret)
{
	ret->signs = arena_alloc(source->arena, sizeof sign);
	ret->signs[0] = sign;
	ret->count = 1;
	ret->rarity = rarity;
}

void cover_present(const struct cover_source *source, size_t slot, struct cover *ret)
{
	take_sign(source, (struct cover_sign){.kind = COVER_PRESENT, .slot = slot},
		is_everywhere(source, slot) ? 0 : RARITY_PRESENT, ret);
}

/* A field of the empty name is the whole event, which is always there. */
static bool by_presence(const struct cover_source *source, size_t slot, struct cover *ret)
{
	if (*view_fields_path(source->fields, slot) == '\0')
		return false;
	cover_present(source, slot, ret);
	return true;
}

static void by_text(const struct cover_source *source, struct slice text, struct cover *ret)
{
	if (text.len > TEXT_LEN_MAX)
		text = slice_from(text, text.len - TEXT_LEN_MAX);
	take_sign(source,
		(struct cover_sign){.kind = COVER_TEXT, .text = arena_slice(source->arena, text)},
		(int)text.len, ret);
}

/* The longest run of ASCII between wildcards. */
static struct slice longest_run(struct slice text)
{
	struct slice best = {0};
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && is_ascii(text.at[i]))
			continue;
		if (i - start > best.len)
			best = slice_over(text.at + start, i - start);
		start = i + 1;
	}
	return best;
}

/* Whether some text that is no number is needed for the pattern. */
static bool needs_text(struct slice text)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && (uint8_t)text.at[i] < PATTERN_DASH)
			continue;
		if (i > start && !could_be_number(slice_over(text.at + start, i - start)))
			return true;
		start = i + 1;
	}
	return false;
}

/* As json_strings() has a whole text: after its length, before a NUL. */
static void by_whole_text(const struct cover_source *source, struct slice text, struct cover *ret)
{
	CLEANUP(buf_release) struct buf out = {0};

	for (unsigned i = 0; i < 4; i++)
		buf_add_byte(&out, (char)(text.len >> (8 * i)));
	buf_add_slice(&out, text);
	buf_add_byte(&out, '\0');
	take_sign(source,
		(struct cover_sign){
			.kind = COVER_TEXT, .text = arena_slice(source->arena, buf_slice(&out))},
		is_common(text) ? RARITY_COMMON : (int)text.len + 3, ret);
}

/* A value that is a number too: a text or a number in the event. */
static void by_number(const struct cover_source *source, const struct matcher *m, double number,
	struct cover *ret)
{
	by_whole_text(source, m->pattern.core, ret);
	struct cover_sign *both = arena_array(source->arena, 2, sizeof *both);
	both[0] = ret->signs[0];
	both[1] = (struct cover_sign){.kind = COVER_NUMBER, .slot = m->slot, .number = number};
	ret->signs = both;
	ret->count = 2;
	ret->rarity = is_common(m->pattern.core) ? RARITY_COMMON : RARITY_NUMBER;
}

static bool of_equal(const struct cover_source *source, const struct matcher *m, struct cover *ret)
{
	struct slice core = m->pattern.core;
	double number;

	bool keyword = *view_fields_path(source->fields, m->slot) == '\0';
	if (view_fields_part(source->fields, m->slot) != VIEW_WHOLE)
		return false;
	if (core.len == 0 || core.len > TEXT_LEN_MAX || !all_ascii(core) || keyword)
		return false;
	if (slice_to_real(core, &number))
		by_number(source, m, number, ret);
	else if (slice_is(core, "true") || slice_is(core, "false"))
		cover_present(source, m->slot, ret);
	else
		by_whole_text(source, core, ret);
	return true;
}

static bool of_pattern(
	const struct cover_source *source, const struct matcher *m, struct cover *ret)
{
	CLEANUP(buf_release) struct buf closed = {0};
	const struct pattern *p = &m->pattern;
	struct slice text = p->kind == PATTERN_GLOB ? p->text : p->core;

	if (p->kind == PATTERN_EQUAL && of_equal(source, m, ret))
		return true;
	struct slice run = longest_run(text);
	if (run.len < TEXT_LEN_MIN || !needs_text(text))
		return by_presence(source, m->slot, ret);
	if (p->kind == PATTERN_ENDS && run.len == text.len &&
		view_fields_part(source->fields, m->slot) == VIEW_WHOLE) {
		buf_add_slice(&closed, run);
		buf_add_byte(&closed, '\0');
		run = buf_slice(&closed);
	}
	by_text(source, run, ret);
	return true;
}

static bool of_regex(const struct cover_source *source, const struct matcher *m, struct cover *ret)
{
	struct slice texts[REGEX_TEXTS_MAX];
	size_t count = regex_texts(source->arena, regex_expression(m->regex), texts);
	struct cover all = {.rarity = INT32_MAX};

	all.signs = arena_array(source->arena, count + 1, sizeof *all.signs);
	for (size_t i = 0; i < count; i++) {
		struct cover one;

		if (texts[i].len <= TEXT_LEN_MIN || could_be_number(texts[i]))
			return by_presence(source, m->slot, ret);
		by_text(source, texts[i], &one);
		all.signs[all.count++] = one.signs[0];
		all.rarity = one.rarity < all.rarity ? one.rarity : all.rarity;
	}
	if (count == 0)
		return by_presence(source, m->slot, ret);
	*ret = all;
	return true;
}

static bool of_test(const struct cover_source *source, const struct matcher *m, struct cover *ret)
{
	switch (m->op) {
	case MATCH_PATTERN: return of_pattern(source, m, ret);
	case MATCH_REGEX: return of_regex(source, m, ret);
	case MATCH_NULL: return false;
	case MATCH_CIDR:
	case MATCH_EXISTS:
	case MATCH_FIELD:
	case MATCH_EQUAL:
	case MATCH_LT:
	case MATCH_LTE:
	case MATCH_GT:
	case MATCH_GTE: return by_presence(source, m->slot, ret);
	}
	return false;
}

static bool of_or(const struct cover_source *source, const struct expr *e, struct cover *ret)
{
	struct cover *parts = arena_array(source->arena, e->count, sizeof *parts);
	size_t total = 0, at = 0;

	if (e->count == 0)
		return false;
	ret->rarity = INT32_MAX;
	for (size_t i = 0; i < e->count; i++) {
		if (!cover_of(source, e->parts[i], &parts[i]))
			return false;
		total += parts[i].count;
		ret->rarity = parts[i].rarity < ret->rarity ? parts[i].rarity : ret->rarity;
	}
	ret->signs = arena_array(source->arena, total, sizeof *ret->signs);
	for (size_t i = 0; i < e->count; i++) {
		memcpy(ret->signs + at, parts[i].signs, parts[i].count * sizeof *ret->signs);
		at += parts[i].count;
	}
	ret->count = total;
	return true;
}

static bool of_and(const struct cover_source *source, const struct expr *e, struct cover *ret)
{
	bool found = false;

	for (size_t i = 0; i < e->count; i++) {
		struct cover part;

		if (!cover_of(source, e->parts[i], &part))
			continue;
		if (!found || part.rarity > ret->rarity ||
			(part.rarity == ret->rarity && part.count < ret->count))
			*ret = part;
		found = true;
	}
	return found;
}

bool cover_of(const struct cover_source *source, const struct expr *e, struct cover *ret)
{
	*ret = (struct cover){0};
	switch (e->kind) {
	case EXPR_TEST: return of_test(source, &e->test, ret);
	case EXPR_OR: return of_or(source, e, ret);
	case EXPR_AND: return of_and(source, e, ret);
	case EXPR_NOT: return false;
	}
	return false;
}
