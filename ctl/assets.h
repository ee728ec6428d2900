/* haidang assets: what each site has, by the correlator's inventory. */
#pragma once

int assets_run(int argc, char **argv);
