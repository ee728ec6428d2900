#include "collector/mapping.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOW_S = 1764000000 };

static const int64_t now_us = INT64_C(1000000) * NOW_S;

static const char mappings[] =
	"formats:\n"
	"  - id: wall\n"
	"    app: walld\n"
	"    contains: [act=]\n"
	"    events:\n"
	"      - take: pairs\n"
	"        when: {act: [deny, drop]}\n"
	"        event_type: flow\n"
	"        set: {haidang.action: deny}\n"
	"        fields: {src_ip: src, dest_ip: dst, src_port: sport, dest_port: dport, proto: proto}\n"
	"      - take: pairs\n"
	"        when: {act: [virus]}\n"
	"        event_type: alert\n"
	"        fields: {alert.signature: name, alert.severity: level, http.hostname: host, "
	"http.url: url, dns.rrname: question}\n";

static struct mapping *mapping_of(const char *text, struct err *err)
{
	char path[] = "/tmp/hd-map-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);

	struct mapping *m = mapping_read(path, err);

	(void)unlink(path);
	return m;
}

struct fixture {
	struct mapping *mapping;
	struct networks *home;
	struct mapped *into;
	struct buf out;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	char net[] = "10.0.0.0/8";
	char *nets[] = {net};
	struct err err = {0};

	f->mapping = mapping_of(mappings, &err);
	assert_string_equal(err_text(&err), "");
	f->home = networks_new(nets, 1, &err);
	f->into = mapped_new("fw", f->home);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mapped_free(&f->into);
	networks_free(&f->home);
	mapping_free(&f->mapping);
	buf_release(&f->out);
	mem_free(f);
	return 0;
}

/* The event, or why there is none. */
static const char *mapped(struct fixture *f, const char *app, const char *text)
{
	const struct syslog_message message = {
		.app = slice_of(app), .text = slice_of(text), .host = SLICE("fw1")};
	enum map_outcome outcome = mapping_apply(f->mapping, &message, now_us, f->into);

	if (outcome != MAP_DONE)
		return map_outcome_names[outcome];
	buf_clear(&f->out);
	mapped_write(f->into, (struct event_id){.ms = 7}, &f->out);
	return buf_text(&f->out);
}

static void what_becomes_of_a_message(void **state)
{
	static const struct {
		const char *app, *text, *part;
	} cases[] = {
		{"walld", "act=deny src=10.1.2.3 dst=198.51.100.7 sport=1 dport=80 proto=6",
			"\"proto\":\"TCP\""},
		{"walld", "act=deny src=10.1.2.3 dst=198.51.100.7", "\"direction\":\"outbound\""},
		{"walld", "act=DROP src=10.1.2.3 dst=10.1.2.4", "\"action\":\"deny\""},
		{"walld", "act=deny dport=80", "\"device\":\"fw1\""},
		{"walld", "act=deny dport=65536", "bad_fields"},
		{"walld", "act=deny src=10.1.2 dst=10.1.2.4", "bad_fields"},
		{"walld", "act=allow src=10.1.2.3", "skipped"},
		{"walld", "link down", "unknown"},
		{"other", "act=deny src=10.1.2.3", "unknown"},
		{"walld", "act=virus name=\"a b\" level=high", "\"signature\":\"a b\""},
		{"walld", "act=virus level=high", "\"severity\":1"},
		{"walld", "act=virus question=WWW.Example.COM.", "\"rrname\":\"www.example.com\""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_non_null(strstr(mapped(*state, cases[i].app, cases[i].text), cases[i].part));
}

static void nothing_is_left_of_the_message_before(void **state)
{
	(void)mapped(*state, "walld", "act=virus name=left host=behind url=/x");
	const char *said = mapped(*state, "walld", "act=deny src=10.1.2.3 dst=10.1.2.4");

	assert_null(strstr(said, "left"));
	assert_null(strstr(said, "http"));
}

static void private_parts_of_addresses_are_masked(void **state)
{
	const char *said = mapped(*state, "walld",
		"act=virus host=an:SECRET@h.example url=\"/a?page=2&password=SECRET\"");

	assert_null(strstr(said, "SECRET"));
	assert_non_null(strstr(said, "\"url\":\"/a?page=2&password=*\""));
	assert_non_null(strstr(said, "\"hostname\":\"h.example\""));
}

static void a_time_a_day_off_is_not_believed(void **state)
{
	static const struct {
		int64_t off_s;
		bool believed;
	} cases[] = {{-3600, true}, {3600, true}, {-90000, false}, {90000, false}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct syslog_message message = {.app = SLICE("walld"),
			.text = SLICE("act=deny"),
			.time_us = now_us + cases[i].off_s * 1000000};

		assert_int_equal(mapping_apply(f->mapping, &message, now_us, f->into), MAP_DONE);
		buf_clear(&f->out);
		mapped_write(f->into, (struct event_id){.ms = 7}, &f->out);
		assert_int_equal(strstr(buf_text(&f->out), "2025-11-24T16:00:00") == NULL,
			cases[i].believed);
	}
}

static void a_broken_file_is_named(void **state)
{
	static const char *const texts[] = {
		"formats: 7\n",
		"formats:\n  - id: a\n    events:\n      - {take: guess, event_type: flow}\n",
		"formats:\n  - id: a\n    events:\n      - {take: pairs, event_type: flow, "
		"fields: {user.name: u}}\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct err err = {0};

		assert_null(mapping_of(texts[i], &err));
		assert_non_null(strstr(err_text(&err), "/tmp/hd-map-"));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_becomes_of_a_message),
		TEST(nothing_is_left_of_the_message_before),
		TEST(private_parts_of_addresses_are_masked),
		TEST(a_time_a_day_off_is_not_believed),
		TEST(a_broken_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
