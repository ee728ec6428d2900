#include "lib/url_mask.h"

#include <string.h>

/* A parameter is masked when its name contains one of these, whatever the case. */
static const struct slice private_words[] = {
	SLICE_INIT("pass"),
	SLICE_INIT("pwd"),
	SLICE_INIT("matkhau"),
	SLICE_INIT("mat_khau"),
	SLICE_INIT("secret"),
	SLICE_INIT("token"),
	SLICE_INIT("jwt"),
	SLICE_INIT("auth"),
	SLICE_INIT("session"),
	SLICE_INIT("apikey"),
	SLICE_INIT("api_key"),
	SLICE_INIT("api-key"),
	SLICE_INIT("signature"),
	SLICE_INIT("otp"),
	SLICE_INIT("user"),
	SLICE_INIT("login"),
	SLICE_INIT("email"),
	SLICE_INIT("phone"),
	SLICE_INIT("cccd"),
	SLICE_INIT("cmnd"),
};

/* … or is one of these. */
static const struct slice private_names[] = {
	SLICE_INIT("sid"),
	SLICE_INIT("key"),
	SLICE_INIT("code"),
	SLICE_INIT("sig"),
	SLICE_INIT("pin"),
};

struct masked {
	char *to;
	size_t room, len;
};

static void put(struct masked *m, struct slice text)
{
	size_t room = m->room - m->len;
	size_t len = text.len < room ? text.len : room;

	if (len > 0)
		memcpy(m->to + m->len, text.at, len);
	m->len += len;
}

static bool is_private(struct slice name)
{
	for (size_t i = 0; i < sizeof private_words / sizeof private_words[0]; i++)
		if (slice_contains_nocase(name, private_words[i]))
			return true;
	for (size_t i = 0; i < sizeof private_names / sizeof private_names[0]; i++)
		if (slice_equal_nocase(name, private_names[i]))
			return true;
	return false;
}

static size_t find_any(struct slice text, const char *bytes)
{
	size_t at = 0;

	while (at < text.len && !(text.at[at] != '\0' && strchr(bytes, text.at[at])))
		at++;
	return at;
}

struct slice url_without_user(struct slice authority)
{
	for (size_t at = authority.len; at > 0; at--)
		if (authority.at[at - 1] == '@')
			return slice_from(authority, at);
	return authority;
}

/* What stands between two '&'. Some servers let ';' part parameters too, for others it belongs to
 * the value: a name behind it counts, but a masked value does not end at it. */
static void put_parameters(struct masked *m, struct slice text)
{
	while (text.len > 0) {
		size_t len = slice_find_byte(text, ';');
		struct slice part = {text.at, len};
		struct slice name = {text.at, slice_find_byte(part, '=')};

		if (name.len < len && name.len + 1 < text.len && is_private(name)) {
			put(m, name);
			put(m, SLICE("=*"));
			return;
		}
		put(m, (struct slice){text.at, len + (len < text.len)});
		text = slice_from(text, len + 1);
	}
}

/* Scheme and authority of an address in absolute or authority form; a path alone has neither. */
static void put_origin(struct masked *m, struct slice *url)
{
	size_t scheme = slice_find(*url, SLICE("://"));
	size_t start = 0;

	if (url->len > 0 && (url->at[0] == '/' || url->at[0] == '?'))
		return;
	if (scheme < find_any(*url, "/?"))
		start = scheme + 3;
	put(m, (struct slice){url->at, start});
	*url = slice_from(*url, start);
	size_t len = find_any(*url, "/?");
	put(m, url_without_user((struct slice){url->at, len}));
	*url = slice_from(*url, len);
}

size_t url_mask(struct slice url, char *to, size_t room)
{
	struct masked m = {.room = room};
	size_t len;

	m.to = to;
	put_origin(&m, &url);
	len = slice_find_byte(url, '?');
	put(&m, (struct slice){url.at, len < url.len ? len + 1 : len});
	url = slice_from(url, len + 1);
	while (url.len > 0 && m.len < room) {
		len = slice_find_byte(url, '&');
		put_parameters(&m, (struct slice){url.at, len});
		put(&m, (struct slice){url.at + len, len < url.len});
		url = slice_from(url, len + 1);
	}
	return m.len;
}

static bool holds_accounts(struct slice folder)
{
	static const struct slice names[] = {SLICE_INIT("users"), SLICE_INIT("home"),
		SLICE_INIT("homes"), SLICE_INIT("profiles"), SLICE_INIT("documents and settings")};

	if (slice_ends(folder, SLICE("$"))) /* a hidden share */
		folder.len--;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (slice_equal_nocase(folder, names[i]))
			return true;
	return false;
}

size_t path_mask(struct slice path, char *to, size_t room)
{
	struct slice before = SLICE("");
	size_t len = 0;

	while (path.len > 0) {
		size_t end = 0;

		while (end < path.len && path.at[end] != '/' && path.at[end] != '\\')
			end++;

		struct slice part = {path.at, end};
		size_t whole =
			end < path.len ? end + 1 : end; /* with what parts it from the next */

		if (part.len > 0 && holds_accounts(before)) {
			if (len < room)
				to[len++] = '*';
			path = slice_from(path, end);
			whole -= end;
		}
		if (whole > room - len)
			whole = room - len;
		memcpy(to + len, path.at, whole);
		len += whole;
		path = slice_from(path, whole > 0 ? whole : path.len);
		if (part.len > 0)
			before = part;
	}
	return len;
}
