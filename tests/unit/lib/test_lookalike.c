#include "lib/lookalike.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load(void **state)
{
	struct err err = {0};

	*state = lookalike_read("rules/assets.yaml", &err);
	if (*state == NULL)
		print_error("%s\n", err_text(&err));
	return *state == NULL;
}

static int unload(void **state)
{
	struct lookalike *l = *state;

	lookalike_free(&l);
	return 0;
}

static void imitations_are_named_with_target_and_reason(void **state)
{
	static const struct {
		const char *host, *reason, *brand, *domain;
	} rows[] = {
		{"danang.gov.vn.evil.xyz", "suffix", "danang", "evil.xyz"},
		{"dichvucong.gov.vn.example.com", "suffix", "dichvucong", "example.com"},
		{"dichvucong-gov-vn.top", "suffix", "dichvucong", "dichvucong-gov-vn.top"},
		{"danang.gov-vn.info", "suffix", "danang", "gov-vn.info"},
		{"dichvucong-danang.com", "brand_token", "dichvucong", "dichvucong-danang.com"},
		{"dichvucongdanang.com", "brand_token", "dichvucong", "dichvucongdanang.com"},
		{"www.capnhatvneid2.net", "brand_token", "vneid", "capnhatvneid2.net"},
		{"VNEID-CAPNHAT.TOP", "brand_token", "vneid", "VNEID-CAPNHAT.TOP"},
		{"vneid.login-app.top", "brand_token", "vneid", "login-app.top"},
		{"danang-login.com", "brand_token", "danang", "danang-login.com"},
		{"vneid-xacthuc.vercel.app", "brand_token", "vneid", "vneid-xacthuc.vercel.app"},
		{"vietcombank.top", "brand_token", "vietcombank", "vietcombank.top"},
		{"vietconbank.com", "edit_distance", "vietcombank", "vietconbank.com"},
		{"dichvucog.vn", "edit_distance", "dichvucong", "dichvucog.vn"},
		{"dichvuc0ng.com", "homoglyph", "dichvucong", "dichvuc0ng.com"},
		{"vne1d.vn", "homoglyph", "vneid", "vne1d.vn"},
		{"xn--vned-n9d.com", "homoglyph", "vneid", "xn--vned-n9d.com"},
		{"xn--nng-8ka8v493n.vn", "homoglyph", "danang", "xn--nng-8ka8v493n.vn"},
	};
	const struct lookalike *l = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct lookalike_hit hit;

		if (!lookalike_match(l, slice_of(rows[i].host), &hit))
			fail_msg("%s: no hit", rows[i].host);
		if (!slice_is(hit.reason, rows[i].reason) || !slice_is(hit.brand, rows[i].brand) ||
			!slice_is(hit.domain, rows[i].domain) || hit.target.len == 0)
			fail_msg("%s: %.*s %.*s %.*s", rows[i].host, SLICE_ARG(hit.reason),
				SLICE_ARG(hit.brand), SLICE_ARG(hit.domain));
	}
}

static void ordinary_and_own_names_are_left_alone(void **state)
{
	static const char *const rows[] = {"danang.gov.vn", "tralinh.danang.gov.vn",
		"dichvucong.danang.gov.vn", "danangfantasticity.com", "www.danangfantasticity.com",
		"1022.vn", "dichvucong.gov.vn", "dichvucong.hochiminhcity.gov.vn", "facebook.com",
		"www.facebook.com", "google.com", "youtube.com", "vnexpress.net", "baodanang.vn",
		"danang-hotel.com", "thuexedanang.com", "thue-xe-danang.com", "hoian-danang.com",
		"dichvucongtrinh.com", "vietbank.com.vn", "agrobank.com.my", "redcross.org",
		"vnhost.vn", "vietcombank.zendesk.com", "zalo.me", "binhduong.vn", "quangninh.vn",
		"localhost", "10.1.2.3", "com", "", "vietcombank.com.vn",
		"online.vietcombank.com.vn", "cdn.cpc.vn"};
	const struct lookalike *l = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct lookalike_hit hit;

		if (lookalike_match(l, slice_of(rows[i]), &hit))
			fail_msg("%s: %.*s %.*s", rows[i], SLICE_ARG(hit.reason),
				SLICE_ARG(hit.brand));
	}
	assert_true(lookalike_is_owned(l, SLICE("a.danang.gov.vn")));
	assert_false(lookalike_is_owned(l, SLICE("notdanang.gov.vn")));
}

static void odd_bytes_and_long_names_do_no_harm(void **state)
{
	const struct lookalike *l = *state;
	struct lookalike_hit hit;
	char host[400];

	memset(host, 'r', sizeof host);
	for (size_t len = 0; len < sizeof host; len++)
		assert_false(lookalike_match(l, slice_over(host, len), &hit));
	assert_false(lookalike_match(l, SLICE("a\0b.vneid"), &hit));
	assert_false(lookalike_match(l, SLICE("xn--\xFF\xFE.com"), &hit));
	assert_false(lookalike_match(l, SLICE("--..--.com"), &hit));
}

static void a_bad_file_is_refused_with_its_place(void **state)
{
	char path[] = "/tmp/assetsXXXXXX";
	int fd = mkstemp(path);
	struct err err = {0};
	static const char text[] =
		"owned_suffixes: []\nbrands:\n  - {id: a, legit: [a.vn], tokens: [b-c]}\n";
	(void)state;

	assert_true(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1);
	close(fd);
	assert_null(lookalike_read(path, &err));
	assert_non_null(strstr(err_text(&err), ":3: \"b-c\""));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imitations_are_named_with_target_and_reason),
		cmocka_unit_test(ordinary_and_own_names_are_left_alone),
		cmocka_unit_test(odd_bytes_and_long_names_do_no_harm),
		cmocka_unit_test(a_bad_file_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
