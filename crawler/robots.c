#include "crawler/robots.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/mem.h"

#include <ctype.h>
#include <string.h>

/* A line is cut where widely used parsers cut it: eight times what browsers take for an address. */
enum { SITEMAPS_MAX = 100, LINE_LEN_MAX = 2083 * 8 - 1 };

struct rule {
	struct slice pattern; /* in normal percent-encoding */
	bool allow;
};

struct group {
	struct rule *rules;
	size_t count;
	double delay_s;
	bool named; /* some record was for it */
};

struct robots {
	struct arena *arena;
	struct group own, other; /* for our product; for "*" */
	struct slice sitemaps[SITEMAPS_MAX];
	size_t sitemap_count;
	bool refuses_all;
};

static int hex(char c)
{
	c = (char)tolower((unsigned char)c);
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Characters that no address holds bare (RFC 3986 §2). */
static bool is_unsafe(unsigned char c)
{
	return c <= 0x20 || c == 0x7F || strchr("<>\"{}|\\^`", c) != NULL;
}

enum part { PART_RULE, PART_TARGET };

/* '*' and '$' of an address are not those of a rule: there they match %2A and %24 only (RFC 9309
 * §2.2.3), and so does a '$' that does not end its rule. */
static bool is_literal(struct slice s, size_t at, enum part part)
{
	if (s.at[at] == '*')
		return part == PART_TARGET;
	return s.at[at] == '$' && (part == PART_TARGET || at + 1 < s.len);
}

/* Unreserved characters bare, all else outside ASCII encoded, hex digits in upper case, so that
 * rule and target compare byte by byte (RFC 9309 §2.2.2). */
static struct slice normal(struct arena *a, struct slice s, enum part part)
{
	char *out = arena_alloc(a, s.len * 3 + 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		static const char digits[] = "0123456789ABCDEF";
		unsigned char c = (unsigned char)s.at[i];
		bool literal = is_literal(s, i, part),
		     encoded = c == '%' && i + 2 < s.len && hex(s.at[i + 1]) >= 0 &&
			hex(s.at[i + 2]) >= 0;

		if (encoded) {
			c = (unsigned char)(hex(s.at[i + 1]) * 16 + hex(s.at[i + 2]));
			i += 2;
		}
		bool unreserved = isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
		if (c >= 0x80 || (encoded && !unreserved) || literal || is_unsafe(c)) {
			out[len++] = '%';
			out[len++] = digits[c >> 4];
			out[len++] = digits[c & 15];
		} else {
			out[len++] = (char)c;
		}
	}
	return slice_over(out, len);
}

static struct slice cut_part(struct slice *pattern)
{
	size_t star = slice_find_byte(*pattern, '*');
	struct slice part = slice_over(pattern->at, star);

	*pattern = slice_from(*pattern, star);
	return part;
}

/* What stands between stars is looked for where the part before it ended: the first place is as
 * good as any. In linear time, however the pattern was made to hurt. */
static bool matches(struct slice pattern, struct slice target)
{
	bool anchored = slice_ends(pattern, SLICE("$"));

	pattern.len -= anchored;
	struct slice part = cut_part(&pattern);
	if (!slice_starts(target, part))
		return false;
	target = slice_from(target, part.len);
	if (pattern.len == 0)
		return !anchored || target.len == 0;
	while (pattern.len > 0) {
		pattern = slice_from(pattern, 1);
		part = cut_part(&pattern);
		if (pattern.len == 0 && anchored)
			return slice_ends(target, part);
		size_t at = slice_find(target, part);
		if (at == target.len && part.len > 0)
			return false;
		target = slice_from(target, at + part.len);
	}
	return true;
}

/* Letters, '-' and '_' by the RFC; digits and letters beyond ASCII are in use as well. */
static struct slice product_token(struct slice value)
{
	size_t len = 0;

	while (len < value.len &&
		(isalnum((unsigned char)value.at[len]) || value.at[len] == '-' ||
			value.at[len] == '_' || (unsigned char)value.at[len] >= 0x80))
		len++;
	return slice_over(value.at, len);
}

/* "haidang/1.0" is asked as haidang; one with a blank in it is no token and matches none. */
static struct slice without_version(struct slice product)
{
	product.len = slice_find_byte(product, '/');
	return slice_trim(product);
}

struct reader {
	struct robots *r;
	struct slice product;
	bool for_own, for_other; /* groups the rules that follow belong to */
	bool in_rules;           /* a rule was read since the last user-agent line */
	/* Crawl-delay is none of the RFC's rules and must not end a group of them; for itself it does. */
	bool delay_own, delay_other, in_delay;
};

static void read_agent(struct reader *in, struct slice value)
{
	if (in->in_rules)
		in->for_own = in->for_other = in->in_rules = false;
	if (in->in_delay || !(in->for_own || in->for_other))
		in->delay_own = in->delay_other = in->in_delay = false;
	if (value.len > 0 && value.at[0] == '*' &&
		(value.len == 1 || isspace((unsigned char)value.at[1]))) {
		in->for_other = in->delay_other = in->r->other.named = true;
		return;
	}
	if (slice_equal_nocase(product_token(value), in->product))
		in->for_own = in->delay_own = in->r->own.named = true;
}

static void group_add(struct robots *r, struct group *g, struct rule rule)
{
	if (g->count == ROBOTS_RULES_MAX)
		return;
	if ((g->count & (g->count - 1)) == 0)
		g->rules = mem_resize(g->rules, g->count == 0 ? 1 : g->count * 2, sizeof *g->rules);
	rule.pattern = normal(r->arena, rule.pattern, PART_RULE);
	g->rules[g->count++] = rule;
}

static void add_rule(struct reader *in, struct rule rule)
{
	if (in->for_own)
		group_add(in->r, &in->r->own, rule);
	if (in->for_other)
		group_add(in->r, &in->r->other, rule);
}

static void read_rule(struct reader *in, struct slice value, bool allow)
{
	in->in_rules = true;
	if (value.len == 0)
		return;
	add_rule(in, (struct rule){value, allow});
	/* Who allows the index page of a folder means the folder (Google does so, too). */
	size_t name = value.len;
	while (name > 0 && value.at[name - 1] != '/')
		name--;
	if (!allow || !slice_starts(slice_from(value, name), SLICE("index.htm")))
		return;
	char *folder = arena_printf(in->r->arena, "%.*s$", (int)name, value.at);
	add_rule(in, (struct rule){slice_of(folder), allow});
}

static void read_delay(struct reader *in, struct slice value)
{
	double seconds;

	in->in_delay = true;
	if (!slice_to_real(value, &seconds) || seconds < 0)
		return;
	if (in->delay_own)
		in->r->own.delay_s = seconds;
	if (in->delay_other)
		in->r->other.delay_s = seconds;
}

static bool key_is(struct slice key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_equal_nocase(key, slice_of(*names)))
			return true;
	return false;
}

