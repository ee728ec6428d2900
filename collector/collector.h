/* The running program: all inputs in one thread (each syslog input's publisher has its own). */
#pragma once

#include "collector/config.h"

int collector_run(void *config, struct arena *a);
