#include "tests/unit/probe/heard.h"

enum { LINES_MAX = 12, STEPS = 3 };

static const size_t steps[STEPS] = {1, 5, 100000};

#define C SIDE_SERVER
#define S SIDE_CLIENT

struct login_case {
	uint16_t port;
	struct talk_line lines[LINES_MAX];
	const char *heard;
};

static const struct login_case cases[] = {
	{21,
		{{S, "220 (vsFTPd 3.0.3)\r\n"}, {C, "USER an\r\n"}, {S, "331 Password\r\n"},
			{C, "PASS hunter2\r\n"}, {S, "530 No\r\n"}, {C, "USER b\r\nPASS c\r\n"}},
		"app ftp\ncredential ftp\n"},
	{2121, {{S, "220 Welcome\r\n"}, {C, "user an\r\n"}, {C, "pass hunter2\r\n"}},
		"app ftp\ncredential ftp\n"},
	{21, {{S, "220 FTP\r\n"}, {C, "USER anonymous\r\n"}, {C, "PASS me@x\r\n"}}, "app ftp\n"},
	{21,
		{{S, "220 FTP\r\n"}, {C, "AUTH TLS\r\n"}, {S, "234 Go\r\n"},
			{C, "\x16\3\1PASS x\r\nPASS x\r\n"}},
		"app ftp\n"},
	{25,
		{{S, "220-mx.example.vn ESMTP\r\n220 x\r\n"}, {C, "EHLO c\r\n"},
			{S, "250 AUTH PLAIN LOGIN\r\n"}, {C, "AUTH PLAIN AGEAYg==\r\n"}},
		"app smtp\ncredential smtp\n"},
	{25,
		{{S, "220 x\r\n"}, {C, "HELO c\r\n"}, {C, "MAIL FROM:<a@b>\r\nDATA\r\n"},
			{C, "AUTH PLAIN in the text of a letter\r\n"}},
		"app smtp\n"},
	{110, {{S, "+OK ready\r\n"}, {C, "USER a\r\n"}, {S, "+OK\r\n"}, {C, "PASS b\r\n"}},
		"app pop3\ncredential pop3\n"},
	{110, {{S, "+OK <1896.697@x>\r\n"}, {C, "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"}},
		"app pop3\n"},
	{6379, {{C, "*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n"}, {S, "+OK\r\n"}}, ""},
	{143,
		{{S, "* OK IMAP4rev1\r\n"}, {C, "a1 CAPABILITY\r\n"}, {S, "a1 OK\r\n"},
			{C, "a2 login a b\r\n"}},
		"app imap\ncredential imap\n"},
	{143, {{S, "* PREAUTH hi\r\n"}, {C, "a AUTHENTICATE PLAIN AGEAYg==\r\n"}},
		"app imap\ncredential imap\n"},
	{143, {{S, "* OK hi\r\n"}, {C, "a LOGINX a b\r\n"}}, "app imap\n"},
	{23,
		{{S, "\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0"}, {C, "\xff\xfb\x18"},
			{S, "\r\nx login: "}, {C, "an\r\n"}, {S, "Password: "}, {C, "s"},
			{C, "ecret\r\n"}},
		"app telnet\ncredential telnet\n"},
	{23, {{S, "login: "}, {C, "an\r\n"}, {S, "Sorry.\r\n"}, {C, "x"}}, "app telnet\n"},
	{23, {{S, "Password: "}, {C, "\xff\xfb\x18\xff\xfa\x18vt100\xff\xf0"}}, "app telnet\n"},
};

static void a_login_in_clear_text_is_told_once_and_nothing_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int step = 0; step < STEPS; step++) {
			struct talk t;

			talk_begin(&t, cases[i].port);
			talk_lines(&t, cases[i].lines, steps[step]);
			talk_end(&t);
			assert_string_equal(buf_text(&t.heard), cases[i].heard);
			talk_release(&t);
		}
	}
}

static void tls_after_starttls_is_recognised(void **state)
{
	struct talk t;
	static const struct talk_line lines[] = {{S, "220 mx ESMTP\r\n"}, {C, "EHLO x\r\n"},
		{S, "250 STARTTLS\r\n"}, {C, "STARTTLS\r\n"}, {S, "220 Ready\r\n"}, {0, NULL}};

	(void)state;
	talk_begin(&t, 25);
	talk_lines(&t, lines, 100);
	talk_say(&t, C, SLICE("\x16\3\1\0\x2f\1\0\0\x2b\3\3"), 100);
	assert_string_equal(buf_text(&t.heard), "app smtp\napp tls\n");
	talk_release(&t);
}

static void endless_lines_are_given_up(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, 21);
	talk_say(&t, S, SLICE("220 FTP\r\n"), 100);
	for (int i = 0; i < 1000; i++)
		talk_say(&t, C, SLICE("NOOP\r\n"), 100);
	talk_say(&t, C, SLICE("PASS x\r\n"), 100);
	assert_string_equal(buf_text(&t.heard), "app ftp\n");
	talk_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_in_clear_text_is_told_once_and_nothing_of_it),
		cmocka_unit_test(tls_after_starttls_is_recognised),
		cmocka_unit_test(endless_lines_are_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
