#include "crawler/xml.h"

#include "lib/mem.h"
#include "lib/must.h"

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

/* expat writes "address name prefix", "address name" or "name". */
static void split(
	const char *name, struct slice *ret_space, struct slice *ret_prefix, struct slice *ret_name)
{
	struct slice whole = slice_of(name);
	size_t end = slice_find_byte(whole, NAMESPACE_END);

	*ret_space = *ret_prefix = (struct slice){0};
	*ret_name = whole;
	if (end == whole.len)
		return;
	*ret_space = slice_over(name, end);
	*ret_name = slice_from(whole, end + 1);
	end = slice_find_byte(*ret_name, NAMESPACE_END);
	*ret_prefix = slice_from(*ret_name, end + 1);
	ret_name->len = end;
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
	split(name, &e.space, &e.prefix, &e.name);
	for (; *attributes != NULL && e.attribute_count < XML_ATTRIBUTES_MAX; attributes += 2) {
		struct xml_attribute *to = &e.attributes[e.attribute_count++];

		split(attributes[0], &to->space, &to->prefix, &to->name);
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

static void XMLCALL on_unknown_entity(void *ctx, const char *name, int is_parameter)
{
	char text[4];
	size_t len = is_parameter ? 0 : xml_entity(slice_of(name), text);

	if (is_parameter)
		return;
	if (len > 0) {
		on_text(ctx, text, (int)len);
		return;
	}
	on_text(ctx, "&", 1);
	on_text(ctx, name, (int)strlen(name));
	on_text(ctx, ";", 1);
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
	XML_SetReturnNSTriplet(r.parser, 1);

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
