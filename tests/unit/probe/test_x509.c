#include "lib/mem.h"
#include "probe/proto/x509.h"
#include "tests/unit/probe/certificate.h"
#include "tests/unit/test.h"

#include <string.h>

static void the_fields_of_a_certificate_are_read(void **state)
{
	struct x509 c;

	(void)state;
	assert_true(x509_read(slice_over(certificate_der, sizeof certificate_der), &c));
	assert_string_equal(c.subject, "C=VN, O=Cong ty Thu, CN=portal.example.vn");
	assert_string_equal(c.issuer, c.subject);
	assert_int_equal(c.not_before_us, INT64_C(1795462037) * 1000000);
	assert_int_equal(c.not_after_us, INT64_C(2110822037) * 1000000);
}

static void a_certificate_cut_anywhere_is_refused(void **state)
{
	struct x509 c;

	(void)state;
	for (size_t len = 0; len < sizeof certificate_der; len++) {
		CLEANUP(mem_cleanup) void *exact = mem_copy(certificate_der, len ? len : 1);

		assert_false(x509_read(slice_over(exact, len), &c));
	}
}

static void any_single_wrong_byte_is_survived(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof certificate_der; at++) {
		CLEANUP(mem_cleanup)
		unsigned char *copy = mem_copy(certificate_der, sizeof certificate_der);

		for (int bit = 0; bit < 8; bit++) {
			struct x509 c;

			copy[at] = (unsigned char)(certificate_der[at] ^ 1 << bit);
			(void)x509_read(slice_over(copy, sizeof certificate_der), &c);
			assert_true(strlen(c.subject) < X509_NAME_MAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_of_a_certificate_are_read),
		cmocka_unit_test(a_certificate_cut_anywhere_is_refused),
		cmocka_unit_test(any_single_wrong_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
