#include "lib/digest.h"
#include "tests/unit/probe/frames.h"
#include "tests/unit/probe/heard.h"

#define C SIDE_SERVER
#define S SIDE_CLIENT

static void add_kexinit(struct buf *b, const char *prefix)
{
	static const char *const names[] = {
		"kex", "key", "cs", "sc", "mac-cs", "mac-sc", "none-cs", "none-sc", "", ""};
	struct buf lists = {0};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		frame_32(&lists, (uint32_t)(strlen(prefix) + strlen(names[i])));
		buf_printf(&lists, "%s%s", prefix, names[i]);
	}
	frame_32(b, (uint32_t)(2 + 16 + lists.len + 5));
	buf_add(b, "\4\x14", 2);
	buf_add(b, "0123456789abcdef", 16);
	buf_add_slice(b, buf_slice(&lists));
	buf_add(b, "\0\0\0\0\0", 5);
	buf_release(&lists);
}

static void hash(const char *text, char ret_hex[2 * MD5_LEN + 1])
{
	uint8_t bytes[MD5_LEN];

	digest_md5(slice_of(text), bytes);
	digest_hex(bytes, sizeof bytes, ret_hex);
}

static void a_handshake_is_told_with_both_hashes(void **state)
{
	static const size_t steps[] = {1, 11, 100000};
	struct buf client = {0}, server = {0}, expected = {0};
	char hassh[2 * MD5_LEN + 1], hassh_server[2 * MD5_LEN + 1];

	(void)state;
	hash("c-kex;c-cs;c-mac-cs;c-none-cs", hassh);
	hash("s-kex;s-sc;s-mac-sc;s-none-sc", hassh_server);
	buf_add_text(&client, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	add_kexinit(&client, "c-");
	buf_add_text(&server, "SSH-2.0-dropbear_2022.83\r\n");
	add_kexinit(&server, "s-");
	buf_printf(&expected,
		"app ssh\n{\"event_type\":\"ssh\",\"ssh\":{"
		"\"client_software\":\"OpenSSH_9.2p1 Debian-2\","
		"\"server_software\":\"dropbear_2022.83\",\"hassh\":\"%s\",\"hassh_server\":\"%s\"}}\n",
		hassh, hassh_server);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct talk t;

		talk_begin(&t, 22);
		talk_say(&t, S, buf_slice(&server), steps[i]);
		talk_say(&t, C, buf_slice(&client), steps[i]);
		assert_string_equal(buf_text(&t.heard), buf_text(&expected));
		talk_release(&t);
	}
	buf_release(&client);
	buf_release(&server);
	buf_release(&expected);
}

static void version_lines_alone_are_told_at_the_end(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, 22);
	talk_say(&t, S, SLICE("SSH-1.99-Cisco-1.25\n"), 100);
	talk_end(&t);
	assert_string_equal(buf_text(&t.heard),
		"app ssh\n{\"event_type\":\"ssh\",\"ssh\":{\"server_software\":\"Cisco-1.25\"}}\n");
	talk_release(&t);
}

static void lists_that_lie_about_their_length_are_refused(void **state)
{
	struct buf server = {0};
	struct talk t;

	(void)state;
	buf_add_text(&server, "SSH-2.0-x\r\n");
	size_t at = server.len;
	add_kexinit(&server, "s-");
	server.at[at + 22] = 0x7f; /* the first list is said to be of 2 GB */
	talk_begin(&t, 22);
	talk_say(&t, S, buf_slice(&server), 1000);
	talk_end(&t);
	assert_string_equal(buf_text(&t.heard),
		"app ssh\n{\"event_type\":\"ssh\",\"ssh\":{\"server_software\":\"x\"}}\n");
	talk_release(&t);
	buf_release(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_told_with_both_hashes),
		cmocka_unit_test(version_lines_alone_are_told_at_the_end),
		cmocka_unit_test(lists_that_lie_about_their_length_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
