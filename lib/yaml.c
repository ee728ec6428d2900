#include "lib/yaml.h"

#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { FILE_LEN_MAX = 256 << 20 };

struct frame {
	struct yaml_node *node;
	size_t base; /* its first child in `pending` */
};

/* The tree as it grows. A node's children wait in `pending` until the node ends, as their count
 * is not known before. */
struct build {
	struct arena *a;
	const char *name;
	struct err *err;
	struct yaml_node **pending;
	size_t pending_count, pending_room;
	struct yaml_node **docs;
	size_t docs_count, docs_room;
	struct frame frames[YAML_DEPTH_MAX];
	size_t depth;
	size_t nodes;
};

static void push(struct yaml_node ***at, size_t *count, size_t *room, struct yaml_node *node)
{
	if (*count == *room) {
		*room = *room ? *room * 2 : 64;
		*at = mem_resize(*at, *room, sizeof(struct yaml_node *));
	}
	(*at)[(*count)++] = node;
}

static void pend(struct build *b, struct yaml_node *node)
{
	push(&b->pending, &b->pending_count, &b->pending_room, node);
}

static bool key_is_next(const struct build *b)
{
	if (!b->depth)
		return false;
	const struct frame *top = &b->frames[b->depth - 1];

	return top->node->kind == YAML_MAP && (b->pending_count - top->base) % 2 == 0;
}

static struct yaml_node *node_new(struct build *b, enum yaml_kind kind, unsigned line)
{
	if (++b->nodes > YAML_NODES_MAX) {
		err_set(b->err, b->name, line, "more than %d nodes", YAML_NODES_MAX);
		return NULL;
	}
	struct yaml_node *node = arena_alloc(b->a, sizeof(*node));

	node->kind = kind;
	node->line = line;
	return node;
}

static bool scalar_add(struct build *b, const yaml_event_t *event, unsigned line)
{
	struct slice text = slice_over(event->data.scalar.value, event->data.scalar.length);
	struct yaml_node *node = node_new(b, YAML_SCALAR, line);

	if (!node)
		return false;
	if (slice_find_byte(text, '\0') < text.len)
		return err_set(b->err, b->name, line, "a NUL character in a text");
	node->text = arena_slice(b->a, text);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	pend(b, node);
	return true;
}

static bool frame_open(struct build *b, enum yaml_kind kind, unsigned line)
{
	if (key_is_next(b))
		return err_set(b->err, b->name, line, "a key must be a plain text");
	if (b->depth == YAML_DEPTH_MAX)
		return err_set(b->err, b->name, line, "nested deeper than %d", YAML_DEPTH_MAX);
	struct yaml_node *node = node_new(b, kind, line);

	if (!node)
		return false;
	b->frames[b->depth++] = (struct frame){node, b->pending_count};
	return true;
}

