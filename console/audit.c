#include "console/audit.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <string.h>

static void add_number(struct buf *b, uint64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_add_byte(b, (char)(number >> shift));
}

static void add_field(struct buf *b, struct slice field)
{
	add_number(b, field.len);
	buf_add_slice(b, field);
}

/* Lengths stand before the fields, so that no two entries give the same bytes. */
static void entry_hash(const uint8_t before[SHA256_LEN], uint64_t seq,
	const struct audit_entry *entry, uint8_t ret[SHA256_LEN])
{
	CLEANUP(buf_release) struct buf b = {0};

	buf_add(&b, before, SHA256_LEN);
	add_number(&b, seq);
	add_number(&b, (uint64_t)entry->at_us);
	add_field(&b, entry->actor);
	add_field(&b, entry->address);
	add_field(&b, entry->action);
	add_field(&b, entry->alert_id);
	add_field(&b, entry->detail);
	digest_sha256(buf_slice(&b), ret);
}

static uint64_t last_entry(struct db *db, uint8_t ret_hash[SHA256_LEN])
{
	CLEANUP(query_end)
	struct query *q =
		db_query(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", DB_NOTHING);

	memset(ret_hash, 0, SHA256_LEN);
	if (!query_next(q))
		return 0;
	struct slice hash = query_bytes(q, 1);

	if (hash.len == SHA256_LEN)
		memcpy(ret_hash, hash.at, SHA256_LEN);
	return (uint64_t)query_int(q, 0);
}

void audit_append(struct db *db, const struct audit_entry *entry)
{
	uint8_t before[SHA256_LEN], hash[SHA256_LEN];
	uint64_t seq = last_entry(db, before) + 1;

	entry_hash(before, seq, entry, hash);
	db_run(db, "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		DB_VALUES(db_int((int64_t)seq), db_int(entry->at_us), db_text(entry->actor),
			db_text(entry->address), db_text(entry->action), db_text(entry->alert_id),
			db_text(entry->detail), db_bytes(hash, sizeof hash)));
}

bool audit_verify(struct db *db, struct slice head, struct audit_report *ret, struct err *err)
{
	CLEANUP(query_end)
	struct query *q = db_query(db,
		"SELECT seq, hash, at_us, actor, address, action, alert_id, detail FROM audit "
		"ORDER BY seq",
		DB_NOTHING);
	uint8_t before[SHA256_LEN] = {0}, hash[SHA256_LEN];
	bool head_seen = head.len == 0;

	*ret = (struct audit_report){0};
	digest_hex(before, SHA256_LEN, ret->head);
	while (query_next(q)) {
		struct audit_entry entry = {query_int(q, 2), query_bytes(q, 3), query_bytes(q, 4),
			query_bytes(q, 5), query_bytes(q, 6), query_bytes(q, 7)};
		uint64_t seq = (uint64_t)query_int(q, 0);

		if (seq != ret->count + 1)
			return err_set(err, NULL, 0, "audit entry %llu is missing",
				(unsigned long long)ret->count + 1);
		entry_hash(before, seq, &entry, hash);
		if (!slice_equal(query_bytes(q, 1), slice_over(hash, sizeof hash)))
			return err_set(err, NULL, 0, "audit entry %llu was changed",
				(unsigned long long)seq);
		memcpy(before, hash, sizeof hash);
		digest_hex(hash, sizeof hash, ret->head);
		head_seen = head_seen || slice_equal_nocase(head, slice_of(ret->head));
		ret->count++;
	}
	if (!head_seen)
		return err_set(err, NULL, 0, "no audit entry has the hash %.*s: the log was cut",
			SLICE_ARG(head));
	return true;
}
