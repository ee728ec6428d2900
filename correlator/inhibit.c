#include "correlator/inhibit.h"

#include "event/streams.h"
#include "lib/json_read.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <inttypes.h>
#include <sys/random.h>

enum { BEGUN_MAX = 1024 };

/* One that begins: until when, and how grave. */
struct begun {
	struct buf key, text;
	unsigned bucket;
	int64_t ttl_ms;
};

struct inhibit {
	struct store *store;
	struct json_reader *reader;
	struct begun begun[BEGUN_MAX];
	size_t count;
	uint64_t version;
};

struct inhibit *inhibit_new(struct store *store)
{
	struct inhibit *i = mem_alloc(sizeof *i);

	i->store = store;
	must(getrandom(&i->version, sizeof i->version, 0) == (ssize_t)sizeof i->version);
	i->reader = json_reader_new(ALERT_JSON_MAX);
	return i;
}

void inhibit_free(struct inhibit **i)
{
	if (!*i)
		return;
	inhibit_forget(*i);
	json_reader_free(&(*i)->reader);
	mem_free(*i);
	*i = NULL;
}

/* From the group, else from the event. */
static bool value_of(
	struct inhibit *i, const struct rule_hit *hit, struct slice field, struct buf *out)
{
	CLEANUP(buf_release) struct buf name = {0};
	const struct slice from[] = {hit->group, hit->hit.sample};
	struct err ignored = {0};
	struct json_value root, v;
	struct slice text;

	buf_add_slice(&name, field);
	for (size_t k = 0; k < 2; k++) {
		if (!json_read(i->reader, from[k], &root, &ignored) ||
			!json_at(root, buf_text(&name), &v))
			continue;
		if (json_to_text(v, &text))
			buf_add_slice(out, text);
		else
			json_copy(v, out);
		return true;
	}
	return false;
}

static unsigned key_of(const struct rule *by, struct slice value, struct buf *out)
{
	stream_inhibition(by->key, value, out);
	return stream_bucket(by->key, value);
}

/* The text after the version: until when (µs since 1970) and the level's number. */
static bool says(struct slice text, const struct rule_hit *hit, enum alert_level level)
{
	struct slice until;
	uint64_t until_us = 0, grave = 0;

	return slice_cut(&text, ' ', &until) && slice_to_u64(until, &until_us) &&
		slice_to_u64(text, &grave) && hit->hit.time_us <= (int64_t)until_us &&
		(uint64_t)level <= grave;
}

static bool begun_here(const struct inhibit *i, struct slice key, const struct rule_hit *hit,
	enum alert_level level)
{
	for (size_t k = 0; k < i->count; k++)
		if (slice_equal(buf_slice(&i->begun[k].key), key) &&
			says(buf_slice(&i->begun[k].text), hit, level))
			return true;
	return false;
}

static bool stands(struct inhibit *i, struct slice key, unsigned bucket, const struct rule_hit *hit,
	enum alert_level level)
{
	struct store_cell cell = {.key = key, .bucket = bucket}, *cells[] = {&cell};
	bool held = i->store->fetch(i->store, cells, 1) == 0 &&
		says(slice_from(buf_slice(&cell.blob), WINDOW_VERSION_LEN), hit, level);

	buf_release(&cell.blob);
	return held;
}

bool inhibit_holds(struct inhibit *i, const struct rule_hit *hit, enum alert_level level)
{
	const struct rule *r = hit->target;

	for (size_t k = 0; k < r->inhibitor_count; k++) {
		CLEANUP(buf_release) struct buf value = {0}, key = {0};
		const struct rule *by = r->inhibitors[k];

		if (!value_of(i, hit, by->response.inhibition.same, &value))
			continue;
		unsigned bucket = key_of(by, buf_slice(&value), &key);
		if (begun_here(i, buf_slice(&key), hit, level) ||
			stands(i, buf_slice(&key), bucket, hit, level))
			return true;
	}
	return false;
}

void inhibit_begin(struct inhibit *i, const struct rule_hit *hit, enum alert_level level)
{
	CLEANUP(buf_release) struct buf value = {0};
	const struct inhibition *says_so = &hit->target->response.inhibition;

	if (says_so->rule_count == 0 || i->count == BEGUN_MAX ||
		!value_of(i, hit, says_so->same, &value))
		return;
	struct begun *b = &i->begun[i->count++];

	*b = (struct begun){.ttl_ms = says_so->for_us / 1000 + INT64_C(3600000)};
	b->bucket = key_of(hit->target, buf_slice(&value), &b->key);
	buf_printf(&b->text, "%" PRId64 " %d", hit->hit.time_us + says_so->for_us, (int)level);
}

static int write_one(struct inhibit *i, const struct begun *b)
{
	struct store_cell cell = {
		.key = buf_slice(&b->key), .bucket = b->bucket, .ttl_ms = b->ttl_ms};
	struct store_cell *cells[] = {&cell};
	int said = i->store->fetch(i->store, cells, 1);

	if (said == 0) {
		i->version++;
		buf_add(&cell.next, &i->version, WINDOW_VERSION_LEN);
		buf_add_slice(&cell.next, buf_slice(&b->text));
		said = i->store->commit(i->store, cells, 1);
	}
	buf_release(&cell.blob);
	buf_release(&cell.next);
	return said;
}

int inhibit_write(struct inhibit *i)
{
	int said = 0;

	for (size_t k = 0; k < i->count && said == 0; k++)
		said = write_one(i, &i->begun[k]);
	inhibit_forget(i);
	return said;
}

void inhibit_forget(struct inhibit *i)
{
	for (size_t k = 0; k < i->count; k++) {
		buf_release(&i->begun[k].key);
		buf_release(&i->begun[k].text);
	}
	i->count = 0;
}
