/* Alerts as mail, one each or as a digest, handed to a mail server by SMTP. */
#pragma once

#include "courier/target.h"

extern const struct target_kind mail_kind;