static void read_line(struct reader *in, struct slice line)
{
	/* Misspellings that the widely used parsers accept as well. */
	static const char *const agent[] = {"user-agent", "useragent", "user agent", NULL};
	static const char *const disallow[] = {
		"disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw", NULL};
	static const char *const delay[] = {"crawl-delay", "crawldelay", "crawl delay", NULL};
	static const char *const sitemap[] = {"sitemap", "site-map", NULL};

	line.len = slice_find_byte(line, '#');
	line = slice_trim(line);
	size_t end = slice_find_byte(line, ':');
	if (end == line.len)
		for (end = 0; end < line.len && !isspace((unsigned char)line.at[end]);)
			end++;
	struct slice key = slice_trim(slice_over(line.at, end));
	struct slice value = slice_trim(slice_from(line, end + 1));
	if (key_is(key, agent))
		read_agent(in, value);
	else if (key_is(key, disallow))
		read_rule(in, value, false);
	else if (slice_equal_nocase(key, SLICE("allow")))
		read_rule(in, value, true);
	else if (key_is(key, delay))
		read_delay(in, value);
	else if (key_is(key, sitemap) && in->r->sitemap_count < SITEMAPS_MAX)
		in->r->sitemaps[in->r->sitemap_count++] = arena_slice(in->r->arena, value);
}

static struct robots *robots_new(void)
{
	struct robots *r = mem_alloc(sizeof *r);

	r->arena = arena_new();
	r->own.delay_s = r->other.delay_s = -1;
	return r;
}

/* A crawler keeps the files of many hosts: only the rules it is bound by, and without the room
 * their normal form might have needed. */
