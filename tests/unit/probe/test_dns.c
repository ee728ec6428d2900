#include "lib/mem.h"
#include "probe/proto/dns.h"
#include "tests/unit/probe/heard.h"

/* Reads a message and compares what is said of it; "" for a message that is refused. */
static void assert_heard(struct slice message, const char *expected)
{
	CLEANUP(buf_release) struct buf heard = {0}, scratch = {0};
	struct proto_sink sink = heard_in(&heard);

	assert_int_equal(dns_read(message, &scratch, &sink), expected[0] != '\0');
	assert_string_equal(buf_text(&heard), expected);
}

#define QUERY         "\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define ANSWER(count) "\x12\x34\x81\x80\0\1\0" count "\0\0\0\0"
#define NAME          "\3WwW\7example\2vn\0"

static void a_query_is_told_with_its_name_in_lower_case(void **state)
{
	(void)state;
	assert_heard(SLICE(QUERY NAME "\0\1\0\1"),
		"host dns www.example.vn\n"
		"{\"event_type\":\"dns\",\"dns\":{\"type\":\"query\",\"id\":4660,"
		"\"rrname\":\"www.example.vn\",\"rrtype\":\"A\",\"domain\":\"example.vn\","
		"\"name_len\":14}}\n");
}

#define HEAD                                                                                       \
	"{\"event_type\":\"dns\",\"dns\":{\"type\":\"answer\",\"id\":4660,"                        \
	"\"rrname\":\"www.example.vn\",\"rrtype\":\"A\",\"rcode\":\"NOERROR\","                    \
	"\"domain\":\"example.vn\",\"name_len\":14,\"answers\":["
#define RR(type, data)                                                                             \
	"{\"rrname\":\"www.example.vn\",\"rrtype\":\"" type "\",\"ttl\":60,\"rdata\":\"" data "\"}"

