/* The probe at work: source, worker, publisher and reports put together, and the loop that moves
 * packets from the first to the last. Gives the exit status: 0, 1 when events were lost or a
 * needed thing was not there, 2 for input or configuration that is wrong. */
#pragma once

#include "probe/probe_config.h"

int probe_run(const struct probe_config *config, struct arena *a);

/* Whether the files that the configuration names can be used: for --check. */
bool probe_check_files(const struct probe_config *config, struct err *err);
