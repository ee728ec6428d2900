#include "crawler/xml.h"

#include "lib/mem.h"
#include "lib/must.h"
#include "lib/text.h"

#include <expat.h>
#include <string.h>

enum { PIECE_LEN = 64 * 1024 };

static const char NAMESPACE_END = ' ';

struct reading {
	XML_Parser parser;
	const struct xml_calls *calls;
	void *ctx;
	size_t depth, elements;
	const char *stopped; /* why we ended it ourselves */
};

static void parser_free(struct reading *r)
{
	XML_ParserFree(r->parser);
}

static void split(const char *name, struct slice *ret_space, struct slice *ret_name)
{
	struct slice whole = slice_of(name);
	size_t end = slice_find_byte(whole, NAMESPACE_END);

	if (end == whole.len) {
		*ret_space = (struct slice){0};
		*ret_name = whole;
		return;
	}
	*ret_space = slice_over(name, end);
	*ret_name = slice_from(whole, end + 1);
}

static void stop(struct reading *r, const char *why)
{
	r->stopped = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const char *name, const char **attributes)
{
	struct reading *r = ctx;
	struct xml_element e = {.depth = ++r->depth};

	if (r->stopped != NULL)
		return;
	if (r->depth > XML_DEPTH_MAX) {
		stop(r, "nested too deep");
		return;
	}
	if (++r->elements > XML_ELEMENTS_MAX) {
		stop(r, "too many elements");
		return;
	}
	split(name, &e.space, &e.name);
	for (; *attributes != NULL && e.attribute_count < XML_ATTRIBUTES_MAX; attributes += 2) {
		struct xml_attribute *to = &e.attributes[e.attribute_count++];

		split(attributes[0], &to->space, &to->name);
		to->value = slice_of(attributes[1]);
	}
	r->calls->start(r->ctx, &e);
}

static void XMLCALL on_end(void *ctx, const char *name)
{
	struct reading *r = ctx;

	(void)name;
	if (r->stopped == NULL && r->calls->end != NULL)
		r->calls->end(r->ctx, r->depth);
	r->depth--;
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
	struct reading *r = ctx;

	if (r->stopped == NULL && r->calls->text != NULL)
		r->calls->text(r->ctx, slice_over(text, (size_t)len));
}

/* The entities of HTML that feeds use without declaring them. */
static void XMLCALL on_unknown_entity(void *ctx, const char *name, int is_parameter)
{
	static const struct {
		const char *name;
		int32_t code_point;
	} entities[] = {
		{"nbsp", 0xA0},
		{"copy", 0xA9},
		{"reg", 0xAE},
		{"laquo", 0xAB},
		{"raquo", 0xBB},
		{"middot", 0xB7},
		{"times", 0xD7},
		{"deg", 0xB0},
		{"ndash", 0x2013},
		{"mdash", 0x2014},
		{"lsquo", 0x2018},
		{"rsquo", 0x2019},
		{"ldquo", 0x201C},
		{"rdquo", 0x201D},
		{"bull", 0x2022},
		{"hellip", 0x2026},
		{"euro", 0x20AC},
		{"trade", 0x2122},
		{"agrave", 0xE0},
		{"aacute", 0xE1},
		{"acirc", 0xE2},
		{"atilde", 0xE3},
		{"egrave", 0xE8},
		{"eacute", 0xE9},
		{"ecirc", 0xEA},
		{"igrave", 0xEC},
		{"iacute", 0xED},
		{"ograve", 0xF2},
		{"oacute", 0xF3},
		{"ocirc", 0xF4},
		{"otilde", 0xF5},
		{"ugrave", 0xF9},
		{"uacute", 0xFA},
		{"yacute", 0xFD},
		{"uuml", 0xFC},
		{"ouml", 0xF6},
		{"auml", 0xE4},
		{"szlig", 0xDF},
		{"ccedil", 0xE7},
		{"ntilde", 0xF1},
		{"Aacute", 0xC1},
		{"Agrave", 0xC0},
		{"Acirc", 0xC2},
		{"Eacute", 0xC9},
		{"Ecirc", 0xCA},
		{"Oacute", 0xD3},
		{"Ocirc", 0xD4},
		{"iexcl", 0xA1},
		{"pound", 0xA3},
		{"sect", 0xA7},
	};
	char text[4];

	for (size_t i = 0; !is_parameter && i < sizeof entities / sizeof entities[0]; i++)
		if (strcmp(name, entities[i].name) == 0)
			on_text(ctx, text, (int)text_put(entities[i].code_point, text));
}

/* An empty external subset counts as read, so unknown entities are skipped instead of being
 * faults; any other external entity is left unread. */
static int XMLCALL on_external(XML_Parser parser, const char *context, const char *base,
	const char *system_id, const char *public_id)
{
	(void)base;
	(void)public_id;
	if (system_id != NULL)
		return XML_STATUS_OK;
	XML_Parser empty = XML_ExternalEntityParserCreate(parser, context, NULL);
	must(empty != NULL);
	enum XML_Status status = XML_Parse(empty, "", 0, 1);
	XML_ParserFree(empty);
	return (int)status;
}

bool xml_read(struct slice text, const struct xml_calls *calls, void *ctx, struct err *err)
{
	CLEANUP(parser_free)
	struct reading r = {
		.parser = XML_ParserCreateNS("UTF-8", NAMESPACE_END), .calls = calls, .ctx = ctx};

	must(r.parser != NULL);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetSkippedEntityHandler(r.parser, on_unknown_entity);
	XML_SetExternalEntityRefHandler(r.parser, on_external);
	XML_SetParamEntityParsing(r.parser, XML_PARAM_ENTITY_PARSING_ALWAYS);
	XML_UseForeignDTD(r.parser, XML_TRUE);

	enum XML_Status status = XML_STATUS_OK;
	while (status == XML_STATUS_OK) {
		size_t len = text.len < PIECE_LEN ? text.len : PIECE_LEN;
		bool last = len == text.len;

		status = XML_Parse(r.parser, text.at, (int)len, last);
		text = slice_from(text, len);
		if (last)
			break;
	}
	if (status == XML_STATUS_OK)
		return true;
	return err_set(err, NULL, (unsigned)XML_GetCurrentLineNumber(r.parser), "%s",
		r.stopped != NULL ? r.stopped : XML_ErrorString(XML_GetErrorCode(r.parser)));
}

struct slice xml_attribute(const struct xml_element *element, const char *name)
{
	for (size_t i = 0; i < element->attribute_count; i++)
		if (element->attributes[i].space.len == 0 &&
			slice_is(element->attributes[i].name, name))
			return element->attributes[i].value;
	return (struct slice){0};
}
