#include "ctl/import.h"

#include "ctl/config.h"
#include "ctl/post.h"
#include "ctl/terminal.h"
#include "lib/json_read.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <stdio.h>

enum {
	SENT_MAX = 4 * 1024 * 1024,
	FILE_LEN_MAX = 1024 * 1024 * 1024,
	BAD_INPUT = 2,
	ITEMS_MAX = 5000
};

static const struct program_option options[] = {
	{.name = "socket", .key = "ctl.import_socket"},
	{.key = NULL},
};

static const struct program import_program = {
	.name = "haidang import",
	.summary = "hand items to the crawler, one JSON object a line",
	.schema = &ctl_schema,
	.options = options,
};

/* What the crawler counts, and how it is said. */
static const struct {
	const char *key, *said;
} counts[] = {{"new", "new"}, {"updated", "updated"}, {"unchanged", "unchanged"},
	{"queued", "queued"}, {"rejected", "rejected"},
	{"personal_fields_dropped", "personal fields dropped"},
	{"unknown_fields_dropped", "unknown fields dropped"}};

enum { COUNTS = sizeof counts / sizeof counts[0], REJECTED = 4 };

struct import {
	const char *file, *socket_path;
	struct json_reader *reader;
	size_t line; /* lines before the part that is being sent */
	int64_t sums[COUNTS];
};

static bool on_reason(void *ctx, struct slice key, struct json_value value)
{
	const struct import *in = ctx;
	CLEANUP(buf_release) struct buf reason = {0};
	struct json_value line;
	struct slice text = {0};
	int64_t number = 0;

	(void)key;
	if (json_get(value, "line", &line))
		(void)json_to_i64(line, &number);
	(void)json_get_text(value, "reason", &text);
	terminal_add(&reason, text);
	(void)fprintf(stderr, "%s:%lld: %s\n", in->file, (long long)number + (long long)in->line,
		buf_text(&reason));
	return true;
}

static bool take_answer(struct import *in, const struct post_answer *answer, struct err *err)
{
	struct json_value root, value;
	int64_t count;

	if ((answer->status != 200 && answer->status != 422) ||
		!json_read(in->reader, answer->body, &root, err) ||
		!json_get(root, "items", &value))
		return err_set(err, in->socket_path, 0, "the crawler answered %lld",
			(long long)answer->status);
	for (size_t i = 0; i < COUNTS; i++)
		if (json_get(root, counts[i].key, &value) && json_to_i64(value, &count))
			in->sums[i] += count;
	if (json_get(root, "reasons", &value))
		json_each(value, on_reason, in);
	return true;
}

/* Whole lines, as many as one request takes. */
static struct slice take_part(struct slice *rest, size_t *ret_lines)
{
	size_t len = 0;

	*ret_lines = 0;
	while (len < rest->len && *ret_lines < ITEMS_MAX) {
		struct slice after = slice_from(*rest, len);
		size_t line = slice_find_byte(after, '\n') + 1;

		line = line > after.len ? after.len : line;
		if (len > 0 && len + line > SENT_MAX)
			break;
		len += line;
		++*ret_lines;
	}
	struct slice part = slice_over(rest->at, len);
	*rest = slice_from(*rest, len);
	return part;
}

static void answer_release(struct post_answer *answer)
{
	buf_release(&answer->raw);
}

static bool send_parts(struct import *in, struct slice text, struct err *err)
{
	while (text.len > 0) {
		CLEANUP(answer_release) struct post_answer answer = {0};
		size_t lines;
		struct slice part = take_part(&text, &lines);
		struct post_request request = {
			in->socket_path, "/v1/import", "application/x-ndjson", part};

		if (!post_unix(&request, &answer, err) || !take_answer(in, &answer, err))
			return false;
		in->line += lines;
	}
	return true;
}

static void print_sums(const struct import *in)
{
	for (size_t i = 0; i < COUNTS; i++)
		(void)printf(
			"%s%s %lld", i == 0 ? "" : ", ", counts[i].said, (long long)in->sums[i]);
	(void)printf("\n");
}

int import_command(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct err err = {0};
	const struct ctl_config *config = program_options(&import_program, a, &argc, argv, &err);

	if (config == NULL || argc != 2) {
		if (config != NULL)
			err_set(&err, NULL, 0,
				"import [--config FILE] [--socket PATH] FILE|- was expected");
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
		return BAD_INPUT;
	}
	if (!program_read_file(argv[1], FILE_LEN_MAX, &text, &err)) {
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
		return BAD_INPUT;
	}
	const char *run_dir =
		config->shared.run_dir[0] != '\0' ? config->shared.run_dir : "/run/haidang";
	struct import in = {
		.file = argv[1],
		.socket_path = config->import_socket[0] != '\0'
			? config->import_socket
			: arena_printf(a, "%s/crawler-import.sock", run_dir),
		.reader = json_reader_new(POST_ANSWER_MAX),
	};
	bool sent = send_parts(&in, buf_slice(&text), &err);
	json_reader_free(&in.reader);
	if (!sent)
		(void)fprintf(stderr, "haidang: %s\n", err_text(&err));
	print_sums(&in);
	return !sent ? 1 : in.sums[REJECTED] > 0 ? BAD_INPUT : 0;
}
