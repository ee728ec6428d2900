#include "crawler/syllable.h"

#include "lib/mem.h"
#include "lib/text.h"

#include <string.h>

/* Letters of the syllable are written as one ASCII byte each, tones apart: A ă, B â, E ê, O ô,
 * P ơ, U ư, D đ. */
enum {
	SYLLABLE_LETTERS_MAX = 7,
	LATIN_END = 0x250,
	VIET_FROM = 0x1EA0,
	VIET_END = 0x1F00,
	LETTERS = LATIN_END + VIET_END - VIET_FROM + 1 /* the last stands for all others */
};

enum tone { TONE_NONE, TONE_GRAVE, TONE_HOOK, TONE_TILDE, TONE_ACUTE, TONE_DOT };

struct letter {
	char base; /* 0: no letter of Vietnamese */
	uint8_t tone;
	bool capital;
};

struct syllables {
	struct letter letters[LETTERS];
};

/* A vowel in its six tones, small and capital. */
static const struct {
	char base;
	const char *small, *capital;
} vowels[] = {
	{'a', "aàảãáạ", "AÀẢÃÁẠ"},
	{'A', "ăằẳẵắặ", "ĂẰẲẴẮẶ"},
	{'B', "âầẩẫấậ", "ÂẦẨẪẤẬ"},
	{'e', "eèẻẽéẹ", "EÈẺẼÉẸ"},
	{'E', "êềểễếệ", "ÊỀỂỄẾỆ"},
	{'i', "iìỉĩíị", "IÌỈĨÍỊ"},
	{'o', "oòỏõóọ", "OÒỎÕÓỌ"},
	{'O', "ôồổỗốộ", "ÔỒỔỖỐỘ"},
	{'P', "ơờởỡớợ", "ƠỜỞỠỚỢ"},
	{'u', "uùủũúụ", "UÙỦŨÚỤ"},
	{'U', "ưừửữứự", "ƯỪỬỮỨỰ"},
	{'y', "yỳỷỹýỵ", "YỲỶỸÝỴ"},
};

/* The longest first where one begins another. */
static const char *const onsets[] = {"ngh", "ng", "nh", "n", "gh", "gi", "g", "kh", "k", "ch", "c",
	"ph", "p", "th", "tr", "t", "qu", "b", "d", "D", "h", "l", "m", "r", "s", "v", "x", ""};

static const char rimes[] =
	" a ac ach ai am an ang anh ao ap at au ay Ac Am An Ang Ap At Bc Bm Bn Bng Bp Bt Bu By"
	" e ec em en eng eo ep et E Ech Em En Enh Ep Et Eu Eng Ec"
	" i ia ich iEc iEm iEn iEng iEp iEt iEu im in inh ip it iu"
	" o oa oac oach oai oam oan oang oanh oao oap oat oay oAc oAm oAn oAng oAt oc oe oen oeo"
	" oet oi om on ong ooc oong op ot O Oc Oi Om On Ong Op Ot P Pi Pm Pn Pp Pt"
	" u ua uBn uBng uBt uBy uc uE uEch uEnh ui um un ung uOc uOi uOm uOn uOng uOt uP up ut"
	" uy uya uych uyEn uyEt uynh uyt uyu uyp uyn"
	" U Ua Uc Ui Ung UPc UPi UPm UPn UPng UPp UPt UPu Ut Uu Um"
	" y yEm yEn yEng yEt yEu ych yn ynh yt ";

static size_t index_of(int32_t c)
{
	if (c >= 0 && c < LATIN_END)
		return (size_t)c;
	return c >= VIET_FROM && c < VIET_END ? (size_t)(LATIN_END + c - VIET_FROM) : LETTERS - 1;
}

static void learn(struct syllables *s, const char *row, char base, bool capital)
{
	struct slice text = slice_of(row);
	uint8_t tone = 0;

	for (size_t at = 0; at < text.len; tone++)
		s->letters[index_of(text_next(text, &at))] = (struct letter){base, tone, capital};
}

struct syllables *syllables_new(void)
{
	struct syllables *s = mem_alloc(sizeof *s);

