#include "lib/json_write.h"

#include "lib/must.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ESCAPE_LEN_MAX = 6, /* \u001f; a bad byte takes 3 */
	UINT_LEN_MAX = 20,
	REAL_LEN_MAX = 32,
};

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

struct json_writer json_writer_on(struct buf *out)
{
	return (struct json_writer){.out = out};
}

/* The common case of buf_room() without a call: this is the probe's hot path. */
static inline char *room(struct json_writer *w, size_t len)
{
	struct buf *b = w->out;

	if (b->room > b->len && b->room - b->len > len)
		return b->at + b->len;
	return buf_room(b, len);
}

static inline void wrote_until(struct json_writer *w, char *end)
{
	*end = '\0';
	w->out->len = (size_t)(end - w->out->at);
}

static inline char *append(char *out, struct slice s)
{
	memcpy(out, s.at, s.len);
	return out + s.len;
}

static inline uint64_t level_bit(const struct json_writer *w)
{
	return UINT64_C(1) << w->depth;
}

/* Writes the comma where something stands before on this level. */
static inline char *separate(struct json_writer *w, char *out)
{
	uint64_t bit = level_bit(w);

	if (w->has_items & bit)
		*out++ = ',';
	w->has_items |= bit;
	return out;
}

/* Makes room for the comma, the value and `len` bytes, and writes the comma. */
static inline char *start_value(struct json_writer *w, size_t len)
{
	char *out = room(w, len + 1);

	if (w->after_key) {
		w->after_key = false;
		return out;
	}
	must(!(w->is_object & level_bit(w)));
	return w->depth ? separate(w, out) : out;
}

static inline void begin(struct json_writer *w, char bracket)
{
	char *out = start_value(w, 1);

	must(w->depth < JSON_DEPTH_MAX);
	*out++ = bracket;
	wrote_until(w, out);
	w->depth++;
	w->has_items &= ~level_bit(w);
	w->is_object &= ~level_bit(w);
}

static inline void end(struct json_writer *w, char bracket)
{
	must(w->depth && !w->after_key);
	must(!(w->is_object & level_bit(w)) == (bracket == ']'));

	char *out = room(w, 1);

	*out++ = bracket;
	wrote_until(w, out);
	w->depth--;
}

void json_begin_object(struct json_writer *w)
{
	begin(w, '{');
	w->is_object |= level_bit(w);
}

void json_end_object(struct json_writer *w)
{
	end(w, '}');
}

void json_begin_array(struct json_writer *w)
{
	begin(w, '[');
}

void json_end_array(struct json_writer *w)
{
	end(w, ']');
}

/* Length of the valid UTF-8 sequence of more than one byte at `p`, or 0 (RFC 3629 §4). */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	if (left < 2 || (p[1] & 0xc0) != 0x80)
		return 0;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return 2;
	if (left < 3 || (p[2] & 0xc0) != 0x80)
		return 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef) {
		bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
		bool surrogate = p[0] == 0xed && p[1] > 0x9f;

		return overlong || surrogate ? 0 : 3;
	}
	if (left < 4 || (p[3] & 0xc0) != 0x80 || p[0] < 0xf0 || p[0] > 0xf4)
		return 0;
	bool overlong = p[0] == 0xf0 && p[1] < 0x90;
	bool beyond = p[0] == 0xf4 && p[1] > 0x8f;

	return overlong || beyond ? 0 : 4;
}

