/* Whole packets through a worker, with the time of the packets and a file for its events. */
#include "lib/file.h"
#include "lib/mem.h"
#include "probe/worker.h"
#include "tests/unit/probe/frames.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static const int64_t start_us = INT64_C(1700000000) * SECOND;

struct fixture {
	char path[32];
	struct metrics *metrics;
	struct clock_manual clock;
	struct networks *home;
	struct publish *publish;
	struct worker *worker;
	struct busy busy;
	struct buf frame, said;
};

static void begin(struct fixture *f, size_t memory_len)
{
	static char network[] = "10.0.0.0/8";
	char *const networks[] = {network};
	struct err err = {0};
	int fd;

	*f = (struct fixture){.path = "/tmp/hd-worker-XXXXXX"};
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	(void)close(fd);
	f->metrics = metrics_new();
	clock_manual_init(&f->clock, start_us);
	f->home = networks_new(networks, 1, &err);
	f->publish = publish_new(
		&(struct publish_options){.kind = "net", .name = "t", .eve_path = f->path},
		&f->clock.clock, f->metrics);
	f->worker = worker_new(
		&(struct worker_options){
			.sensor = "t",
			.memory_len = memory_len,
			.timeouts = {5 * SECOND, SECOND, 300 * SECOND, 30 * SECOND, 30 * SECOND,
				1800 * SECOND},
			.stats_us = 10000 * SECOND,
			.home = f->home,
			.publish = f->publish,
			.busy = &f->busy,
		},
		&err);
	assert_non_null(f->worker);
}

/* Ends the worker's flows and returns all that was written. */
static const char *finish(struct fixture *f)
{
	struct err err = {0};

	if (f->worker)
		worker_finish(f->worker);
	publish_free(&f->publish);
	assert_true(file_read(f->path, 1 << 24, &f->said, &err));
	return buf_text(&f->said);
}

static void end(struct fixture *f)
{
	worker_free(&f->worker);
	publish_free(&f->publish);
	networks_free(&f->home);
	metrics_free(&f->metrics);
	buf_release(&f->frame);
	buf_release(&f->said);
	(void)unlink(f->path);
}

static size_t count(const char *text, const char *part)
{
	struct slice rest = slice_of(text), needle = slice_of(part);
	size_t found = 0, at;

	for (; (at = slice_find(rest, needle)) < rest.len; rest = slice_from(rest, at + 1))
		found++;
	return found;
}

static void give_udp(
	struct fixture *f, int64_t at_us, struct frame_ports ports, struct slice payload)
{
	struct frame_ip ip = {{10, 0, 0, 1}, {8, 8, 8, 8}, PROTO_UDP, 0};
	struct frame frame;

	buf_clear(&f->frame);
	frame_ipv4(&f->frame, &ip, 8 + payload.len);
	frame_udp(&f->frame, ports, payload);
	frame = frame_over(&f->frame, start_us + at_us);
	worker_packet(f->worker, LINK_RAW, &frame);
}

struct give_tcp {
	int64_t at_us;
	bool from_server;
	struct frame_tcp tcp; /* ports as seen from the client */
};

static void give_tcp(struct fixture *f, const struct give_tcp *give, const char *payload)
{
	struct frame_ip ip = {{10, 0, 0, 1}, {192, 0, 2, 1}, PROTO_TCP, 0};
	struct frame_tcp tcp = give->tcp;
	struct frame frame;

	if (give->from_server) {
		ip = (struct frame_ip){{192, 0, 2, 1}, {10, 0, 0, 1}, PROTO_TCP, 0};
		tcp.ports = (struct frame_ports){give->tcp.ports.dst, give->tcp.ports.src};
	}
	buf_clear(&f->frame);
	frame_ipv4(&f->frame, &ip, 20 + strlen(payload));
	frame_tcp(&f->frame, &tcp, slice_of(payload));
	frame = frame_over(&f->frame, start_us + give->at_us);
	worker_packet(f->worker, LINK_RAW, &frame);
}

