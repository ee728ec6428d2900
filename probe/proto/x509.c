#include "probe/proto/x509.h"

#include "lib/cursor.h"
#include "probe/proto/proto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	DER_INTEGER = 0x02,
	DER_OID = 0x06,
	DER_UTC_TIME = 0x17,
	DER_GENERAL_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_VERSION = 0xa0,
	DER_BMP_STRING = 0x1e,
};

struct der {
	unsigned tag;
	struct cursor body;
};

static bool der_next(struct cursor *c, struct der *ret)
{
	ret->tag = cursor_u8(c);

	size_t len = cursor_u8(c);
	if (len >= 0x80) {
		unsigned width = len & 0x7f;

		if (width == 0 || width > 3)
			return false;
		for (len = 0; width > 0; width--)
			len = len << 8 | cursor_u8(c);
	}

	const uint8_t *body = cursor_bytes(c, len);
	if (!body)
		return false;
	ret->body = cursor_over(body, len);
	return true;
}

static bool der_expect(struct cursor *c, unsigned tag, struct der *ret)
{
	return der_next(c, ret) && ret->tag == tag;
}

/* The last part of the attribute types 2.5.4.x that names usually have (RFC 4514 §3). */
static const char *attribute_name(unsigned last)
{
	switch (last) {
	case 3: return "CN";
	case 5: return "serialNumber";
	case 6: return "C";
	case 7: return "L";
	case 8: return "ST";
	case 10: return "O";
	case 11: return "OU";
	default: return NULL;
	}
}

static void append_attribute(const struct der *oid, const struct der *value, char *text)
{
	const uint8_t *o = oid->body.at;
	bool is_2_5_4 = cursor_left(&oid->body) == 3 && o[0] == 0x55 && o[1] == 0x04;
	const char *name = is_2_5_4 ? attribute_name(o[2]) : NULL;
	size_t used = strlen(text);
	int head;

	if (!name || value->tag == DER_BMP_STRING)
		return;
	head = snprintf(text + used, X509_NAME_MAX - used, "%s%s=", used > 0 ? ", " : "", name);
	if (head < 0 || used + (size_t)head >= X509_NAME_MAX - 1) {
		text[used] = '\0';
		return;
	}
	used += (size_t)head;
	proto_copy_text(text + used, X509_NAME_MAX - used,
		slice_over(value->body.at, cursor_left(&value->body)));
}

static void read_name(struct der name, char ret_text[X509_NAME_MAX])
{
	struct der set, pair, oid, value;

	ret_text[0] = '\0';
	while (cursor_left(&name.body) > 0 && der_expect(&name.body, DER_SET, &set))
		while (cursor_left(&set.body) > 0 && der_expect(&set.body, DER_SEQUENCE, &pair))
			if (der_expect(&pair.body, DER_OID, &oid) && der_next(&pair.body, &value))
				append_attribute(&oid, &value, ret_text);
}

static bool two_digits(struct cursor *c, int *ret)
{
	unsigned a = cursor_u8(c) - (unsigned)'0', b = cursor_u8(c) - (unsigned)'0';

	*ret = (int)(a * 10 + b);
	return cursor_ok(c) && a <= 9 && b <= 9;
}

/* YYMMDDhhmmssZ or YYYYMMDDhhmmssZ, always in UTC (RFC 5280 §4.1.2.5). */
static int64_t read_time(struct der time)
{
	struct tm tm = {0};
	int century = 0, year;
	int *const parts[] = {&tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec};

	if (time.tag == DER_GENERAL_TIME ? !two_digits(&time.body, &century)
					 : time.tag != DER_UTC_TIME)
		return 0;
	if (!two_digits(&time.body, &year))
		return 0;
	if (time.tag == DER_UTC_TIME)
		century = year < 50 ? 20 : 19;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!two_digits(&time.body, parts[i]))
			return 0;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000000;
}

bool x509_read(struct slice der, struct x509 *ret)
{
	struct cursor c = cursor_over(der.at, der.len);
	struct der certificate, body, item, issuer, validity, not_before, not_after, subject;

	*ret = (struct x509){0};
	if (!der_expect(&c, DER_SEQUENCE, &certificate) ||
		!der_expect(&certificate.body, DER_SEQUENCE, &body) || !der_next(&body.body, &item))
		return false;
	if (item.tag == DER_VERSION && !der_next(&body.body, &item))
		return false;
	if (item.tag != DER_INTEGER || !der_expect(&body.body, DER_SEQUENCE, &item) ||
		!der_expect(&body.body, DER_SEQUENCE, &issuer) ||
		!der_expect(&body.body, DER_SEQUENCE, &validity) ||
		!der_expect(&body.body, DER_SEQUENCE, &subject))
		return false;
	if (!der_next(&validity.body, &not_before) || !der_next(&validity.body, &not_after))
		return false;
	ret->not_before_us = read_time(not_before);
	ret->not_after_us = read_time(not_after);
	read_name(issuer, ret->issuer);
	read_name(subject, ret->subject);
	return true;
}
