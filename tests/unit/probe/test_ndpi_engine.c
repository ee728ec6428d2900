#include "lib/file.h"
#include "probe/ndpi_engine.h"
#include "tests/unit/probe/frames.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO                                                                                      \
	"GET / HTTP/1.1\r\nHost: chat.zalo.test\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n\r\n"

static struct ndpi_engine *engine_new(const char *protocols)
{
	struct err err = {0};
	struct ndpi_engine *e = ndpi_engine_new(protocols, 2, &err);

	assert_non_null(e);
	return e;
}

static void give_request(struct ndpi_engine *e, struct ndpi_verdict *verdict)
{
	static const struct frame_ip ip = {{10, 0, 0, 1}, {192, 0, 2, 1}, PROTO_TCP, 0};
	static const struct frame_tcp tcp = {{4000, 80}, 1, 1, TCP_ACK};
	struct ndpi_state *state = ndpi_engine_begin(e);
	struct buf b = {0};
	struct packet p;

	frame_ipv4(&b, &ip, 20 + sizeof HELLO - 1);
	frame_tcp(&b, &tcp, SLICE(HELLO));

	struct frame frame = frame_over(&b, 1);
	assert_int_equal(decode(LINK_RAW, &frame, &p), DECODE_OK);
	(void)ndpi_engine_packet(e, state, &p, verdict);
	ndpi_engine_end(e, &state, verdict);
	assert_null(state);
	buf_release(&b);
}

static void a_protocol_is_named_with_its_confidence(void **state)
{
	struct ndpi_engine *e = engine_new("");
	struct ndpi_verdict verdict = {0};
	struct ndpi_texts texts;
	struct event_ndpi ndpi;

	(void)state;
	give_request(e, &verdict);
	ndpi_engine_describe(e, &verdict, &texts, &ndpi);
	assert_true(slice_is(ndpi.proto, "HTTP"));
	assert_true(slice_is(ndpi.proto_id, "7"));
	assert_true(slice_is(ndpi.category, "Web"));
	assert_true(slice_is(ndpi.confidence, "DPI"));
	assert_int_equal(ndpi.risks.count, 0);
	assert_string_equal(ndpi_engine_carrier(e, &verdict), "HTTP");
	ndpi_engine_free(&e);
}

static void protocols_of_our_own_are_recognised(void **state)
{
	char path[] = "/tmp/hd-protos-XXXXXX";
	int fd = mkstemp(path);
	struct ndpi_verdict verdict = {0};
	struct ndpi_texts texts;
	struct event_ndpi ndpi;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(file_write(path, SLICE("host:\"zalo.test\"@ZaloTest\n")), 0);

	struct ndpi_engine *e = engine_new(path);
	give_request(e, &verdict);
	ndpi_engine_describe(e, &verdict, &texts, &ndpi);
	assert_true(slice_is(ndpi.proto, "HTTP.ZaloTest"));
	ndpi_engine_free(&e);
	(void)unlink(path);
}

static void risks_are_named_and_summed(void **state)
{
	static const struct {
		const char *url, *risk;
	} cases[] = {
		{"/?q=<script>alert(1)</script>", "XSS Attack"},
		{"/?id=1' OR '1'='1", "SQL Injection"},
		{"/?id=1", NULL},
	};
	struct ndpi_engine *e = engine_new("");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ndpi_verdict verdict = {0};
		struct ndpi_texts texts;
		struct event_ndpi ndpi;

		ndpi_engine_url(e, slice_of(cases[i].url), &verdict);
		ndpi_engine_describe(e, &verdict, &texts, &ndpi);
		assert_int_equal(ndpi.risks.count, cases[i].risk != NULL);
		if (cases[i].risk) {
			assert_true(slice_ends(ndpi.risks.at[0], slice_of(cases[i].risk)));
			assert_true(ndpi.risk_score > 0);
			assert_true(ndpi.severity.len > 0);
		}
		assert_int_equal(ndpi.proto.len, 0);
	}
	ndpi_engine_free(&e);
}

static void no_more_states_are_given_than_allowed(void **state)
{
	struct ndpi_engine *e = engine_new("");
	struct ndpi_verdict verdict = {0};
	struct ndpi_state *first = ndpi_engine_begin(e), *second = ndpi_engine_begin(e);

	(void)state;
	assert_non_null(second);
	assert_null(ndpi_engine_begin(e));
	ndpi_engine_end(e, &first, &verdict);
	first = ndpi_engine_begin(e);
	assert_non_null(first);
	ndpi_engine_end(e, &first, &verdict);
	ndpi_engine_end(e, &second, &verdict);
	ndpi_engine_free(&e);
}

static void a_missing_file_is_an_error_with_its_name(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(ndpi_engine_new("/nonexistent/protos.txt", 2, &err));
	assert_non_null(strstr(err_text(&err), "/nonexistent/protos.txt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_protocol_is_named_with_its_confidence),
		cmocka_unit_test(protocols_of_our_own_are_recognised),
		cmocka_unit_test(risks_are_named_and_summed),
		cmocka_unit_test(no_more_states_are_given_than_allowed),
		cmocka_unit_test(a_missing_file_is_an_error_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
