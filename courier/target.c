#include "courier/target.h"

#include "courier/atom.h"
#include "courier/mail.h"
#include "courier/ndjson.h"
#include "courier/syslog.h"
#include "courier/taxii.h"
#include "courier/webhook.h"

/* The same order in both. */
const char *const target_kind_names[] = {
	"webhook", "mail", "file", "syslog", "taxii", "atom", NULL};
const struct target_kind *const target_kinds[] = {
	&webhook_kind, &mail_kind, &ndjson_kind, &syslog_kind, &taxii_kind, &atom_kind};

static const char *const purpose_names[PARCEL_PURPOSE_COUNT] = {
	[PARCEL_ALERT] = "alert",
	[PARCEL_STATE] = "state",
	[PARCEL_RETRACTION] = "retraction",
	[PARCEL_ESCALATION] = "escalation",
	[PARCEL_REMINDER] = "reminder",
	[PARCEL_TEST] = "test",
};

const char *parcel_purpose_name(enum parcel_purpose purpose)
{
	return purpose_names[purpose];
}
