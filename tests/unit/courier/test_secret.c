#include "courier/secret.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The example that the reference libraries of Standard Webhooks test with. */
#define KEY_24 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SIGNED "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}"
#define V1     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

#define KEY_64                                                                                       \
	"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AA=="
#define KEY_65                                                                                       \
	"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAA="
#define KEY_23 "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void the_signature_is_that_of_the_reference_example(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct secrets secrets;
	struct err err = {0};

	(void)state;
	assert_true(secrets_read("s", SLICE(KEY_24), &secrets, &err));
	secrets_sign(&secrets, SLICE(SIGNED), &out);
	assert_string_equal(buf_text(&out), V1);
}

static void every_secret_signs_the_newest_first(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct secrets secrets;
	struct err err = {0};

	(void)state;
	assert_true(secrets_read("s", SLICE(KEY_24 "\n" KEY_64 "\n"), &secrets, &err));
	secrets_sign(&secrets, SLICE(SIGNED), &out);
	assert_int_equal(out.len, 2 * SIGNATURE_LEN + 1);
	assert_memory_equal(out.at, V1 " v1,", SIGNATURE_LEN + 4);
}

static void lines_are_secrets_comments_or_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *said; /* "": it reads */
	} rows[] = {
		{KEY_24, 1, ""},
		{KEY_64 "\n", 1, ""},
		{"# old\r\n\r\n" KEY_24 "\r\n  # new\n " KEY_64 " \n", 2, ""},
		{KEY_24 "\n" KEY_24 "\n" KEY_24 "\n" KEY_24, 4, ""},
		{KEY_24 "\n" KEY_24 "\n" KEY_24 "\n" KEY_24 "\n" KEY_24, 0, "s:5: more than 4"},
		{"", 0, "s: no secret in this file"},
		{"# none\n", 0, "s: no secret in this file"},
		{"\nMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0, "s:2: a secret starts with 'whsec_'"},
		{KEY_23, 0, "s:1: a secret of 23 bytes is too short"},
		{KEY_65, 0, "s:1: what follows 'whsec_' is not base64 of at most 64 bytes"},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", 0, "s:1: what follows"},
		{"whsec_", 0, "s:1: a secret of 0 bytes is too short"},
		{"whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 0, "s:1: a secret starts with"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct secrets secrets;
		struct err err = {0};
		bool good = secrets_read("s", slice_of(rows[i].text), &secrets, &err);

		assert_int_equal(good, rows[i].said[0] == '\0');
		if (good) {
			assert_int_equal(secrets.count, rows[i].count);
			continue;
		}
		assert_memory_equal(err_text(&err), rows[i].said, strlen(rows[i].said));
		assert_null(strstr(err_text(&err), "MfKQ"));
	}
}

static void a_file_that_everyone_can_read_is_refused(void **state)
{
	char path[] = "/tmp/haidang-secret-XXXXXX";
	int fd = mkstemp(path);
	struct secrets secrets;
	struct err err = {0}, worse = {0};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, KEY_24, strlen(KEY_24)), strlen(KEY_24));
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_true(secrets_read_file(path, &secrets, &err));
	assert_int_equal(secrets.count, 1);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_false(secrets_read_file(path, &secrets, &worse));
	assert_non_null(strstr(err_text(&worse), "chmod o-rwx"));
	assert_int_equal(secrets.count, 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
}

static void a_fresh_secret_reads_and_differs_from_the_last(void **state)
{
	char first[SECRET_TEXT_LEN + 1], second[SECRET_TEXT_LEN + 1];
	struct secrets secrets;
	struct err err = {0};

	(void)state;
	assert_int_equal(secret_make(first), 0);
	assert_int_equal(secret_make(second), 0);
	assert_int_equal(strlen(first), SECRET_TEXT_LEN);
	assert_string_not_equal(first, second);
	assert_true(secrets_read("s", slice_of(first), &secrets, &err));
	assert_int_equal(secrets.at[0].len, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signature_is_that_of_the_reference_example),
		cmocka_unit_test(every_secret_signs_the_newest_first),
		cmocka_unit_test(lines_are_secrets_comments_or_wrong),
		cmocka_unit_test(a_file_that_everyone_can_read_is_refused),
		cmocka_unit_test(a_fresh_secret_reads_and_differs_from_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
