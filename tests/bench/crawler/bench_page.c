/* CPU time of a page: fetched and parsed by libcurl and gumbo alone, and through the whole of the
 * crawler's work on it (charset, tree, article, masks, topics, places, story, JSON); and of an
 * unchanged page, which is only hashed. Pages come from an HTTP server on loopback.
 *
 *     bench_page http://127.0.0.1:PORT/ PAGES RULES */
#include "crawler/charset.h"
#include "crawler/classify.h"
#include "crawler/mask.h"
#include "crawler/page.h"
#include "crawler/story.h"
#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/json_read.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

#include <curl/curl.h>
#include <gumbo.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { JSON_MAX = 16 * 1024 * 1024 };

struct bench {
	struct arena *arena;
	CURL *curl;
	struct buf body;
	struct charset_set *charsets;
	struct classifier *classifier;
	struct json_reader *reader;
	struct remember *memory;
	size_t bytes, topics;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	buf_add(ctx, bytes, size * count);
	return size * count;
}

static void fetch(struct bench *b, const char *url)
{
	buf_clear(&b->body);
	must(curl_easy_setopt(b->curl, CURLOPT_URL, url) == CURLE_OK);
	must(curl_easy_perform(b->curl) == CURLE_OK);
	b->bytes += b->body.len;
}

static void parse_alone(struct bench *b)
{
	GumboOutput *output =
		gumbo_parse_with_options(&kGumboDefaultOptions, b->body.at, b->body.len);

	gumbo_destroy_output(&kGumboDefaultOptions, output);
}

static void hash_alone(struct bench *b)
{
	uint8_t hash[SHA256_LEN];

	digest_sha256(buf_slice(&b->body), hash);
}

/* As the jailed child and the service do it. */
static void work(struct bench *b, const char *href)
{
	struct arena *a = b->arena;
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct err err = {0};
	struct url url;
	struct page page;
	struct json_value root;
	struct slice title = {0}, text = {0};
	struct classified found;
	struct story story;

	arena_rewind(a);
	hash_alone(b);
	must(url_parse(a, slice_of(href), NULL, &url));
	struct charset_text t =
		charset_decode(b->charsets, a, buf_slice(&b->body), SLICE("text/html"));
	const struct html_node *tree = html_read(a, t.text, &err);
	must(tree != NULL);
	page_read(a, tree, &url, &page);
	page_write(&page, PAGE_ARTICLE, &w);
	must(json_read(b->reader, buf_slice(&out), &root, &err));
	json_get_text(root, "title", &title);
	json_get_text(root, "text", &text);
	text = mask_personal(a, text);
	classify(b->classifier, a, title, text, &found);
	b->topics += found.topics.topic_count;
	struct story_item item = {
		.url = url.href, .folded = found.text->folded, .ttl_ms = INT64_C(3600) * 1000};
	story_of(b->memory, a, &item, &story);
}

enum way { WAY_FETCH, WAY_GUMBO, WAY_ALL, WAY_HASH, WAYS };

/* CPU time of one page one way, in ms; the ways take turns, so that what else runs on the machine
 * weighs on all alike. */
static double run(struct bench *b, const char *url, enum way way)
{
	clock_t before = clock();

	fetch(b, url);
	if (way == WAY_GUMBO)
		parse_alone(b);
	else if (way == WAY_ALL)
		work(b, url);
	else if (way == WAY_HASH)
		hash_alone(b);
	return (double)(clock() - before) * 1000 / CLOCKS_PER_SEC;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *at, size_t count)
{
	qsort(at, count, sizeof *at, order);
	return at[count / 2];
}

int main(int argc, char **argv)
{
	struct bench b = {.arena = arena_new(),
		.charsets = charset_set_new(),
		.reader = json_reader_new(JSON_MAX)};
	struct err err = {0};
	double *times[WAYS], middle[WAYS];

	if (argc != 4)
		return 2;
	uint64_t count;
	must(slice_to_u64(slice_of(argv[2]), &count) && count > 0 && count < 100000);
	int pages = (int)count;
	char *paths[] = {mem_printf("%s/topics.yaml", argv[3]),
		mem_printf("%s/places.yaml", argv[3]), mem_printf("%s/assets.yaml", argv[3])};
	b.classifier =
		classifier_read(&(struct classifier_paths){paths[0], paths[1], paths[2]}, &err);
	must(b.classifier != NULL);
	b.memory = remember_new(NULL, "", clock_system());
	b.curl = curl_easy_init();
	curl_easy_setopt(b.curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(b.curl, CURLOPT_WRITEDATA, &b.body);
	for (int way = 0; way < WAYS; way++)
		times[way] = mem_array(count, sizeof *times[way]);
	for (int i = 0; i < pages; i++) {
		CLEANUP(mem_cleanup) char *url = mem_printf("%s%d.html", argv[1], i);

		for (int way = 0; way < WAYS; way++)
			times[way][i] = run(&b, url, (enum way)way);
	}
	for (int way = 0; way < WAYS; way++) {
		middle[way] = median(times[way], count);
		mem_free(times[way]);
	}
	printf("%zu bytes a page, %.2f topics\n", b.bytes / (count * WAYS),
		(double)b.topics / pages);
	printf("fetch %.3f ms, with gumbo %.3f, everything %.3f = x%.2f (reach 1.25), "
	       "unchanged %.3f (reach 0.2)\n",
		middle[WAY_FETCH], middle[WAY_GUMBO], middle[WAY_ALL],
		middle[WAY_ALL] / middle[WAY_GUMBO], middle[WAY_HASH]);
	curl_easy_cleanup(b.curl);
	remember_free(&b.memory);
	classifier_free(&b.classifier);
	json_reader_free(&b.reader);
	charset_set_free(&b.charsets);
	buf_release(&b.body);
	arena_free(&b.arena);
	for (int i = 0; i < 3; i++)
		mem_free(paths[i]);
	return 0;
}
