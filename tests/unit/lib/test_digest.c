#include "lib/digest.h"
#include "tests/unit/test.h"

#include <string.h>

/* FIPS 180 examples and RFC 4231. */
static void hashes_give_their_published_values(void **state)
{
	static const struct {
		const char *text, *sha1, *sha256;
	} rows[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	uint8_t bytes[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		digest_sha1(slice_of(rows[i].text), bytes);
		digest_hex(bytes, SHA1_LEN, hex);
		assert_string_equal(hex, rows[i].sha1);
		digest_sha256(slice_of(rows[i].text), bytes);
		digest_hex(bytes, SHA256_LEN, hex);
		assert_string_equal(hex, rows[i].sha256);
	}
	digest_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), bytes);
	digest_hex(bytes, SHA256_LEN, hex);
	assert_string_equal(
		hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* RFC 4648 §10. */
static void base64_goes_there_and_back(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xfb\xff\xbf", "+/+/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct slice plain = slice_of(rows[i][0]);
		char text[32];
		uint8_t back[32];
		size_t len = 99;

		digest_base64((const uint8_t *)plain.at, plain.len, text);
		assert_string_equal(text, rows[i][1]);
		assert_true(digest_from_base64(slice_of(text), back, plain.len, &len));
		assert_int_equal(len, plain.len);
		assert_memory_equal(back, plain.at, len);
		if (plain.len)
			assert_false(digest_from_base64(slice_of(text), back, plain.len - 1, &len));
	}
}

static void what_is_no_base64_is_refused(void **state)
{
	static const char *const rows[] = {"Z", "Zg", "Zg=", "Zg===", "====", "=",
		"Z===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "Zm-_", "Z=9v",
		"Zg==Zg==", "\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t back[32];
		size_t len;

		if (digest_from_base64(slice_of(rows[i]), back, sizeof(back), &len))
			fail_msg("\"%s\" was taken", rows[i]);
	}
}

static void hash64_spreads_and_stays(void **state)
{
	unsigned counts[16] = {0};

	(void)state;
	/* Buckets in Redis depend on it: it must never change. */
	assert_true(digest_hash64(SLICE("")) == UINT64_C(0xefd01f60ba992926));
	assert_true(digest_hash64(SLICE("haidang")) != digest_hash64(SLICE("haidanh")));
	for (unsigned i = 0; i < 16000; i++)
		counts[digest_hash64(slice_over(&i, sizeof(i))) % 16]++;
	for (unsigned i = 0; i < 16; i++)
		assert_in_range(counts[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_give_their_published_values),
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(hash64_spreads_and_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
