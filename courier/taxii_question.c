#include "courier/taxii.h"
#include "lib/clock.h"

#include <string.h>

/* Takes the next part of a path off; "" at its end. */
static struct slice part_of(struct slice *path)
{
	struct slice part = SLICE("");

	(void)slice_cut(path, '/', &part);
	return part;
}

static enum taxii_resource below_collection(struct slice *path, struct slice *ret_object)
{
	struct slice what = part_of(path), object = part_of(path), versions = part_of(path);

	*ret_object = object;
	if (slice_is(what, "manifest") && object.len == 0)
		return TAXII_MANIFEST;
	if (!slice_is(what, "objects"))
		return what.len == 0 ? TAXII_COLLECTION : TAXII_NONE;
	if (object.len == 0)
		return TAXII_OBJECTS;
	if (versions.len == 0)
		return TAXII_OBJECT;
	return slice_is(versions, "versions") ? TAXII_VERSIONS : TAXII_NONE;
}

struct taxii_path taxii_path_read(struct slice path)
{
	struct taxii_path ret = {.resource = TAXII_NONE};
	struct slice rest;

	if (slice_find(path, SLICE("//")) < path.len)
		return ret;
	if (slice_is(path, "/taxii2/") || slice_is(path, "/taxii2"))
		ret.resource = TAXII_DISCOVERY;
	if (slice_is(path, "/haidang"))
		ret.resource = TAXII_ROOT;
	if (!slice_starts(path, SLICE(TAXII_ROOT_PATH)))
		return ret;
	rest = slice_from(path, strlen(TAXII_ROOT_PATH));
	struct slice first = part_of(&rest);

	ret.collection = part_of(&rest);
	if (first.len == 0)
		ret.resource = TAXII_ROOT;
	else if (slice_is(first, "collections"))
		ret.resource = ret.collection.len == 0 ? TAXII_COLLECTIONS
						       : below_collection(&rest, &ret.object);
	if (rest.len > 0)
		ret.resource = TAXII_NONE;
	return ret;
}

/* One media range of an Accept header. */
static bool range_admits(struct slice range)
{
	size_t semicolon = slice_find_byte(range, ';');
	struct slice type = slice_trim((struct slice){range.at, semicolon});
	struct slice parameters = slice_from(range, semicolon + 1), one;

	while (slice_cut(&parameters, ';', &one)) {
		one = slice_trim(one);
		if (slice_is(one, "q=0") || slice_is(one, "q=0.0"))
			return false;
		if (slice_starts(one, SLICE("version=")) && !slice_is(one, "version=2.1") &&
			!slice_is(one, "version=\"2.1\""))
			return false;
	}
	return slice_equal_nocase(type, SLICE("application/taxii+json")) || slice_is(type, "*/*") ||
		slice_equal_nocase(type, SLICE("application/*"));
}

bool taxii_is_acceptable(struct slice accept)
{
	struct slice range;

	while (slice_cut(&accept, ',', &range))
		if (range_admits(range))
			return true;
	return false;
}

static bool versions_read(struct slice text, struct shelf_question *ret)
{
	struct slice one;
	int64_t time;

	ret->exact = text;
	ret->versions = text.len == 0 ? SHELF_LAST : 0;
	while (slice_cut(&text, ',', &one)) {
		if (slice_is(one, "last"))
			ret->versions |= SHELF_LAST;
		else if (slice_is(one, "first"))
			ret->versions |= SHELF_FIRST;
		else if (slice_is(one, "all"))
			ret->versions |= SHELF_ALL;
		else if (!time_read(one, &time))
			return false;
	}
	return true;
}

/* What this collection holds is of version 2.1; asking for others only gives nothing. */
static bool is_other_spec(struct slice list)
{
	struct slice one;
	bool other = list.len > 0;

	while (slice_cut(&list, ',', &one))
		other = other && !slice_is(one, "2.1");
	return other;
}

bool taxii_question_read(
	const struct request_target *target, struct shelf_question *ret, const char **ret_wrong)
{
	struct slice after = request_target_param(target, "added_after");
	struct slice limit = request_target_param(target, "limit");
	struct slice next = request_target_param(target, "next");
	uint64_t count = PUBLISH_PAGE_MAX;
	int64_t from;

	*ret = (struct shelf_question){
		.ids = request_target_param(target, "match[id]"),
		.types = request_target_param(target, "match[type]"),
	};
	*ret_wrong = "added_after";
	if (after.len > 0 && !time_read(after, &ret->after_us))
		return false;
	*ret_wrong = "limit";
	if (limit.len > 0 && (!slice_to_u64(limit, &count) || count == 0))
		return false;
	ret->limit = count > PUBLISH_PAGE_MAX ? PUBLISH_PAGE_MAX : (int64_t)count;
	*ret_wrong = "next";
	if (next.len > 0 && (!slice_to_i64(next, &from) || from < 0))
		return false;
	if (next.len > 0 && from > ret->after_us)
		ret->after_us = from;
	*ret_wrong = "match[version]";
	if (!versions_read(request_target_param(target, "match[version]"), ret))
		return false;
	if (is_other_spec(request_target_param(target, "match[spec_version]")))
		ret->types = SLICE("none");
	return true;
}
