#include "ctl/terminal.h"

#include "lib/text.h"

static const struct {
	int32_t first, last;
} unsafe[] = {
	{0x00, 0x1f},       /* C0: escape, backspace … */
	{0x7f, 0x9f},       /* DEL and C1: 8-bit escape sequences */
	{0xad, 0xad},       /* soft hyphen */
	{0x61c, 0x61c},     /* Arabic letter mark */
	{0x180e, 0x180e},   /* invisible */
	{0x200b, 0x200f},   /* zero width; left and right marks */
	{0x2028, 0x202e},   /* line and paragraph separators; embeddings and overrides */
	{0x2060, 0x206f},   /* invisible operators; isolates */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xfff9, 0xfffb},   /* annotations */
	{0xe0000, 0xe0fff}, /* tags, variation selectors */
};

static bool is_unsafe(int32_t c)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return true;
	return false;
}

static bool is_space(int32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

/* A bad byte is shown as U+FFFD. */
static void add_char(struct buf *out, int32_t c, struct slice bytes)
{
	if (c == 0xfffd)
		buf_add_text(out, "\xef\xbf\xbd");
	else
		buf_add_slice(out, bytes);
}

void terminal_add(struct buf *out, struct slice text)
{
	size_t at = 0, start = 0;

	for (int32_t c; (c = text_next(text, &at)) >= 0; start = at) {
		if (is_space(c))
			buf_add_byte(out, ' ');
		else if (!is_unsafe(c))
			add_char(out, c, slice_over(text.at + start, at - start));
	}
}

static void add_escaped(struct buf *out, int32_t c)
{
	if (c > 0xffff) {
		c -= 0x10000;
		buf_printf(out, "\\u%04x", (unsigned)(0xd800 + (c >> 10)));
		c = 0xdc00 + (c & 0x3ff);
	}
	buf_printf(out, "\\u%04x", (unsigned)c);
}

void terminal_add_json(struct buf *out, struct slice json)
{
	size_t at = 0, start = 0;

	/* Control characters below U+0020 stand only between tokens, the others only in texts. */
	for (int32_t c; (c = text_next(json, &at)) >= 0; start = at) {
		if (c < 0x20)
			buf_add_byte(out, ' ');
		else if (is_unsafe(c))
			add_escaped(out, c);
		else
			add_char(out, c, slice_over(json.at + start, at - start));
	}
}
