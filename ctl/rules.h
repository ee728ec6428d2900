/* `haidang rules check`: the correlator's own check, and whether each rule has test events. Without a path: the
 * rules of the source tree it stands in, else the installed ones. */
#pragma once

int rules_run(int argc, char **argv); /* the exit status */
