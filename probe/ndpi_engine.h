/* nDPI, known to this module alone: which protocol a flow speaks, and what is risky about it.
 *
 *     struct ndpi_engine *e = ndpi_engine_new("ndpi-protos.txt", 10000, &err);
 *     struct ndpi_state *state = ndpi_engine_begin(e);        (NULL: as many as allowed are out)
 *     while (!ndpi_engine_packet(e, state, &packet, &verdict))
 *             ...
 *     ndpi_engine_end(e, &state, &verdict);
 *
 * A state belongs to one flow of one transport protocol, and to the thread of its engine; an
 * engine per thread. Passwords that nDPI finds are never read from it. */
#pragma once

#include "event/fields.h"
#include "probe/decode.h"

struct ndpi_engine;
struct ndpi_state;

struct ndpi_verdict {
	uint64_t risks;       /* a bit per risk */
	uint16_t master, app; /* nDPI's protocol numbers, 0 = unknown */
	uint8_t category, confidence;
	bool known; /* nDPI was asked at all */
};

enum { NDPI_RISKS_MAX = 64, NDPI_IDS_TEXT_MAX = 16, NDPI_NAME_TEXT_MAX = 80 };

/* What event_ndpi borrows from. */
struct ndpi_texts {
	struct slice risks[NDPI_RISKS_MAX];
	char proto[NDPI_NAME_TEXT_MAX];
	char proto_id[NDPI_IDS_TEXT_MAX];
};

/* `protocols_path` "" or NULL: no protocols of our own. At most `states_max` states at a time. */
struct ndpi_engine *ndpi_engine_new(const char *protocols_path, size_t states_max, struct err *err);
void ndpi_engine_free(struct ndpi_engine **e);

struct ndpi_state *ndpi_engine_begin(struct ndpi_engine *e);

/* True when nDPI needs no more packets of the flow. */
bool ndpi_engine_packet(struct ndpi_engine *e, struct ndpi_state *state, const struct packet *p,
	struct ndpi_verdict *verdict);

/* Takes the last word, guessing by port where nothing was recognised, and gives the state back. */
void ndpi_engine_end(
	struct ndpi_engine *e, struct ndpi_state **state, struct ndpi_verdict *verdict);

/* Adds the risk of an address that carries an injection (SQL, XSS, command). */
void ndpi_engine_url(struct ndpi_engine *e, struct slice url, struct ndpi_verdict *verdict);

/* Adds the risk of a certificate past its date; nDPI itself may notice only packets later. */
void ndpi_engine_expired(struct ndpi_verdict *verdict);

/* Fills an event's "ndpi" object; it borrows from `texts` and from the engine. */
void ndpi_engine_describe(const struct ndpi_engine *e, const struct ndpi_verdict *verdict,
	struct ndpi_texts *texts, struct event_ndpi *ret);

/* The name of the protocol that carries the flow ("TLS" of TLS.Google), "Unknown" for none. */
const char *ndpi_engine_carrier(const struct ndpi_engine *e, const struct ndpi_verdict *verdict);

/* Bytes the states use, as an estimate for dividing memory. */
size_t ndpi_engine_state_len(void);
