/* `haidang-crawler classify FILE.ndjson`: what the rules say about each item of a file. */
#pragma once

int classify_command(int argc, char **argv);
