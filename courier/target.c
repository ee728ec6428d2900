#include "courier/target.h"

#include "courier/webhook.h"

const char *const target_kind_names[] = {"webhook", NULL};
const struct target_kind *const target_kinds[] = {&webhook_kind};
