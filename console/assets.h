/* The files of the user interface, built into the program (assets.def lists them). */
#pragma once

#include "lib/http_server.h"

/* Answers with the file that the path names, or 404. `folder` not "": files of the same names are
 * read from there at each request, for working on the interface. */
void assets_answer(struct request *req, const char *folder);
