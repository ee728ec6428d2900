#include "crawler/commands.h"

#include "crawler/charset.h"
#include "crawler/classify_command.h"
#include "crawler/config.h"
#include "crawler/feed.h"
#include "crawler/feed_decode.h"
#include "crawler/page.h"
#include "crawler/page_worker.h"
#include "crawler/robots.h"
#include "crawler/sitemap.h"
#include "crawler/sources_command.h"
#include "crawler/url.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_BAD_INPUT = 2, FILE_LEN_MAX = 64 * 1024 * 1024, OPTIONS_MAX = 4, ARGUMENTS_MAX = 4 };

struct arguments {
	const char *const *options; /* names without "--", NULL-terminated */
	const char *values[OPTIONS_MAX];
	const char *at[ARGUMENTS_MAX];
	int count;
};

static int bad_usage(const char *command, const char *why)
{
	(void)fprintf(stderr, "haidang-crawler %s: %s\n", command, why);
	return EXIT_BAD_INPUT;
}

static int option_of(const struct arguments *args, const char *text)
{
	if (strncmp(text, "--", 2) != 0)
		return -1;
	for (int i = 0; args->options != NULL && args->options[i] != NULL; i++)
		if (strcmp(text + 2, args->options[i]) == 0)
			return i;
	return -1;
}

/* Options stand before or after the arguments; `wanted` arguments must be there. */
static bool arguments_read(struct arguments *args, int argc, char **argv, int wanted)
{
	for (int i = 1; i < argc; i++) {
		int option = option_of(args, argv[i]);

		if (option >= 0 && i + 1 < argc)
			args->values[option] = argv[++i];
		else if (args->count < ARGUMENTS_MAX && option < 0)
			args->at[args->count++] = argv[i];
		else
			return false;
	}
	return args->count == wanted;
}

static bool read_file(const char *path, struct buf *out)
{
	struct err err = {0};

	if (program_read_file(path, FILE_LEN_MAX, out, &err))
		return true;
	(void)fprintf(stderr, "haidang-crawler: %s\n", err_text(&err));
	return false;
}

static int print(struct buf *out)
{
	buf_add_byte(out, '\n');
	return fwrite(out->at, 1, out->len, stdout) == out->len && fflush(stdout) == 0 ? 0 : 1;
}

static int fail_on(const char *path, struct err *err)
{
	(void)fprintf(stderr, "%s:%u: %s\n", path, err->line, err->said);
	return EXIT_BAD_INPUT;
}

static void charset_release(struct charset_set **set)
{
	charset_set_free(set);
}

static int run_extract(int argc, char **argv)
{
	static const char *const options[] = {"url", "charset", NULL};
	struct arguments args = {.options = options};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf file = {0}, out = {0};
	CLEANUP(charset_release) struct charset_set *charsets = charset_set_new();
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};
	struct url url;
	struct page page;

	if (!arguments_read(&args, argc, argv, 1) || args.values[0] == NULL)
		return bad_usage(argv[0], "--url URL [--charset NAME] FILE was expected");
	if (!url_parse(a, slice_of(args.values[0]), NULL, &url))
		return bad_usage(argv[0], "--url: not an http or https address");
	if (!read_file(args.at[0], &file))
		return EXIT_BAD_INPUT;
	struct charset_text text =
		charset_decode(charsets, a, buf_slice(&file), slice_of(args.values[1]));
	const struct html_node *root = html_read(a, text.text, &err);
	if (root == NULL)
		return fail_on(args.at[0], &err);
	page_read(a, root, &url, &page);
	page_write(&page, PAGE_ARTICLE, &w);
	return print(&out);
}

static int run_feed(int argc, char **argv)
{
	static const char *const options[] = {"url", "content-type", NULL};
	struct arguments args = {.options = options};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf file = {0}, out = {0};
	CLEANUP(charset_release) struct charset_set *charsets = charset_set_new();
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};
	struct url url;
	struct feed feed;

	if (!arguments_read(&args, argc, argv, 1))
		return bad_usage(argv[0], "[--url URL] [--content-type TYPE] FILE was expected");
	bool based = args.values[0] != NULL && url_parse(a, slice_of(args.values[0]), NULL, &url);
	if (!read_file(args.at[0], &file))
		return EXIT_BAD_INPUT;
	struct charset_text text =
		feed_decode(charsets, a, buf_slice(&file), slice_of(args.values[1]));
	struct feed_options feed_options = {.base = based ? &url : NULL, .authors = true};
	bool whole = feed_read(a, text.text, &feed_options, &feed, &err);
	feed_write(&feed, text.charset, whole ? NULL : err_text(&err), &w);
	int status = print(&out);
	return whole || status != 0 ? status : fail_on(args.at[0], &err);
}

