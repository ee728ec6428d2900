#include "courier/taxii.h"

#include "courier/stix.h"
#include "courier/uuid.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DOCUMENTS_PER_ALERT = 24 };

static const uint8_t collection_space[UUID_LEN] = {0x1b, 0x9c, 0x5e, 0x70, 0x44, 0xd2, 0x4a, 0x0f,
	0xb3, 0x68, 0x0e, 0x21, 0x9a, 0x5d, 0x3c, 0x84};

static void put_object(void *ctx, const struct stix_object *object)
{
	struct publisher *p = ctx;

	shelf_put(p->shelf,
		&(struct shelf_document){.id = object->id,
			.type = object->type,
			.version = object->version,
			.body = object->json});
}

static void put(struct publisher *p, const struct parcel *parcel, const struct observed *seen)
{
	stix_each(parcel, seen, p->place.source, put_object, p);
}

static void answer(struct request *req, int status, const struct buf *body)
{
	request_answer(req, status, TAXII_MEDIA_TYPE, buf_slice(body));
}

static void word(struct json_writer *w, const char *key, const char *value)
{
	json_key(w, key);
	json_text(w, slice_of(value));
}

/* An error message (§3.6.1). */
static void refuse(struct request *req, int status, const char *title, const char *detail)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", status);
	json_begin_object(&w);
	word(&w, "title", title);
	if (detail)
		word(&w, "description", detail);
	word(&w, "http_status", number);
	json_end_object(&w);
	answer(req, status, &body);
}

/* A host as it may stand in a URL; whatever else a client sends is not sent back. */
static bool is_plain_host(struct slice host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]",
			    host.at[i]) ||
			host.at[i] == '\0')
			return false;
	return host.len > 0 && host.len < 256;
}

static void discover(struct publisher *p, struct request *req)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	struct slice host = request_header(req, "Host");

	if (!is_plain_host(host)) {
		refuse(req, 400, "Bad Host", NULL);
		return;
	}
	CLEANUP(mem_cleanup)
	char *root = mem_printf("%s://%.*s" TAXII_ROOT_PATH,
		p->place.config->cert_file[0] ? "https" : "http", SLICE_ARG(host));

	json_begin_object(&w);
	word(&w, "title", "Hải Đăng");
	word(&w, "description", "Alerts of an appliance as STIX 2.1");
	word(&w, "default", root);
	json_key(&w, "api_roots");
	json_begin_array(&w);
	json_text(&w, slice_of(root));
	json_end_array(&w);
	json_end_object(&w);
	answer(req, 200, &body);
}

static void show_root(struct request *req)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);

	json_begin_object(&w);
	word(&w, "title", "Hải Đăng");
	json_key(&w, "versions");
	json_begin_array(&w);
	json_text(&w, SLICE(TAXII_MEDIA_TYPE));
	json_end_array(&w);
	json_key(&w, "max_content_length");
	json_int(&w, PUBLISH_BODY_MAX);
	json_end_object(&w);
	answer(req, 200, &body);
}

static void collection_id(const struct publisher *p, char ret[UUID_TEXT_LEN + 1])
{
	CLEANUP(mem_cleanup)
	char *name = mem_printf("%s %s", p->place.source, p->place.config->name);

	uuid_of_name(collection_space, slice_of(name), ret);
}

static void write_collection(const struct publisher *p, struct json_writer *w)
{
	char id[UUID_TEXT_LEN + 1];

	collection_id(p, id);
	json_begin_object(w);
	word(w, "id", id);
	word(w, "title", p->place.config->name);
	json_key(w, "can_read");
	json_bool(w, true);
	json_key(w, "can_write");
	json_bool(w, false);
	json_key(w, "media_types");
	json_begin_array(w);
	json_text(w, SLICE("application/stix+json;version=2.1"));
	json_end_array(w);
	json_end_object(w);
}

static void show_collections(struct publisher *p, struct request *req, bool as_list)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);

	if (!as_list) {
		write_collection(p, &w);
		answer(req, 200, &body);
		return;
	}
	json_begin_object(&w);
	json_key(&w, "collections");
	json_begin_array(&w);
	write_collection(p, &w);
	json_end_array(&w);
	json_end_object(&w);
	answer(req, 200, &body);
}

/* An answer with a page of documents, under way. */
struct page {
	enum taxii_resource resource;
	struct json_writer w;
	struct buf items;
	int64_t limit, count;
	int64_t first_us, last_us;
	bool more;
};

/* RFC 3339 with microseconds and Z, as a filter gives it back. */
static void added_text(int64_t wall_us, char ret[TIME_TEXT_LEN + 1])
{
	time_write(wall_us, ret);
	memcpy(ret + 26, "Z", 2);
}

static void add_document(void *ctx, const struct shelf_document *document)
{
	struct page *page = ctx;
	char added[TIME_TEXT_LEN + 1];

	if (page->count == page->limit) {
		page->more = true;
		return;
	}
	added_text(document->added_us, added);
	struct slice version = document->version.len > 0 ? document->version : slice_of(added);

	if (page->count++ == 0)
		page->first_us = document->added_us;
	page->last_us = document->added_us;
	if (page->resource == TAXII_VERSIONS) {
		json_text(&page->w, version);
		return;
	}
	if (page->resource != TAXII_MANIFEST) {
		json_raw(&page->w, document->body);
		return;
	}
	json_begin_object(&page->w);
	json_key(&page->w, "id");
	json_text(&page->w, document->id);
	word(&page->w, "date_added", added);
	json_key(&page->w, "version");
	json_text(&page->w, version);
	word(&page->w, "media_type", "application/stix+json;version=2.1");
	json_end_object(&page->w);
}

