#include "courier/ndjson.h"

#include "courier/journal.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SYNC_MS = 1000 };

struct ndjson {
	struct target_place place;
	struct journal *journal;        /* NULL: to be opened again */
	void *written[QUEUE_ITEMS_MAX]; /* tokens to be answered after the next sync */
	void *failed[QUEUE_ITEMS_MAX];
	size_t written_count, failed_count;
	bool dirty;
	mono_t next_sync;
	char said[REASON_MAX];
};

void ndjson_write(const struct parcel *parcel, struct buf *out)
{
	struct json_writer w = json_writer_on(out);

	json_begin_object(&w);
	json_key(&w, "key");
	json_text(&w, slice_of(parcel->key));
	json_key(&w, "purpose");
	json_text(&w, slice_of(parcel_purpose_name(parcel->purpose)));
	json_key(&w, "alert");
	json_raw(&w, parcel->json);
	json_end_object(&w);
	/* The alert stands as it was sent; a line feed between its tokens would end the line. */
	for (size_t i = 0; i < out->len; i++)
		if (out->at[i] == '\n' || out->at[i] == '\r')
			out->at[i] = ' ';
}

static bool ndjson_check(const struct target_config *config, struct err *err)
{
	CLEANUP(mem_cleanup) char *folder = journal_folder(config->path);

	if (config->path[0] != '/')
		return err_set(err, NULL, 0, "path is missing, or does not begin with '/'");
	if (access(folder, W_OK | X_OK) < 0)
		return err_set(err, config->path, 0, "its folder: %s", strerrordesc_np(errno));
	return true;
}

static struct journal *open_journal(const struct target_place *place, struct err *err)
{
	const struct target_config *c = place->config;

	return journal_open(
		c->path, &(struct journal_options){c->size_max, c->files_max, place->trial}, err);
}

static void *ndjson_open(const struct target_place *place, struct err *err)
{
	struct journal *journal = open_journal(place, err);

	if (!journal)
		return NULL;
	struct ndjson *n = mem_alloc(sizeof(*n));

	n->place = *place;
	n->journal = journal;
	n->next_sync = clock_mono(place->clock);
	return n;
}

static void ndjson_close(void **sender)
{
	struct ndjson *n = *sender;

	if (!n)
		return;
	if (n->journal && n->dirty) {
		int ignored = journal_sync(n->journal);

		(void)ignored; /* what the policy promised was synced before */
	}
	journal_close(&n->journal);
	mem_free(n);
	*sender = NULL;
}

static int append(struct ndjson *n, const struct parcel *parcel)
{
	CLEANUP(buf_release) struct buf line = {0};
	struct err err = {0};

	if (!n->journal)
		n->journal = open_journal(&n->place, &err);
	if (!n->journal)
		return -EIO;
	if (journal_has(n->journal, parcel->key))
		return 0;
	ndjson_write(parcel, &line);
	return journal_append(n->journal, parcel->key, buf_slice(&line));
}

static void ndjson_send(void *sender, const struct parcel *parcel)
{
	struct ndjson *n = sender;
	int err = append(n, parcel);

	must(n->written_count < QUEUE_ITEMS_MAX && n->failed_count < QUEUE_ITEMS_MAX);
	if (err) {
		memcpy(n->said, strerrordesc_np(-err), strlen(strerrordesc_np(-err)) + 1);
		n->failed[n->failed_count++] = parcel->token;
		return;
	}
	n->dirty = true;
	n->written[n->written_count++] = parcel->token;
}

/* After a failed sync nobody knows what is on the disk: the file is read again before the next
 * line, and what is in it is not written twice. */
static void sync_lines(struct ndjson *n)
{
	mono_t now = clock_mono(n->place.clock);
	int64_t policy = n->place.config->fsync;

	if (!n->dirty || policy == FSYNC_NEVER || !n->journal ||
		(policy == FSYNC_SECOND && mono_left_ms(n->next_sync, now) > 0))
		return;
	int err = journal_sync(n->journal);

	n->next_sync = mono_after(now, SYNC_MS);
	n->dirty = false;
	if (!err)
		return;
	journal_close(&n->journal);
	memcpy(n->said, strerrordesc_np(-err), strlen(strerrordesc_np(-err)) + 1);
	while (n->written_count > 0)
		n->failed[n->failed_count++] = n->written[--n->written_count];
}

static void ndjson_wait(void *sender, int64_t timeout_ms, target_on_answer *fn, void *ctx)
{
	struct ndjson *n = sender;
	struct answer done = {.verdict = VERDICT_DELIVERED}, failed = {.verdict = VERDICT_RETRY};

	(void)timeout_ms; /* nothing to wait for */
	sync_lines(n);
	answer_say(&done, "written");
	answer_say(&failed, "cannot be written: %s", n->said);
	while (n->written_count > 0)
		fn(ctx, n->written[--n->written_count], &done);
	while (n->failed_count > 0)
		fn(ctx, n->failed[--n->failed_count], &failed);
}

static const char *const settings[] = {"path", "fsync", "size_max", "files_max", NULL};

const struct target_kind ndjson_kind = {
	.name = "file",
	.settings = settings,
	.check = ndjson_check,
	.open = ndjson_open,
	.close = ndjson_close,
	.send = ndjson_send,
	.wait = ndjson_wait,
};
