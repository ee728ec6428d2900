/* haidang rules stats: how often each rule raised alerts, and what analysts said of them. */
#pragma once

int rule_stats_run(int argc, char **argv);