static int key_order(const void *left, const void *right)
{
	const struct yaml_node *a = *(struct yaml_node *const *)left;
	const struct yaml_node *b = *(struct yaml_node *const *)right;
	int order = slice_compare(a->text, b->text);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool keys_are_unique(struct build *b, const struct yaml_node *map)
{
	if (map->count < 2)
		return true;
	CLEANUP(mem_cleanup)
	struct yaml_node **sorted = mem_copy(map->keys, map->count * sizeof(struct yaml_node *));

	qsort(sorted, map->count, sizeof(struct yaml_node *), key_order);
	for (size_t i = 1; i < map->count; i++) {
		if (slice_equal(sorted[i - 1]->text, sorted[i]->text))
			return err_set(b->err, b->name, sorted[i]->line,
				"the key \"%.100s\" stands twice, first in line %u",
				sorted[i]->text.at, sorted[i - 1]->line);
	}
	return true;
}

static bool frame_close(struct build *b)
{
	must(b->depth > 0); /* libyaml pairs starts and ends */
	struct frame frame = b->frames[--b->depth];
	size_t count = b->pending_count - frame.base;
	struct yaml_node *node = frame.node, **children = count ? b->pending + frame.base : NULL;

	b->pending_count = frame.base;
	if (node->kind == YAML_LIST) {
		node->count = count;
		node->values = arena_array(b->a, count, sizeof(struct yaml_node *));
		if (count)
			memcpy(node->values, children, count * sizeof(struct yaml_node *));
	} else {
		node->count = count / 2;
		node->keys = arena_array(b->a, node->count, sizeof(struct yaml_node *));
		node->values = arena_array(b->a, node->count, sizeof(struct yaml_node *));
		for (size_t i = 0; i < node->count; i++) {
			node->keys[i] = children[2 * i];
			node->values[i] = children[2 * i + 1];
		}
		if (!keys_are_unique(b, node))
			return false;
	}
	pend(b, node);
	return true;
}

static void document_close(struct build *b)
{
	struct yaml_node *root = b->pending_count ? b->pending[0] : NULL;

	b->pending_count = 0;
	if (root && (root->kind != YAML_SCALAR || root->quoted || root->text.len))
		push(&b->docs, &b->docs_count, &b->docs_room, root);
}

static bool is_marked(const yaml_char_t *anchor, const yaml_char_t *tag)
{
	return anchor || tag;
}

static bool event_take(struct build *b, const yaml_event_t *event)
{
	unsigned line = (unsigned)event->start_mark.line + 1;
	bool marked = false;

	if (event->type == YAML_SCALAR_EVENT)
		marked = is_marked(event->data.scalar.anchor, event->data.scalar.tag);
	if (event->type == YAML_MAPPING_START_EVENT)
		marked = is_marked(event->data.mapping_start.anchor, event->data.mapping_start.tag);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		marked = is_marked(
			event->data.sequence_start.anchor, event->data.sequence_start.tag);
	if (marked || event->type == YAML_ALIAS_EVENT)
		return err_set(b->err, b->name, line,
			"anchors (&), aliases (*) and tags (!) are not taken");
	switch (event->type) {
	case YAML_SCALAR_EVENT: return scalar_add(b, event, line);
	case YAML_MAPPING_START_EVENT: return frame_open(b, YAML_MAP, line);
	case YAML_SEQUENCE_START_EVENT: return frame_open(b, YAML_LIST, line);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT: return frame_close(b);
	case YAML_DOCUMENT_END_EVENT: document_close(b); return true;
	default: return true;
	}
}

static unsigned line_at(struct slice text, size_t offset)
{
	unsigned line = 1;

	for (size_t i = 0; i < offset && i < text.len; i++)
		line += text.at[i] == '\n';
	return line;
}

static bool syntax_error(struct build *b, const yaml_parser_t *parser, struct slice text)
{
	const char *problem = parser->problem ? parser->problem : "cannot be parsed";

	if (parser->error == YAML_READER_ERROR)
		return err_set(
			b->err, b->name, line_at(text, parser->problem_offset), "%s", problem);
	return err_set(b->err, b->name, (unsigned)parser->problem_mark.line + 1, "%s%s%s", problem,
		parser->context ? " " : "", parser->context ? parser->context : "");
}

/* Whether a line may begin at `at`: the last bytes of all that YAML 1.1 takes for a line break. */
static bool is_line_start(struct slice text, size_t at)
{
	static const char breaks[] = {'\n', '\r', '\x85', '\xa8', '\xa9'};

	return at == 0 || memchr(breaks, text.at[at - 1], sizeof breaks);
}

/* libyaml compares each %TAG with all before it: a megabyte of them takes it ten seconds. */
static bool has_tag_directive(struct build *b, struct slice text)
{
	size_t at = 0;

	for (;; at++) {
		at += slice_find(slice_from(text, at), SLICE("%TAG"));
		if (at >= text.len)
			return false;
		if (is_line_start(text, at))
			break;
	}
	err_set(b->err, b->name, line_at(text, at), "%%TAG directives are not taken");
	return true;
}

static bool parse(struct build *b, yaml_parser_t *parser, struct slice text)
{
	bool more = true;

	while (more) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return syntax_error(b, parser, text);
		bool good = event_take(b, &event);

		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
		if (!good)
			return false;
	}
	return true;
}

