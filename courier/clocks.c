#include "courier/clocks.h"

#include <time.h>

enum { ZONE_S = 7 * 3600 }; /* Viet Nam */

enum gravity { AT_ONCE, SERIOUS, ORDINARY };

const struct legal_clock legal_clocks[CLOCK_COUNT] = {
	{"0h", 0, 1U << AT_ONCE, "báo cáo ngay", "report at once"},
	{"24h", 24, 1U << AT_ONCE | 1U << SERIOUS, "thông báo đầu tiên trong 24 giờ",
		"first notice within 24 hours"},
	{"72h", 72, 1U << AT_ONCE | 1U << SERIOUS | 1U << ORDINARY,
		"báo cáo nguyên nhân, phạm vi, khắc phục trong 72 giờ",
		"report of cause, scope and remedy within 72 hours"},
};

static const struct {
	const char *name, *tag;
	enum gravity gravity;
} gravities[] = {
	{"at_once", "haidang.incident-at-once", AT_ONCE},
	{"serious", "haidang.incident-serious", SERIOUS},
	{"ordinary", "haidang.incident-ordinary", ORDINARY},
};

static bool has_tag(const struct alert *alert, const char *tag)
{
	for (size_t i = 0; i < alert->rule.tag_count; i++)
		if (slice_is(alert->rule.tags[i], tag))
			return true;
	return false;
}

struct incident clocks_incident(const struct alert *alert)
{
	const struct alert_standing *standing = &alert->standing;

	if (slice_is(standing->state, "closed"))
		return (struct incident){0};
	for (size_t i = 0; i < sizeof(gravities) / sizeof(*gravities); i++) {
		if (slice_is(standing->incident, gravities[i].name))
			return (struct incident){1U << gravities[i].gravity, standing->incident_us};
		if (!standing->incident.len && has_tag(alert, gravities[i].tag))
			return (struct incident){1U << gravities[i].gravity, alert->timestamp_us};
	}
	return (struct incident){0};
}

void clocks_say(const struct legal_clock *clock, int64_t due_us, struct buf *vi, struct buf *en)
{
	time_t local = (time_t)(due_us / 1000000 + ZONE_S);
	struct tm tm;
	char at[32];

	(void)gmtime_r(&local, &tm);
	(void)strftime(at, sizeof(at), "%H:%M %d/%m/%Y", &tm);
	buf_printf(vi, "Sự cố chưa đóng: hạn %s (NĐ 331/2026, Điều 31) là %s.", clock->vi, at);
	buf_printf(en, "Open incident: %s (Decree 331/2026, Art. 31) is due at %s (UTC+7).",
		clock->en, at);
}