static inline uint64_t load_word(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

/* Whether none of the eight bytes is a quote, a backslash, a control character or beyond ASCII. */
static inline bool is_plain_word(uint64_t word)
{
	uint64_t quote = word ^ EACH_BYTE('"'), backslash = word ^ EACH_BYTE('\\');
	uint64_t hit = (word - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) |
		(backslash - EACH_BYTE(1)) | word;

	return !(hit & EACH_BYTE(0x80));
}

static inline bool is_plain_byte(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies the plain ASCII that the text begins with and returns its length. Most texts of an event
 * are short and end here. */
static inline size_t copy_plain(char *out, struct slice s)
{
	size_t i = 0;

	for (; s.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t word = load_word(s.at + i);

		if (!is_plain_word(word))
			break;
		memcpy(out + i, &word, sizeof word);
	}
	for (; i < s.len && is_plain_byte((uint8_t)s.at[i]); i++)
		out[i] = s.at[i];
	return i;
}

/* How many bytes can be copied as they are. */
static size_t plain_run(struct slice s)
{
	size_t i = 0;

	for (;;) {
		while (s.len - i >= sizeof(uint64_t) && is_plain_word(load_word(s.at + i)))
			i += sizeof(uint64_t);
		if (i == s.len)
			return i;

		uint8_t c = (uint8_t)s.at[i];
		size_t len = 1;

		if (c < 0x20 || c == '"' || c == '\\')
			return i;
		if (c >= 0x80)
			len = utf8_len((const uint8_t *)s.at + i, s.len - i);
		if (!len)
			return i;
		i += len;
	}
}

static char *write_escape(char *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (c >= 0x80)
		return append(out, SLICE("\xef\xbf\xbd"));
	*out++ = '\\';
	if (c >= 0x20) {
		*out++ = (char)c;
	} else if (letters[c]) {
		*out++ = letters[c];
	} else {
		out = append(out, SLICE("u00"));
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	return out;
}

/* The text in quotes at `out`, where there is room for `s.len` bytes and both quotes as long as
 * nothing needs an escape. */
static char *write_quoted(struct json_writer *w, char *out, struct slice s)
{
	*out++ = '"';
	size_t plain = copy_plain(out, s);

	out += plain;
	s = slice_from(s, plain);
	while (s.len) {
		size_t run = plain_run(s);

		out = append(out, (struct slice){s.at, run});
		s = slice_from(s, run);
		if (!s.len)
			break;
		wrote_until(w, out);
		out = room(w, ESCAPE_LEN_MAX + s.len + 2);
		out = write_escape(out, (uint8_t)*s.at);
		s = slice_from(s, 1);
	}
	*out++ = '"';
	return out;
}

static void start_key(const struct json_writer *w)
{
	must(w->depth && (w->is_object & level_bit(w)) && !w->after_key);
}

void json_key(struct json_writer *w, const char *key)
{
	struct slice text = slice_of(key);

	start_key(w);
	char *out = separate(w, room(w, text.len + 4));

	*out++ = '"';
	out = append(out, text);
	*out++ = '"';
	*out++ = ':';
	wrote_until(w, out);
	w->after_key = true;
}

void json_key_quoted(struct json_writer *w, struct slice key)
{
	start_key(w);
	wrote_until(w, append(separate(w, room(w, key.len + 1)), key));
	w->after_key = true;
}

void json_key_slice(struct json_writer *w, struct slice key)
{
	start_key(w);
	wrote_until(w, write_quoted(w, separate(w, room(w, key.len + 3)), key));

	char *out = room(w, 1);

	*out++ = ':';
	wrote_until(w, out);
	w->after_key = true;
}

void json_text(struct json_writer *w, struct slice text)
{
	wrote_until(w, write_quoted(w, start_value(w, text.len + 2), text));
}

/* Two digits at a time. */
static char *write_uint(char *out, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[UINT_LEN_MAX];
	size_t at = sizeof digits;

	for (; value >= 100; value /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + value % 100 * 2, 2);
	}
	if (value >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + value * 2, 2);
	} else {
		digits[--at] = (char)('0' + value);
	}
	return append(out, (struct slice){digits + at, sizeof digits - at});
}

void json_uint(struct json_writer *w, uint64_t value)
{
	wrote_until(w, write_uint(start_value(w, UINT_LEN_MAX), value));
}

void json_int(struct json_writer *w, int64_t value)
{
	char *out = start_value(w, UINT_LEN_MAX + 1);

	if (value < 0)
		*out++ = '-';
	wrote_until(w, write_uint(out, value < 0 ? -(uint64_t)value : (uint64_t)value));
}

/* The shortest of 15, 16 and 17 digits that reads back as the same number; always with a point or
 * an exponent, so that it also reads back as a real one. Needs the "C" locale's point. */
void json_real(struct json_writer *w, double value)
{
	char text[REAL_LEN_MAX];
	int digits = 15;

	if (!isfinite(value)) {
		json_null(w);
		return;
	}
	do
		(void)snprintf(text, sizeof text, "%.*g", digits, value);
	while (++digits <= 17 && strtod(text, NULL) != value);

	char *out = append(start_value(w, sizeof text), slice_of(text));

	wrote_until(w, strpbrk(text, ".e") ? out : append(out, SLICE(".0")));
}

static void write_value(struct json_writer *w, struct slice json)
{
	wrote_until(w, append(start_value(w, json.len), json));
}

void json_bool(struct json_writer *w, bool value)
{
	write_value(w, value ? SLICE("true") : SLICE("false"));
}

void json_null(struct json_writer *w)
{
	write_value(w, SLICE("null"));
}

void json_raw(struct json_writer *w, struct slice json)
{
	must(json.len);
	write_value(w, json);
}
