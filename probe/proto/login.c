/* The line protocols in which passwords still cross the wire in clear text: FTP (RFC 959), SMTP
 * (RFC 5321, 4954), POP3 (RFC 1939, 5034) and IMAP (RFC 9051). Only the fact of a login is told. */
#include "probe/proto/proto.h"

#include <ctype.h>
#include <string.h>

enum { LINE_LEN_MAX = 1024, LINES_MAX = 200 };

struct login_state {
	enum app app;
	unsigned lines;
	bool anonymous; /* the FTP user gave no real name */
	bool wants_tls; /* the client asked to go on encrypted */
	bool in_long_line[2];
	bool over; /* nothing more can be learnt */
};

enum login_action {
	LOGIN_NOTHING,
	LOGIN_TRIED,
	LOGIN_USER,
	LOGIN_TLS,
	LOGIN_OVER,
	LOGIN_IS_FTP,
	LOGIN_IS_SMTP
};

struct login_command {
	struct slice words; /* in upper case; the line goes on after them or ends */
	enum app app;       /* APP_UNKNOWN: before it is clear what the server speaks */
	enum login_action action;
};

static const struct login_command commands[] = {
	{SLICE_INIT("EHLO"), APP_UNKNOWN, LOGIN_IS_SMTP},
	{SLICE_INIT("HELO"), APP_UNKNOWN, LOGIN_IS_SMTP},
	{SLICE_INIT("USER"), APP_UNKNOWN, LOGIN_IS_FTP},
	{SLICE_INIT("AUTH TLS"), APP_UNKNOWN, LOGIN_IS_FTP},
	{SLICE_INIT("USER"), APP_FTP, LOGIN_USER},
	{SLICE_INIT("PASS"), APP_FTP, LOGIN_TRIED},
	{SLICE_INIT("AUTH TLS"), APP_FTP, LOGIN_TLS},
	{SLICE_INIT("AUTH SSL"), APP_FTP, LOGIN_TLS},
	{SLICE_INIT("AUTH PLAIN"), APP_SMTP, LOGIN_TRIED},
	{SLICE_INIT("AUTH LOGIN"), APP_SMTP, LOGIN_TRIED},
	{SLICE_INIT("STARTTLS"), APP_SMTP, LOGIN_TLS},
	{SLICE_INIT("DATA"), APP_SMTP, LOGIN_OVER},
	{SLICE_INIT("BDAT"), APP_SMTP, LOGIN_OVER},
	{SLICE_INIT("PASS"), APP_POP3, LOGIN_TRIED},
	{SLICE_INIT("AUTH PLAIN"), APP_POP3, LOGIN_TRIED},
	{SLICE_INIT("AUTH LOGIN"), APP_POP3, LOGIN_TRIED},
	{SLICE_INIT("STLS"), APP_POP3, LOGIN_TLS},
	{SLICE_INIT("LOGIN"), APP_IMAP, LOGIN_TRIED},
	{SLICE_INIT("AUTHENTICATE PLAIN"), APP_IMAP, LOGIN_TRIED},
	{SLICE_INIT("AUTHENTICATE LOGIN"), APP_IMAP, LOGIN_TRIED},
	{SLICE_INIT("STARTTLS"), APP_IMAP, LOGIN_TLS},
};

static bool starts_with_words(struct slice line, struct slice words)
{
	return line.len >= words.len &&
		slice_equal_nocase((struct slice){line.at, words.len}, words) &&
		(line.len == words.len || line.at[words.len] == ' ');
}

static void learn(struct login_state *l, enum app app, const struct proto_sink *sink)
{
	l->app = app;
	sink->app(sink->ctx, app);
}

static void do_command(struct login_state *l, const struct login_command *command,
	struct slice argument, const struct proto_sink *sink)
{
	switch (command->action) {
	case LOGIN_USER:
		l->anonymous = slice_equal_nocase(argument, SLICE("anonymous")) ||
			slice_equal_nocase(argument, SLICE("ftp"));
		break;
	case LOGIN_TRIED:
		if (!l->anonymous)
			sink->credential(sink->ctx, l->app);
		l->over = true;
		break;
	case LOGIN_TLS: l->wants_tls = true; break;
	case LOGIN_OVER: l->over = true; break;
	case LOGIN_IS_FTP: learn(l, APP_FTP, sink); break;
	case LOGIN_IS_SMTP: learn(l, APP_SMTP, sink); break;
	case LOGIN_NOTHING: break;
	}
}

