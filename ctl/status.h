/* `haidang status`: which programs run, since when, with what figures, and whether all is well. */
#pragma once

#include "ctl/config.h"

/* The exit status: 0 all is well, 1 degraded or Redis away, 2 bad use. */
int status_run(void *ctl_config, struct arena *a);
