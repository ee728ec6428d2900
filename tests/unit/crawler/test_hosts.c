#include "crawler/hosts.h"
#include "tests/unit/test.h"

#include <stdio.h>

static size_t queued(struct hosts *h, unsigned host)
{
	char name[32];
	int len = snprintf(name, sizeof name, "h%u.example", host);
	struct visit visit = {.url = {.scheme = SLICE("https"),
				      .host = slice_over(name, (size_t)len),
				      .port = 443}};

	return hosts_queued(h, &visit);
}

static void more_hosts_than_there_is_room_for_take_turns(void **state)
{
	struct clock_manual clock;
	(void)state;

	clock_manual_init(&clock, INT64_C(1772380800000000));
	struct hosts *h = hosts_new(NULL, &(struct hosts_options){.parallel = 1}, &clock.clock);
	for (unsigned i = 0; i < HOSTS_MAX; i++)
		assert_int_equal(queued(h, i), 0);
	assert_int_equal(queued(h, HOSTS_MAX), HOST_QUEUE_MAX);
	clock_manual_advance(&clock, 2000);
	for (unsigned i = 0; i < HOSTS_MAX; i++)
		assert_int_equal(queued(h, HOSTS_MAX + i), 0);
	hosts_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_hosts_than_there_is_room_for_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
