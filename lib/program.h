/* The command line all programs share, so that each main() is a table and a call:
 *
 *     haidang-NAME [--config FILE] [--check] [--print-config] [--help] [--version] [OPTIONS]
 *     haidang-NAME COMMAND …
 *
 * An option is another way to write a setting (--read FILE, --read=FILE, -r FILE, -rFILE);
 * --set SECTION.NAME=VALUE writes any. Without --config, /etc/haidang/haidang.yaml is read when
 * it is there. --check reads configuration (and, through .check, what it names) and ends with 0
 * or 2; a bad command line, configuration or input file is one clear message on stderr and
 * exit 2. */
#pragma once

#include "lib/config.h"

struct program_option {
	char letter;      /* 'r' for -r, 0 for none */
	const char *name; /* "read" for --read, or NULL */
	const char *key;  /* the setting it writes; one of CONFIG_BOOL takes no value */
};

struct program_command {
	const char *name;
	const char *usage; /* arguments after the name */
	const char *help;
	int (*run)(int argc, char **argv); /* argv[0] = the command's name; gives the exit status */
};

struct program {
	const char *name; /* "haidang-probe" */
	const char *summary;
	const struct config_schema *schema;
	const struct program_option *options;   /* ends with one whose .key is NULL; may be NULL */
	const struct program_command *commands; /* ends with one whose .name is NULL; may be NULL */
	bool (*check)(void *config, struct err *err); /* may be NULL */
	int (*run)(void *config, struct arena *a);    /* the exit status; NULL: only commands */
	int64_t (*log_level)(const void *config);     /* enum log_level; may be NULL */
};

int program_main(const struct program *program, int argc, char **argv);

/* For a command that reads the configuration too: reads it as program_main() does for .run and
 * takes --config, --set and the program's options out of argv; what it does not know stays. Gives
 * the struct of the schema in the arena, or NULL with `err` set. */
void *program_options(
	const struct program *program, struct arena *a, int *argc, char **argv, struct err *err);

/* As file_read(): a whole file, at most `len_max` bytes, "-" for stdin, appended to `out`. */
bool program_read_file(const char *path, size_t len_max, struct buf *out, struct err *err);
