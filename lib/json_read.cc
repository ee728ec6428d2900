/* The only C++ file: simdjson's DOM behind the C interface of json_read.h. Built without exceptions
 * and run-time types; simdjson reports by error codes. */
#include <cstring>
#include <new>
#include <simdjson.h>
#include <type_traits>

/* C11's word, which the headers use, as C++ writes it. */
#define _Noreturn [[noreturn]]
extern "C" {
#include "lib/json_read.h"
#include "lib/json_write.h"
#include "lib/must.h"
}

namespace dom = simdjson::dom;

enum { CAPACITY_MIN = 4096 };

struct json_reader {
	explicit json_reader(size_t max) : len_max(max)
	{
	}

	size_t len_max;
	dom::parser parser;
};

/* An element is a pointer to its document and an index into the document's tape, as json_value is;
 * tests/unit/lib/test_json_read.c would notice if a new simdjson turned them round. */
static_assert(sizeof(dom::element) == sizeof(struct json_value), "layout of dom::element");
static_assert(std::is_trivially_copyable<dom::element>::value, "layout of dom::element");

static dom::element element_of(struct json_value v)
{
	dom::element e;

	must(v.document != nullptr);
	memcpy(static_cast<void *>(&e), &v, sizeof e);
	return e;
}

static struct json_value value_of(const dom::element &e)
{
	struct json_value v;

	memcpy(&v, static_cast<const void *>(&e), sizeof v);
	return v;
}

struct json_reader *json_reader_new(size_t len_max)
{
	json_reader *r = new (std::nothrow) json_reader(len_max);

	must(r != nullptr);
	return r;
}

void json_reader_free(struct json_reader **r)
{
	delete *r;
	*r = nullptr;
}

/* Grows by doubling, so that texts that grow slowly do not allocate anew each time. simdjson counts
 * no level for an empty container: what it lets pass is never deeper than the writer can write. */
static void reserve(struct json_reader *r, size_t len)
{
	size_t capacity = r->parser.capacity();

	if (len <= capacity)
		return;
	if (capacity < CAPACITY_MIN)
		capacity = CAPACITY_MIN;
	while (capacity < len)
		capacity *= 2;
	if (capacity > r->len_max)
		capacity = r->len_max > len ? r->len_max : len;
	must(r->parser.allocate(capacity, JSON_DEPTH_MAX) == simdjson::SUCCESS);
}

bool json_read(struct json_reader *r, struct slice text, struct json_value *ret, struct err *err)
{
	if (text.len > r->len_max)
		return err_set(
			err, nullptr, 0, "JSON of %zu bytes is over %zu", text.len, r->len_max);
	if (!text.len)
		return err_set(err, nullptr, 0, "no JSON: the text is empty");
	reserve(r, text.len);

	dom::element root;
	simdjson::error_code code = r->parser.parse(text.at, text.len).get(root);

	if (code)
		return err_set(err, nullptr, 0, "bad JSON: %s", simdjson::error_message(code));
	*ret = value_of(root);
	return true;
}

enum json_kind json_kind(struct json_value v)
{
	switch (element_of(v).type()) {
	case dom::element_type::ARRAY: return JSON_ARRAY;
	case dom::element_type::OBJECT: return JSON_OBJECT;
	case dom::element_type::INT64:
	case dom::element_type::UINT64: return JSON_INT;
	case dom::element_type::DOUBLE: return JSON_REAL;
	case dom::element_type::STRING: return JSON_TEXT;
	case dom::element_type::BOOL: return JSON_BOOL;
	default: return JSON_NULL;
	}
}

static struct slice slice_from_view(std::string_view view)
{
	return slice_over(view.data(), view.size());
}

bool json_to_text(struct json_value v, struct slice *ret)
{
	std::string_view view;

	if (element_of(v).get(view))
		return false;
	*ret = slice_from_view(view);
	return true;
}

/* Where the last text inside ends, or nullptr. Texts lie in the order in which they are written. */
static const char *last_end(const dom::element &e)
{
	const char *end = nullptr;
	dom::object object;
	dom::array array;
	std::string_view text;

	if (!e.get(text))
		return text.data() + text.size() + 1;
	if (!e.get(object)) {
		const dom::object::iterator stop = object.end();
		dom::object::iterator last = object.begin();

		for (dom::object::iterator at = last; at != stop; ++at)
			last = at;
		if (last == stop)
			return nullptr;
		end = last_end(last.value());
		if (end == nullptr)
			end = last.key().data() + last.key().size() + 1;
	} else if (!e.get(array)) {
		for (dom::element item : array) {
			const char *found = last_end(item);
			end = found != nullptr ? found : end;
		}
	}
	return end;
}