static void keep_own(struct robots *r)
{
	struct group *g = r->own.named ? &r->own : &r->other;
	struct group *unused = r->own.named ? &r->other : &r->own;
	struct arena *kept = arena_new();

	mem_free(unused->rules);
	*unused = (struct group){.delay_s = -1, .named = unused->named};
	if (g->count > 0)
		g->rules = mem_resize(g->rules, g->count, sizeof *g->rules);
	for (size_t i = 0; i < g->count; i++)
		g->rules[i].pattern = arena_slice(kept, g->rules[i].pattern);
	for (size_t i = 0; i < r->sitemap_count; i++)
		r->sitemaps[i] = arena_slice(kept, r->sitemaps[i]);
	arena_free(&r->arena);
	r->arena = kept;
}

struct robots *robots_read(struct slice text, struct slice product)
{
	struct reader in = {.r = robots_new(), .product = without_version(product)};

	if (text.len > ROBOTS_LEN_MAX)
		text.len = ROBOTS_LEN_MAX;
	/* A byte order mark, also one that was cut. */
	for (size_t i = 0; i < 3 && text.len > 0 && text.at[0] == "\xEF\xBB\xBF"[i]; i++)
		text = slice_from(text, 1);
	while (text.len > 0) {
		size_t end = 0;

		while (end < text.len && text.at[end] != '\n' && text.at[end] != '\r')
			end++;
		read_line(&in, slice_over(text.at, end < LINE_LEN_MAX ? end : LINE_LEN_MAX));
		text = slice_from(text, end + 1);
	}
	keep_own(in.r);
	return in.r;
}

struct robots *robots_for_status(unsigned http_status)
{
	struct robots *r = robots_new();

	r->refuses_all = http_status < 400 || http_status >= 500;
	return r;
}

void robots_free(struct robots **r)
{
	if (*r == NULL)
		return;
	mem_free((*r)->own.rules);
	mem_free((*r)->other.rules);
	arena_free(&(*r)->arena);
	mem_free(*r);
	*r = NULL;
}

static const struct group *group_for_us(const struct robots *r)
{
	return r->own.named ? &r->own : &r->other;
}

bool robots_allows(const struct robots *r, struct slice target)
{
	const struct group *g = group_for_us(r);
	CLEANUP(arena_free) struct arena *a = arena_new();
	size_t longest = 0;
	bool allowed = true;

	if (slice_is(target, "/robots.txt"))
		return true;
	if (r->refuses_all)
		return false;
	target = normal(a, target.len == 0 ? SLICE("/") : target, PART_TARGET);
	for (size_t i = 0; i < g->count; i++) {
		struct slice pattern = g->rules[i].pattern;
		bool wins = pattern.len > longest || (pattern.len == longest && g->rules[i].allow);

		if (wins && matches(pattern, target)) {
			longest = pattern.len;
			allowed = g->rules[i].allow;
		}
	}
	return allowed;
}

struct slice robots_target(struct arena *a, struct slice url)
{
	size_t hash = slice_find_byte(url, '#'), scheme, at;

	url.len = hash;
	if (slice_starts(url, SLICE("//")))
		url = slice_from(url, 2);
	scheme = slice_find(url, SLICE("://"));
	for (at = 0; at < url.len && strchr("/?;", url.at[at]) == NULL; at++)
		;
	if (scheme < at)
		for (at = scheme + 3; at < url.len && strchr("/?;", url.at[at]) == NULL; at++)
			;
	struct slice target = slice_from(url, at);
	if (target.len > 0 && target.at[0] == '/')
		return target;
	return slice_of(arena_printf(a, "/%.*s", (int)target.len, target.len > 0 ? target.at : ""));
}

size_t robots_size(const struct robots *r)
{
	return sizeof *r + arena_used(r->arena) +
		(r->own.count + r->other.count) * sizeof(struct rule);
}

bool robots_unavailable(const struct robots *r)
{
	return r->refuses_all;
}

double robots_delay_s(const struct robots *r)
{
	return group_for_us(r)->delay_s;
}

size_t robots_sitemap_count(const struct robots *r)
{
	return r->sitemap_count;
}

struct slice robots_sitemap(const struct robots *r, size_t index)
{
	return index < r->sitemap_count ? r->sitemaps[index] : (struct slice){0};
}
