#include "probe/proto/dns.h"

#include "lib/address.h"
#include "lib/cursor.h"
#include "lib/json_write.h"
#include "lib/public_suffix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	HEADER_LEN = 12,
	FLAG_RESPONSE = 0x8000,
	OPCODE_MASK = 0x7800,
	RCODE_MASK = 0x000f,
	QUESTIONS_MAX = 8, /* more than one is not seen in practice, but allowed */
	CLASS_MAX = 255,
	WIRE_NAME_MAX = 255,
	HOST_LEN_MAX = 253,
};

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
	TYPE_OPT = 41,
};

struct code_name {
	unsigned code;
	const char *name;
};

static const struct code_name type_names[] = {
	{TYPE_A, "A"},
	{TYPE_NS, "NS"},
	{TYPE_CNAME, "CNAME"},
	{TYPE_SOA, "SOA"},
	{10, "NULL"},
	{TYPE_PTR, "PTR"},
	{13, "HINFO"},
	{TYPE_MX, "MX"},
	{TYPE_TXT, "TXT"},
	{TYPE_AAAA, "AAAA"},
	{TYPE_SRV, "SRV"},
	{35, "NAPTR"},
	{TYPE_DNAME, "DNAME"},
	{TYPE_OPT, "OPT"},
	{43, "DS"},
	{44, "SSHFP"},
	{46, "RRSIG"},
	{47, "NSEC"},
	{48, "DNSKEY"},
	{50, "NSEC3"},
	{52, "TLSA"},
	{64, "SVCB"},
	{65, "HTTPS"},
	{99, "SPF"},
	{250, "TSIG"},
	{251, "IXFR"},
	{252, "AXFR"},
	{255, "ANY"},
	{256, "URI"},
	{257, "CAA"},
};

static const char *const rcode_names[] = {
	"NOERROR",
	"FORMERR",
	"SERVFAIL",
	"NXDOMAIN",
	"NOTIMP",
	"REFUSED",
	"YXDOMAIN",
	"YXRRSET",
	"NXRRSET",
	"NOTAUTH",
	"NOTZONE",
};

struct name {
	size_t len;
	char text[DNS_NAME_TEXT_MAX + 1];
};

static const char *type_name(unsigned type, char ret_other[12])
{
	for (size_t i = 0; i < sizeof type_names / sizeof type_names[0]; i++)
		if (type_names[i].code == type)
			return type_names[i].name;
	(void)snprintf(ret_other, 12, "TYPE%u", type); /* RFC 3597 */
	return ret_other;
}

static void add_char(struct name *n, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (unsigned char)(c | 0x20);
	if (c == '.' || c == '\\') {
		n->text[n->len++] = '\\';
		n->text[n->len++] = (char)c;
	} else if (c > ' ' && c < 0x7f) {
		n->text[n->len++] = (char)c;
	} else {
		n->text[n->len++] = '\\';
		n->text[n->len++] = (char)('0' + c / 100);
		n->text[n->len++] = (char)('0' + c / 10 % 10);
		n->text[n->len++] = (char)('0' + c % 10);
	}
}

/* One label of a name at `c`; false at the end of the name or when it is malformed. */
static bool read_label(struct cursor *c, unsigned len, size_t *wire_len, struct name *n)
{
	const uint8_t *label = cursor_bytes(c, len);

	*wire_len += len + 1;
	if (!label || *wire_len > 255) {
		c->bad = true;
		return false;
	}
	if (n->len > 0)
		n->text[n->len++] = '.';
	for (unsigned i = 0; i < len; i++)
		add_char(n, label[i]);
	return true;
}

/* Reads a name at `c`, following pointers into the whole message; `c` moves past it. */
static bool read_name(struct slice message, struct cursor *c, struct name *ret)
{
	struct cursor at = *c;
	bool jumped = false;
	size_t wire_len = 0;

	ret->len = 0;
	for (int jumps = 0; jumps <= DNS_POINTERS_MAX;) {
		size_t here = (size_t)((const char *)at.at - message.at);
		unsigned len = cursor_u8(&at);

		if (!cursor_ok(&at) || (len & 0xc0) == 0x40 || (len & 0xc0) == 0x80)
			break;
		if (len >= 0xc0) {
			size_t target = (len & 0x3fU) << 8 | cursor_u8(&at);

			if (!cursor_ok(&at) || target >= here)
				break;
			if (!jumped)
				*c = at;
			jumped = true;
			jumps++;
			at = cursor_over(message.at, message.len);
			at.at += target;
			continue;
		}
		if (len == 0) {
			if (!jumped)
				*c = at;
			ret->text[ret->len] = '\0';
			return true;
		}
		if (!read_label(&at, len, &wire_len, ret))
			break;
	}
	c->bad = true;
	return false;
}