static void build_release(struct build *b)
{
	mem_free(b->pending);
	mem_free(b->docs);
}

bool yaml_read(struct arena *a, const char *name, struct slice text, struct yaml_documents *ret,
	struct err *err)
{
	CLEANUP(build_release) struct build b = {.a = a, .name = name, .err = err};
	CLEANUP(yaml_parser_delete) yaml_parser_t parser;

	*ret = (struct yaml_documents){0};
	/* libyaml takes a byte order mark for a column: the second key would stand left of the first. */
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.at, text.len);
	if (has_tag_directive(&b, text) || !parse(&b, &parser, text))
		return false;
	ret->count = b.docs_count;
	ret->at = arena_array(a, b.docs_count, sizeof(struct yaml_node *));
	if (b.docs_count)
		memcpy(ret->at, b.docs, b.docs_count * sizeof(struct yaml_node *));
	return true;
}

bool yaml_read_file(struct arena *a, const char *path, struct yaml_documents *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf text = {0};

	*ret = (struct yaml_documents){0};
	return file_read(path, FILE_LEN_MAX, &text, err) &&
		yaml_read(a, path, buf_slice(&text), ret, err);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++) {
		if (slice_is(map->keys[i]->text, key))
			return map->values[i];
	}
	return NULL;
}

static bool is_plain(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR && !node->quoted;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return is_plain(node) &&
		(!node->text.len || slice_is(node->text, "~") ||
			slice_equal_nocase(node->text, SLICE("null")));
}

bool yaml_to_bool(const struct yaml_node *node, bool *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; is_plain(node) && i < sizeof(words) / sizeof(*words); i++) {
		if (slice_equal_nocase(node->text, slice_of(words[i]))) {
			*ret = i % 2;
			return true;
		}
	}
	return false;
}

bool yaml_to_i64(const struct yaml_node *node, int64_t *ret)
{
	return is_plain(node) && slice_to_i64(node->text, ret);
}

/* The code point at the start of `s` and its length; false when that is no UTF-8. */
static bool code_point(struct slice s, uint32_t *ret, size_t *ret_len)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = (uint8_t)*s.at;
	size_t len = first < 0x80  ? 1
		: first >> 5 == 6  ? 2
		: first >> 4 == 14 ? 3
		: first >> 3 == 30 ? 4
				   : 0;
	uint32_t code = len == 1 ? first : first & (0x7fU >> len);

	if (!len || len > s.len)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)s.at[i] & 0xc0) != 0x80)
			return false;
		code = code << 6 | ((uint8_t)s.at[i] & 0x3f);
	}
	*ret = code;
	*ret_len = len;
	return code >= lowest[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

/* What may stand in double quotes as it is; the rest YAML 1.1 takes for a line break or refuses. */
static bool is_printable(uint32_t code)
{
	return (code >= ' ' && code < 0x7f) || (code >= 0xa0 && code < 0x2028) ||
		(code > 0x2029 && code < 0xfeff) || (code > 0xfeff && code < 0xfffe) ||
		code > 0xffff;
}

bool yaml_write_text(struct slice text, struct buf *out)
{
	buf_add_byte(out, '"');
	while (text.len) {
		uint32_t code;
		size_t len;

		if (!code_point(text, &code, &len))
			return false;
		if (code == '\n')
			buf_add_text(out, "\\n");
		else if (!is_printable(code))
			buf_printf(out, "\\u%04x", code);
		else if (code == '"' || code == '\\')
			buf_printf(out, "\\%c", (char)code);
		else
			buf_add(out, text.at, len);
		text = slice_from(text, len);
	}
	buf_add_byte(out, '"');
	return true;
}
