#include "console/search.h"

#include "console/limits.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

enum { FOLDED_LEN_MAX = 64 * 1024 };

static struct slice fold(struct arena *a, struct slice text)
{
	return text_fold(a, text_nfc(a, text));
}

struct slice search_fold(struct arena *a, const struct alert *alert)
{
	CLEANUP(buf_release) struct buf all = {0};
	const struct slice parts[] = {alert->rule.title_vi, alert->rule.title, alert->entity,
		alert->rule.id, alert->owner, alert->explanation_vi, alert->explanation_en,
		alert->group, alert->events};

	for (size_t i = 0; i < sizeof parts / sizeof *parts && all.len < FOLDED_LEN_MAX; i++) {
		struct slice part = parts[i];

		if (part.len > FOLDED_LEN_MAX - all.len)
			part.len = FOLDED_LEN_MAX - all.len;
		buf_add_slice(&all, part);
		buf_add_byte(&all, '\n');
	}
	return fold(a, buf_slice(&all));
}

static bool has_word(struct slice term)
{
	size_t at = 0;

	for (int32_t c = text_next(term, &at); c >= 0; c = text_next(term, &at))
		if (text_is_word_char(c) && c != 0xfffd)
			return true;
	return false;
}

/* A term in quotes is a phrase for the index, whatever it holds: "10.1.2.3" is four words in a
 * row. Quotes inside it part words, and so does everything that is no letter or digit. */
static void add_term(struct buf *out, struct slice term)
{
	if (out->len)
		buf_add_text(out, " AND ");
	buf_add_byte(out, '"');
	for (size_t i = 0; i < term.len; i++) {
		bool parts = term.at[i] == '"' || term.at[i] == '\0';

		buf_add(out, parts ? " " : &term.at[i], 1);
	}
	buf_add_byte(out, '"');
}

struct slice search_match(struct arena *a, struct slice question)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct slice rest = text_squeeze(a, fold(a, question)), term;
	size_t count = 0;

	while (count < SEARCH_TERMS_MAX && slice_cut(&rest, ' ', &term)) {
		if (!has_word(term))
			continue;
		add_term(&out, term);
		count++;
	}
	if (count)
		buf_add_byte(&out, '*');
	return arena_slice(a, buf_slice(&out));
}