static void read_command(struct login_state *l, struct slice line, const struct proto_sink *sink)
{
	struct slice tag;

	l->wants_tls = false;
	if (l->app == APP_IMAP && !slice_cut(&line, ' ', &tag))
		return;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0] && !l->over; i++) {
		const struct login_command *c = &commands[i];

		/* A row that says what the server speaks lets the rows of that protocol follow. */
		if (c->app == l->app && starts_with_words(line, c->words))
			do_command(l, c, slice_trim(slice_from(line, c->words.len)), sink);
	}
}

static bool is_consent(const struct login_state *l, struct slice line)
{
	struct slice tag;

	switch (l->app) {
	case APP_FTP: return slice_starts(line, SLICE("234"));
	case APP_SMTP: return slice_starts(line, SLICE("220"));
	case APP_POP3: return slice_starts(line, SLICE("+OK"));
	default: return slice_cut(&line, ' ', &tag) && slice_starts(line, SLICE("OK"));
	}
}

static void read_greeting(struct login_state *l, struct slice line, const struct proto_sink *sink)
{
	if (slice_starts(line, SLICE("+OK")))
		learn(l, APP_POP3, sink);
	else if (slice_starts(line, SLICE("* ")))
		learn(l, APP_IMAP, sink);
	else if (slice_contains_nocase(line, SLICE("SMTP")))
		learn(l, APP_SMTP, sink);
	else if (slice_contains_nocase(line, SLICE("FTP")))
		learn(l, APP_FTP, sink);
}

static size_t read_line(struct login_state *l, enum side side, struct slice bytes, size_t end,
	const struct proto_sink *sink)
{
	struct slice line = slice_trim((struct slice){bytes.at, end});

	if (++l->lines > LINES_MAX)
		return STREAM_DONE;
	if (l->in_long_line[side]) {
		l->in_long_line[side] = false;
		return end + 1;
	}
	if (side == SIDE_SERVER) {
		read_command(l, line, sink);
	} else if (l->wants_tls) {
		l->wants_tls = false;
		if (is_consent(l, line))
			return PROTO_AGAIN;
	} else if (l->app == APP_UNKNOWN) {
		read_greeting(l, line, sink);
	}
	return l->over ? STREAM_DONE : end + 1;
}

static size_t read(void *state, enum side side, struct slice bytes, const struct proto_sink *sink)
{
	struct login_state *l = state;
	size_t end = slice_find_byte(bytes, '\n');

	if (l->over)
		return STREAM_DONE;
	if (end < bytes.len)
		return read_line(l, side, bytes, end, sink);
	if (bytes.len < LINE_LEN_MAX)
		return 0;
	l->in_long_line[side] = true;
	return bytes.len;
}

static enum proto_match match_number(struct slice bytes)
{
	if (bytes.len < 4)
		return proto_match_start(bytes, SLICE("220"));
	return proto_match_start(bytes, SLICE("220")) == PROTO_YES &&
			(bytes.at[3] == ' ' || bytes.at[3] == '-')
		? PROTO_YES
		: PROTO_NO;
}

static enum proto_match recognise(struct slice bytes, enum side side, uint16_t server_port)
{
	/* With its space: a bare "+OK" is an answer of Redis. */
	static const struct slice greetings[] = {
		SLICE_INIT("+OK "), SLICE_INIT("* OK"), SLICE_INIT("* PREAUTH")};
	enum proto_match best = match_number(bytes);

	(void)server_port;
	if (side == SIDE_SERVER)
		return PROTO_NO;
	for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
		enum proto_match match = proto_match_start(bytes, greetings[i]);

		if (match > best)
			best = match;
	}
	return best;
}

const struct proto login_proto = {
	.app = APP_UNKNOWN,
	.state_len = sizeof(struct login_state),
	.recognise = recognise,
	.read = read,
};