static void every_common_record_is_written(void **state)
{
	static const struct {
		struct slice record; /* type, class, ttl, length, data */
		const char *expected;
	} cases[] = {
		{SLICE_INIT("\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"), RR("A", "192.0.2.1")},
		{SLICE_INIT("\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
			RR("AAAA", "2001:db8::1")},
		{SLICE_INIT("\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x10"), RR("CNAME", "b.example.vn")},
		{SLICE_INIT("\0\2\0\1\0\0\0\x3c\0\5\2ns\xc0\x10"), RR("NS", "ns.example.vn")},
		{SLICE_INIT("\0\xf\0\1\0\0\0\x3c\0\6\0\xa\1m\xc0\x10"), RR("MX", "m.example.vn")},
		{SLICE_INIT("\0\xc\0\1\0\0\0\x3c\0\2\xc0\x10"), RR("PTR", "example.vn")},
		{SLICE_INIT("\0\6\0\1\0\0\0\x3c\0\2\xc0\x10"), RR("SOA", "example.vn")},
		{SLICE_INIT("\0\x21\0\1\0\0\0\x3c\0\x8\0\1\0\2\0\x50\xc0\x10"),
			RR("SRV", "example.vn")},
		{SLICE_INIT("\0\x10\0\1\0\0\0\x3c\0\6\2ab\2c\""), RR("TXT", "abc\\\"")},
		{SLICE_INIT("\0\xa\0\1\0\0\0\x3c\0\3xyz"), RR("NULL", "")},
		{SLICE_INIT("\xff\1\0\1\0\0\0\x3c\0\0"), RR("TYPE65281", "")},
		{SLICE_INIT("\0\1\0\1\0\0\0\x3c\0\3\xc0\0\2"), RR("A", "")}, /* of three bytes */
		{SLICE_INIT("\0\1\0\1\0\0\0\x3c\0\5\xc0\0\2\1"), ""},        /* cut off: left out */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(buf_release) struct buf message = {0}, expected = {0};

		buf_add_slice(&message, SLICE(ANSWER("\1") NAME "\0\1\0\1\xc0\x0c"));
		buf_add_slice(&message, cases[i].record);
		buf_printf(&expected, "%s%s]}}\n", HEAD, cases[i].expected);
		assert_heard(buf_slice(&message), buf_text(&expected));
	}
}

static void several_answers_are_all_written(void **state)
{
	(void)state;
	assert_heard(SLICE(ANSWER("\2") NAME "\0\1\0\1"
					     "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\1\1\1\1"
					     "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\2\2\2\2"),
		HEAD RR("A", "1.1.1.1") "," RR("A", "2.2.2.2") "]}}\n");
}

static void answers_that_unfold_too_far_are_cut(void **state)
{
	CLEANUP(buf_release) struct buf message = {0}, heard = {0}, scratch = {0};
	struct proto_sink sink = heard_in(&heard);

	(void)state;
	buf_add_slice(&message, SLICE(ANSWER("\x40")));
	for (int label = 0; label < 4; label++) {
		buf_add_byte(&message, 60);
		for (int i = 0; i < 60; i++)
			buf_add_byte(&message, 1);
	}
	buf_add_slice(&message, SLICE("\0\0\1\0\1"));
	for (int i = 0; i < 64; i++)
		buf_add_slice(&message, SLICE("\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c"));
	assert_true(dns_read(buf_slice(&message), &scratch, &sink));
	assert_true(scratch.len > DNS_ANSWERS_TEXT_MAX);
	assert_true(scratch.len < DNS_ANSWERS_TEXT_MAX + 4096);
	assert_int_equal(scratch.at[scratch.len - 1], ']');
}

static void strange_bytes_in_a_name_are_escaped(void **state)
{
	(void)state;
	assert_heard(SLICE(QUERY "\5a.b\\\1\2vn\0\0\x10\0\1"),
		"host dns a\\.b\\\\\\001.vn\n"
		"{\"event_type\":\"dns\",\"dns\":{\"type\":\"query\",\"id\":4660,"
		"\"rrname\":\"a\\\\.b\\\\\\\\\\\\001.vn\",\"rrtype\":\"TXT\",\"domain\":\"b\\\\\\\\\\\\001.vn\","
		"\"name_len\":8,\"labels_entropy\":1000}}\n");
}

static void pointers_that_loop_or_lead_forward_are_refused(void **state)
{
	static const struct slice names[] = {
		SLICE_INIT(QUERY "\xc0\x0c\0\1\0\1"),
		SLICE_INIT(QUERY "\xc0\x0e\0\1\0\1\1a\0"),
		SLICE_INIT(QUERY "\1a\xc0\x0c\0\1\0\1"),
		SLICE_INIT(QUERY "\xff\xff\0\1\0\1"),
		SLICE_INIT(QUERY "\x41"
				 "a\0\0\1\0\1"),
		SLICE_INIT(QUERY "\x3f"
				 "abc"),
		SLICE_INIT(QUERY),
		SLICE_INIT(""),
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_heard(names[i], "");
}

static void names_longer_than_255_bytes_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf message = {0};

	(void)state;
	buf_add_slice(&message, SLICE(QUERY));
	for (int i = 0; i < 5; i++)
		buf_printf(&message, "%c%060d", 60, i);
	buf_add_slice(&message, SLICE("\0\0\1\0\1"));
	assert_heard(buf_slice(&message), "");
}

static void what_is_no_question_is_refused(void **state)
{
	(void)state;
	assert_heard(SLICE("\0\1\x28\0\0\1\0\0\0\0\0\0" NAME "\0\1\0\1"), ""); /* UPDATE */
	assert_heard(SLICE("\0\1\1\0\0\0\0\0\0\0\0\0" NAME "\0\1\0\1"), "");
	assert_heard(SLICE(QUERY NAME "\0\1\x30\1"), ""); /* a class that does not exist */
	assert_heard(SLICE(QUERY NAME "\0\1\0"), "");
}

static void rcodes_have_names(void **state)
{
	(void)state;
	assert_heard(SLICE("\x12\x34\x81\x83\0\1\0\0\0\0\0\0" NAME "\0\1\0\1"),
		"{\"event_type\":\"dns\",\"dns\":{\"type\":\"answer\",\"id\":4660,"
		"\"rrname\":\"www.example.vn\",\"rrtype\":\"A\",\"rcode\":\"NXDOMAIN\","
		"\"domain\":\"example.vn\",\"name_len\":14}}\n");
}

static void entropy_is_that_of_shannon(void **state)
{
	static const struct {
		const char *labels;
		uint64_t millibits;
	} cases[] = {{"", 0}, {"aaaa", 0}, {"ab", 1000}, {"abcd", 2000}, {"a.b", 1000},
		{"aab", 918}, {"0123456789abcdef", 4000}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(
			dns_entropy_millibits(slice_of(cases[i].labels)), cases[i].millibits);
}

static void messages_over_tcp_come_in_any_pieces(void **state)
{
	static const char two[] = "\0\x20" QUERY NAME "\0\1\0\1"
				  "\0\x20" QUERY NAME "\0\1\0\1";
	const struct slice bytes = {two, sizeof two - 1};

	(void)state;
	for (size_t step = 1; step <= bytes.len; step += 5) {
		struct talk t;
		size_t count = 0;

		talk_begin(&t, 53);
		talk_say(&t, SIDE_SERVER, bytes, step);
		for (const char *p = buf_text(&t.heard); (p = strstr(p, "host dns www.example.vn"));
			p++)
			count++;
		assert_int_equal(count, 2);
		talk_release(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_told_with_its_name_in_lower_case),
		cmocka_unit_test(every_common_record_is_written),
		cmocka_unit_test(several_answers_are_all_written),
		cmocka_unit_test(answers_that_unfold_too_far_are_cut),
		cmocka_unit_test(strange_bytes_in_a_name_are_escaped),
		cmocka_unit_test(pointers_that_loop_or_lead_forward_are_refused),
		cmocka_unit_test(names_longer_than_255_bytes_are_refused),
		cmocka_unit_test(what_is_no_question_is_refused),
		cmocka_unit_test(rcodes_have_names),
		cmocka_unit_test(entropy_is_that_of_shannon),
		cmocka_unit_test(messages_over_tcp_come_in_any_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
