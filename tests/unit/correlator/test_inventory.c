/* What is new at a site, by the events alone. */
#include "correlator/inventory.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <inttypes.h>
#include <string.h>

enum { DAY_MS = 86400000 };

struct bench {
	struct inventory *inventory;
	struct json_reader *reader;
};

static int bench_open(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	b->inventory = inventory_new(&(struct inventory_options){
		.clock = clock_system(), .learn_ms = INT64_C(14) * DAY_MS});
	b->reader = json_reader_new(1 << 16);
	*state = b;
	return 0;
}

static int bench_close(void **state)
{
	struct bench *b = *state;

	inventory_free(&b->inventory);
	json_reader_free(&b->reader);
	mem_free(b);
	return 0;
}

static const char service[] =
	"{\"event_type\":\"flow\",\"direction\":\"internal\",\"src_ip\":\"10.1.0.1\","
	"\"dest_ip\":\"10.2.0.1\",\"proto\":\"TCP\",\"dest_port\":8443,"
	"\"flow\":{\"pkts_toclient\":3}}";
static const char domain[] =
	"{\"event_type\":\"dns\",\"direction\":\"internal\",\"src_ip\":\"10.1.0.1\","
	"\"dest_ip\":\"10.2.0.2\",\"dns\":{\"type\":\"query\",\"domain\":\"a.example\"}}";
static const char answer[] =
	"{\"event_type\":\"dns\",\"direction\":\"internal\",\"src_ip\":\"10.1.0.1\","
	"\"dest_ip\":\"10.2.0.2\",\"dns\":{\"type\":\"answer\",\"domain\":\"b.example\"}}";
static const char named[] =
	"{\"event_type\":\"tls\",\"direction\":\"outbound\",\"src_ip\":\"10.1.0.1\","
	"\"dest_ip\":\"192.0.2.1\",\"tls\":{\"sni\":\"a\",\"ja3\":{\"hash\":\"x\"}}}";
static const char nameless[] =
	"{\"event_type\":\"tls\",\"direction\":\"outbound\",\"src_ip\":\"10.1.0.1\","
	"\"dest_ip\":\"192.0.2.1\",\"tls\":{\"ja3\":{\"hash\":\"x\"}}}";

/* "" when there is no news. */
static void look(struct bench *b, const char *json, uint64_t day, uint32_t seq, struct buf *out)
{
	const struct inventory_origin origin = {
		.stream = 7, .id = {.ms = (20000 + day) * DAY_MS, .seq = seq}};
	struct json_value event;
	struct err err = {0};

	buf_clear(out);
	assert_true(json_read(b->reader, slice_of(json), &event, &err));
	if (!inventory_look(b->inventory, event, &origin, out))
		assert_int_equal(out->len, 0);
}

static void nothing_is_new_while_a_site_is_learnt(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct bench *b = *state;

	look(b, service, 0, 1, &out);
	assert_string_equal(buf_text(&out), "");
	look(b, domain, 13, 1, &out);
	assert_string_equal(buf_text(&out), "");
	look(b, domain, 15, 1, &out);
	assert_string_equal(buf_text(&out), "");
}

static void the_first_is_new_and_those_of_its_week_are_young(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct bench *b = *state;

	look(b, service, 0, 1, &out);
	look(b, domain, 20, 1, &out);
	assert_string_equal(
		buf_text(&out), "{\"site\":\"home\",\"new\":[\"domain\"],\"young\":[\"domain\"]}");
	look(b, domain, 20, 2, &out);
	assert_string_equal(
		buf_text(&out), "{\"site\":\"home\",\"new\":[],\"young\":[\"domain\"]}");
	look(b, domain, 26, 1, &out);
	assert_string_equal(
		buf_text(&out), "{\"site\":\"home\",\"new\":[],\"young\":[\"domain\"]}");
	look(b, domain, 27, 1, &out);
	assert_string_equal(buf_text(&out), "");
}

static void the_same_event_read_again_is_still_the_first(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct bench *b = *state;

	look(b, service, 0, 1, &out);
	for (int i = 0; i < 3; i++) {
		look(b, domain, 20, 1, &out);
		assert_string_equal(buf_text(&out),
			"{\"site\":\"home\",\"new\":[\"domain\"],\"young\":[\"domain\"]}");
	}
}

static void only_what_tells_something_is_kept(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct bench *b = *state;

	look(b, service, 0, 1, &out);
	look(b, answer, 20, 1, &out);
	assert_string_equal(buf_text(&out), "");
	look(b, named, 20, 2, &out);
	assert_string_equal(buf_text(&out), "");
	look(b, nameless, 20, 3, &out);
	assert_string_equal(
		buf_text(&out), "{\"site\":\"home\",\"new\":[\"client\"],\"young\":[\"client\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			nothing_is_new_while_a_site_is_learnt, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			the_first_is_new_and_those_of_its_week_are_young, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			the_same_event_read_again_is_still_the_first, bench_open, bench_close),
		cmocka_unit_test_setup_teardown(
			only_what_tells_something_is_kept, bench_open, bench_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
