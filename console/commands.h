/* `haidang-console user …` and `haidang-console audit …`. Each gives the exit status. */
#pragma once

int command_user(int argc, char **argv);
int command_audit(int argc, char **argv);
