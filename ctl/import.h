/* `haidang import`: hands items to the crawler that runs here. */
#pragma once

/* A command of lib/program.h: FILE, or - for stdin, of one JSON object a line. 0 when all were
 * taken in, 2 when some were rejected, 1 when the crawler cannot be reached. */
int import_command(int argc, char **argv);
