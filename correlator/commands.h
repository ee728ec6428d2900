/* The commands of haidang-correlator that work on files alone; each gives its exit status. */
#pragma once

int command_test(int argc, char **argv);
int command_test_pack(int argc, char **argv);
int command_check(int argc, char **argv);
int command_alerts(int argc, char **argv);
int command_list(int argc, char **argv);
