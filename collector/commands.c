#include "collector/commands.h"

#include "collector/config.h"
#include "collector/eve_take.h"
#include "collector/limits.h"
#include "collector/mapping.h"
#include "collector/program.h"
#include "lib/mem.h"

#include <stdio.h>

enum { BAD_INPUT = 2, OUTPUT_FAILED = 1, FILE_MAX = 64 * 1024 * 1024, VIETNAM_S = 7 * 3600 };

static int complain(struct err *err)
{
	(void)fprintf(stderr, "haidang-collector: %s\n", err_text(err));
	return BAD_INPUT;
}

static int print(const struct buf *out)
{
	return fwrite(buf_text(out), 1, out->len, stdout) == out->len && fflush(stdout) == 0
		? 0
		: OUTPUT_FAILED;
}

/* The home networks of the configuration and the lines of the file. */
static struct networks *prepare(const struct collector_config *config, const char *path,
	struct buf *ret_lines, struct err *err)
{
	struct networks *home =
		networks_new(config->home_networks.at, config->home_networks.count, err);

	if (home && !program_read_file(path, FILE_MAX, ret_lines, err))
		networks_free(&home);
	return home;
}

/* Ids of these commands only number the lines that yielded an event. */
static struct event_id number(uint32_t *count)
{
	return (struct event_id){.seq = (*count)++ % EVENT_SEQ_MAX};
}

static void take_lines(struct eve_taker *taker, struct slice rest, struct buf *out)
{
	struct slice line;
	uint32_t count = 0;

	for (unsigned at = 1; slice_cut(&rest, '\n', &line); at++) {
		enum eve_taken taken = eve_take(taker, line);

		if (taken == EVE_TAKEN && !eve_write(taker, number(&count), out))
			taken = EVE_TOO_LONG;
		if (taken == EVE_TAKEN)
			buf_add_byte(out, '\n');
		else
			(void)fprintf(stderr, "line %u: %s\n", at, eve_taken_names[taken]);
	}
}

int command_eve(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf lines = {0}, out = {0};
	struct err err = {0};
	struct collector_config *config = program_options(&collector_program, a, &argc, argv, &err);

	if (!config)
		return complain(&err);
	if (argc < 2) {
		(void)err_set(&err, NULL, 0, "expected: eve FILE [TYPE…]");
		return complain(&err);
	}

	const struct config_texts types = {argv + 2, (size_t)argc - 2};
	struct networks *home =
		eve_types_check(&types, &err) ? prepare(config, argv[1], &lines, &err) : NULL;
	if (!home)
		return complain(&err);

	const struct eve_taker_options options = {"test", &types, home};
	struct eve_taker *taker = eve_taker_new(&options);

	take_lines(taker, buf_slice(&lines), &out);
	eve_taker_free(&taker);
	networks_free(&home);
	return print(&out);
}

static void map_lines(
	const struct mapping *mapping, struct mapped *into, struct slice rest, struct buf *out)
{
	int64_t now_us = clock_wall_us(clock_system());
	const struct syslog_now now = {now_us, VIETNAM_S};
	struct syslog_message message;
	struct slice line;
	uint32_t count = 0;

	for (unsigned at = 1; slice_cut(&rest, '\n', &line); at++) {
		enum map_outcome outcome = MAP_UNKNOWN;

		if (syslog_read(line, &now, &message))
			outcome = mapping_apply(mapping, &message, now_us, into);
		if (outcome != MAP_DONE) {
			(void)fprintf(stderr, "line %u: %s %s\n", at, map_outcome_names[outcome],
				mapped_format(into));
			continue;
		}
		mapped_write(into, number(&count), out);
		buf_add_byte(out, '\n');
	}
}

int command_map(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf lines = {0}, out = {0};
	struct err err = {0};
	struct collector_config *config = program_options(&collector_program, a, &argc, argv, &err);

	if (!config)
		return complain(&err);
	if (argc != 2)
		(void)err_set(&err, NULL, 0, "expected: map FILE");
	struct mapping *mapping = argc == 2 ? mapping_read(config->mappings, &err) : NULL;
	struct networks *home = mapping ? prepare(config, argv[1], &lines, &err) : NULL;

	if (home) {
		struct mapped *into = mapped_new("test", home);

		map_lines(mapping, into, buf_slice(&lines), &out);
		mapped_free(&into);
	}
	networks_free(&home);
	mapping_free(&mapping);
	return err_is_set(&err) ? complain(&err) : print(&out);
}
