#include "courier/cloudevent.h"

#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/text.h"

/* CloudEvents 1.0 §Type System: a String holds no control characters and no noncharacters. */
static bool is_string_char(int32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return false;
	return (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef);
}

static struct slice string_clean(struct slice text, struct buf *out)
{
	for (size_t at = 0, next = 0; out->len < SUBJECT_LEN_MAX; at = next) {
		int32_t c = text_next(text, &next);

		if (c < 0)
			break;
		if (is_string_char(c))
			buf_add(out, text.at + at, next - at);
	}
	return buf_slice(out);
}

static const char *type_of(const struct parcel *parcel)
{
	static const char *const types[PARCEL_PURPOSE_COUNT] = {
		[PARCEL_ALERT] = CLOUDEVENT_TYPE_RAISED,
		[PARCEL_STATE] = CLOUDEVENT_TYPE_STATE,
		[PARCEL_RETRACTION] = CLOUDEVENT_TYPE_RETRACTED,
		[PARCEL_ESCALATION] = CLOUDEVENT_TYPE_ESCALATED,
		[PARCEL_REMINDER] = CLOUDEVENT_TYPE_REMINDER,
		[PARCEL_TEST] = CLOUDEVENT_TYPE_TEST,
	};

	if (parcel->purpose == PARCEL_ALERT && parcel->alert->revision > 1)
		return CLOUDEVENT_TYPE_UPDATED;
	return types[parcel->purpose];
}

/* When that came about which the event tells. */
static int64_t time_of(const struct alert *alert)
{
	return alert->standing.change ? alert->standing.at_us : alert->timestamp_us;
}

static void text_member(struct json_writer *w, const char *key, const char *value)
{
	json_key(w, key);
	json_text(w, slice_of(value));
}

void cloudevent_write(const struct parcel *parcel, const char *source, struct buf *out)
{
	CLEANUP(buf_release) struct buf clean = {0};
	struct slice subject = string_clean(parcel->alert->entity, &clean);
	struct json_writer w = json_writer_on(out);
	char time[TIME_TEXT_LEN + 1];

	time_write(time_of(parcel->alert), time);
	json_begin_object(&w);
	text_member(&w, "specversion", "1.0");
	text_member(&w, "id", parcel->key);
	text_member(&w, "source", source);
	text_member(&w, "type", type_of(parcel));
	if (subject.len > 0) { /* must not be an empty string */
		json_key(&w, "subject");
		json_text(&w, subject);
	}
	text_member(&w, "time", time);
	text_member(&w, "datacontenttype", "application/json");
	json_key(&w, "data");
	json_raw(&w, parcel->json);
	json_end_object(&w);
}
