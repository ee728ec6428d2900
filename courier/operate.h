/* The commands of operators: what the courier does, its dead letters, where an alert would go. Each
 * prints to stdout and gives the exit status: 0, 1 when it failed, 2 for a wrong command line. */
#pragma once

#include "courier/config.h"

int operate_status(const struct courier_config *config, int argc, char **argv);
int operate_dead(const struct courier_config *config, int argc, char **argv);  /* [TARGET] */
int operate_retry(const struct courier_config *config, int argc, char **argv); /* TARGET ID… */
int operate_drop(const struct courier_config *config, int argc, char **argv);
int operate_test(const struct courier_config *config, int argc, char **argv);  /* TARGET */
int operate_route(const struct courier_config *config, int argc, char **argv); /* FILE */
int operate_stix(const struct courier_config *config, int argc, char **argv);  /* FILE */
