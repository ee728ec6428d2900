/* `haidang-crawler sources`: each source with its state and the reason why it is not fetched. */
#pragma once

int sources_command(int argc, char **argv);
