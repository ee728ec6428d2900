/* Configuration read through a schema table: one row per setting yields its default, its checks,
 * its place in a struct, --print-config and the manual.
 *
 *     struct probe_config { char *sensor; int64_t workers; };
 *     static const struct config_field fields[] = {
 *             {"probe.sensor", CONFIG_TEXT, offsetof(struct probe_config, sensor), .fallback = "s1",
 *              .help = "Name of this sensor"},
 *             {"probe.workers", CONFIG_INT, offsetof(struct probe_config, workers), .fallback = "1",
 *              .min = 1, .max = 64, .help = "Capture threads"},
 *     };
 *
 * All programs of an appliance read one YAML file; a key is SECTION.NAME, its first part the
 * top-level section. A program refuses unknown keys in its own sections and skips sections that
 * are none of its own, unless their name is all but that of one (porbe). Values live in the arena
 * given to config_read(). */
#pragma once

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

enum config_type {
	CONFIG_TEXT,     /* char *; min/max bound its length in bytes when max > 0 */
	CONFIG_INT,      /* int64_t */
	CONFIG_BOOL,     /* bool */
	CONFIG_DURATION, /* int64_t milliseconds: 250ms, 5s, 10m, 2h, 30d; min/max in ms */
	CONFIG_SIZE,     /* int64_t bytes: 512, 64KiB, 10MiB, 1GiB */
	CONFIG_CHOICE,   /* int64_t index into .choices */
	CONFIG_TEXTS,    /* struct config_texts */
	CONFIG_LIST,     /* struct config_list of .item structs */
};

struct config_texts {
	char **at;
	size_t count;
};

struct config_list {
	void *items; /* array of the item schema's struct */
	size_t count;
};

struct config_schema;

struct config_field {
	const char *key;
	enum config_type type;
	size_t offset;
	const char *fallback; /* as it would be written; NULL: a list item must give it, else it is
				 empty */
	int64_t min, max;     /* both 0: no bound; of lists, the count of items when max > 0 */
	const char *const *choices; /* NULL-terminated */
	const struct config_schema *item;
	const char *help; /* one line: meaning and unit */
};

struct config_schema {
	const struct config_field *fields;
	size_t count;
	size_t size; /* of the struct */
};

/* `path` NULL gives the defaults. */
bool config_read(const struct config_schema *schema, const char *path, struct arena *a, void *ret,
	struct err *err);

/* Sets one value from text, as a command line option does; lists as "a, b" or [a, b].
 * A refused value changes nothing. */
struct config_setting {
	const char *key, *value;
};
bool config_set(const struct config_schema *schema, struct arena *a, void *config,
	struct config_setting setting, struct err *err);

/* The whole configuration as YAML with a comment per setting; config_read() reads it back. */
void config_write(const struct config_schema *schema, const void *config, struct buf *out);
