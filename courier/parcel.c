#include "courier/parcel.h"

#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>

struct parcel_reader {
	struct json_reader *json;
	struct arena *arena;
	struct alert alert;
	char key[ITEM_KEY_MAX];
};

struct parcel_reader *parcel_reader_new(void)
{
	struct parcel_reader *r = mem_alloc(sizeof(*r));

	r->json = json_reader_new(ALERT_JSON_MAX);
	r->arena = arena_new();
	return r;
}

void parcel_reader_free(struct parcel_reader **r)
{
	if (!*r)
		return;
	json_reader_free(&(*r)->json);
	arena_free(&(*r)->arena);
	mem_free(*r);
	*r = NULL;
}

bool parcel_read(struct parcel_reader *r, struct slice json, struct parcel *ret, struct err *err)
{
	struct json_value root;

	arena_rewind(r->arena);
	if (!json_read(r->json, json, &root, err) || !alert_read(root, r->arena, &r->alert, err))
		return false;
	/* No '.' in it: the signed text is id.timestamp.body. */
	(void)snprintf(r->key, sizeof(r->key), "%.*s-%" PRIu64, SLICE_ARG(r->alert.alert_id),
		r->alert.revision);
	*ret = (struct parcel){
		.key = r->key,
		.alert = json,
		.revision = r->alert.revision,
		.timestamp_us = r->alert.timestamp_us,
		.entity = r->alert.entity,
	};
	return true;
}

bool parcel_is_wanted(const struct parcel_reader *r, const struct target_config *target)
{
	const char *domain = alert_domain_name(r->alert.domain);

	if ((int64_t)r->alert.rule.level < target->min_level)
		return false;
	for (size_t i = 0; i < target->domains.count; i++)
		if (slice_is(slice_of(domain), target->domains.at[i]))
			return true;
	return target->domains.count == 0;
}
