/* The service: a worker per target, health and metrics, reload and drain. */
#pragma once

#include "courier/config.h"

/* Reads the configuration anew into `a`, as the program did at its start; NULL with an error. */
typedef const struct courier_config *courier_reread(struct arena *a, struct err *err);

/* Delivers until SIGTERM; the exit status. */
int courier_run(const struct courier_config *config, courier_reread *reread);
