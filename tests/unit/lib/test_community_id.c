#include "lib/community_id.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>

static struct address address_of(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET6, text, bytes) == 1)
		return address_v6(bytes);
	assert_int_equal(inet_pton(AF_INET, text, bytes), 1);
	return address_v4(bytes);
}

/* From the tests of corelight/pycommunityid, the reference implementation. */
static void the_reference_vectors_come_out(void **state)
{
	enum { RSVP = 46 };
	static const struct {
		const char *src, *dst;
		uint16_t src_port, dst_port;
		uint8_t proto;
		const char *id;
	} cases[] = {
		{"192.168.0.89", "192.168.0.1", 8, 0, IPPROTO_ICMP,
			"1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{"192.168.0.1", "192.168.0.89", 0, 8, IPPROTO_ICMP,
			"1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{"192.168.0.89", "192.168.0.1", 20, 0, IPPROTO_ICMP,
			"1:3o2RFccXzUgjl7zDpqmY7yJi8rI="},
		{"192.168.0.89", "192.168.0.1", 20, 1, IPPROTO_ICMP,
			"1:tz/fHIDUHs19NkixVVoOZywde+I="},
		{"fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0, IPPROTO_ICMPV6,
			"1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
		{"3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
			IPPROTO_ICMPV6, "1:/OGBt9BN1ofenrmSPWYicpij2Vc="},
		{"3ffe:501:0:1802:260:97ff:feb6:7ff0", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
			IPPROTO_ICMPV6, "1:bnQKq8A2r//dWnkRW2EYcMhShjc="},
		{"128.232.110.120", "66.35.250.204", 34855, 80, IPPROTO_TCP,
			"1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"66.35.250.204", "128.232.110.120", 80, 34855, IPPROTO_TCP,
			"1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"10.0.0.1", "10.0.0.2", 10, 11569, IPPROTO_TCP, "1:SXBGMX1lBOwhhoDrZynfROxnhnM="},
		{"192.168.1.42", "192.168.1.42", 41, 42, IPPROTO_TCP,
			"1:eRcf7I/xocOxnYo5pbJBV5NhVm0="},
		{"192.168.1.52", "8.8.8.8", 54585, 53, IPPROTO_UDP,
			"1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"192.168.170.56", "192.168.170.8", 80, 7, IPPROTO_SCTP,
			"1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
		{"1.2.3.4", "5.6.7.8", 0, 0, RSVP, "1:ikv3kmf89luf73WPz1jOs49S768="},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct community_flow flow = {address_of(cases[i].src),
			address_of(cases[i].dst), cases[i].src_port, cases[i].dst_port,
			cases[i].proto};
		char id[COMMUNITY_ID_LEN + 1];

		community_id_make(&flow, id);
		assert_string_equal(id, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_reference_vectors_come_out)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