static void answer_page(struct request *req, struct page *page)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	char first[TIME_TEXT_LEN + 1], last[TIME_TEXT_LEN + 1], next[32];

	json_begin_object(&w);
	if (page->more) {
		(void)snprintf(next, sizeof(next), "%" PRId64, page->last_us);
		json_key(&w, "more");
		json_bool(&w, true);
		word(&w, "next", next);
	}
	if (page->count > 0) {
		json_key(&w, page->resource == TAXII_VERSIONS ? "versions" : "objects");
		json_raw(&w, buf_slice(&page->items));
		added_text(page->first_us, first);
		added_text(page->last_us, last);
		request_add_header(req, "X-TAXII-Date-Added-First", slice_of(first));
		request_add_header(req, "X-TAXII-Date-Added-Last", slice_of(last));
	}
	json_end_object(&w);
	answer(req, 200, &body);
}

static void on_any(void *ctx, const struct shelf_document *document)
{
	bool *found = ctx;

	(void)document;
	*found = true;
}

static int has_object(struct publisher *p, struct slice id, bool *ret)
{
	*ret = false;
	return shelf_ask(p->offered,
		&(struct shelf_question){.after_us = -1,
			.ids = id,
			.types = SLICE(""),
			.exact = SLICE(""),
			.versions = SHELF_LAST,
			.limit = 1},
		on_any, ret);
}

static void show_page(struct publisher *p, struct request *req, const struct taxii_path *path)
{
	struct page page = {.resource = path->resource};
	struct shelf_question q;
	const char *wrong;
	bool found = true;

	if (!taxii_question_read(&req->target, &q, &wrong)) {
		refuse(req, 400, "Bad parameter", wrong);
		return;
	}
	if (path->object.len > 0)
		q.ids = path->object;
	if (path->resource == TAXII_VERSIONS)
		q.versions = SHELF_ALL;
	page.limit = q.limit++; /* one more tells whether there is more */
	page.w = json_writer_on(&page.items);
	json_begin_array(&page.w);
	int failed = shelf_ask(p->offered, &q, add_document, &page);

	json_end_array(&page.w);
	if (!failed && page.count == 0 && path->object.len > 0)
		failed = has_object(p, path->object, &found);
	if (failed)
		refuse(req, 503, "The store cannot be read", NULL);
	else if (!found)
		refuse(req, 404, "No such object", NULL);
	else
		answer_page(req, &page);
	buf_release(&page.items);
}

static void show(struct publisher *p, struct request *req, const struct taxii_path *path)
{
	char id[UUID_TEXT_LEN + 1];

	collection_id(p, id);
	if (path->collection.len > 0 && !slice_is(path->collection, id)) {
		refuse(req, 404, "No such collection", NULL);
		return;
	}
	switch (path->resource) {
	case TAXII_DISCOVERY: discover(p, req); return;
	case TAXII_ROOT: show_root(req); return;
	case TAXII_COLLECTIONS: show_collections(p, req, true); return;
	case TAXII_COLLECTION: show_collections(p, req, false); return;
	case TAXII_MANIFEST:
	case TAXII_OBJECTS:
	case TAXII_OBJECT:
	case TAXII_VERSIONS: show_page(p, req, path); return;
	case TAXII_NONE: break;
	}
	refuse(req, 404, "Not found", NULL);
}

/* Objects may be added and deleted in TAXII, but not here. */
static void refuse_change(struct request *req, const struct taxii_path *path)
{
	struct slice type = request_header(req, "Content-Type");

	if (req->method == METHOD_POST && path->resource == TAXII_OBJECTS &&
		!taxii_is_acceptable(type))
		refuse(req, 415, "Objects come as " TAXII_MEDIA_TYPE, NULL);
	else if ((req->method == METHOD_POST && path->resource == TAXII_OBJECTS) ||
		(req->method == METHOD_DELETE && path->resource == TAXII_OBJECT)) {
		refuse(req, 403, "This collection cannot be written", NULL);
	} else {
		request_add_header(req, "Allow", SLICE("GET, HEAD"));
		refuse(req, 405, "Method not allowed", NULL);
	}
}

static void handle(struct publisher *p, struct request *req)
{
	struct taxii_path path = taxii_path_read(req->target.path);

	if (!readers_admit(&p->readers, request_header(req, "Authorization"))) {
		request_add_header(req, "WWW-Authenticate",
			SLICE("Basic realm=\"haidang\", charset=\"UTF-8\""));
		request_add_header(req, "WWW-Authenticate", SLICE("Bearer realm=\"haidang\""));
		refuse(req, 401, "Unauthorized", NULL);
	} else if (!taxii_is_acceptable(request_header(req, "Accept"))) {
		refuse(req, 406, "Accept must admit " TAXII_MEDIA_TYPE, NULL);
	} else if (path.resource == TAXII_NONE) {
		refuse(req, 404, "Not found", NULL);
	} else if (req->method != METHOD_GET) {
		refuse_change(req, &path);
	} else {
		show(p, req, &path);
	}
}

static void *taxii_open(const struct target_place *place, struct err *err)
{
	static const struct publication how = {put, handle, DOCUMENTS_PER_ALERT};

	return publish_open(place, &how, err);
}

const struct target_kind taxii_kind = {
	.name = "taxii",
	.settings = publish_settings,
	.check = publish_check,
	.open = taxii_open,
	.close = publish_close,
	.send = publish_send,
	.wait = publish_wait,
	.trouble = publish_trouble,
};
