/* The two sources that libpcap provides, for capture.c. */
#pragma once

#include "probe/capture.h"

void *capture_file_open(const struct capture_options *options, struct err *err);
void *capture_live_open(const struct capture_options *options, struct err *err);

extern const struct capture_driver capture_file_driver, capture_live_driver;
