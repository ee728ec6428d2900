/* The commands that work on files, one JSON object on stdout each (docs/crawler.md). */
#pragma once

#include "lib/program.h"

extern const struct program_command crawler_commands[];
