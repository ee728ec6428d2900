/* `haidang rules check`: the correlator's own check, and whether each rule has test events. */
#pragma once

int rules_run(int argc, char **argv); /* the exit status */
