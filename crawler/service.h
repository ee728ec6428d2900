/* The crawler as a service: everything put together, its loop, reload and health. */
#pragma once

#include "crawler/config.h"

bool crawler_check(void *config, struct err *err); /* reads every file the settings name */
int crawler_run(void *config, struct arena *a);