struct slice json_strings(struct json_value root)
{
	dom::object object;
	const char *end = last_end(element_of(root));

	if (end == nullptr || element_of(root).get(object) || object.begin() == object.end())
		return slice_from_view("");
	const char *start = (*object.begin()).key.data() - sizeof(uint32_t);
	return slice_over(start, size_t(end - start));
}

template <typename T> static bool value_get(struct json_value v, T *ret)
{
	T found;

	if (element_of(v).get(found))
		return false;
	*ret = found;
	return true;
}

bool json_to_i64(struct json_value v, int64_t *ret)
{
	return value_get(v, ret);
}

bool json_to_u64(struct json_value v, uint64_t *ret)
{
	return value_get(v, ret);
}

bool json_to_real(struct json_value v, double *ret)
{
	return value_get(v, ret);
}

bool json_to_bool(struct json_value v, bool *ret)
{
	return value_get(v, ret);
}

static bool member(struct json_value object, std::string_view key, struct json_value *ret)
{
	dom::object o;
	dom::element found;

	if (element_of(object).get(o) || o.at_key(key).get(found))
		return false;
	*ret = value_of(found);
	return true;
}

bool json_get(struct json_value object, const char *key, struct json_value *ret)
{
	return member(object, key, ret);
}

bool json_get_slice(struct json_value object, struct slice key, struct json_value *ret)
{
	return member(object, std::string_view(key.at, key.len), ret);
}

bool json_get_text(struct json_value object, const char *key, struct slice *ret)
{
	struct json_value v;

	return json_get(object, key, &v) && json_to_text(v, ret);
}

bool json_at(struct json_value object, const char *path, struct json_value *ret)
{
	for (;;) {
		if (member(object, path, ret))
			return true;
		const char *dot = strchr(path, '.');

		if (!dot || !member(object, std::string_view(path, size_t(dot - path)), &object))
			return false;
		path = dot + 1;
	}
}

/* clang's check of called functions needs run-time types, which C callbacks do not have. */
#ifdef __clang__
__attribute__((no_sanitize("function")))
#endif
void json_each(struct json_value container, json_each_fn *each, void *ctx)
{
	dom::object object;
	dom::array array;

	if (!element_of(container).get(object)) {
		for (dom::key_value_pair pair : object)
			if (!each(ctx, slice_from_view(pair.key), value_of(pair.value)))
				return;
	} else if (!element_of(container).get(array)) {
		for (dom::element item : array)
			if (!each(ctx, slice_from_view(""), value_of(item)))
				return;
	}
}

static bool count_one(void *ctx, struct slice, struct json_value)
{
	++*static_cast<size_t *>(ctx);
	return true;
}

size_t json_count(struct json_value container)
{
	size_t count = 0;

	json_each(container, count_one, &count);
	return count;
}

static void write_value(struct json_writer *w, struct json_value v);

static bool write_member(void *ctx, struct slice key, struct json_value v)
{
	json_writer *w = static_cast<json_writer *>(ctx);

	json_key_slice(w, key);
	write_value(w, v);
	return true;
}

static bool write_item(void *ctx, struct slice, struct json_value v)
{
	write_value(static_cast<json_writer *>(ctx), v);
	return true;
}

static void write_number(struct json_writer *w, const dom::element &e)
{
	int64_t small;
	uint64_t big;

	if (!e.get(small))
		json_int(w, small);
	else if (!e.get(big))
		json_uint(w, big);
}

/* Recursion is bounded by the reader's depth. */
static void write_value(struct json_writer *w, struct json_value v)
{
	struct slice text = {};
	double real = 0;
	bool truth = false;

	switch (json_kind(v)) {
	case JSON_NULL: json_null(w); break;
	case JSON_BOOL:
		(void)json_to_bool(v, &truth);
		json_bool(w, truth);
		break;
	case JSON_INT: write_number(w, element_of(v)); break;
	case JSON_REAL:
		(void)json_to_real(v, &real);
		json_real(w, real);
		break;
	case JSON_TEXT:
		(void)json_to_text(v, &text);
		json_text(w, text);
		break;
	case JSON_ARRAY:
		json_begin_array(w);
		json_each(v, write_item, w);
		json_end_array(w);
		break;
	case JSON_OBJECT:
		json_begin_object(w);
		json_each(v, write_member, w);
		json_end_object(w);
		break;
	}
}

void json_write(struct json_writer *w, struct json_value v)
{
	write_value(w, v);
}

void json_copy(struct json_value v, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	write_value(&w, v);
}
