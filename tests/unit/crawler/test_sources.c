#include "crawler/guard.h"
#include "crawler/sources.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sources *read_text(const char *text, struct err *err)
{
	char path[] = "/tmp/sourcesXXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	struct sources *s = sources_read(path, err);
	unlink(path);
	return s;
}

static void only_enabled_sources_are_fetched_and_the_rest_says_why(void **state)
{
	static const struct {
		const char *row, *refusal;
	} rows[] = {
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/'}", NULL},
		{"{id: a, kind: site, status: enable, tier: 1, url: 'http://h.vn/', internal: true, delay: 10ms}",
			NULL},
		{"{id: a, kind: rss, status: check, tier: 1, url: 'http://h.vn/'}", "operator"},
		{"{id: a, kind: html, status: policy, tier: 4, url: 'http://h.vn/'}", "decision"},
		{"{id: a, kind: import, status: import, tier: 4, url: 'inbox://x'}", "import"},
		{"{id: a, kind: telegram, status: enable, tier: 4, url: 'http://h.vn/'}",
			"by import"},
		{"{id: a, kind: zalo, status: enable, tier: 4, url: 'http://h.vn/'}", "by import"},
		{"{id: a, kind: tiktok, status: enable, tier: 4, url: 'http://h.vn/'}",
			"by import"},
		{"{id: a, kind: atom, status: enable, tier: 4, url: 'http://h.vn/'}", NULL},
		{"{id: a, kind: facebook, status: enable, tier: 4, token_file: /t, "
		 "url: 'https://graph.facebook.com/v25.0/1/posts'}",
			NULL},
		{"{id: a, kind: blocklist, status: enable, tier: 5, url: 'http://h.vn/'}",
			"bad copy"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err err = {0};
		struct sources *s =
			read_text(arena_printf(a, "sources:\n- %s\n", rows[i].row), &err);

		if (s == NULL)
			fail_msg("%s: %s", rows[i].row, err_text(&err));
		must(s);
		const char *refusal = source_refusal(&s->at[0]);
		if ((refusal == NULL) != (rows[i].refusal == NULL) ||
			(refusal != NULL && strstr(refusal, rows[i].refusal) == NULL))
			fail_msg("%s: %s", rows[i].row, refusal);
		sources_release(&s);
	}
}

static void faults_name_their_line(void **state)
{
	static const struct {
		const char *row, *said;
	} rows[] = {
		{"{kind: rss, status: enable, tier: 1, url: 'http://h.vn/'}", "id"},
		{"{id: a, kind: rss, status: on, tier: 1, url: 'http://h.vn/'}", "status"},
		{"{id: a, kind: gopher, status: enable, tier: 1, url: 'http://h.vn/'}", "kind"},
		{"{id: a, kind: rss, status: enable, tier: 6, url: 'http://h.vn/'}", "tier"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'file:///etc/passwd'}", "url"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://u:p@h.vn/'}", "url"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/', cadence: [0, 5]}",
			"cadence"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/', cadence: 5}",
			"cadence"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/', delay: 1s}",
			"internal"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/', author: x}",
			"author: unknown field"},
		{"{id: a, kind: facebook, status: enable, tier: 4, url: 'https://graph.facebook.com/1/posts'}",
			"token_file"},
		{"{id: a, kind: facebook, status: enable, tier: 4, token_file: /t, "
		 "url: 'http://graph.facebook.com/1/posts'}",
			"https://graph.facebook.com"},
		{"{id: a, kind: facebook, status: enable, tier: 4, token_file: /t, url: 'https://h.vn/1/posts'}",
			"graph.facebook.com"},
		{"{id: a, kind: rss, status: enable, tier: 4, token_file: /t, url: 'https://h.vn/'}",
			"token_file"},
		{"{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/'}\n- {id: a, kind: rss, status: check, tier: 1}",
			"twice"},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err err = {0};
		struct sources *s =
			read_text(arena_printf(a, "sources:\n- %s\n", rows[i].row), &err);

		assert_null(s);
		if (strstr(err_text(&err), rows[i].said) == NULL || err.line < 2)
			fail_msg("%s: %s", rows[i].row, err_text(&err));
	}
}

static void cadences_are_minutes_or_times(void **state)
{
	struct err err = {0};
	struct sources *s = read_text(
		"sources: [{id: a, kind: rss, status: enable, tier: 1, url: 'http://h.vn/', cadence: [15, 30s]}]",
		&err);
	(void)state;

	assert_non_null(s);
	assert_int_equal(s->at[0].cadence_ms, 15 * 60000);
	assert_int_equal(s->at[0].disaster_ms, 30000);
	sources_release(&s);
}

static void the_sources_that_ship_can_be_read(void **state)
{
	struct err err = {0};
	struct sources *s = sources_read("rules/sources.yaml", &err);
	(void)state;

	if (s == NULL)
		fail_msg("%s", err_text(&err));
	must(s);
	assert_true(s->count > 30);
	sources_release(&s);
}

static void only_public_addresses_are_public(void **state)
{
	static const struct {
		const char *text;
		bool is_public;
	} rows[] = {
		{"8.8.8.8", true},
		{"203.162.0.1", true},
		{"127.0.0.1", false},
		{"10.1.2.3", false},
		{"172.16.0.1", false},
		{"172.32.0.1", true},
		{"192.168.1.1", false},
		{"169.254.169.254", false},
		{"100.64.0.1", false},
		{"100.128.0.1", true},
		{"0.0.0.0", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"2001:4860:4860::8888", true},
		{"::1", false},
		{"::", false},
		{"fc00::1", false},
		{"fe80::1", false},
		{"ff02::1", false},
		{"::ffff:127.0.0.1", false},
		{"::ffff:8.8.8.8", true},
		{"64:ff9b::7f00:1", false},
		{"2002:7f00:1::", false},
		{"2001:db8::1", false},
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		bool four = inet_pton(AF_INET, rows[i].text, &in.sin_addr) == 1;

		assert_true(four || inet_pton(AF_INET6, rows[i].text, &in6.sin6_addr) == 1);
		bool got = guard_is_public(four ? (const void *)&in : (const void *)&in6);
		if (got != rows[i].is_public)
			fail_msg("%s", rows[i].text);
	}
	assert_false(guard_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_enabled_sources_are_fetched_and_the_rest_says_why),
		cmocka_unit_test(faults_name_their_line),
		cmocka_unit_test(cadences_are_minutes_or_times),
		cmocka_unit_test(the_sources_that_ship_can_be_read),
		cmocka_unit_test(only_public_addresses_are_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