/* ntop/nDPI#1804: 4.2 never returns from such a payload when it is given whole. */
static void a_payload_that_hangs_ndpi_is_survived(void **state)
{
	enum { LEN = 65507 };
	CLEANUP(mem_cleanup) char *payload = mem_alloc(LEN);
	struct fixture f;
	const char *said;

	(void)state;
	memset(payload, 0x3f, LEN);
	begin(&f, 1 << 22);
	(void)alarm(30);
	give_udp(&f, 0, (struct frame_ports){4000, 53}, (struct slice){payload, LEN});
	(void)alarm(0);
	said = finish(&f);
	assert_int_equal(count(said, "\"event_type\":\"flow\""), 1);
	assert_non_null(strstr(said, "\"bytes_toserver\":65535"));
	end(&f);
}

static void an_unanswered_syn_is_told_after_five_seconds_without_ndpi(void **state)
{
	struct fixture f;
	struct worker_counts counts;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){.tcp = {{4000, 22}, 1, 0, TCP_SYN}}, "");
	worker_tick(f.worker, start_us + 4 * SECOND);
	counts = worker_counts(f.worker);
	assert_int_equal(counts.flows_active, 1);
	worker_tick(f.worker, start_us + 6 * SECOND);
	counts = worker_counts(f.worker);
	assert_int_equal(counts.flows_active, 0);
	assert_int_equal(counts.events, 1);

	const char *said = finish(&f);
	assert_non_null(strstr(said, "\"state\":\"new\",\"reason\":\"timeout\""));
	assert_non_null(strstr(said, "\"state\":\"syn_sent\""));
	assert_non_null(strstr(said, "\"direction\":\"outbound\""));
	assert_null(strstr(said, "ndpi"));
	end(&f);
}

static void a_reset_closes_the_flow_and_a_new_syn_opens_another(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){0, false, {{4000, 22}, 1, 0, TCP_SYN}}, "");
	give_tcp(&f, &(struct give_tcp){100, true, {{4000, 22}, 0, 2, TCP_RST | TCP_ACK}}, "");
	give_tcp(&f, &(struct give_tcp){200, false, {{4000, 22}, 9, 0, TCP_SYN}}, "");
	assert_int_equal(worker_counts(f.worker).flows, 2);
	assert_int_equal(worker_counts(f.worker).flows_active, 1);
	said = finish(&f);
	assert_int_equal(count(said, "\"state\":\"closed\",\"reason\":\"closed\""), 1);
	assert_int_equal(count(said, "\"state\":\"reset\""), 1);
	assert_int_equal(count(said, "\"reason\":\"shutdown\""), 1);
	end(&f);
}

static const char hello_to[] = "GET /reused HTTP/1.1\r\n\r\n";

static void a_port_used_again_without_an_end_opens_another_flow(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){0, false, {{4000, 80}, 1, 0, TCP_SYN}}, "");
	give_tcp(&f, &(struct give_tcp){1, true, {{4000, 80}, 5, 2, TCP_SYN | TCP_ACK}}, "");
	give_tcp(&f, &(struct give_tcp){2, false, {{4000, 80}, 2, 6, TCP_ACK}}, hello_to);
	give_tcp(&f, &(struct give_tcp){3, false, {{4000, 80}, 1, 0, TCP_SYN}}, "");
	give_tcp(&f, &(struct give_tcp){4, false, {{4000, 80}, 900, 0, TCP_SYN}}, "");
	assert_int_equal(worker_counts(f.worker).flows, 1);
	give_tcp(&f, &(struct give_tcp){60 * SECOND, false, {{4000, 80}, 77, 0, TCP_SYN}}, "");
	give_tcp(
		&f, &(struct give_tcp){60 * SECOND, false, {{4000, 80}, 78, 0, TCP_ACK}}, hello_to);
	assert_int_equal(worker_counts(f.worker).flows, 2);
	said = finish(&f);
	assert_int_equal(count(said, "\"url\":\"/reused\""), 2);
	end(&f);
}

