#include "crawler/feed.h"

static void write_text(struct json_writer *w, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	json_key(w, key);
	json_text(w, text);
}

static void write_date(struct json_writer *w, const char *key, const struct date *date)
{
	char text[DATE_TEXT_MAX];

	if (date->year == 0)
		return;
	date_write(date, text);
	write_text(w, key, slice_of(text));
}

static void write_enclosures(const struct feed_entry *e, struct json_writer *w)
{
	json_key(w, "enclosures");
	json_begin_array(w);
	for (size_t i = 0; i < e->enclosure_count; i++) {
		json_begin_object(w);
		write_text(w, "url", e->enclosures[i].url);
		write_text(w, "type", e->enclosures[i].type);
		write_text(w, "length", e->enclosures[i].length);
		json_end_object(w);
	}
	json_end_array(w);
}

static void entry_write(const struct feed_entry *e, struct json_writer *w)
{
	json_begin_object(w);
	write_text(w, "title", e->title);
	write_text(w, "link", e->link);
	write_text(w, "id", e->id);
	write_text(w, "summary", e->summary);
	write_text(w, "content", e->content);
	write_text(w, "author", e->author);
	write_date(w, "published", &e->published);
	write_date(w, "updated", &e->updated);
	if (e->categories.count > 0) {
		json_key(w, "categories");
		json_begin_array(w);
		for (size_t i = 0; i < e->categories.count; i++)
			json_text(w, e->categories.at[i]);
		json_end_array(w);
	}
	if (e->enclosure_count > 0)
		write_enclosures(e, w);
	json_end_object(w);
}

void feed_write(
	const struct feed *feed, const char *encoding, const char *fault, struct json_writer *w)
{
	json_begin_object(w);
	write_text(w, "version", slice_of(feed->version));
	write_text(w, "encoding", slice_of(encoding));
	json_key(w, "bozo");
	json_bool(w, fault != NULL);
	write_text(w, "fault", slice_of(fault));
	json_key(w, "feed");
	json_begin_object(w);
	write_text(w, "title", feed->title);
	write_text(w, "link", feed->link);
	write_text(w, "id", feed->id);
	write_text(w, "subtitle", feed->subtitle);
	write_text(w, "author", feed->author);
	write_text(w, "language", feed->language);
	write_date(w, "updated", &feed->updated);
	json_end_object(w);
	json_key(w, "entries");
	json_begin_array(w);
	for (size_t i = 0; i < feed->entry_count; i++)
		entry_write(&feed->entries[i], w);
	json_end_array(w);
	json_end_object(w);
}
