#include "courier/atom.h"

#include "courier/stix.h"
#include "courier/uuid.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ENTRIES_MAX = 100, HTTP_DATE_LEN = 32 };

static const uint8_t entry_space[UUID_LEN] = {0x84, 0x31, 0x6e, 0x0d, 0x52, 0xaf, 0x4e, 0x63, 0x8b,
	0x1d, 0xc0, 0x95, 0x7e, 0x42, 0x1a, 0xf6};

/* XML 1.0 §2.2; U+FFFE and U+FFFF are no characters of it. */
static bool is_xml(int32_t c)
{
	return c == '\t' || c == '\n' || (c >= 0x20 && c != 0x7f && c != 0xfffe && c != 0xffff);
}

void atom_add_text(struct buf *out, struct slice text)
{
	for (size_t at = 0, next = 0;; at = next) {
		int32_t c = text_next(text, &next);

		if (c < 0)
			return;
		switch (c) {
		case '&': buf_add_text(out, "&amp;"); break;
		case '<': buf_add_text(out, "&lt;"); break;
		case '>': buf_add_text(out, "&gt;"); break;
		case '"': buf_add_text(out, "&quot;"); break;
		case '\'': buf_add_text(out, "&#39;"); break;
		default:
			if (c == 0xfffd) /* also for bytes that are no UTF-8 */
				buf_add_text(out, "\xef\xbf\xbd");
			else if (is_xml(c))
				buf_add(out, text.at + at, next - at);
		}
	}
}

static void add_element(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "<%s>", name);
	atom_add_text(out, text);
	buf_printf(out, "</%s>", name);
}

static void add_time(struct buf *out, const char *name, int64_t wall_us)
{
	char text[STIX_TIME_LEN + 1];

	stix_time(wall_us, text);
	add_element(out, name, slice_of(text));
}

static void add_id(struct buf *out, struct slice name)
{
	char uuid[UUID_TEXT_LEN + 1];

	uuid_of_name(entry_space, name, uuid);
	buf_printf(out, "<id>urn:uuid:%s</id>", uuid);
}

static int64_t updated_us(const struct alert *alert)
{
	const struct alert_standing *standing = &alert->standing;

	return standing->change && standing->at_us > alert->timestamp_us ? standing->at_us
									 : alert->timestamp_us;
}

static void add_category(struct buf *out, const char *scheme, const char *term)
{
	buf_printf(out, "<category scheme=\"urn:haidang:%s\" term=\"%s\"/>", scheme, term);
}

static void add_title(struct buf *out, const struct parcel *parcel)
{
	const struct alert *alert = parcel->alert;

	buf_add_text(out, "<title>");
	if (parcel->purpose == PARCEL_RETRACTION)
		buf_add_text(out, "[Đã rút] ");
	atom_add_text(out, alert->rule.title_vi.len > 0 ? alert->rule.title_vi : alert->rule.title);
	if (alert->entity.len > 0) {
		buf_add_text(out, ": ");
		atom_add_text(out, alert->entity);
	}
	buf_add_text(out, "</title>");
}

static void add_content(struct buf *out, const struct alert *alert)
{
	const struct {
		const char *words;
		struct slice text;
	} parts[] = {{"", alert->explanation_vi}, {"Việc cần làm trước tiên: ", alert->advice_vi},
		{"Trạng thái: ", alert->standing.state}, {"Lý do: ", alert->standing.reason}};

	buf_add_text(out, "<content type=\"text\">");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].text.len == 0)
			continue;
		buf_add_text(out, parts[i].words);
		atom_add_text(out, parts[i].text);
		buf_add_byte(out, '\n');
	}
	buf_add_text(out, "</content>");
}

static void add_link(struct buf *out, const char *console, struct slice alert_id)
{
	if (!console[0])
		return;
	buf_add_text(out, "<link rel=\"alternate\" type=\"text/html\" href=\"");
	atom_add_text(out, slice_of(console));
	buf_printf(out, "%s#%.*s\"/>", slice_ends(slice_of(console), SLICE("/")) ? "" : "/",
		SLICE_ARG(alert_id));
}

static void put(struct publisher *p, const struct parcel *parcel, const struct observed *seen)
{
	const struct alert *alert = parcel->alert;
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(buf_release) struct buf version = {0};
	char updated[STIX_TIME_LEN + 1];

	(void)seen;
	stix_time(updated_us(alert), updated);
	/* By time, and among those of one time by revision and change. */
	buf_printf(&version, "%s %010" PRIu64 " %010" PRIu64, updated, alert->revision,
		alert->standing.change);
	buf_add_text(&body, "<entry>");
	add_id(&body, alert->alert_id);
	add_title(&body, parcel);
	add_time(&body, "published", alert->first_seen_us);
	add_element(&body, "updated", slice_of(updated));
	add_category(&body, "level", alert_level_name(alert->rule.level));
	add_category(&body, "domain", alert_domain_name(alert->domain));
	add_category(&body, "purpose", parcel_purpose_name(parcel->purpose));
	add_content(&body, alert);
	add_link(&body, p->place.console, alert->alert_id);
	buf_add_text(&body, "</entry>\n");
	shelf_put(p->shelf,
		&(struct shelf_document){.id = alert->alert_id,
			.type = SLICE("entry"),
			.version = buf_slice(&version),
			.body = buf_slice(&body)});
}

