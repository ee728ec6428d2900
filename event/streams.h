/* The names of everything in Redis, in one place.
 *
 *   ev:{net.SENSOR.W}, ev:{web.CRAWLER.W}   producer streams; an entry holds a batch, field "b":
 *                                           events as NDJSON, id = that of its last event
 *   ev:index                                set of all producer streams
 *   pos:{net.SENSOR.W}                      how far a producer has read the source it takes from
 *   lease:{STREAM}                          which worker reads a producer stream
 *   workers:{correlator}                    the workers, by when they were last seen
 *   w:{bNN}:RULE|GROUP                      a correlation window or alert group, with marks
 *   h:{bNN}:RULE|VALUE                     until when an alert of a rule silences others
 *   al:{bNN}                                alerts of bucket NN, field "a": one alert as JSON
 *   changes:{console}                       what analysts did, field "a": the alert as JSON with its
 *                                           standing; written by the console
 *   to:{TARGET}                             alerts for one target of the courier alone, field "a":
 *                                           escalations, reminders, dead letters to be tried again
 *   got:{TARGET}                            which alerts a target got: sorted set, by time
 *   watch:{courier}, watch:{courier}:…      open alerts and when something is due on them
 *   audit:{courier}                         what operators did with dead letters; refused routes
 *   refused:{correlator}                    events that could not be used, the newest: stream, entry,
 *                                           reason, length, event
 *   dead:{TARGET}                           alerts a courier's target refused for good
 *   inv:{SITE}:KIND, inv:{SITE}:KIND:last   inventory: value to its first event and stream; value
 *                                           to when it was last seen (s since 1970)
 *   inv:index                               set of all sites
 *   mute:{all}                              the mutes, one JSON document (event/mute.h)
 *   mute:{all}:counts                       per mute: how many alerts it muted
 *   mute:{all}:log                          who changed the mutes, and how
 *   health:PROGRAM.INSTANCE, health:index   what `haidang status` shows
 *   sources:CRAWLER                         hash of source id to what became of it, as JSON:
 *                                           {"id","kind","tier","state":"ok|trouble|off|waiting",
 *                                           "reason","interval_s","read","next" (Unix times),
 *                                           "lag_s","fetched","new","changed","removed",
 *                                           "unchanged","refused","failed","refusals":{REASON:
 *                                           count}}; INSTANCE of health is the CRAWLER
 *
 * The part in braces is the cluster's hash tag: window and alert stream of a bucket share it. */
#pragma once

#include "lib/buf.h"

enum { ALERT_BUCKETS = 16, STREAM_NAME_MAX = 96 };

#define STREAM_INDEX         "ev:index"
#define HEALTH_INDEX         "health:index"
#define EVENT_FIELD_BATCH    "b"
#define ALERT_FIELD_BODY     "a"
#define INVENTORY_INDEX      "inv:index"
#define INVENTORY_KINDS      "address", "service", "protocol", "client", "domain"
#define INVENTORY_PAIRS_MAX  "32768" /* of one kind at one site */
#define MUTES_KEY            "mute:{all}"
#define MUTE_COUNTS_KEY      "mute:{all}:counts"
#define MUTE_LOG_KEY         "mute:{all}:log"
#define CORRELATOR_GROUP     "correlator"
#define SOURCES_KEY_PREFIX   "sources:" /* and the name of the crawler */
#define COURIER_GROUP_PREFIX "courier." /* and the name of the target */
#define COURIER_WATCH_GROUP  "courier"  /* of the courier's own clocks */
#define CORRELATOR_WORKERS   "workers:{correlator}"
#define REFUSED_STREAM       "refused:{correlator}"
#define CHANGE_STREAM        "changes:{console}"
#define COURIER_AUDIT        "audit:{courier}"

/* `kind` is "net" or "web". The name may hold letters, digits, '-' and '_' (the caller checks
 * with stream_name_is_valid()). */
void stream_producer(
	const char *kind, const char *name, unsigned worker, char ret[STREAM_NAME_MAX]);
void stream_position(
	const char *kind, const char *name, unsigned worker, char ret[STREAM_NAME_MAX]);
bool stream_name_is_valid(const char *name);

/* Whether it is the name of a producer stream: the index holds what any producer put there. */
bool stream_is_producer(struct slice stream);

void stream_alerts(unsigned bucket, char ret[STREAM_NAME_MAX]);
void stream_dead_letters(const char *target, char ret[STREAM_NAME_MAX]);
void stream_for_target(const char *target, char ret[STREAM_NAME_MAX]); /* to:{TARGET} */
void stream_got(const char *target, char ret[STREAM_NAME_MAX]);        /* got:{TARGET} */
void stream_lease(struct slice stream, struct buf *ret);
unsigned stream_bucket(struct slice rule_id, struct slice group);
void stream_window(struct slice rule_id, struct slice group, struct buf *ret);
void stream_inventory(struct slice site, struct slice kind, struct buf *ret);
void stream_inhibition(struct slice rule_id, struct slice value, struct buf *ret);
