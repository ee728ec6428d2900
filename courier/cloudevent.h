/* An alert as a CloudEvent 1.0 in the JSON event format (application/cloudevents+json). */
#pragma once

#include "courier/target.h"
#include "lib/buf.h"

#define CLOUDEVENT_TYPE_RAISED    "vn.haidang.alert.raised"
#define CLOUDEVENT_TYPE_UPDATED   "vn.haidang.alert.updated" /* a later revision */
#define CLOUDEVENT_TYPE_STATE     "vn.haidang.alert.state"   /* acknowledged, closed, reopened */
#define CLOUDEVENT_TYPE_RETRACTED "vn.haidang.alert.retracted"
#define CLOUDEVENT_TYPE_ESCALATED "vn.haidang.alert.escalated"
#define CLOUDEVENT_TYPE_REMINDER  "vn.haidang.alert.reminder"
#define CLOUDEVENT_TYPE_TEST      "vn.haidang.alert.test"

void cloudevent_write(const struct parcel *parcel, const char *source, struct buf *out);
