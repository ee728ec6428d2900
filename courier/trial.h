/* `haidang-courier test`: one marked alert to one target, and what came of it in words. */
#pragma once

#include "courier/target.h"

/* Prints to stdout; 0 when the receiver took the alert, 1 when not, 2 when it cannot be sent. */
int trial_run(const struct target_place *place);
