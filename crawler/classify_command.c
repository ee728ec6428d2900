#include "crawler/classify_command.h"

#include "crawler/classify.h"
#include "crawler/program.h"
#include "crawler/story.h"
#include "crawler/url.h"
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/public_suffix.h"

#include <stdio.h>
#include <string.h>

enum { ITEMS_LEN_MAX = 256 * 1024 * 1024, ITEM_LEN_MAX = 4 * 1024 * 1024, EXIT_BAD_INPUT = 2 };
static const int64_t STORY_MS = (int64_t)72 * 3600 * 1000;

struct classifying {
	struct classifier *classifier;
	struct remember *memory;
	struct json_reader *reader;
};

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_text(w, text);
}

static void write_found(const struct classified *c, struct json_writer *w)
{
	json_key(w, "topics");
	json_begin_array(w);
	for (size_t i = 0; i < c->topics.topic_count; i++)
		json_text(w, c->topics.topics[i].id);
	json_end_array(w);
	json_key(w, "places");
	json_begin_array(w);
	for (size_t i = 0; i < c->places.count; i++)
		json_text(w, c->places.at[i].id);
	json_end_array(w);
	json_key(w, "markers");
	json_begin_array(w);
	for (size_t i = 0; i < c->topics.marker_count; i++)
		json_text(w, c->topics.markers[i]);
	json_end_array(w);
}

static struct slice publisher_of(struct arena *a, struct slice href)
{
	struct url url;

	if (!url_parse(a, href, NULL, &url))
		return (struct slice){0};
	struct slice domain = public_suffix_domain(url.host);
	return domain.len > 0 ? domain : url.host;
}

/* One line of the file as one line on stdout. */
static bool classify_line(const struct classifying *in, struct slice line, struct err *err)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct json_value root;
	struct slice id = {0}, title = {0}, text = {0}, url = {0};
	struct classified found;
	struct story story;

	if (!json_read(in->reader, line, &root, err))
		return false;
	json_get_text(root, "id", &id);
	json_get_text(root, "title", &title);
	json_get_text(root, "text", &text);
	json_get_text(root, "url", &url);
	classify(in->classifier, a, title, text, &found);
	struct story_item item = {
		.url = url.len > 0 ? url : id,
		.folded = found.text->folded,
		.matter = found.matter,
		.publisher = publisher_of(a, url),
		.now_us = clock_wall_us(clock_system()),
		.ttl_ms = STORY_MS,
		.is_denial = found.is_denial,
	};
	story_of(in->memory, a, &item, &story);
	json_begin_object(&w);
	write_text(&w, "id", id);
	write_found(&found, &w);
	write_text(&w, "form", found.text->plain ? SLICE("plain") : SLICE("diacritics"));
	write_text(&w, "story_id", slice_of(story.id));
	json_key(&w, "publishers");
	json_uint(&w, story.publishers);
	json_key(&w, "corrected");
	json_bool(&w, story.corrected);
	write_text(&w, "subject", found.subject);
	json_end_object(&w);
	buf_add_byte(&out, '\n');
	return fwrite(out.at, 1, out.len, stdout) == out.len;
}

static bool classify_lines(
	const struct classifying *in, const char *path, struct slice text, struct err *err)
{
	struct slice line;
	unsigned number = 0;

	while (slice_cut(&text, '\n', &line)) {
		struct err why = {0};

		number++;
		if (slice_trim(line).len == 0)
			continue;
		if (!classify_line(in, line, &why))
			return err_set(err, path, number, "%s", why.said);
	}
	return fflush(stdout) == 0 || err_set(err, NULL, 0, "stdout cannot be written");
}

static bool run(const struct crawler_config *config, const char *path, struct err *err)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct classifier_paths paths = {config->topics, config->places, config->assets};
	struct classifying in = {.classifier = classifier_read(&paths, err)};

	if (in.classifier == NULL || !program_read_file(path, ITEMS_LEN_MAX, &file, err)) {
		classifier_free(&in.classifier);
		return false;
	}
	in.memory = remember_new(NULL, "", clock_system());
	in.reader = json_reader_new(ITEM_LEN_MAX);
	bool ok = classify_lines(&in, path, buf_slice(&file), err);
	json_reader_free(&in.reader);
	remember_free(&in.memory);
	classifier_free(&in.classifier);
	return ok;
}

int classify_command(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	const struct crawler_config *config =
		program_options(&crawler_program, a, &argc, argv, &err);

	if (config != NULL && argc == 2 && run(config, argv[1], &err))
		return 0;
	if (!err_is_set(&err))
		err_set(&err, NULL, 0,
			"classify [--config FILE] [--topics F] [--places F] [--assets F] FILE.ndjson");
	(void)fprintf(stderr, "haidang-crawler: %s\n", err_text(&err));
	return EXIT_BAD_INPUT;
}
