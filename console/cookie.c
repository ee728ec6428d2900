#include "console/cookie.h"

struct slice cookie_find(struct slice header, struct slice name)
{
	struct slice found = SLICE(""), pair;
	size_t count = 0;

	while (slice_cut(&header, ';', &pair)) {
		pair = slice_trim(pair);
		size_t equals = slice_find_byte(pair, '=');

		if (equals == pair.len || !slice_equal((struct slice){pair.at, equals}, name))
			continue;
		found = slice_from(pair, equals + 1);
		count++;
	}
	return count == 1 ? found : SLICE("");
}
