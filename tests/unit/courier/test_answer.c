#include "courier/answer.h"
#include "tests/unit/test.h"

#include <string.h>

enum { NOW_S = 1764000000 }; /* Mon, 24 Nov 2025 16:00:00 GMT */

static void a_status_says_whether_to_try_again(void **state)
{
	static const struct {
		int status;
		enum verdict verdict;
	} rows[] = {
		{200, VERDICT_DELIVERED},
		{204, VERDICT_DELIVERED},
		{299, VERDICT_DELIVERED},
		{199, VERDICT_RETRY},
		{301, VERDICT_RETRY},
		{304, VERDICT_RETRY},
		{400, VERDICT_REFUSED},
		{401, VERDICT_RETRY},
		{404, VERDICT_RETRY},
		{408, VERDICT_RETRY},
		{409, VERDICT_REFUSED},
		{410, VERDICT_GONE},
		{413, VERDICT_REFUSED},
		{422, VERDICT_REFUSED},
		{425, VERDICT_RETRY},
		{429, VERDICT_RETRY},
		{500, VERDICT_RETRY},
		{503, VERDICT_RETRY},
		{599, VERDICT_RETRY},
		{999, VERDICT_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(answer_verdict(rows[i].status), rows[i].verdict);
		assert_true(strlen(answer_words(rows[i].status)) > 10);
	}
}

static void retry_after_is_read_in_all_its_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"120", 120},
		{" 7 ", 7},
		{"0", 0},
		{"Mon, 24 Nov 2025 16:00:30 GMT", 30},
		{"Monday, 24-Nov-25 16:00:30 GMT", 30},
		{"Mon Nov 24 16:00:30 2025", 30},
		{"Mon, 24 Nov 2025 15:59:59 GMT", 0},
		{"Mon, 24 Nov 2099 16:00:30 GMT", RETRY_AFTER_MAX_MS / 1000},
		{"86401", RETRY_AFTER_MAX_MS / 1000},
		{"18446744073709551615", RETRY_AFTER_MAX_MS / 1000},
		{"18446744073709551616", 0},
		{"-1", 0},
		{"1.5", 0},
		{"", 0},
		{"soon", 0},
		{"Mon, 24 Nov 2025 16:00:30 GMT and more", 0},
		{"Mon, 24 Nov 2025 16:00:30 GMT                                         x", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(answer_retry_after_ms(
					 slice_of(rows[i].text), NOW_S * INT64_C(1000000) + 999999),
			rows[i].seconds * 1000);
}

static void a_long_reason_is_cut(void **state)
{
	struct answer answer = {0};
	char text[2 * REASON_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	answer_say(&answer, "%s", text);
	assert_int_equal(strlen(answer.said), REASON_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_says_whether_to_try_again),
		cmocka_unit_test(retry_after_is_read_in_all_its_forms),
		cmocka_unit_test(a_long_reason_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
