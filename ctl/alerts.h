/* `haidang alerts`: alerts straight from their streams, in words or as JSON. */
#pragma once

#include "ctl/config.h"

int alerts_run(void *ctl_config, struct arena *a); /* the exit status */
