/* What the makers of STIX objects share: an object under way, its common properties, its ids. */
#pragma once

#include "courier/stix.h"
#include "courier/uuid.h"

#define STIX_TLP "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421" /* TLP 2.0 amber */

struct stix_ids {
	char at[STIX_OBJECTS_MAX][STIX_ID_MAX];
	size_t count;
};

struct stix_maker {
	const struct parcel *parcel;
	const struct alert *alert;
	stix_on_object *fn;
	void *ctx;
	char identity[STIX_ID_MAX], extension[STIX_ID_MAX];
	char created[STIX_TIME_LEN + 1], modified[STIX_TIME_LEN + 1];
	bool revoked;
	struct stix_ids observed; /* the observables given so far */
	struct stix_ids all;      /* what the report binds */
	struct buf text;          /* the object under way */
	struct json_writer w;
};

/* "TYPE--UUID" of a name of ours. */
void stix_id(const char *type, struct slice name, char ret[STIX_ID_MAX]);

/* "TYPE--UUID" of an observable by its canonical properties (§2.9). */
void stix_observable_id(const char *type, struct slice canonical, char ret[STIX_ID_MAX]);

void stix_text(struct stix_maker *m, const char *key, struct slice value); /* not when "" */
void stix_word(struct stix_maker *m, const char *key, const char *value);
void stix_refs(struct stix_maker *m, const char *key, const struct stix_ids *ids);
void stix_ids_add(struct stix_ids *ids, const char *id); /* once */
bool stix_ids_has(const struct stix_ids *ids, const char *id);

/* An object of the alert: type, ids, times, marking. Then its own properties, then stix_end(). */
void stix_begin(struct stix_maker *m, const char *type, const char *id);

/* An observable has no times. */
void stix_begin_observable(struct stix_maker *m, const char *type, const char *id);
void stix_end(struct stix_maker *m, const char *type, const char *id, const char *version);

/* Gives the observables of an event. */
void stix_observe(struct stix_maker *m, const struct observed_event *event);