struct feed {
	struct buf entries;
	char updated[STIX_TIME_LEN + 1]; /* of the newest entry */
	int64_t added_us;
};

static void add_entry(void *ctx, const struct shelf_document *document)
{
	struct feed *feed = ctx;
	struct slice updated = {document->version.at, STIX_TIME_LEN};

	buf_add_slice(&feed->entries, document->body);
	if (document->added_us > feed->added_us)
		feed->added_us = document->added_us;
	if (slice_compare(updated, slice_of(feed->updated)) > 0)
		(void)snprintf(feed->updated, sizeof(feed->updated), "%.*s", SLICE_ARG(updated));
}

static void write_feed(struct publisher *p, struct request *req, struct feed *feed, struct buf *out)
{
	CLEANUP(mem_cleanup)
	char *name = mem_printf("%s %s", p->place.source, p->place.config->name);

	buf_add_text(out,
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		"<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"vi\">");
	add_id(out, slice_of(name));
	buf_add_text(out, "<title>Hải Đăng: ");
	atom_add_text(out, slice_of(p->place.config->name));
	buf_add_text(out,
		"</title><author><name>Hải Đăng</name></author>"
		"<generator>haidang-courier</generator>");
	add_element(out, "updated", slice_of(feed->updated));
	/* Relative, as the reader knows where it is; never with the token. */
	buf_add_text(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"");
	buf_add_text(out, slice_is(req->target.path, "/feed") ? "/feed" : "");
	buf_add_text(out, "\"/>\n");
	buf_add_slice(out, buf_slice(&feed->entries));
	buf_add_text(out, "</feed>\n");
}

static void http_date(int64_t wall_us, char ret[HTTP_DATE_LEN])
{
	time_t seconds = wall_us / 1000000;
	struct tm utc;

	(void)gmtime_r(&seconds, &utc);
	(void)strftime(ret, HTTP_DATE_LEN, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static void answer_feed(struct publisher *p, struct request *req, struct feed *feed)
{
	CLEANUP(buf_release) struct buf body = {0};
	uint8_t hash[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1], date[HTTP_DATE_LEN];

	write_feed(p, req, feed, &body);
	digest_sha256(buf_slice(&body), hash);
	digest_hex(hash, 16, hex);
	CLEANUP(mem_cleanup) char *etag = mem_printf("\"%s\"", hex);

	request_add_header(req, "ETag", slice_of(etag));
	request_add_header(req, "Cache-Control", SLICE("private, no-cache"));
	if (feed->added_us > 0) {
		http_date(feed->added_us, date);
		request_add_header(req, "Last-Modified", slice_of(date));
	}
	struct slice known = request_header(req, "If-None-Match");
	struct slice since = request_header(req, "If-Modified-Since");

	/* A date is good to a second only, so a tag decides where both are given. */
	if (known.len > 0 ? slice_find(known, slice_of(etag)) < known.len
			  : feed->added_us > 0 && slice_is(since, date))
		request_answer(req, 304, NULL, SLICE(""));
	else
		request_answer(req, 200, "application/atom+xml; charset=utf-8", buf_slice(&body));
}

/* By the token in the path, or by the header. */
static bool is_admitted(struct publisher *p, struct request *req)
{
	static const struct slice prefix = SLICE_INIT("/feed/");

	if (slice_starts(req->target.path, prefix))
		return readers_admit_token(&p->readers, slice_from(req->target.path, prefix.len));
	return readers_admit(&p->readers, request_header(req, "Authorization"));
}

static void handle(struct publisher *p, struct request *req)
{
	struct feed feed = {.updated = "2026-01-01T00:00:00.000Z"};
	struct shelf_question q = {.after_us = -1,
		.ids = SLICE(""),
		.types = SLICE(""),
		.exact = SLICE(""),
		.versions = SHELF_LAST,
		.limit = ENTRIES_MAX,
		.newest_first = true};

	if (!slice_is(req->target.path, "/feed") &&
		!slice_starts(req->target.path, SLICE("/feed/"))) {
		request_problem(req, 404, "not_found", NULL);
	} else if (!is_admitted(p, req)) {
		request_add_header(req, "WWW-Authenticate",
			SLICE("Basic realm=\"haidang\", charset=\"UTF-8\""));
		request_problem(req, 401, "unauthorized", NULL);
	} else if (req->method != METHOD_GET) {
		request_add_header(req, "Allow", SLICE("GET, HEAD"));
		request_problem(req, 405, "wrong_method", NULL);
	} else if (shelf_ask(p->offered, &q, add_entry, &feed) < 0) {
		request_problem(req, 503, "storage", NULL);
	} else {
		answer_feed(p, req, &feed);
	}
	buf_release(&feed.entries);
}

static void *atom_open(const struct target_place *place, struct err *err)
{
	static const struct publication how = {put, handle, 1};

	return publish_open(place, &how, err);
}

const struct target_kind atom_kind = {
	.name = "atom",
	.settings = publish_settings,
	.check = publish_check,
	.open = atom_open,
	.close = publish_close,
	.send = publish_send,
	.wait = publish_wait,
	.trouble = publish_trouble,
};
