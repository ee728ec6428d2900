#include "crawler/pace.h"
#include "tests/unit/test.h"

static const int64_t CADENCE = 60000;

static struct pace after(int looks, int news_every)
{
	struct pace p = {0};

	for (int i = 1; i <= looks; i++)
		pace_note(&p, CADENCE, news_every > 0 && i % news_every == 0);
	return p;
}

static void the_cadence_holds_until_enough_was_seen(void **state)
{
	struct pace few = after(PACE_LOOKS_MIN - 1, 0), enough = after(PACE_LOOKS_MIN, 0);
	(void)state;

	assert_int_equal(pace_interval_ms(&few, CADENCE, 4), CADENCE);
	assert_int_equal(pace_interval_ms(&enough, CADENCE, 4), 4 * CADENCE);
}

static void a_quiet_source_is_asked_less_often_within_the_bound(void **state)
{
	/* News at every n-th look: the interval is ln 2 times their distance. */
	static const struct {
		int every;
		double times;
	} cases[] = {{2, 1}, {3, 1.7}, {4, 2.4}, {100, 4}};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pace p = after(cases[i].every * 50 - 1, cases[i].every);
		double got = (double)pace_interval_ms(&p, CADENCE, 4) / (double)CADENCE;

		assert_true(got >= cases[i].times * 0.8 && got <= cases[i].times * 1.25);
	}
}

static void after_news_the_next_look_comes_at_the_cadence(void **state)
{
	struct pace p = after(100, 0);
	(void)state;

	pace_note(&p, 4 * CADENCE, true);
	assert_int_equal(pace_interval_ms(&p, CADENCE, 4), CADENCE);
	pace_note(&p, CADENCE, false);
	assert_int_equal(pace_interval_ms(&p, CADENCE, 1), CADENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cadence_holds_until_enough_was_seen),
		cmocka_unit_test(a_quiet_source_is_asked_less_often_within_the_bound),
		cmocka_unit_test(after_news_the_next_look_comes_at_the_cadence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
