#include "correlator/modifier.h"

#include "correlator/limits.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <string.h>

enum effect {
	SET_OP,
	SET_PART,
	SET_TRANSFORM,
	SET_REGEX_FLAG,
	SET_CONTAINS,
	SET_STARTS,
	SET_ENDS,
	SET_ALL,
	SET_CASED,
	SET_NEQ,
	SET_REFERENCE,
	SET_EXPAND,
};

static const struct modifier {
	const char *name;
	enum effect effect;
	unsigned value;
} modifiers[] = {
	{"contains", SET_CONTAINS, 0},
	{"startswith", SET_STARTS, 0},
	{"endswith", SET_ENDS, 0},
	{"all", SET_ALL, 0},
	{"cased", SET_CASED, 0},
	{"neq", SET_NEQ, 0},
	{"fieldref", SET_REFERENCE, 0},
	{"expand", SET_EXPAND, 0},
	{"exists", SET_OP, MATCH_EXISTS},
	{"re", SET_OP, MATCH_REGEX},
	{"cidr", SET_OP, MATCH_CIDR},
	{"lt", SET_OP, MATCH_LT},
	{"lte", SET_OP, MATCH_LTE},
	{"gt", SET_OP, MATCH_GT},
	{"gte", SET_OP, MATCH_GTE},
	{"i", SET_REGEX_FLAG, REGEX_NOCASE},
	{"ignorecase", SET_REGEX_FLAG, REGEX_NOCASE},
	{"m", SET_REGEX_FLAG, REGEX_MULTILINE},
	{"multiline", SET_REGEX_FLAG, REGEX_MULTILINE},
	{"s", SET_REGEX_FLAG, REGEX_DOTALL},
	{"dotall", SET_REGEX_FLAG, REGEX_DOTALL},
	{"base64", SET_TRANSFORM, TRANSFORM_BASE64},
	{"base64offset", SET_TRANSFORM, TRANSFORM_BASE64_OFFSET},
	{"wide", SET_TRANSFORM, TRANSFORM_UTF16LE},
	{"utf16le", SET_TRANSFORM, TRANSFORM_UTF16LE},
	{"utf16be", SET_TRANSFORM, TRANSFORM_UTF16BE},
	{"utf16", SET_TRANSFORM, TRANSFORM_UTF16},
	{"windash", SET_TRANSFORM, TRANSFORM_WINDASH},
	{"minute", SET_PART, PART_MINUTE},
	{"hour", SET_PART, PART_HOUR},
	{"day", SET_PART, PART_DAY},
	{"week", SET_PART, PART_WEEK},
	{"month", SET_PART, PART_MONTH},
	{"year", SET_PART, PART_YEAR},
};

static const struct modifier *find(struct slice name)
{
	for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++)
		if (slice_is(name, modifiers[i].name))
			return &modifiers[i];
	return NULL;
}

/* Gives what is wrong, or NULL. */
static const char *apply(struct field_test *t, const struct modifier *m)
{
	switch (m->effect) {
	case SET_OP:
		if (t->op != MATCH_PATTERN)
			return "does not go with the comparison before it";
		t->op = m->value;
		break;
	case SET_PART: t->part = m->value; break;
	case SET_TRANSFORM:
		if (t->transform_count == sizeof t->transforms / sizeof *t->transforms)
			return "is one encoding too many";
		t->transforms[t->transform_count++] = m->value;
		break;
	case SET_REGEX_FLAG:
		if (t->op != MATCH_REGEX)
			return "goes only after re";
		t->regex_flags |= m->value;
		break;
	case SET_CONTAINS: t->open_start = t->open_end = true; break;
	case SET_STARTS: t->open_end = true; break;
	case SET_ENDS: t->open_start = true; break;
	case SET_ALL: t->all = true; break;
	case SET_CASED: t->cased = true; break;
	case SET_NEQ: t->neq = true; break;
	case SET_REFERENCE: t->field_reference = true; break;
	case SET_EXPAND: t->expand = true; break;
	}
	return NULL;
}

