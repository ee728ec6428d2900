/* Standard Webhooks 1.0 with CloudEvents 1.0 in the body: POST, signed, one alert a request. */
#pragma once

#include "courier/target.h"

extern const struct target_kind webhook_kind;
