#include "courier/mime.h"

#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
	WORD_BYTES = 39, /* of text in one encoded word: with "Subject: " at most 76 bytes a line */
	LINE_BYTES = 57, /* of content on one line of base64, 76 characters */
	SUBJECT_MAX = 600,
	PLAIN_MAX = 60,
	ADDRESS_MAX = 254,
	ZONE_S = 7 * 3600 /* Viet Nam */
};

bool mime_address_check(const char *address)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789!#$%&'*+-/=?^_`{|}~.@";
	const char *at = strchr(address, '@');
	size_t len = strlen(address);

	return at && at > address && at[1] && !strchr(at + 1, '@') && len <= ADDRESS_MAX &&
		strspn(address, allowed) == len;
}

static bool is_plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < ' ' || text.at[i] > '~')
			return false;
	return text.len <= PLAIN_MAX && slice_find(text, SLICE("=?")) == text.len;
}

/* How much of `text` fits into `room` bytes without cutting a character. */
static size_t whole_characters(struct slice text, size_t room)
{
	size_t len = text.len < room ? text.len : room;

	while (len > 0 && len < text.len && ((uint8_t)text.at[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static void add_base64(struct slice text, struct buf *out)
{
	char encoded[4 * ((LINE_BYTES + 2) / 3) + 1];

	digest_base64((const uint8_t *)text.at, text.len, encoded);
	buf_add_text(out, encoded);
}

void mime_header_text(struct slice text, struct buf *out)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const char *between = "";

	text = text_squeeze(a, text_nfc(a, text));
	text.len = whole_characters(text, SUBJECT_MAX);
	if (is_plain(text)) {
		buf_add_slice(out, text);
		return;
	}
	while (text.len > 0) {
		size_t len = whole_characters(text, WORD_BYTES);

		buf_printf(out, "%s=?UTF-8?B?", between);
		add_base64((struct slice){text.at, len}, out);
		buf_add_text(out, "?=");
		between = "\r\n ";
		text = slice_from(text, len);
	}
}

static void add_content(const char *type, struct slice content, struct buf *out)
{
	buf_printf(out,
		"Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		type);
	while (content.len > 0) {
		size_t len = content.len < LINE_BYTES ? content.len : LINE_BYTES;

		add_base64((struct slice){content.at, len}, out);
		buf_add_text(out, "\r\n");
		content = slice_from(content, len);
	}
}

static void add_date(int64_t wall_us, struct buf *out)
{
	time_t local = (time_t)(wall_us / 1000000 + ZONE_S);
	struct tm tm;
	char date[64];

	(void)gmtime_r(&local, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0700", &tm);
	buf_printf(out, "Date: %s\r\n", date);
}

static void add_head(const struct mime_head *head, struct slice subject, struct buf *out)
{
	const char *domain = strchr(head->from, '@') + 1;

	add_date(head->wall_us, out);
	buf_printf(out, "From: <%s>\r\nTo: ", head->from);
	for (size_t i = 0; i < head->to_count; i++)
		buf_printf(out, "%s<%s>", i ? ",\r\n " : "", head->to[i]);
	buf_add_text(out, "\r\nSubject: ");
	mime_header_text(subject, out);
	buf_printf(out, "\r\nMessage-ID: <%s@%s>\r\n", head->id, domain);
	if (head->thread)
		buf_printf(out, "In-Reply-To: <%s@%s>\r\nReferences: <%s@%s>\r\n", head->thread,
			domain, head->thread, domain);
	buf_add_text(out,
		"Auto-Submitted: auto-generated\r\n"
		"X-Auto-Response-Suppress: All\r\n"
		"Content-Language: vi\r\n"
		"MIME-Version: 1.0\r\n");
}

void mime_write(const struct mime_head *head, const struct letter *letter, struct buf *out)
{
	uint8_t hash[SHA256_LEN];
	char boundary[2 * 16 + 1];

	/* Base64 holds no '=' before letters, so that the boundary cannot stand in it. */
	digest_sha256(slice_of(head->id), hash);
	digest_hex(hash, 16, boundary);
	add_head(head, buf_slice(&letter->subject), out);
	buf_printf(out,
		"Content-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
		boundary, boundary);
	add_content("text/plain", buf_slice(&letter->text), out);
	buf_printf(out, "--=_%s\r\n", boundary);
	add_content("text/html", buf_slice(&letter->html), out);
	buf_printf(out, "--=_%s--\r\n", boundary);
}