static struct slice name_slice(const struct name *n)
{
	return (struct slice){n->text, n->len};
}

static void write_txt(struct cursor *rdata, struct json_writer *w)
{
	char text[DNS_RDATA_TEXT_MAX];
	size_t len = 0;

	while (cursor_left(rdata) > 0 && len < sizeof text) {
		unsigned part_len = cursor_u8(rdata);
		const uint8_t *part = cursor_bytes(rdata, part_len);

		if (!part)
			break;
		if (part_len > sizeof text - len)
			part_len = (unsigned)(sizeof text - len);
		memcpy(text + len, part, part_len);
		len += part_len;
	}
	json_text(w, slice_over(text, len));
}

static void write_address(struct address a, struct json_writer *w)
{
	char text[ADDRESS_TEXT_MAX];
	size_t len = address_write(a, text);

	json_text(w, (struct slice){text, len});
}

/* The name after `skip` bytes of a record's data, as in MX and SRV. */
static void write_name(
	struct slice message, struct cursor *rdata, size_t skip, struct json_writer *w)
{
	struct name name;

	(void)cursor_bytes(rdata, skip);
	json_text(w, read_name(message, rdata, &name) ? name_slice(&name) : SLICE(""));
}

static void write_rdata(
	struct slice message, unsigned type, struct cursor *rdata, struct json_writer *w)
{
	const uint8_t *bytes = rdata->at;
	size_t len = cursor_left(rdata);

	switch (type) {
	case TYPE_A:
		if (len == 4)
			write_address(address_v4(bytes), w);
		else
			json_text(w, SLICE(""));
		break;
	case TYPE_AAAA:
		if (len == 16)
			write_address(address_v6(bytes), w);
		else
			json_text(w, SLICE(""));
		break;
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_DNAME:
	case TYPE_SOA: /* its first name: the primary server */
		write_name(message, rdata, 0, w);
		break;
	case TYPE_MX: write_name(message, rdata, 2, w); break;
	case TYPE_SRV: write_name(message, rdata, 6, w); break;
	case TYPE_TXT: write_txt(rdata, w); break;
	default: json_text(w, SLICE("")); break;
	}
}

/* One record of the answer; false when it is cut off or malformed. */
static bool write_answer(struct slice message, struct cursor *c, struct json_writer *w)
{
	struct name owner;
	char other[12];

	if (!read_name(message, c, &owner))
		return false;

	unsigned type = cursor_be16(c);
	(void)cursor_be16(c);
	uint32_t ttl = cursor_be32(c);
	unsigned len = cursor_be16(c);
	const uint8_t *data = cursor_bytes(c, len);
	if (!data)
		return false;

	struct cursor rdata = cursor_over(data, len);
	json_begin_object(w);
	json_key(w, "rrname");
	json_text(w, name_slice(&owner));
	json_key(w, "rrtype");
	json_text(w, slice_of(type_name(type, other)));
	json_key(w, "ttl");
	json_uint(w, ttl);
	json_key(w, "rdata");
	write_rdata(message, type, &rdata, w);
	json_end_object(w);
	return true;
}

static void write_answers(struct slice message, struct cursor *c, unsigned count, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	if (count > DNS_ANSWERS_MAX)
		count = DNS_ANSWERS_MAX;
	json_begin_array(&w);
	for (unsigned i = 0; i < count && out->len < DNS_ANSWERS_TEXT_MAX; i++)
		if (!write_answer(message, c, &w))
			break;
	json_end_array(&w);
}

