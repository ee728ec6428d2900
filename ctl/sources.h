/* `haidang sources`: what becomes of each source of each crawler that runs: silence must look
 * different from calm. */
#pragma once

#include "lib/program.h"

extern const struct program sources_program;
