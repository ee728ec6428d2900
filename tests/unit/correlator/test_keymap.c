#include "correlator/keymap.h"
#include "tests/unit/test.h"

#include <stdio.h>

enum { KEYS = 500, STEPS = 20000, KEY_LEN = 16 };

static void what_was_put_is_found_until_it_is_removed(void **state)
{
	static char names[KEYS][KEY_LEN];
	bool there[KEYS] = {false};
	struct keymap m = {0};
	uint32_t random = 1;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		(void)snprintf(names[i], KEY_LEN, "key-%zu", i);
	for (size_t step = 0; step < STEPS; step++) {
		random = random * 1664525 + 1013904223;
		size_t i = (random >> 16) % KEYS;
		struct slice key = slice_of(names[i]);

		assert_ptr_equal(keymap_get(&m, key), there[i] ? names[i] : NULL);
		if (random >> 15 & 1) {
			keymap_put(&m, key, names[i]);
			count += !there[i];
			there[i] = true;
		} else {
			keymap_remove(&m, key);
			count -= there[i];
			there[i] = false;
		}
		assert_int_equal(m.count, count);
	}
	for (size_t i = 0; i < KEYS; i++)
		assert_ptr_equal(keymap_get(&m, slice_of(names[i])), there[i] ? names[i] : NULL);
	keymap_release(&m);
}

static void an_empty_map_holds_nothing(void **state)
{
	struct keymap m = {0};

	(void)state;
	assert_null(keymap_get(&m, SLICE("a")));
	keymap_remove(&m, SLICE("a"));
	keymap_release(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_found_until_it_is_removed),
		cmocka_unit_test(an_empty_map_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
