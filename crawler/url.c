#include "crawler/url.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum { SEGMENTS_MAX = 1024 };

/* The percent-encode sets of the URL standard, each with what it adds to the C0 control set. */
static const char set_fragment[] = " \"<>`";
static const char set_query[] = " \"#<>'";
static const char set_path[] = " \"#<>?`{}^";
static const char set_userinfo[] = " \"#<>?`{}/:;=@[\\]^|";

struct parser {
	struct arena *a;
	const struct url *base;
	struct buf userinfo, host, path, query, fragment;
	bool is_https, has_query, has_fragment;
	int32_t port; /* -1: the default one */
};

static void parser_release(struct parser *p)
{
	buf_release(&p->userinfo);
	buf_release(&p->host);
	buf_release(&p->path);
	buf_release(&p->query);
	buf_release(&p->fragment);
}

static void add_encoded(struct buf *out, struct slice s, const char *set)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c <= 0x1F || c >= 0x7F || strchr(set, c) != NULL)
			buf_printf(out, "%%%02X", c);
		else
			buf_add_byte(out, (char)c);
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_decoded(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		int high = i + 2 < s.len + 0 ? hex_value(s.at[i + 1]) : -1;
		int low = i + 2 < s.len ? hex_value(s.at[i + 2]) : -1;

		if (s.at[i] == '%' && high >= 0 && low >= 0) {
			buf_add_byte(out, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_add_byte(out, s.at[i]);
		}
	}
}

/* One number of an IPv4 address: decimal, 0x hex or 0 octal; -1 when it is none. */
static int64_t ipv4_number(struct slice part)
{
	unsigned base = 10;
	int64_t value = 0;

	if (part.len == 0)
		return -1;
	if (part.len >= 2 && part.at[0] == '0' && (part.at[1] == 'x' || part.at[1] == 'X')) {
		base = 16;
		part = slice_from(part, 2);
	} else if (part.len >= 2 && part.at[0] == '0') {
		base = 8;
		part = slice_from(part, 1);
	}
	for (size_t i = 0; i < part.len; i++) {
		int digit = hex_value(part.at[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return -1;
		if (value <= UINT32_MAX)
			value = value * base + digit;
	}
	return value;
}

static bool looks_like_ipv4(struct slice host)
{
	struct slice part, last = {0};

	if (host.len > 0 && host.at[host.len - 1] == '.')
		host.len--;
	while (slice_cut(&host, '.', &part))
		last = part;
	if (last.len == 0)
		return false;
	bool digits = true;
	for (size_t i = 0; i < last.len; i++)
		digits = digits && isdigit((unsigned char)last.at[i]);
	return digits || ipv4_number(last) >= 0;
}

static bool ipv4_normal(struct buf *host)
{
	struct slice rest = buf_slice(host), part;
	int64_t numbers[4] = {0};
	size_t count = 0;
	uint64_t address = 0;

	if (rest.at[rest.len - 1] == '.')
		rest.len--;
	while (slice_cut(&rest, '.', &part)) {
		if (count == 4 || (numbers[count] = ipv4_number(part)) < 0)
			return false;
		count++;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		if (numbers[i] > 255)
			return false;
		address |= (uint64_t)numbers[i] << (24 - 8 * i);
	}
	if (count == 0 || numbers[count - 1] >= (int64_t)1 << (8 * (5 - count)))
		return false;
	address |= (uint64_t)numbers[count - 1];
	buf_clear(host);
	buf_printf(host, "%u.%u.%u.%u", (unsigned)(address >> 24), (unsigned)(address >> 16 & 255),
		(unsigned)(address >> 8 & 255), (unsigned)(address & 255));
	return true;
}

/* RFC 5952 but for an embedded IPv4 address, which the URL standard writes in hex. */
static bool ipv6_normal(struct buf *host, struct slice inside)
{
	char text[64];
	unsigned char address[16];
	unsigned words[8], best = 8, best_len = 1;

	if (inside.len >= sizeof text || slice_find_byte(inside, '%') < inside.len)
		return false;
	memcpy(text, inside.at, inside.len);
	text[inside.len] = '\0';
	if (strlen(text) != inside.len || inet_pton(AF_INET6, text, address) != 1)
		return false;
	for (unsigned i = 0; i < 8; i++)
		words[i] = (unsigned)address[(size_t)2 * i] << 8 | address[(size_t)2 * i + 1];
	for (unsigned i = 0, run = 0; i < 8; i++) {
		run = words[i] == 0 ? run + 1 : 0;
		if (run > best_len) {
			best_len = run;
			best = i + 1 - run;
		}
	}
	buf_clear(host);
	buf_add_byte(host, '[');
	for (unsigned i = 0; i < 8; i++) {
		if (i == best) {
			buf_add_text(host, "::");
			i += best_len - 1;
			continue;
		}
		buf_printf(host, "%s%x", i > 0 && i != best + best_len ? ":" : "", words[i]);
	}
	buf_add_byte(host, ']');
	return true;
}

static bool parse_host(struct parser *p, struct slice raw)
{
	char ascii[TEXT_HOST_MAX];
	size_t len;

	if (raw.len == 0)
		return false;
	if (raw.at[0] == '[')
		return raw.at[raw.len - 1] == ']' && raw.len > 2 &&
			ipv6_normal(&p->host, slice_over(raw.at + 1, raw.len - 2));
	struct buf decoded = {0};
	add_decoded(&decoded, raw);
	bool ok = text_is_utf8(buf_slice(&decoded)) &&
		text_host_to_ascii(buf_slice(&decoded), ascii, &len);
	buf_release(&decoded);
	if (!ok)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)ascii[i] <= 0x20 || ascii[i] == 0x7F ||
			strchr("#/:<>?@[\\]^|%", ascii[i]) != NULL)
			return false;
	buf_add(&p->host, ascii, len);
	return !looks_like_ipv4(buf_slice(&p->host)) || ipv4_normal(&p->host);
}

