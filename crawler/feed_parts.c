#include "crawler/feed_parts.h"

#include <ctype.h>
#include <string.h>

enum { BASE_LEN_MAX = 1024 };

struct feed_entry *feed_add_entry(struct arena *a, struct feed *feed)
{
	size_t count = feed->entry_count;

	if (count == FEED_ENTRIES_MAX)
		return NULL;
	if ((count & (count - 1)) == 0) {
		struct feed_entry *more = arena_array(a, count == 0 ? 1 : count * 2, sizeof *more);

		if (count > 0)
			memcpy(more, feed->entries, count * sizeof *more);
		feed->entries = more;
	}
	return &feed->entries[feed->entry_count++];
}

void feed_add_category(struct arena *a, struct feed_entry *entry, struct slice text)
{
	struct feed_texts *c = &entry->categories;

	text = slice_trim(text);
	if (text.len == 0 || c->count == FEED_CATEGORIES_MAX)
		return;
	for (size_t i = 0; i < c->count; i++)
		if (slice_equal(c->at[i], text))
			return;
	if (c->at == NULL)
		c->at = arena_array(a, FEED_CATEGORIES_MAX, sizeof *c->at);
	c->at[c->count++] = arena_slice(a, text);
}

void feed_add_enclosure(struct arena *a, struct feed_entry *entry, struct feed_enclosure e)
{
	if (e.url.len == 0 || entry->enclosure_count == FEED_ENCLOSURES_MAX)
		return;
	if (entry->enclosures == NULL)
		entry->enclosures = arena_array(a, FEED_ENCLOSURES_MAX, sizeof e);
	entry->enclosures[entry->enclosure_count++] = e;
}

/* "2003", "2003-12", "200312": a year or month alone (W3C note on dates). */
static bool partial_date(struct slice text, struct date *ret)
{
	int digits[6], count = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (i == 4 && text.at[i] == '-')
			continue;
		if (count == 6 || !isdigit((unsigned char)text.at[i]))
			return false;
		digits[count++] = text.at[i] - '0';
	}
	if (count != 4 && count != 6)
		return false;
	*ret = (struct date){.month = 1, .day = 1};
	for (int i = 0; i < 4; i++)
		ret->year = ret->year * 10 + digits[i];
	if (count == 6)
		ret->month = digits[4] * 10 + digits[5];
	return ret->year >= 1995 && ret->year < 2100 && ret->month >= 1 && ret->month <= 12;
}

bool feed_date(struct slice text, struct date *ret)
{
	text = slice_trim(text);
	return partial_date(text, ret) || date_find(text, ret);
}

struct slice feed_link(struct arena *a, struct slice link, const struct url *base)
{
	struct url url;

	link = slice_trim(link);
	size_t colon = slice_find_byte(link, ':');
	bool absolute = colon < link.len && colon > 0;
	for (size_t i = 0; i < colon && absolute; i++)
		absolute = isalnum((unsigned char)link.at[i]) || strchr("+-.", link.at[i]) != NULL;
	/* Thousands of links with a huge base would fill the memory. */
	bool based = base != NULL && base->href.len <= BASE_LEN_MAX;
	if (absolute || link.len == 0 || !based || !url_parse(a, link, base, &url))
		return arena_slice(a, link);
	return url.href;
}
