#include "lib/digest.h"
#include "tests/unit/probe/certificate.h"
#include "tests/unit/probe/frames.h"
#include "tests/unit/probe/heard.h"

#define C SIDE_SERVER
#define S SIDE_CLIENT

enum { STEPS = 3 };

static const size_t steps[STEPS] = {1, 13, 100000};

static void add_record(struct buf *b, unsigned kind, struct slice body)
{
	buf_add_byte(b, (char)kind);
	frame_16(b, 0x0303);
	frame_16(b, (unsigned)body.len);
	buf_add_slice(b, body);
}

static void add_message(struct buf *b, unsigned kind, struct slice body)
{
	struct buf message = {0};

	buf_add_byte(&message, (char)kind);
	buf_add_byte(&message, 0);
	frame_16(&message, (unsigned)body.len);
	buf_add_slice(&message, body);
	add_record(b, 22, buf_slice(&message));
	buf_release(&message);
}

static void add_extension(struct buf *b, unsigned kind, struct slice body)
{
	frame_16(b, kind);
	frame_16(b, (unsigned)body.len);
	buf_add_slice(b, body);
}

#define RANDOM "0123456789abcdef0123456789abcdef"

/* GREASE values stand among the ciphers, extensions, groups and versions. */
static void add_client_hello(struct buf *b, bool offers_1_3)
{
	struct buf body = {0}, extensions = {0};

	buf_add_slice(&body, SLICE("\3\3" RANDOM "\0\0\6\x0a\x0a\xc0\x2f\0\x35\1\0"));
	add_extension(&extensions, 0x1a1a, SLICE(""));
	add_extension(&extensions, 0,
		SLICE("\0\x14\0\0\x11"
		      "Portal.Example.VN"));
	add_extension(&extensions, 10, SLICE("\0\6\x2a\x2a\0\x1d\0\x17"));
	add_extension(&extensions, 11, SLICE("\1\0"));
	add_extension(&extensions, 16, SLICE("\0\x0c\2h2\x08http/1.1"));
	if (offers_1_3)
		add_extension(&extensions, 43, SLICE("\6\x3a\x3a\3\4\3\3"));
	frame_16(&body, (unsigned)extensions.len);
	buf_add_slice(&body, buf_slice(&extensions));
	add_message(b, 1, buf_slice(&body));
	buf_release(&extensions);
	buf_release(&body);
}

static void hash(const char *text, char ret_hex[2 * MD5_LEN + 1])
{
	uint8_t bytes[MD5_LEN];

	digest_md5(slice_of(text), bytes);
	digest_hex(bytes, sizeof bytes, ret_hex);
}

static void add_certificate(struct buf *b)
{
	struct buf body = {0};
	unsigned len = sizeof certificate_der;

	buf_add_byte(&body, 0);
	frame_16(&body, len + 3);
	buf_add_byte(&body, 0);
	frame_16(&body, len);
	buf_add(&body, certificate_der, len);
	add_message(b, 11, buf_slice(&body));
	buf_release(&body);
}

static void a_handshake_up_to_1_2_is_told_with_its_certificate(void **state)
{
	struct buf client = {0}, server = {0}, expected = {0};
	char ja3[2 * MD5_LEN + 1], ja3s[2 * MD5_LEN + 1];

	(void)state;
	hash("771,49199-53,0-10-11-16,29-23,0", ja3);
	hash("771,49199,65281", ja3s);
	add_client_hello(&client, false);
	add_message(&server, 2, SLICE("\3\3" RANDOM "\0\xc0\x2f\0\0\5\xff\1\0\1\0"));
	add_certificate(&server);
	buf_printf(&expected,
		"app tls\nhost tls portal.example.vn\n"
		"{\"event_type\":\"tls\",\"tls\":{\"sni\":\"portal.example.vn\",\"version\":\"TLS 1.2\","
		"\"subject\":\"C=VN, O=Cong ty Thu, CN=portal.example.vn\","
		"\"issuerdn\":\"C=VN, O=Cong ty Thu, CN=portal.example.vn\","
		"\"fingerprint\":\"6c:db:ec:07:3e:37:74:d4:05:2f:18:7f:5c:ec:03:a8:ba:e1:a5:08\","
		"\"notbefore\":\"2026-11-23T19:27:17.000000+00:00\","
		"\"notafter\":\"2036-11-20T19:27:17.000000+00:00\","
		"\"ja3\":{\"hash\":\"%s\"},\"ja3s\":{\"hash\":\"%s\"},\"alpn\":\"h2,http/1.1\"}}\n",
		ja3, ja3s);
	for (int i = 0; i < STEPS; i++) {
		struct talk t;

		talk_begin(&t, 443);
		talk_say(&t, C, buf_slice(&client), steps[i]);
		talk_say(&t, S, buf_slice(&server), steps[i]);
		assert_string_equal(buf_text(&t.heard), buf_text(&expected));
		talk_release(&t);
	}
	buf_release(&client);
	buf_release(&server);
	buf_release(&expected);
}