static bool parse_port(struct parser *p, struct slice digits)
{
	uint64_t port = 0;

	if (digits.len == 0)
		return true;
	for (size_t i = 0; i < digits.len; i++) {
		if (!isdigit((unsigned char)digits.at[i]))
			return false;
		port = port * 10 + (uint64_t)(digits.at[i] - '0');
		if (port > UINT16_MAX)
			return false;
	}
	if (port != (p->is_https ? 443 : 80))
		p->port = (int32_t)port;
	return true;
}

static void add_userinfo(struct parser *p, struct slice raw)
{
	size_t colon = slice_find_byte(raw, ':');
	struct slice password = slice_from(raw, colon + 1);

	add_encoded(&p->userinfo, slice_over(raw.at, colon), set_userinfo);
	if (password.len > 0) {
		buf_add_byte(&p->userinfo, ':');
		add_encoded(&p->userinfo, password, set_userinfo);
	}
}

static bool parse_authority(struct parser *p, struct slice authority)
{
	size_t at = authority.len, colon;

	while (at > 0 && authority.at[at - 1] != '@')
		at--;
	if (at > 0)
		add_userinfo(p, slice_over(authority.at, at - 1));
	struct slice host = slice_from(authority, at);
	for (colon = host.len; colon > 0 && host.at[colon - 1] != ':' && host.at[colon - 1] != ']';)
		colon--;
	if (colon > 0 && host.at[colon - 1] == ':')
		return parse_host(p, slice_over(host.at, colon - 1)) &&
			parse_port(p, slice_from(host, colon));
	return parse_host(p, host);
}

static bool is_dots(struct slice segment, unsigned dots)
{
	unsigned seen = 0;

	while (segment.len > 0) {
		bool encoded = segment.len >= 3 &&
			slice_equal_nocase(slice_over(segment.at, 3), SLICE("%2e"));

		if (!encoded && segment.at[0] != '.')
			return false;
		segment = slice_from(segment, encoded ? 3 : 1);
		seen++;
	}
	return seen == dots;
}

static void drop_last_segment(struct buf *path)
{
	while (path->len > 0 && path->at[--path->len] != '/') {
	}
}

