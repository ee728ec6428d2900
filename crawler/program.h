/* The command line of haidang-crawler, for main.c and for commands that read the configuration. */
#pragma once

#include "crawler/config.h"
#include "lib/program.h"

extern const struct program crawler_program;
