/* haidang mutes list | add | remove | dry-run | log */
#pragma once

int mutes_run(int argc, char **argv);
