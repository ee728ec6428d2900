/* Rules and events written in a test. */
#pragma once

#include "correlator/engine.h"
#include "lib/file.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

static inline struct ruleset *rules_in(const char *yaml, enum view_naming naming)
{
	char path[] = "/tmp/hd-rules-XXXXXX";
	int fd = mkstemp(path);
	const char *const paths[] = {path};

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(file_write(path, slice_of(yaml)), 0);
	struct ruleset *rules = ruleset_load(&(struct ruleset_options){
		.paths = paths, .path_count = 1, .naming = naming, .lateness_us = 60000000});
	assert_int_equal(unlink(path), 0);
	return rules;
}