	for (const char *c = "bcdghklmnpqrstvx"; *c != '\0'; c++) {
		s->letters[(unsigned char)*c] = (struct letter){*c, TONE_NONE, false};
		s->letters[(unsigned char)*c - 32] = (struct letter){*c, TONE_NONE, true};
	}
	for (size_t i = 0; i < sizeof vowels / sizeof vowels[0]; i++) {
		learn(s, vowels[i].small, vowels[i].base, false);
		learn(s, vowels[i].capital, vowels[i].base, true);
	}
	s->letters[0x111] = (struct letter){'D', TONE_NONE, false};
	s->letters[0x110] = (struct letter){'D', TONE_NONE, true};
	return s;
}

void syllables_free(struct syllables **s)
{
	mem_free(*s);
	*s = NULL;
}

static int tone_of_mark(int32_t c)
{
	switch (c) {
	case 0x300: return TONE_GRAVE;
	case 0x309: return TONE_HOOK;
	case 0x303: return TONE_TILDE;
	case 0x301: return TONE_ACUTE;
	case 0x323: return TONE_DOT;
	default: return -1;
	}
}

struct spelling {
	char letters[SYLLABLE_LETTERS_MAX + 1];
	size_t len;
	int tone;
	size_t capitals;
	bool begins_capital;
};

static bool spell_mark(struct spelling *sp, int32_t c)
{
	static const struct {
		int32_t mark;
		char plain, made;
	} marks[] = {{0x302, 'a', 'B'}, {0x302, 'e', 'E'}, {0x302, 'o', 'O'}, {0x306, 'a', 'A'},
		{0x31B, 'o', 'P'}, {0x31B, 'u', 'U'}};
	char *last = &sp->letters[sp->len - (sp->len > 0)];
	int tone = tone_of_mark(c);

	if (tone >= 0) {
		sp->tone = sp->tone == TONE_NONE ? tone : -1;
		return sp->len > 0 && sp->tone >= 0;
	}
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (c == marks[i].mark && *last == marks[i].plain) {
			*last = marks[i].made;
			return true;
		}
	return false;
}

/* False for what has letters of no Vietnamese syllable, two tones, or odd capitals. */
static bool spell(const struct syllables *s, struct slice word, struct spelling *sp)
{
	for (size_t at = 0; at < word.len;) {
		int32_t c = text_next(word, &at);
		const struct letter *l = &s->letters[index_of(c)];

		if (l->base == '\0') {
			if (!spell_mark(sp, c))
				return false;
			continue;
		}
		if (sp->len == SYLLABLE_LETTERS_MAX || (l->tone != TONE_NONE && sp->tone != 0))
			return false;
		if (l->tone != TONE_NONE)
			sp->tone = l->tone;
		sp->begins_capital |= sp->len == 0 && l->capital;
		sp->capitals += l->capital;
		sp->letters[sp->len++] = l->base;
	}
	return sp->len > 0 &&
		(sp->capitals == 0 || sp->capitals == sp->len ||
			(sp->capitals == 1 && sp->begins_capital));
}

static bool is_rime(struct slice rime, int tone)
{
	char wanted[SYLLABLE_LETTERS_MAX + 3] = " ";

	if (rime.len == 0)
		return false;
	memcpy(wanted + 1, rime.at, rime.len);
	wanted[rime.len + 1] = ' ';
	if (strstr(rimes, wanted) == NULL)
		return false;
	char last = rime.at[rime.len - 1];
	bool stops = last == 'c' || last == 'p' || last == 't' ||
		(last == 'h' && rime.len > 1 && rime.at[rime.len - 2] == 'c');
	return !stops || tone == TONE_ACUTE || tone == TONE_DOT;
}

static bool onset_takes(const char *onset, struct slice rime)
{
	if (strcmp(onset, "qu") == 0)
		return strchr("aABeEiyP", rime.at[0]) != NULL;
	if (strcmp(onset, "gh") == 0 || strcmp(onset, "ngh") == 0 || strcmp(onset, "k") == 0)
		return strchr("eEiy", rime.at[0]) != NULL;
	return true;
}

bool syllables_have(const struct syllables *s, struct slice word)
{
	struct spelling sp = {0};

	if (!spell(s, word, &sp))
		return false;
	struct slice letters = {sp.letters, sp.len};
	for (size_t i = 0; i < sizeof onsets / sizeof onsets[0]; i++) {
		struct slice onset = slice_of(onsets[i]), rime = slice_from(letters, onset.len);

		if (slice_starts(letters, onset) && is_rime(rime, sp.tone) &&
			onset_takes(onsets[i], rime))
			return true;
	}
	return false;
}