/* `path` holds whole segments, each with its slash in front. */
static void add_path(struct parser *p, struct slice raw)
{
	while (true) {
		size_t end = 0;

		while (end < raw.len && raw.at[end] != '/' && raw.at[end] != '\\')
			end++;
		struct slice segment = slice_over(raw.at, end);
		bool last = end == raw.len;

		if (is_dots(segment, 2))
			drop_last_segment(&p->path);
		if (is_dots(segment, 1) || is_dots(segment, 2)) {
			if (last)
				buf_add_byte(&p->path, '/');
		} else {
			buf_add_byte(&p->path, '/');
			add_encoded(&p->path, segment, set_path);
		}
		if (last)
			return;
		raw = slice_from(raw, end + 1);
	}
}

static void parse_tail(struct parser *p, struct slice rest)
{
	size_t hash = slice_find_byte(rest, '#'), question;

	if (hash < rest.len) {
		p->has_fragment = true;
		add_encoded(&p->fragment, slice_from(rest, hash + 1), set_fragment);
	}
	rest.len = hash;
	question = slice_find_byte(rest, '?');
	if (question < rest.len) {
		p->has_query = true;
		add_encoded(&p->query, slice_from(rest, question + 1), set_query);
	}
	rest.len = question;
	if (rest.len > 0 && (rest.at[0] == '/' || rest.at[0] == '\\')) {
		buf_clear(&p->path);
		rest = slice_from(rest, 1);
	} else if (rest.len > 0) {
		drop_last_segment(&p->path);
	}
	if (rest.len > 0 || p->path.len == 0)
		add_path(p, rest);
}

static bool parse_absolute(struct parser *p, struct slice rest)
{
	size_t end = 0;

	while (rest.len > 0 && (rest.at[0] == '/' || rest.at[0] == '\\'))
		rest = slice_from(rest, 1);
	while (end < rest.len && strchr("/\\?#", rest.at[end]) == NULL)
		end++;
	if (!parse_authority(p, slice_over(rest.at, end)))
		return false;
	parse_tail(p, slice_from(rest, end));
	return true;
}

static bool parse_relative(struct parser *p, struct slice rest)
{
	const struct url *base = p->base;
	size_t query = slice_find_byte(base->target, '?');
	bool slash = rest.len > 0 && (rest.at[0] == '/' || rest.at[0] == '\\');

	p->is_https = slice_is(base->scheme, "https");
	if (slash && rest.len > 1 && (rest.at[1] == '/' || rest.at[1] == '\\'))
		return parse_absolute(p, rest);
	struct slice prefix = slice_from(base->href, base->scheme.len + 3);
	size_t end = slice_find_byte(prefix, '/');
	if (!parse_authority(p, slice_over(prefix.at, end)))
		return false;
	buf_add_slice(&p->path, slice_over(base->target.at, query));
	if ((rest.len == 0 || rest.at[0] == '#') && query < base->target.len) {
		p->has_query = true;
		buf_add_slice(&p->query, slice_from(base->target, query + 1));
	}
	parse_tail(p, rest);
	return true;
}

static void finish(struct parser *p, struct url *ret)
{
	struct buf out = {0};
	size_t host, target, query;

	buf_add_text(&out, p->is_https ? "https://" : "http://");
	if (p->userinfo.len > 0) {
		buf_add_slice(&out, buf_slice(&p->userinfo));
		buf_add_byte(&out, '@');
	}
	host = out.len;
	buf_add_slice(&out, buf_slice(&p->host));
	if (p->port >= 0)
		buf_printf(&out, ":%d", (int)p->port);
	target = out.len;
	buf_add_slice(&out, buf_slice(&p->path));
	query = out.len;
	if (p->has_query) {
		buf_add_byte(&out, '?');
		buf_add_slice(&out, buf_slice(&p->query));
	}
	size_t fragment = out.len;
	if (p->has_fragment) {
		buf_add_byte(&out, '#');
		buf_add_slice(&out, buf_slice(&p->fragment));
	}
	char *href = arena_copy(p->a, buf_slice(&out));
	*ret = (struct url){
		.href = {href, out.len},
		.scheme = {href, p->is_https ? 5 : 4},
		.host = {href + host, p->host.len},
		.target = {href + target, fragment - target},
		.path = {href + target, query - target},
		.port = (uint16_t)(p->port >= 0 ? p->port
				: p->is_https   ? 443
						: 80),
		.has_userinfo = p->userinfo.len > 0,
		.fragment = slice_from((struct slice){href, out.len}, fragment + 1),
	};
	buf_release(&out);
}

