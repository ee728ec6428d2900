/* What a running crawler knows: its rules, its memory and its way out, shared by the modules that
 * judge pages. Rules are replaced as a whole on reload. */
#pragma once

#include "crawler/classify.h"
#include "crawler/config.h"
#include "crawler/emit.h"
#include "crawler/known.h"
#include "crawler/remember.h"
#include "crawler/trend.h"
#include "lib/lookalike.h"

struct knowledge {
	const struct crawler_config *config;
	const struct clock *clock;
	struct classifier *classifier;
	struct lookalike *lookalike;
	struct remember *memory;
	struct known *known;
	struct trends *trends;
	struct emitter emitter;
};
