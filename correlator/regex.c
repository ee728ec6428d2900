#define PCRE2_CODE_UNIT_WIDTH 8

#include "correlator/regex.h"

#include "correlator/limits.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/scan.h"

#include <pcre2.h>
#include <stdio.h>

enum { STACK_FIRST = 32 << 10 };

struct regex {
	struct regex_set *set;
	struct regex *next;
	pcre2_code *code;
	pcre2_match_data *match;
	char *expression;
	size_t expression_len;
	unsigned flags;
	struct scan_regex *linear; /* for what takes PCRE2 too long; made when first needed */
	bool has_no_linear;
};

struct regex_set {
	struct regex *first;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
	uint64_t given_up;
	char said[256];
};

struct regex_set *regex_set_new(void)
{
	struct regex_set *set = mem_alloc(sizeof *set);

	set->limits = pcre2_match_context_create(NULL);
	must(set->limits);
	(void)pcre2_set_match_limit(set->limits, REGEX_STEPS_MAX);
	(void)pcre2_set_depth_limit(set->limits, REGEX_STEPS_MAX);
	(void)pcre2_set_heap_limit(set->limits, REGEX_HEAP_MAX / 1024);
	/* The 32 KiB it has by itself end a repeated group after some thousand characters. */
	set->stack = pcre2_jit_stack_create(STACK_FIRST, REGEX_STACK_MAX, NULL);
	pcre2_jit_stack_assign(set->limits, NULL, set->stack);
	return set;
}

void regex_set_free(struct regex_set **set)
{
	if (!*set)
		return;
	for (struct regex *re = (*set)->first, *next; re; re = next) {
		next = re->next;
		pcre2_match_data_free(re->match);
		pcre2_code_free(re->code);
		scan_regex_free(&re->linear);
		mem_free(re->expression);
		mem_free(re);
	}
	pcre2_jit_stack_free((*set)->stack);
	pcre2_match_context_free((*set)->limits);
	mem_free(*set);
	*set = NULL;
}

struct regex *regex_add(struct regex_set *set, struct slice expression, unsigned flags)
{
	/* Words have letters with diacritics too. */
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
	int error = 0;
	PCRE2_SIZE offset = 0;

	if (expression.len > REGEX_LEN_MAX) {
		(void)snprintf(set->said, sizeof set->said, "longer than %d bytes", REGEX_LEN_MAX);
		return NULL;
	}
	options |= flags & REGEX_NOCASE ? PCRE2_CASELESS : 0;
	options |= flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0;
	options |= flags & REGEX_DOTALL ? PCRE2_DOTALL : 0;

	pcre2_code *code = pcre2_compile(
		(PCRE2_SPTR)expression.at, expression.len, options, &error, &offset, NULL);
	if (!code) {
		char why[160] = "";
		(void)pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
		(void)snprintf(set->said, sizeof set->said, "%s at byte %zu", why, offset);
		return NULL;
	}
	/* Where memory may not be made executable, the interpreter does the work. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);

	struct regex *re = mem_alloc(sizeof *re);
	re->set = set;
	re->code = code;
	re->expression = mem_printf("%.*s", SLICE_ARG(expression));
	re->expression_len = expression.len;
	re->flags = flags;
	re->match = pcre2_match_data_create(1, NULL);
	must(re->match);
	re->next = set->first;
	set->first = re;
	return re;
}

const char *regex_said(const struct regex_set *set)
{
	return set->said;
}

/* The longest prefix of at most REGEX_TEXT_MAX bytes that does not cut a code point. */
static size_t searched_len(struct slice text)
{
	size_t len = text.len;

	if (len <= REGEX_TEXT_MAX)
		return len;
	len = REGEX_TEXT_MAX;
	while (len > 0 && ((uint8_t)text.at[len] & 0xc0) == 0x80)
		len--;
	return len;
}

struct slice regex_expression(const struct regex *re)
{
	return slice_over(re->expression, re->expression_len);
}

/* An automaton may take long to make and much room: only expressions that need one get it. */
static bool finds_linearly(struct regex *re, struct slice text)
{
	unsigned flags = 0;

	flags |= re->flags & REGEX_NOCASE ? SCAN_REGEX_NOCASE : 0;
	flags |= re->flags & REGEX_MULTILINE ? SCAN_REGEX_MULTILINE : 0;
	flags |= re->flags & REGEX_DOTALL ? SCAN_REGEX_DOTALL : 0;
	if (!re->linear && !re->has_no_linear)
		re->linear = scan_regex_new(re->expression, flags);
	re->has_no_linear = !re->linear;
	if (re->linear)
		return scan_regex_finds(re->linear, text);
	re->set->given_up++;
	return false;
}

bool regex_finds(struct regex *re, struct slice text)
{
	if (!text.at)
		text = SLICE("");
	text.len = searched_len(text);
	if (re->linear)
		return finds_linearly(re, text);
	int found = pcre2_match(re->code, (PCRE2_SPTR)text.at, text.len, 0, PCRE2_NO_UTF_CHECK,
		re->match, re->set->limits);

	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		return finds_linearly(re, text);
	return found >= 0;
}

uint64_t regex_set_given_up(const struct regex_set *set)
{
	return set->given_up;
}