/* Without C0 controls and spaces at the ends, and without tabs and line ends anywhere. */
static struct slice clean(struct arena *a, struct slice text)
{
	while (text.len > 0 && (unsigned char)text.at[0] <= 0x20)
		text = slice_from(text, 1);
	while (text.len > 0 && (unsigned char)text.at[text.len - 1] <= 0x20)
		text.len--;
	char *out = arena_alloc(a, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++)
		if (strchr("\t\n\r", text.at[i]) == NULL || text.at[i] == '\0')
			out[len++] = text.at[i];
	return slice_over(out, len);
}

/* Length of a scheme with its colon; 0 when the text has none. */
static size_t scheme_len(struct slice s)
{
	size_t i = 0;

	if (s.len == 0 || !isalpha((unsigned char)s.at[0]))
		return 0;
	while (i < s.len && (isalnum((unsigned char)s.at[i]) || strchr("+-.", s.at[i]) != NULL))
		i++;
	return i < s.len && s.at[i] == ':' ? i + 1 : 0;
}

bool url_parse(struct arena *a, struct slice text, const struct url *base, struct url *ret)
{
	CLEANUP(parser_release) struct parser p = {.a = a, .base = base, .port = -1};

	if (text.len > URL_LEN_MAX)
		return false;
	text = clean(a, text);
	size_t scheme = scheme_len(text);
	struct slice rest = slice_from(text, scheme);
	bool ok;
	if (scheme == 0) {
		ok = base != NULL && parse_relative(&p, rest);
	} else {
		struct slice name = slice_over(text.at, scheme - 1);

		p.is_https = slice_equal_nocase(name, SLICE("https"));
		if (!p.is_https && !slice_equal_nocase(name, SLICE("http")))
			return false;
		bool slashes = rest.len > 0 && (rest.at[0] == '/' || rest.at[0] == '\\');
		bool two = slashes && rest.len > 1 && rest.at[0] == '/' && rest.at[1] == '/';
		if (base != NULL && slice_equal_nocase(name, base->scheme) && !two)
			ok = parse_relative(&p, rest);
		else
			ok = parse_absolute(&p, rest);
	}
	if (!ok)
		return false;
	finish(&p, ret);
	return ret->href.len <= (size_t)3 * URL_LEN_MAX;
}

static bool is_tracking(struct slice parameter)
{
	static const char *const names[] = {"utm_",
		"fbclid=", "gclid=", "zarsrc=", "_ga=", "mc_cid=", "mc_eid=",
		/* sessions, and where Liferay came from */
		"PHPSESSID=", "phpsessid=", "jsessionid=", "ASPSESSIONID",
		"CFID=", "CFTOKEN=", "sessionid=", "session_id=", "p_p_", "p_l_back_url",
		"_com_liferay", "redirect=", "inheritRedirect="};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (slice_starts(parameter, slice_of(names[i])))
			return true;
	return false;
}

struct slice url_identity(struct arena *a, const struct url *url)
{
	size_t session = slice_find(url->path, SLICE(";jsessionid="));
	size_t start = (size_t)(url->path.at - url->href.at) + session;
	char *out = arena_alloc(a, url->href.len + 2);
	size_t len = start;
	struct slice query = slice_from(url->target, url->path.len + 1), part;

	memcpy(out, url->href.at, start);
	while (slice_cut(&query, '&', &part)) {
		if (part.len == 0 || is_tracking(part))
			continue;
		out[len] = len == start ? '?' : '&';
		memcpy(out + len + 1, part.at, part.len);
		len += part.len + 1;
	}
	return slice_over(out, len);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->port == b->port && slice_equal(a->scheme, b->scheme) &&
		slice_equal(a->host, b->host);
}