static void a_syn_that_was_never_taken_blinds_nobody(void **state)
{
	static const uint32_t made_up[] = {5100, 1U << 20, 1U << 31};

	(void)state;
	for (size_t i = 0; i < sizeof made_up / sizeof made_up[0]; i++) {
		struct fixture f;

		begin(&f, 1 << 22);
		give_tcp(&f, &(struct give_tcp){0, false, {{4000, 80}, 5000, 0, TCP_SYN}}, "");
		give_tcp(
			&f, &(struct give_tcp){1, false, {{4000, 80}, made_up[i], 0, TCP_SYN}}, "");
		give_tcp(
			&f, &(struct give_tcp){2, false, {{4000, 80}, 5001, 0, TCP_ACK}}, hello_to);
		assert_int_equal(count(finish(&f), "\"url\":\"/reused\""), 1);
		end(&f);
	}
}

static void what_waits_for_lost_bytes_at_the_end_is_a_gap(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){0, false, {{4000, 80}, 1, 0, TCP_SYN}}, "");
	give_tcp(&f, &(struct give_tcp){2, false, {{4000, 80}, 5001, 0, TCP_ACK}}, hello_to);
	(void)finish(&f);
	assert_int_equal(worker_counts(f.worker).stream_gaps, 1);
	end(&f);
}

static void an_answer_that_is_seen_first_does_not_swap_the_sides(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){0, true, {{4000, 8080}, 5, 2, TCP_SYN | TCP_ACK}}, "");
	give_tcp(&f, &(struct give_tcp){1, true, {{4001, 443}, 5, 2, TCP_ACK}}, "data");
	said = finish(&f);
	assert_int_equal(count(said, "\"src_ip\":\"10.0.0.1\""), 2);
	assert_int_equal(count(said, "\"pkts_toserver\":0,\"pkts_toclient\":1"), 2);
	end(&f);
}

static void an_injection_in_an_address_is_a_risk(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	give_tcp(&f, &(struct give_tcp){0, false, {{4000, 80}, 1, 0, TCP_ACK}},
		"GET /?id=1%27%20OR%20%271%27=%271 HTTP/1.1\r\nHost: x.vn\r\n\r\n");
	said = finish(&f);
	assert_non_null(strstr(said, "\"event_type\":\"http\""));
	assert_non_null(strstr(said, "SQL Injection"));
	end(&f);
}

static void flows_that_do_not_fit_push_out_old_ones_and_are_counted(void **state)
{
	enum { FLOWS = 10000 };
	struct fixture f;
	struct worker_counts counts;

	(void)state;
	begin(&f, 1 << 20);
	for (int i = 0; i < FLOWS; i++)
		give_tcp(&f,
			&(struct give_tcp){i, false, {{(uint16_t)(1024 + i), 80}, 1, 0, TCP_SYN}},
			"");
	counts = worker_counts(f.worker);
	assert_int_equal(counts.flows, FLOWS);
	assert_true(counts.flows_evicted > 0);
	assert_int_equal(counts.flows_active + counts.flows_evicted, FLOWS);
	assert_int_equal(count(finish(&f), "\"event_type\":\"flow\""), FLOWS);
	end(&f);
}

static void flows_without_memory_for_a_parser_or_ndpi_are_counted(void **state)
{
	enum { FLOWS = 1000 };
	struct fixture f;
	struct worker_counts counts;

	(void)state;
	begin(&f, 1 << 20);
	for (int i = 0; i < FLOWS; i++)
		give_tcp(&f,
			&(struct give_tcp){i, false, {{(uint16_t)(1024 + i), 80}, 1, 0, TCP_ACK}},
			"GET");
	counts = worker_counts(f.worker);
	assert_int_equal(counts.flows_active, FLOWS);
	assert_in_range(counts.ndpi_refused, 1, FLOWS - 1);
	assert_in_range(counts.sessions_refused, 1, FLOWS - 1);
	assert_in_range(counts.stream_full, 1, FLOWS - counts.sessions_refused);
	(void)finish(&f);
	end(&f);
}

static void the_watchdog_sees_each_packet_begin_and_end(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 1 << 22);
	for (int i = 0; i < 3; i++)
		give_udp(&f, i, (struct frame_ports){5000, 53}, SLICE("abc"));
	assert_int_equal(f.busy.turns, 6);
	(void)finish(&f);
	end(&f);
}

