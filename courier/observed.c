#include "courier/observed.h"

#include "lib/mem.h"
#include "lib/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

enum { HOST_MAX = 253 };

struct gathering {
	struct arena *arena;
	struct observed *seen;
};

static struct slice text_at(struct gathering *g, struct json_value from, const char *path)
{
	struct json_value value;
	struct slice text = {0};

	if (!json_at(from, path, &value) || !json_to_text(value, &text))
		return SLICE("");
	return arena_slice(g->arena, text);
}

static bool is_ip(struct slice text, int family)
{
	char plain[INET6_ADDRSTRLEN] = "";
	struct in6_addr address;

	if (text.len >= sizeof(plain))
		return false;
	memcpy(plain, text.at, text.len);
	return inet_pton(family, plain, &address) == 1;
}

bool observed_is_ipv6(struct slice ip)
{
	return is_ip(ip, AF_INET6);
}

static struct slice ip_at(struct gathering *g, struct json_value from, const char *path)
{
	struct slice text = text_at(g, from, path);

	return text.len > 0 && (is_ip(text, AF_INET) || is_ip(text, AF_INET6)) ? text : SLICE("");
}

static uint64_t port_at(struct json_value from, const char *path)
{
	struct json_value value;
	uint64_t port;

	return json_at(from, path, &value) && json_to_u64(value, &port) && port <= UINT16_MAX ? port
											      : 0;
}

static bool is_host_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* A name of at least two labels in ASCII and lower case, or "". */
static struct slice host_of(struct gathering *g, struct slice text)
{
	char ascii[TEXT_HOST_MAX];
	size_t len = 0;

	while (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	if (text.len == 0 || text.len > HOST_MAX || is_ip(text, AF_INET))
		return SLICE("");
	for (; len < text.len && is_host_byte(text.at[len]); len++)
		ascii[len] = (char)tolower((unsigned char)text.at[len]);
	if (len < text.len && !text_host_to_ascii(text, ascii, &len))
		return SLICE("");
	struct slice host = {ascii, len};

	if (len > HOST_MAX || slice_find_byte(host, '.') == len || host.at[0] == '.' ||
		slice_find(host, SLICE("..")) < len)
		return SLICE("");
	return arena_slice(g->arena, host);
}

static struct slice host_at(struct gathering *g, struct json_value from, const char *path)
{
	return host_of(g, text_at(g, from, path));
}

static bool add_host(void *ctx, struct slice key, struct json_value value)
{
	struct gathering *g = ctx;
	struct observed_event *e = &g->seen->at[g->seen->count];
	struct slice text;

	(void)key;
	if (!json_to_text(value, &text))
		return true;
	struct slice host = host_of(g, text);

	if (host.len > 0)
		e->hosts[e->host_count++] = host;
	return e->host_count < OBSERVED_HOSTS_MAX;
}

static void hosts_at(struct gathering *g, struct json_value from, const char *path)
{
	struct json_value value;

	if (g->seen->at[g->seen->count].host_count < OBSERVED_HOSTS_MAX &&
		json_at(from, path, &value) && json_kind(value) == JSON_ARRAY)
		json_each(value, add_host, g);
}

/* Only what could be typed into a browser: a scheme of the web, no white space, no controls. */
static struct slice url_of(struct slice text)
{
	if (text.len > OBSERVED_URL_MAX ||
		(!slice_starts(text, SLICE("http://")) && !slice_starts(text, SLICE("https://"))))
		return SLICE("");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f)
			return SLICE("");
	return text;
}

static struct slice url_at(struct gathering *g, struct json_value event)
{
	static const char *const paths[] = {"article.url", "site_check.url", "lookalike.url"};
	struct slice host = text_at(g, event, "http.hostname");
	struct slice path = text_at(g, event, "http.url");

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct slice url = url_of(text_at(g, event, paths[i]));

		if (url.len > 0)
			return url;
	}
	if (host.len == 0 || path.len == 0 || path.at[0] != '/')
		return SLICE("");
	return url_of(slice_of(
		arena_printf(g->arena, "http://%.*s%.*s", SLICE_ARG(host), SLICE_ARG(path))));
}

static struct slice sha1_at(struct gathering *g, struct json_value event)
{
	struct slice colons = text_at(g, event, "tls.fingerprint");
	char hex[40];
	size_t len = 0;

	for (size_t i = 0; i < colons.len; i++) {
		if (colons.at[i] == ':')
			continue;
		if (len == sizeof(hex) || !isxdigit((unsigned char)colons.at[i]))
			return SLICE("");
		hex[len++] = (char)tolower((unsigned char)colons.at[i]);
	}
	return len == sizeof(hex) ? arena_slice(g->arena, slice_over(hex, len)) : SLICE("");
}

static struct slice first_host(struct gathering *g, struct json_value event)
{
	static const char *const paths[] = {
		"dns.rrname", "tls.sni", "http.hostname", "site_check.host"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct slice host = host_at(g, event, paths[i]);

		if (host.len > 0)
			return host;
	}
	return SLICE("");
}

static void add_event(struct gathering *g, struct json_value event)
{
	struct observed_event *e = &g->seen->at[g->seen->count];

	*e = (struct observed_event){
		.event_type = text_at(g, event, "event_type"),
		.src_ip = ip_at(g, event, "src_ip"),
		.dest_ip = ip_at(g, event, "dest_ip"),
		.src_port = port_at(event, "src_port"),
		.dest_port = port_at(event, "dest_port"),
		.proto = text_at(g, event, "proto"),
		.app_proto = text_at(g, event, "app_proto"),
		.host = first_host(g, event),
		.url = url_at(g, event),
		.method = text_at(g, event, "http.http_method"),
		.user_agent = text_at(g, event, "http.http_user_agent"),
		.lookalike = host_at(g, event, "lookalike.host"),
		.lookalike_of = host_at(g, event, "lookalike.target"),
		.certificate_sha1 = sha1_at(g, event),
		.certificate_subject = text_at(g, event, "tls.subject"),
		.certificate_issuer = text_at(g, event, "tls.issuerdn"),
	};
	hosts_at(g, event, "article.link_hosts");
	hosts_at(g, event, "site_check.new_hosts");
	g->seen->count++;
}

static bool on_event(void *ctx, struct slice key, struct json_value event)
{
	struct gathering *g = ctx;

	(void)key;
	if (json_kind(event) == JSON_OBJECT)
		add_event(g, event);
	return g->seen->count < OBSERVED_MAX;
}

void observed_read(struct json_reader *reader, struct arena *a, const struct alert *alert,
	struct observed *ret)
{
	struct gathering g = {.arena = a, .seen = ret};
	struct json_value root;
	struct err err = {0};

	ret->count = 0;
	if (json_read(reader, alert->group, &root, &err))
		add_event(&g, root);
	if (json_read(reader, alert->events, &root, &err))
		json_each(root, on_event, &g);
}