static const char *contradiction(const struct field_test *t)
{
	bool opens = t->open_start || t->open_end;
	bool textual = opens || t->transform_count > 0 || t->cased;

	if (t->op == MATCH_REGEX && (t->transform_count > 0 || t->cased))
		return "cased and encodings do not go with re";
	if (t->op != MATCH_PATTERN && t->op != MATCH_REGEX && textual)
		return "text modifiers (contains, startswith, endswith, cased, encodings) do not go "
		       "with cidr, exists or a numeric comparison";
	if (t->field_reference &&
		(t->op != MATCH_PATTERN || t->transform_count > 0 || t->part != PART_NONE))
		return "fieldref goes only with contains, startswith, endswith, cased, neq and all";
	if (t->part != PART_NONE &&
		(textual || t->op == MATCH_REGEX || t->op == MATCH_CIDR || t->op == MATCH_EXISTS))
		return "a time modifier goes only with a numeric comparison";
	if (t->op == MATCH_EXISTS && (t->expand || t->all || t->neq))
		return "exists stands alone";
	if (t->field.len == 0 && (t->field_reference || t->op == MATCH_EXISTS || t->neq))
		return "a search without a field knows no exists, fieldref or neq";
	return NULL;
}

bool modifier_read(
	struct slice key, struct field_test *ret, const char *file, unsigned line, struct err *err)
{
	struct slice rest = key, name;
	size_t count = 0;

	*ret = (struct field_test){.op = MATCH_PATTERN};
	if (key.len > 0 && key.at[0] == '|')
		rest = slice_from(key, 1); /* a keyword list with modifiers */
	else
		(void)slice_cut(&rest, '|', &ret->field);
	while (slice_cut(&rest, '|', &name)) {
		const struct modifier *m = find(name);
		const char *wrong = m ? apply(ret, m) : "is no modifier of Sigma 2.1";

		if (++count > MODIFIERS_MAX)
			wrong = "is one modifier too many";
		if (wrong)
			return err_set(err, file, line, "%.*s: '%.*s' %s", SLICE_ARG(key),
				SLICE_ARG(name), wrong);
	}
	const char *wrong = contradiction(ret);
	if (wrong)
		return err_set(err, file, line, "%.*s: %s", SLICE_ARG(key), wrong);
	if (ret->part != PART_NONE && ret->op == MATCH_PATTERN)
		ret->op = MATCH_EQUAL;
	return true;
}

static void put_unit(struct buf *out, unsigned unit, bool big)
{
	buf_add_byte(out, (char)(big ? unit >> 8 : unit & 0xff));
	buf_add_byte(out, (char)(big ? unit & 0xff : unit >> 8));
}

static struct slice utf16(struct arena *a, struct slice value, bool big, bool mark)
{
	CLEANUP(buf_release) struct buf out = {0};
	int32_t c;

	if (mark)
		put_unit(&out, 0xfeff, big);
	for (size_t at = 0; (c = text_next(value, &at)) >= 0;) {
		if (c < 0x10000) {
			put_unit(&out, (unsigned)c, big);
		} else {
			put_unit(&out, 0xd800 + (unsigned)((c - 0x10000) >> 10), big);
			put_unit(&out, 0xdc00 + (unsigned)((c - 0x10000) & 0x3ff), big);
		}
	}
	return arena_slice(a, buf_slice(&out));
}

static struct slice base64(struct arena *a, struct slice value)
{
	char *text = arena_alloc(a, 4 * ((value.len + 2) / 3) + 1);

	digest_base64((const uint8_t *)value.at, value.len, text);
	return slice_of(text);
}

/* The part of the encoding that does not depend on what stands around the value, when it starts
 * `offset` bytes into a group of three. */
static struct slice base64_at(struct arena *a, struct slice value, size_t offset)
{
	static const size_t start[] = {0, 2, 3}, end[] = {0, 3, 2};
	char *padded = arena_alloc(a, offset + value.len + 1);

	memset(padded, ' ', offset);
	memcpy(padded + offset, value.at, value.len);
	struct slice whole = base64(a, slice_over(padded, offset + value.len));
	size_t cut = end[(value.len + offset) % 3];
	if (whole.len < start[offset] + cut)
		return (struct slice){0};
	return slice_over(whole.at + start[offset], whole.len - cut - start[offset]);
}

size_t transform_apply(enum transform t, struct arena *a, struct slice value, struct slice *ret)
{
	switch (t) {
	case TRANSFORM_UTF16LE: ret[0] = utf16(a, value, false, false); return 1;
	case TRANSFORM_UTF16BE: ret[0] = utf16(a, value, true, false); return 1;
	case TRANSFORM_UTF16: ret[0] = utf16(a, value, false, true); return 1;
	case TRANSFORM_BASE64: ret[0] = base64(a, value); return 1;
	case TRANSFORM_BASE64_OFFSET:
		for (size_t i = 0; i < 3; i++)
			ret[i] = base64_at(a, value, i);
		return 3;
	case TRANSFORM_WINDASH: break;
	}
	return 0;
}
