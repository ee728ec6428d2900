#include "lib/mem.h"
#include "probe/decode.h"
#include "tests/unit/probe/frames.h"
#include "tests/unit/test.h"

#include <string.h>

static const struct frame_ip udp_ip = {{10, 0, 0, 1}, {10, 0, 0, 2}, PROTO_UDP, 0};

static void assert_udp(enum link link, const struct buf *b)
{
	struct frame frame = frame_over(b, 5);
	struct packet p;
	char text[ADDRESS_TEXT_MAX];

	assert_int_equal(decode(link, &frame, &p), DECODE_OK);
	(void)address_write(p.src, text);
	assert_string_equal(text, "10.0.0.1");
	(void)address_write(p.dst, text);
	assert_string_equal(text, "10.0.0.2");
	assert_int_equal(p.proto, PROTO_UDP);
	assert_int_equal(p.src_port, 1000);
	assert_int_equal(p.dst_port, 53);
	assert_true(slice_is(p.payload, "abc"));
	assert_int_equal(p.l3_len, 31);
}

static void add_udp(struct buf *b)
{
	frame_ipv4(b, &udp_ip, 11);
	frame_udp(b, (struct frame_ports){1000, 53}, SLICE("abc"));
}

static void every_link_type_leads_to_the_same_packet(void **state)
{
	struct buf b = {0};

	(void)state;
	frame_ethernet(&b, 0x0800);
	add_udp(&b);
	buf_add(&b, "\0\0\0\0\0", 5); /* padding is cut off */
	assert_udp(LINK_ETHERNET, &b);

	buf_clear(&b);
	add_udp(&b);
	assert_udp(LINK_RAW, &b);

	buf_clear(&b);
	buf_add(&b, "\2\0\0\0", 4);
	add_udp(&b);
	assert_udp(LINK_NULL, &b);

	buf_clear(&b);
	buf_add(&b, "\0\0\0\2", 4);
	add_udp(&b);
	assert_udp(LINK_NULL, &b);

	buf_clear(&b);
	buf_add(&b, "\0\0\0\1\0\6\0\0\0\0\0\0\0\0\x08\0", 16);
	add_udp(&b);
	assert_udp(LINK_SLL, &b);

	buf_clear(&b);
	buf_add(&b, "\x08\0\0\0\0\0\0\1\0\1\0\6\0\0\0\0\0\0\0\0", 20);
	add_udp(&b);
	assert_udp(LINK_SLL2, &b);
	buf_release(&b);
}

static void vlan_tags_are_kept_outermost_first(void **state)
{
	struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ethernet(&b, 0x88a8);
	frame_32(&b, 0x20648100);
	frame_32(&b, 0x00070800);
	add_udp(&b);
	assert_udp(LINK_ETHERNET, &b);

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_ETHERNET, &frame, &p), DECODE_OK);
	assert_int_equal(p.vlan_count, 2);
	assert_int_equal(p.vlan[0], 100);
	assert_int_equal(p.vlan[1], 7);
	buf_release(&b);
}

static void tags_without_end_are_refused(void **state)
{
	struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ethernet(&b, 0x8100);
	for (int i = 0; i < 10; i++)
		frame_32(&b, 0x00018100);

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_ETHERNET, &frame, &p), DECODE_BAD);
	buf_release(&b);
}

