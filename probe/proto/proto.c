#include "probe/proto/proto.h"

#include <string.h>

static const struct proto *const proto_list[] = {
	&tls_proto,
	&http_proto,
	&ssh_proto,
	&login_proto,
	&dns_tcp_proto,
	&telnet_proto,
};

const char *app_name(enum app app)
{
	static const char *const names[APP_COUNT] = {
		[APP_UNKNOWN] = "",
		[APP_DNS] = "dns",
		[APP_TLS] = "tls",
		[APP_HTTP] = "http",
		[APP_SSH] = "ssh",
		[APP_FTP] = "ftp",
		[APP_SMTP] = "smtp",
		[APP_POP3] = "pop3",
		[APP_IMAP] = "imap",
		[APP_TELNET] = "telnet",
	};

	return names[app];
}

const struct proto *proto_recognise(
	struct slice bytes, enum side side, uint16_t server_port, bool *ret_maybe)
{
	*ret_maybe = false;
	for (size_t i = 0; i < sizeof proto_list / sizeof proto_list[0]; i++) {
		switch (proto_list[i]->recognise(bytes, side, server_port)) {
		case PROTO_YES: return proto_list[i];
		case PROTO_MAYBE: *ret_maybe = true; break;
		case PROTO_NO: break;
		}
	}
	return NULL;
}

void proto_copy_text(char *to, size_t room, struct slice text)
{
	size_t len = text.len < room - 1 ? text.len : room - 1;

	for (size_t i = 0; i < len; i++)
		to[i] = (char)((unsigned char)text.at[i] < ' ' ? '.' : text.at[i]);
	to[len] = '\0';
}

enum proto_match proto_match_start(struct slice bytes, struct slice word)
{
	size_t len = bytes.len < word.len ? bytes.len : word.len;

	if (memcmp(bytes.at, word.at, len) != 0)
		return PROTO_NO;
	return len == word.len ? PROTO_YES : PROTO_MAYBE;
}