static void a_handshake_of_1_3_is_told_at_the_server_hello(void **state)
{
	struct buf client = {0}, server = {0}, expected = {0};
	char ja3[2 * MD5_LEN + 1], ja3s[2 * MD5_LEN + 1];
	struct talk t;

	(void)state;
	hash("771,49199-53,0-10-11-16-43,29-23,0", ja3);
	hash("771,4865,43", ja3s);
	add_client_hello(&client, true);
	add_message(&server, 2, SLICE("\3\3" RANDOM "\0\x13\1\0\0\6\0\x2b\0\2\3\4"));
	buf_printf(&expected,
		"app tls\nhost tls portal.example.vn\n"
		"{\"event_type\":\"tls\",\"tls\":{\"sni\":\"portal.example.vn\",\"version\":\"TLS 1.3\","
		"\"ja3\":{\"hash\":\"%s\"},\"ja3s\":{\"hash\":\"%s\"},\"alpn\":\"h2,http/1.1\"}}\n",
		ja3, ja3s);
	talk_begin(&t, 443);
	talk_say(&t, C, buf_slice(&client), 1000);
	talk_say(&t, S, buf_slice(&server), 1000);
	assert_string_equal(buf_text(&t.heard), buf_text(&expected));
	talk_say(&t, S, SLICE("\x17\3\3\0\1x"), 1000);
	talk_say(&t, C, SLICE("\x17\3\3\0\1x"), 1000);
	assert_null(t.session);
	talk_release(&t);
	buf_release(&client);
	buf_release(&server);
	buf_release(&expected);
}

static void a_hello_without_an_answer_is_told_at_the_end(void **state)
{
	struct buf client = {0};
	struct talk t;

	(void)state;
	add_client_hello(&client, false);
	talk_begin(&t, 443);
	talk_say(&t, C, buf_slice(&client), 1000);
	assert_null(strstr(buf_text(&t.heard), "event_type"));
	talk_end(&t);
	assert_non_null(strstr(
		buf_text(&t.heard), "\"sni\":\"portal.example.vn\",\"version\":\"TLS 1.2\""));
	talk_release(&t);
	buf_release(&client);
}

static void a_refusal_by_the_server_is_told_at_once(void **state)
{
	struct buf client = {0};
	struct talk t;

	(void)state;
	add_client_hello(&client, false);
	talk_begin(&t, 443);
	talk_say(&t, C, buf_slice(&client), 1000);
	talk_say(&t, S, SLICE("\x15\3\3\0\2\2\x28"), 1000);
	assert_non_null(strstr(buf_text(&t.heard), "event_type"));
	talk_release(&t);
	buf_release(&client);
}

static void every_prefix_and_flipped_bit_is_survived(void **state)
{
	struct buf client = {0};

	(void)state;
	add_client_hello(&client, true);
	for (size_t at = 0; at < client.len; at++) {
		struct talk t;

		client.at[at] = (char)(client.at[at] ^ 0x81);
		talk_begin(&t, 443);
		talk_say(&t, C, (struct slice){client.at, at + 1}, 1000);
		talk_say(&t, C, slice_from(buf_slice(&client), at + 1), 1000);
		talk_release(&t);
		client.at[at] = (char)(client.at[at] ^ 0x81);
	}
	buf_release(&client);
}

/* The hello in records of `len` bytes each. */
static void split_records(struct buf *b, struct slice record, size_t len)
{
	struct slice message = slice_from(record, 5);

	for (; message.len > 0; message = slice_from(message, len))
		add_record(
			b, 22, (struct slice){message.at, message.len < len ? message.len : len});
}

static void a_hello_in_several_records_is_read_whole(void **state)
{
	static const size_t lens[] = {1, 3, 4, 5, 50, 100};
	struct buf client = {0}, expected = {0};
	char ja3[2 * MD5_LEN + 1];

	(void)state;
	hash("771,49199-53,0-10-11-16-43,29-23,0", ja3);
	buf_printf(&expected,
		"app tls\nhost tls portal.example.vn\n"
		"{\"event_type\":\"tls\",\"tls\":{\"sni\":\"portal.example.vn\",\"version\":\"TLS 1.3\","
		"\"ja3\":{\"hash\":\"%s\"},\"alpn\":\"h2,http/1.1\"}}\n",
		ja3);
	add_client_hello(&client, true);
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		for (int step = 0; step < STEPS; step++) {
			struct buf split = {0};
			struct talk t;

			split_records(&split, buf_slice(&client), lens[i]);
			talk_begin(&t, 443);
			talk_say(&t, C, buf_slice(&split), steps[step]);
			talk_end(&t);
			assert_string_equal(buf_text(&t.heard), buf_text(&expected));
			talk_release(&t);
			buf_release(&split);
		}
	}
	buf_release(&client);
	buf_release(&expected);
}

