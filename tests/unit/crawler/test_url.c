#include "crawler/url.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

static void addresses_take_their_normal_form(void **state)
{
	static const struct {
		const char *text, *base, *href;
	} rows[] = {
		{"HTTP://Example.COM:80/a/../b", NULL, "http://example.com/b"},
		{"https://example.com:443", NULL, "https://example.com/"},
		{"  http://example.com/a b\n", NULL, "http://example.com/a%20b"},
		{"../c?d#e", "http://h.vn/a/b/x", "http://h.vn/a/c?d#e"},
		{"//other.vn/x", "https://h.vn/a", "https://other.vn/x"},
		{"?q", "http://h.vn/a/b?old", "http://h.vn/a/b?q"},
		{"#f", "http://h.vn/a?q", "http://h.vn/a?q#f"},
		{"", "http://h.vn/a?q", "http://h.vn/a?q"},
		{"/%2e%2E/x", "http://h.vn/a/b", "http://h.vn/x"},
		{"http://0x7f.1/", NULL, "http://127.0.0.1/"},
		{"http://2130706433/", NULL, "http://127.0.0.1/"},
		{"http://[::FFFF:1]/", NULL, "http://[::ffff:1]/"},
		{"http://đànẵng.vn/", NULL, "http://xn--nng-8ka8v493n.vn/"},
		{"http://a.Xn--pokxncvks", NULL, "http://a.xn--pokxncvks/"},
		{"\\\\h.vn\\p", "http://b.vn/", "http://h.vn/p"},
		{"http:x", "http://h.vn/a/b", "http://h.vn/a/x"},
		{"javascript:alert(1)", "http://h.vn/", NULL},
		{"ftp://h.vn/", "http://h.vn/", NULL},
		{"a", NULL, NULL},
		{"http://", NULL, NULL},
		{"http://a:99999/", NULL, NULL},
		{"http://1.2.3.4.5/", NULL, NULL},
		{"http://exa mple.com/", NULL, NULL},
		{"http://%00.com/", NULL, NULL},
		{"http://[::1", NULL, NULL},
	};
	CLEANUP(arena_free) struct arena *a = arena_new();
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct url base, url;
		bool based =
			rows[i].base != NULL && url_parse(a, slice_of(rows[i].base), NULL, &base);
		bool ok = url_parse(a, slice_of(rows[i].text), based ? &base : NULL, &url);

		if (ok != (rows[i].href != NULL) || (ok && !slice_is(url.href, rows[i].href)))
			fail_msg("\"%s\": %s", rows[i].text, ok ? url.href.at : "refused");
	}
}

static void the_parts_are_those_of_the_whole(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct url url;
	(void)state;

	assert_true(url_parse(a, SLICE("https://u:p@h.vn:8443/a/b?c=d#e"), NULL, &url));
	assert_true(slice_is(url.host, "h.vn") && slice_is(url.target, "/a/b?c=d") &&
		slice_is(url.path, "/a/b") && slice_is(url.fragment, "e"));
	assert_int_equal(url.port, 8443);
	assert_true(url.has_userinfo);
}

static void tracking_is_no_part_of_the_identity(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct url url;
	(void)state;

	assert_true(
		url_parse(a, SLICE("http://h.vn/a?utm_source=x&id=7&fbclid=y#top"), NULL, &url));
	assert_true(slice_is(url_identity(a, &url), "http://h.vn/a?id=7"));
	assert_true(url_parse(a, SLICE("http://h.vn/a?utm_source=x"), NULL, &url));
	assert_true(slice_is(url_identity(a, &url), "http://h.vn/a"));
}

static void an_address_over_the_limit_is_refused(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char *text = arena_alloc(a, URL_LEN_MAX + 2);
	struct url url;
	(void)state;

	for (size_t i = 0; i <= URL_LEN_MAX; i++)
		text[i] = "http://h.vn/"[i < 12 ? i : 11];
	assert_true(url_parse(a, slice_over(text, URL_LEN_MAX), NULL, &url));
	assert_false(url_parse(a, slice_over(text, URL_LEN_MAX + 1), NULL, &url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_take_their_normal_form),
		cmocka_unit_test(the_parts_are_those_of_the_whole),
		cmocka_unit_test(tracking_is_no_part_of_the_identity),
		cmocka_unit_test(an_address_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