static void add_ipv6(struct buf *b, unsigned next, size_t len)
{
	frame_32(b, 0x60000000);
	frame_16(b, (unsigned)len);
	buf_add_byte(b, (char)next);
	buf_add_byte(b, 64);
	buf_add(b, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	buf_add(b, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}

static void extension_headers_of_ipv6_are_passed_over(void **state)
{
	struct buf b = {0};
	struct packet p;
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	add_ipv6(&b, 0, 8 + 16 + 12 + 11);
	buf_add(&b, "\x3c\0\0\0\0\0\0\0", 8);
	buf_add(&b, "\x33\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	buf_add(&b, "\x11\1\0\0\0\0\0\0\0\0\0\0", 12);
	frame_udp(&b, (struct frame_ports){1, 2}, SLICE("xyz"));

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
	(void)address_write(p.src, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(p.dst_port, 2);
	assert_true(slice_is(p.payload, "xyz"));
	buf_release(&b);
}

static void headers_of_ipv6_without_end_are_refused(void **state)
{
	struct buf b = {0};
	struct packet p;

	(void)state;
	add_ipv6(&b, 60, 160);
	for (int i = 0; i < 20; i++)
		buf_add(&b, "\x3c\0\0\0\0\0\0\0", 8);

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_BAD);
	buf_release(&b);
}

static void fragments_are_told_apart(void **state)
{
	static const struct {
		unsigned bits;
		enum fragment fragment;
		uint16_t port;
	} cases[] = {
		{0x4000, FRAGMENT_NONE, 1000},
		{0x2000, FRAGMENT_FIRST, 1000},
		{0x20b9, FRAGMENT_LATER, 0},
		{0x00b9, FRAGMENT_LATER, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct frame_ip ip = udp_ip;
		struct buf b = {0};
		struct packet p;

		ip.fragment = cases[i].bits;
		frame_ipv4(&b, &ip, 11);
		frame_udp(&b, (struct frame_ports){1000, 53}, SLICE("abc"));

		struct frame frame = frame_over(&b, 0);
		assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
		assert_int_equal(p.fragment, cases[i].fragment);
		assert_int_equal(p.src_port, cases[i].port);
		buf_release(&b);
	}
}

/* As nmap -f sends them. */
static void a_first_fragment_may_end_inside_the_header(void **state)
{
	struct frame_ip ip = {{1, 2, 3, 4}, {5, 6, 7, 8}, PROTO_TCP, 0x2000};
	CLEANUP(buf_release) struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ipv4(&b, &ip, 8);
	frame_16(&b, 4000);
	frame_16(&b, 80);
	frame_32(&b, 7);

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
	assert_int_equal(p.fragment, FRAGMENT_FIRST);
	assert_int_equal(p.body.len, 8);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.payload.len, 0);
}

static void all_fragments_of_ipv6_name_what_the_first_begins_with(void **state)
{
	static const struct {
		unsigned offset_more;
		uint8_t proto;
	} cases[] = {{0x0001, PROTO_UDP}, {0x0010, 60}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CLEANUP(buf_release) struct buf b = {0};
		struct packet p;

		frame_32(&b, 0x60000000);
		frame_16(&b, 8 + 8 + 8);
		buf_add(&b, "\x2c\x40", 2); /* a fragment header, hop limit */
		for (int j = 0; j < 8; j++)
			frame_32(&b, 0x20010db8);
		buf_add(&b, "\x3c\0", 2); /* destination options */
		frame_16(&b, cases[i].offset_more);
		frame_32(&b, 99);
		buf_add(&b, "\x11\0\1\4\0\0\0\0", 8); /* UDP after them */
		frame_udp(&b, (struct frame_ports){1000, 53}, SLICE(""));

		struct frame frame = frame_over(&b, 0);
		assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
		assert_int_equal(p.fragment_proto, 60);
		assert_int_equal(p.proto, cases[i].proto);
		assert_int_equal(p.body.len, 16);
	}
}

/* Each one deeper is another call of ours: the stack must not be the sender's to fill. */
static void ethernet_below_mpls_is_followed_so_deep_only(void **state)
{
	(void)state;
	for (int depth = 0; depth < 10000; depth = depth ? depth * 10 : 1) {
		CLEANUP(buf_release) struct buf b = {0};
		struct packet p;

		for (int i = 0; i < depth; i++) {
			frame_ethernet(&b, 0x8847);
			frame_32(&b, 0x100); /* the last label */
			frame_32(&b, 0);     /* a control word */
		}
		frame_ethernet(&b, 0x0800);
		frame_ipv4(&b, &udp_ip, 8);
		frame_udp(&b, (struct frame_ports){1000, 53}, SLICE(""));

		struct frame frame = frame_over(&b, 0);
		assert_int_equal(decode(LINK_ETHERNET, &frame, &p),
			depth <= PSEUDOWIRES_MAX ? DECODE_OK : DECODE_BAD);
	}
}

static void tcp_fields_are_read(void **state)
{
	static const struct frame_ip ip = {{1, 2, 3, 4}, {5, 6, 7, 8}, PROTO_TCP, 0};
	static const struct frame_tcp tcp = {{4000, 80}, 0x01020304, 0, TCP_SYN | TCP_ACK};
	struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ipv4(&b, &ip, 22);
	frame_tcp(&b, &tcp, SLICE("hi"));

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
	assert_int_equal(p.seq, 0x01020304);
	assert_int_equal(p.tcp_flags, TCP_SYN | TCP_ACK);
	assert_true(slice_is(p.payload, "hi"));
	buf_release(&b);
}

static void a_packet_cut_anywhere_is_short_or_has_less_payload(void **state)
{
	struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ethernet(&b, 0x0800);
	add_udp(&b);
	for (uint32_t len = 0; len < b.len; len++) {
		struct frame frame = frame_over(&b, 0);
		frame.captured = len;

		enum decode_result result = decode(LINK_ETHERNET, &frame, &p);
		assert_int_equal(result, len < 42 ? DECODE_SHORT : DECODE_OK);
		if (result == DECODE_OK)
			assert_int_equal(p.payload.len, len - 42);
	}
	buf_release(&b);
}

static void contradictions_are_bad(void **state)
{
	static const struct {
		size_t at;
		char byte;
		enum decode_result result;
	} cases[] = {
		{0, 0x44, DECODE_BAD}, /* IHL of 16 bytes */
		{0, 0x35, DECODE_BAD}, /* version 3 */
		{3, 19, DECODE_BAD},   /* total length below the header */
		{25, 7, DECODE_BAD},   /* UDP length below its header */
		{9, 99, DECODE_OK},    /* a protocol we do not know is a packet all the same */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf b = {0};
		struct packet p;

		add_udp(&b);
		b.at[cases[i].at] = cases[i].byte;

		struct frame frame = frame_over(&b, 0);
		assert_int_equal(decode(LINK_RAW, &frame, &p), cases[i].result);
		buf_release(&b);
	}
}

static void what_is_no_ip_is_other(void **state)
{
	struct buf b = {0};
	struct packet p;

	(void)state;
	frame_ethernet(&b, 0x0806);
	buf_add(&b, "arp", 3);

	struct frame frame = frame_over(&b, 0);
	assert_int_equal(decode(LINK_ETHERNET, &frame, &p), DECODE_OTHER);
	assert_int_equal(decode(LINK_UNKNOWN, &frame, &p), DECODE_OTHER);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_type_leads_to_the_same_packet),
		cmocka_unit_test(vlan_tags_are_kept_outermost_first),
		cmocka_unit_test(tags_without_end_are_refused),
		cmocka_unit_test(extension_headers_of_ipv6_are_passed_over),
		cmocka_unit_test(headers_of_ipv6_without_end_are_refused),
		cmocka_unit_test(fragments_are_told_apart),
		cmocka_unit_test(a_first_fragment_may_end_inside_the_header),
		cmocka_unit_test(all_fragments_of_ipv6_name_what_the_first_begins_with),
		cmocka_unit_test(ethernet_below_mpls_is_followed_so_deep_only),
		cmocka_unit_test(tcp_fields_are_read),
		cmocka_unit_test(a_packet_cut_anywhere_is_short_or_has_less_payload),
		cmocka_unit_test(contradictions_are_bad),
		cmocka_unit_test(what_is_no_ip_is_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
