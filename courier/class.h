/* The classes of harm that an alert belongs to, known by the tags of its rule: those of ATT&CK, and
 * the project's own "haidang.phishing" and the like for what ATT&CK has no number for. They decide
 * what of the information side may go to the police at all (charter §6.6). */
#pragma once

#include "event/alert.h"

enum alert_class { CLASS_PHISHING, CLASS_IMPERSONATION, CLASS_MALICIOUS_APP, CLASS_DATA_LEAK };
enum { CLASS_COUNT = CLASS_DATA_LEAK + 1 };

extern const char *const class_names[CLASS_COUNT + 1]; /* NULL-terminated */

unsigned class_of(const struct alert *alert); /* bits 1 << enum alert_class */
