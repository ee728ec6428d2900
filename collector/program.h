/* The command line of haidang-collector. */
#pragma once

#include "lib/program.h"

extern const struct program collector_program;
