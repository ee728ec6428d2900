/* The commands that work on files alone: what the running collector would take in, as NDJSON. */
#pragma once

int command_eve(int argc, char **argv);
int command_map(int argc, char **argv);