/* A server's certificates can fill several records of the greatest length. */
static void add_flight(struct buf *b, size_t padding)
{
	struct buf flight = {0}, records = {0};

	add_message(b, 2, SLICE("\3\3" RANDOM "\0\xc0\x2f\0\0\5\xff\1\0\1\0"));
	add_certificate(&records);
	buf_add_slice(&flight, slice_from(buf_slice(&records), 5));
	flight.at[1] = (char)((flight.len - 4 + padding) >> 16);
	flight.at[2] = (char)((flight.len - 4 + padding) >> 8);
	flight.at[3] = (char)(flight.len - 4 + padding);
	while (padding-- > 0)
		buf_add_byte(&flight, 2);
	buf_add_slice(&flight, SLICE("\x0e\0\0\0"));
	buf_clear(&records);
	buf_add_slice(&records, SLICE("12345"));
	buf_add_slice(&records, buf_slice(&flight));
	split_records(b, buf_slice(&records), 16384);
	buf_release(&flight);
	buf_release(&records);
}

static void huge_certificate_chains_are_told(void **state)
{
	static const size_t paddings[] = {0, 10000, 15000, 16000, 20000, 70000};

	(void)state;
	for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
		for (int step = 0; step < STEPS; step++) {
			struct buf client = {0}, server = {0};
			struct talk t;

			add_client_hello(&client, false);
			add_flight(&server, paddings[i]);
			talk_begin(&t, 443);
			talk_say(&t, C, buf_slice(&client), steps[step]);
			talk_say(&t, S, buf_slice(&server), steps[step]);
			assert_non_null(strstr(buf_text(&t.heard), "\"subject\":\"C=VN, O=Cong"));
			assert_non_null(strstr(buf_text(&t.heard), "\"ja3s\""));
			assert_int_equal(sessions_losses(t.all).full, 0);
			talk_release(&t);
			buf_release(&client);
			buf_release(&server);
		}
	}
}

static void what_goes_on_from_a_message_too_long_is_no_message(void **state)
{
	struct buf client = {0}, hello = {0}, record = {0};
	struct talk t;

	(void)state;
	add_client_hello(&hello, false);
	buf_add_slice(&record, SLICE("\x63\1\0\0")); /* 64 KiB of type 99 */
	for (int i = 0; i < 16000; i++)
		buf_add_byte(&record, 0);
	add_record(&client, 22, buf_slice(&record));
	add_record(&client, 22, slice_from(buf_slice(&hello), 5));
	talk_begin(&t, 443);
	talk_say(&t, C, SLICE("\x16\3\1\0\4\1\0\0\0"), 100);
	for (int i = 0; i < 3; i++)
		talk_say(&t, C, buf_slice(&client), 1000);
	assert_null(strstr(buf_text(&t.heard), "host"));
	talk_release(&t);
	buf_release(&client);
	buf_release(&hello);
	buf_release(&record);
}

static void a_certificate_of_the_client_is_nobodys_business(void **state)
{
	struct buf client = {0};
	struct talk t;

	(void)state;
	add_client_hello(&client, false);
	add_certificate(&client);
	talk_begin(&t, 443);
	talk_say(&t, C, buf_slice(&client), 1000);
	talk_end(&t);
	assert_non_null(strstr(buf_text(&t.heard), "\"sni\":\"portal.example.vn\""));
	assert_null(strstr(buf_text(&t.heard), "subject"));
	talk_release(&t);
	buf_release(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_up_to_1_2_is_told_with_its_certificate),
		cmocka_unit_test(a_handshake_of_1_3_is_told_at_the_server_hello),
		cmocka_unit_test(a_hello_without_an_answer_is_told_at_the_end),
		cmocka_unit_test(a_refusal_by_the_server_is_told_at_once),
		cmocka_unit_test(a_hello_in_several_records_is_read_whole),
		cmocka_unit_test(huge_certificate_chains_are_told),
		cmocka_unit_test(what_goes_on_from_a_message_too_long_is_no_message),
		cmocka_unit_test(a_certificate_of_the_client_is_nobodys_business),
		cmocka_unit_test(every_prefix_and_flipped_bit_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