uint64_t dns_entropy_millibits(struct slice labels)
{
	unsigned counts[256] = {0};
	unsigned total = 0;
	float sum = 0;

	for (size_t i = 0; i < labels.len; i++) {
		if (labels.at[i] == '.')
			continue;
		counts[(unsigned char)labels.at[i]]++;
		total++;
	}
	/* Each character stands for its count once: the first time it is met. */
	for (size_t i = 0; i < labels.len; i++) {
		unsigned *count = &counts[(unsigned char)labels.at[i]];

		if (labels.at[i] != '.' && *count > 1)
			sum += (float)*count * log2f((float)*count);
		*count = 0;
	}
	if (total == 0)
		return 0;

	float bits = log2f((float)total) - sum / (float)total;
	return bits > 0 ? (uint64_t)lrintf(bits * 1000) : 0;
}

/* Escapes make a tunnel's name longer than any host; the domain stands at its end. */
static struct slice name_end(struct slice name)
{
	struct slice label;

	while (name.len > HOST_LEN_MAX && slice_cut(&name, '.', &label))
		;
	return name;
}

/* The bytes on the wire that an escaped name stands for. */
static struct slice name_bytes(struct slice name, char ret[WIRE_NAME_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < WIRE_NAME_MAX; len++) {
		const char *at = name.at + i;

		if (at[0] == '\\' && i + 3 < name.len && at[1] >= '0' && at[1] <= '2') {
			ret[len] = (char)(uint8_t)((at[1] - '0') * 100 + (at[2] - '0') * 10 +
				(at[3] - '0'));
			i += 4;
		} else {
			ret[len] = at[at[0] == '\\' && i + 1 < name.len];
			i += at[0] == '\\' ? 2 : 1;
		}
	}
	return (struct slice){ret, len};
}

static void measure_name(struct slice name, struct event_dns *dns)
{
	size_t above = 0;
	char bytes[WIRE_NAME_MAX];

	dns->domain = public_suffix_domain(name_end(name));
	dns->name_len = name_bytes(name, bytes).len;
	if (dns->domain.len > 0 && dns->domain.len < name.len)
		above = name.len - dns->domain.len - 1;
	dns->labels_entropy =
		dns_entropy_millibits(name_bytes((struct slice){name.at, above}, bytes));
}

struct header {
	unsigned id, flags, questions, answers, authorities, additionals;
};

static bool read_header(struct cursor *c, struct header *ret)
{
	ret->id = cursor_be16(c);
	ret->flags = cursor_be16(c);
	ret->questions = cursor_be16(c);
	ret->answers = cursor_be16(c);
	ret->authorities = cursor_be16(c);
	ret->additionals = cursor_be16(c);
	return cursor_ok(c) && (ret->flags & OPCODE_MASK) == 0 && ret->questions >= 1 &&
		ret->questions <= QUESTIONS_MAX;
}

static bool skip_questions(struct slice message, struct cursor *c, unsigned count)
{
	struct name name;

	for (unsigned i = 0; i < count; i++)
		if (!read_name(message, c, &name) || !cursor_bytes(c, 4))
			return false;
	return true;
}

bool dns_read(struct slice message, struct buf *scratch, const struct proto_sink *sink)
{
	struct cursor c = cursor_over(message.at, message.len);
	struct header header;
	struct name name;
	char other[12], rcode_other[12];

	if (!read_header(&c, &header) || !read_name(message, &c, &name))
		return false;

	unsigned type = cursor_be16(&c);
	unsigned class = cursor_be16(&c);
	if (!cursor_ok(&c) || (class & 0x7fff) > CLASS_MAX)
		return false;

	bool answer = header.flags & FLAG_RESPONSE;
	struct event_dns dns = {
		.type = answer ? SLICE("answer") : SLICE("query"),
		.id = header.id,
		.rrname = name_slice(&name),
		.rrtype = slice_of(type_name(type, other)),
	};
	measure_name(dns.rrname, &dns);
	if (answer) {
		unsigned rcode = header.flags & RCODE_MASK;

		(void)snprintf(rcode_other, sizeof rcode_other, "RCODE%u", rcode);
		dns.rcode = slice_of(rcode < sizeof rcode_names / sizeof rcode_names[0]
				? rcode_names[rcode]
				: rcode_other);
		buf_clear(scratch);
		if (header.answers > 0 && skip_questions(message, &c, header.questions - 1))
			write_answers(message, &c, header.answers, scratch);
		dns.answers = buf_slice(scratch);
	} else {
		sink->host(sink->ctx, APP_DNS, dns.rrname);
	}
	sink->event(sink->ctx, EVENT_GROUP_dns, &dns);
	return true;
}
