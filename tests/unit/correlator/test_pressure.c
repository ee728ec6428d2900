#include "correlator/pressure.h"
#include "tests/unit/test.h"

static void memory_is_a_share_of_its_bound(void **state)
{
	static const struct {
		const char *info;
		unsigned percent;
	} cases[] = {
		{"# Memory\r\nused_memory:750\r\nused_memory_rss:9\r\nmaxmemory:1000\r\n", 75},
		{"used_memory:749\r\nmaxmemory:1000\r\n", 74},
		{"used_memory:5000\r\nmaxmemory:1\r\nmaxmemory_human:1B\r\n", 100},
		{"used_memory:18446744073709551615\r\nmaxmemory:18446744073709551615\r\n", 100},
		{"used_memory:750\r\nmaxmemory:0\r\n", 0},
		{"used_memory:-1\r\nmaxmemory:x\r\n", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(pressure_of(slice_of(cases[i].info)), cases[i].percent);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_a_share_of_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
