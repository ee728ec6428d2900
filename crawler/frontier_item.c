#include "crawler/frontier.h"
#include "lib/cursor.h"

#include <stdio.h>

/* Eight hex digits of the entry's hash stand first, where the scripts compare them. */
enum { ENTRY_DIGITS = 8, FORMAT = 1 };

static void put_number(struct buf *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(value >> (8 * bytes)));
}

static void put_text(struct buf *out, struct slice text, size_t len_max)
{
	if (text.len > len_max)
		text.len = len_max;
	put_number(out, text.len, 2);
	buf_add_slice(out, text);
}

void frontier_item_write(const struct frontier_item *item, struct buf *out)
{
	buf_printf(out, "%08x", item->entry);
	put_number(out, FORMAT, 1);
	put_number(out, item->tier, 1);
	put_number(out, item->tries, 1);
	put_number(out, item->step, 1);
	put_number(out, (uint64_t)item->queued_ms, 8);
	put_text(out, item->url, FRONTIER_URL_MAX);
	put_text(out, item->source, 64);
	put_text(out, item->title, 1024);
	put_text(out, item->summary, 4096);
	put_text(out, item->published, 64);
	put_text(out, item->canonical, FRONTIER_URL_MAX);
	put_text(out, item->etag, 1024);
	put_text(out, item->last_modified, 64);
	put_text(out, item->body_hash, 32);
}

static uint64_t get_number(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | cursor_u8(c);
	return value;
}

static struct slice get_text(struct cursor *c)
{
	size_t len = cursor_be16(c);
	const uint8_t *at = cursor_bytes(c, len);

	return at == NULL ? (struct slice){0} : slice_over(at, len);
}

static bool get_entry(struct cursor *c, uint32_t *ret)
{
	uint64_t value = 0;

	for (int i = 0; i < ENTRY_DIGITS; i++) {
		unsigned digit = cursor_u8(c);

		if (digit >= '0' && digit <= '9')
			digit -= '0';
		else if (digit >= 'a' && digit <= 'f')
			digit -= 'a' - 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*ret = (uint32_t)value;
	return true;
}

bool frontier_item_read(struct slice bytes, struct frontier_item *ret)
{
	struct cursor c = cursor_over(bytes.at, bytes.len);

	*ret = (struct frontier_item){0};
	if (!get_entry(&c, &ret->entry) || cursor_u8(&c) != FORMAT)
		return false;
	ret->tier = cursor_u8(&c);
	ret->tries = cursor_u8(&c);
	ret->step = cursor_u8(&c);
	ret->queued_ms = (int64_t)(get_number(&c, 8) & INT64_MAX);
	struct slice *texts[] = {&ret->url, &ret->source, &ret->title, &ret->summary,
		&ret->published, &ret->canonical, &ret->etag, &ret->last_modified, &ret->body_hash};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = get_text(&c);
	return cursor_ok(&c) && cursor_left(&c) == 0 && ret->url.len > 0;
}