static void a_long_flow_is_written_in_parts_that_add_up(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	for (int i = 0; i < 400; i++)
		give_udp(&f, i * (10 * SECOND), (struct frame_ports){5000, 5001}, SLICE("abc"));
	said = finish(&f);
	assert_int_equal(count(said, "\"reason\":\"active\""), 2);
	assert_int_equal(count(said, "\"event_type\":\"flow\""), 3);
	assert_non_null(strstr(said, "\"pkts_toserver\":181,"));
	assert_non_null(strstr(said, "\"pkts_toserver\":180,"));
	assert_non_null(strstr(said, "\"pkts_toserver\":39,"));
	end(&f);
}

static void a_part_without_packets_has_no_age(void **state)
{
	struct fixture f;
	const char *said;

	(void)state;
	begin(&f, 1 << 22);
	for (int i = 0; i <= 179; i++)
		give_udp(&f, i * (10 * SECOND), (struct frame_ports){5000, 5001}, SLICE("abc"));
	worker_tick(f.worker, start_us + 1801 * SECOND);
	worker_tick(f.worker, start_us + 1900 * SECOND);
	said = finish(&f);
	assert_non_null(strstr(said, "\"pkts_toserver\":180,"));
	assert_int_equal(count(said, "\"event_type\":\"flow\""), 2);
	assert_non_null(strstr(said, "\"age\":1790,"));
	assert_int_equal(count(said, "\"age\":0,"), 1);
	assert_int_equal(count(said, "\"reason\":\"timeout\""), 1);
	end(&f);
}

static void a_clock_that_steps_back_ends_the_flows(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 1 << 22);
	give_udp(&f, 0, (struct frame_ports){5000, 5001}, SLICE("a"));
	give_udp(&f, -30 * SECOND, (struct frame_ports){5000, 5001}, SLICE("a"));
	assert_int_equal(worker_counts(f.worker).flows, 1);
	give_udp(&f, -3600 * SECOND, (struct frame_ports){5000, 5001}, SLICE("a"));
	assert_int_equal(worker_counts(f.worker).flows, 2);
	end(&f);
}

static void what_cannot_be_decoded_is_counted_by_reason(void **state)
{
	struct fixture f;
	struct frame frame = {
		.time_us = start_us, .bytes = (const uint8_t *)"\x45", .captured = 1, .wire = 60};
	struct worker_counts counts;

	(void)state;
	begin(&f, 1 << 22);
	worker_packet(f.worker, LINK_RAW, &frame);
	frame.bytes = (const uint8_t *)"\x95";
	worker_packet(f.worker, LINK_RAW, &frame);
	worker_packet(f.worker, LINK_UNKNOWN, &frame);
	counts = worker_counts(f.worker);
	assert_int_equal(counts.packets, 3);
	assert_int_equal(counts.bytes, 180);
	assert_int_equal(counts.decode_short, 1);
	assert_int_equal(counts.decode_bad, 1);
	assert_int_equal(counts.decode_other, 1);
	assert_int_equal(counts.flows, 0);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_that_hangs_ndpi_is_survived),
		cmocka_unit_test(an_unanswered_syn_is_told_after_five_seconds_without_ndpi),
		cmocka_unit_test(a_reset_closes_the_flow_and_a_new_syn_opens_another),
		cmocka_unit_test(a_port_used_again_without_an_end_opens_another_flow),
		cmocka_unit_test(a_syn_that_was_never_taken_blinds_nobody),
		cmocka_unit_test(what_waits_for_lost_bytes_at_the_end_is_a_gap),
		cmocka_unit_test(an_answer_that_is_seen_first_does_not_swap_the_sides),
		cmocka_unit_test(an_injection_in_an_address_is_a_risk),
		cmocka_unit_test(flows_that_do_not_fit_push_out_old_ones_and_are_counted),
		cmocka_unit_test(flows_without_memory_for_a_parser_or_ndpi_are_counted),
		cmocka_unit_test(the_watchdog_sees_each_packet_begin_and_end),
		cmocka_unit_test(a_long_flow_is_written_in_parts_that_add_up),
		cmocka_unit_test(a_part_without_packets_has_no_age),
		cmocka_unit_test(a_clock_that_steps_back_ends_the_flows),
		cmocka_unit_test(what_cannot_be_decoded_is_counted_by_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
