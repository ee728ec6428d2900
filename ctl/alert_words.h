/* One alert in words, for a terminal. */
#pragma once

#include "ctl/config.h"
#include "event/alert.h"

struct alert_words {
	enum ctl_lang lang;
	bool colour;
};

void alert_words_write(const struct alert_words *how, const struct alert *alert, struct buf *out);