static int run_robots(int argc, char **argv)
{
	static const char *const options[] = {"ua", NULL};
	struct arguments args = {.options = options};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf file = {0}, out = {0};
	struct json_writer w = json_writer_on(&out);

	if (!arguments_read(&args, argc, argv, 2))
		return bad_usage(argv[0], "[--ua PRODUCT] FILE URL was expected");
	if (!read_file(args.at[0], &file))
		return EXIT_BAD_INPUT;
	const char *product = args.values[0] == NULL ? CRAWLER_PRODUCT : args.values[0];
	struct slice target = robots_target(a, slice_of(args.at[1]));
	struct robots *robots = robots_read(buf_slice(&file), slice_of(product));
	json_begin_object(&w);
	json_key(&w, "allowed");
	json_bool(&w, robots_allows(robots, target));
	json_key(&w, "crawl_delay");
	if (robots_delay_s(robots) < 0)
		json_null(&w);
	else
		json_real(&w, robots_delay_s(robots));
	json_key(&w, "sitemaps");
	json_begin_array(&w);
	for (size_t i = 0; i < robots_sitemap_count(robots); i++)
		json_text(&w, robots_sitemap(robots, i));
	json_end_array(&w);
	json_end_object(&w);
	robots_free(&robots);
	return print(&out);
}

static int run_sitemap(int argc, char **argv)
{
	struct arguments args = {0};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf file = {0}, out = {0};
	CLEANUP(charset_release) struct charset_set *charsets = charset_set_new();
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};
	struct sitemap map;

	if (!arguments_read(&args, argc, argv, 1))
		return bad_usage(argv[0], "FILE was expected");
	if (!read_file(args.at[0], &file))
		return EXIT_BAD_INPUT;
	struct charset_text text = feed_decode(charsets, a, buf_slice(&file), (struct slice){0});
	bool whole = sitemap_read(a, text.text, &map, &err);
	sitemap_write(&map, &w);
	int status = print(&out);
	return whole || status != 0 ? status : fail_on(args.at[0], &err);
}

static int run_charset(int argc, char **argv)
{
	static const char *const options[] = {"content-type", NULL};
	struct arguments args = {.options = options};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf file = {0}, out = {0};
	CLEANUP(charset_release) struct charset_set *charsets = charset_set_new();
	struct json_writer w = json_writer_on(&out);

	if (!arguments_read(&args, argc, argv, 1))
		return bad_usage(argv[0], "[--content-type TYPE] FILE was expected");
	if (!read_file(args.at[0], &file))
		return EXIT_BAD_INPUT;
	struct charset_text text =
		charset_decode(charsets, a, buf_slice(&file), slice_of(args.values[0]));
	json_begin_object(&w);
	json_key(&w, "charset");
	json_text(&w, slice_of(text.charset));
	json_key(&w, "text");
	json_text(&w, text.text);
	json_end_object(&w);
	return print(&out);
}

static int run_url(int argc, char **argv)
{
	struct arguments args = {0};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct url base, url;

	if (!arguments_read(&args, argc, argv, 2))
		return bad_usage(argv[0], "INPUT BASE was expected, BASE '-' for none");
	bool based = url_parse(a, slice_of(args.at[1]), NULL, &base);
	json_begin_object(&w);
	json_key(&w, "href");
	if (url_parse(a, slice_of(args.at[0]), based ? &base : NULL, &url))
		json_text(&w, url.href);
	else
		json_null(&w);
	json_end_object(&w);
	return print(&out);
}

const struct program_command crawler_commands[] = {
	{"extract", "--url URL [--charset NAME] FILE", "title, text, date and links of a page",
		run_extract},
	{"feed", "[--url URL] [--content-type TYPE] FILE", "entries of an RSS or Atom feed",
		run_feed},
	{"robots", "[--ua PRODUCT] FILE URL", "whether a robots.txt allows an address", run_robots},
	{"sitemap", "FILE", "addresses in a sitemap", run_sitemap},
	{"charset", "[--content-type TYPE] FILE", "text of a page in UTF-8", run_charset},
	{"url", "INPUT BASE", "an address in normal form; BASE - for none", run_url},
	{"classify", "FILE.ndjson", "topics, places and story of items", classify_command},
	{"sources", "", "the sources with state and reason", sources_command},
	{"page-worker", "", "parse pages from stdin (started by the service)", page_worker_command},
	{NULL, NULL, NULL, NULL},
};
