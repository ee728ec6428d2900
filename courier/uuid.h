/* Name-based UUIDs, version 5 (RFC 9562 §5.5): the same name always gives the same. */
#pragma once

#include "lib/slice.h"

enum { UUID_LEN = 16, UUID_TEXT_LEN = 36 };

void uuid_of_name(
	const uint8_t space[UUID_LEN], struct slice name, char ret_text[UUID_TEXT_LEN + 1]);
