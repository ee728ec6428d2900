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

static enum parcel_purpose purpose_of(const struct alert *alert)
{
	const struct alert_standing *standing = &alert->standing;

	if (slice_is(alert->notice.kind, ALERT_NOTICE_ESCALATION))
		return PARCEL_ESCALATION;
	if (alert->notice.kind.len)
		return PARCEL_REMINDER;
	if (!standing->change)
		return PARCEL_ALERT;
	return slice_is(standing->state, "closed") &&
			slice_is(standing->disposition, ALERT_FALSE_POSITIVE)
		? PARCEL_RETRACTION
		: PARCEL_STATE;
}

/* No '.' in it: the signed text of a webhook is id.timestamp.body. */
static void key_write(const struct alert *alert, char ret[ITEM_KEY_MAX])
{
	int len = snprintf(
		ret, ITEM_KEY_MAX, "%.*s-%" PRIu64, SLICE_ARG(alert->alert_id), alert->revision);

	if (alert->standing.change)
		len += snprintf(ret + len, ITEM_KEY_MAX - (size_t)len, "-s%" PRIu64,
			alert->standing.change);
	if (alert->notice.kind.len)
		(void)snprintf(ret + len, ITEM_KEY_MAX - (size_t)len, "-n%.*s",
			SLICE_ARG(alert->notice.id));
}

bool parcel_read(struct parcel_reader *r, struct slice json, struct parcel *ret, struct err *err)
{
	struct json_value root;

	arena_rewind(r->arena);
	if (!json_read(r->json, json, &root, err) || !alert_read(root, r->arena, &r->alert, err))
		return false;
	key_write(&r->alert, r->key);
	*ret = (struct parcel){
		.key = r->key,
		.purpose = purpose_of(&r->alert),
		.alert = &r->alert,
		.json = json,
	};
	return true;
}
