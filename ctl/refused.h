/* `haidang refused`: what the correlator set aside because it could not use it. */
#pragma once

#include "ctl/config.h"

int refused_run(void *ctl_config, struct arena *a); /* the exit status */
