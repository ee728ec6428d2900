/* Another program of the appliance, run for a command of this one:
 *
 *     char *argv[] = {"haidang-correlator", "check", path, NULL};
 *     return beside_run(argv);
 *
 * It is the one beside this program, so that a build in a folder of its own uses its own one, or in
 * the folder of services of the same prefix; else whichever PATH has. */
#pragma once

/* Waits for its end; its exit status, 1 when a signal ended it, 2 when it cannot be started. */
int beside_run(char **argv);
