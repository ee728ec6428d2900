/* The rule files under some paths. */
#pragma once

#include "lib/arena.h"
#include "lib/err.h"

struct rule_files {
	const char **at; /* sorted within each path */
	size_t count;
};

/* Adds `path`, or when it is a folder all .yml and .yaml files in it and below; files whose name
 * starts with a dot are left out. False when there is no such path. */
bool rule_files_find(struct arena *a, const char *path, struct rule_files *files, struct err *err);
void rule_files_release(struct rule_files *files);
