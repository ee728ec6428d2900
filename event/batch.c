#include "event/batch.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <string.h>

/* A recycled batch keeps at most so much memory. */
enum { TEXT_KEPT = 64 * 1024 };

#define LINE_START "{\"event_id\":\""

struct batch *batch_new(void)
{
	return mem_alloc(sizeof(struct batch));
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	buf_release(&b->text);
	mem_free(b);
}

void batch_add(struct batch *b, struct event_id id, struct slice json)
{
	if (!b->count)
		b->first = id;
	b->id = id;
	b->count++;
	buf_add_slice(&b->text, json);
	buf_add_byte(&b->text, '\n');
}

void batch_list_push(struct batch_list *list, struct batch *b)
{
	must(!b->next);
	if (list->last)
		list->last->next = b;
	else
		list->first = b;
	list->last = b;
	list->events += b->count;
	list->len += b->text.len;
}

struct batch *batch_list_pop(struct batch_list *list)
{
	struct batch *b = list->first;

	if (!b)
		return NULL;
	list->first = b->next;
	if (!list->first)
		list->last = NULL;
	list->events -= b->count;
	list->len -= b->text.len;
	b->next = NULL;
	return b;
}

void batch_list_append(struct batch_list *list, struct batch_list *rest)
{
	if (!rest->first)
		return;
	if (list->last)
		list->last->next = rest->first;
	else
		list->first = rest->first;
	list->last = rest->last;
	list->events += rest->events;
	list->len += rest->len;
	*rest = (struct batch_list){0};
}

void batch_list_release(struct batch_list *list)
{
	struct batch *b;

	while ((b = batch_list_pop(list)))
		batch_free(b);
}

void batch_reset(struct batch *b)
{
	b->count = 0;
	if (b->text.room > TEXT_KEPT)
		buf_release(&b->text);
	buf_clear(&b->text);
}

struct event_id id_shift_apply(const struct id_shift *shift, struct event_id id)
{
	if (shift->ms && event_id_compare(id, shift->upto) <= 0)
		id.ms += shift->ms;
	return id;
}

static void line_shift(const struct id_shift *shift, char *line, size_t len)
{
	enum { START = sizeof LINE_START - 1 };
	struct event_id id;
	char text[EVENT_ID_LEN + 1];

	if (len < START + EVENT_ID_LEN || memcmp(line, LINE_START, START) != 0 ||
		!event_id_read((struct slice){line + START, EVENT_ID_LEN}, &id))
		return;
	event_id_write(id_shift_apply(shift, id), text);
	memcpy(line + START, text, EVENT_ID_LEN);
}

void batch_text_shift(const struct id_shift *shift, char *text, size_t len)
{
	while (shift->ms && len) {
		char *end = memchr(text, '\n', len);
		size_t line_len = end ? (size_t)(end - text) + 1 : len;

		line_shift(shift, text, line_len);
		text += line_len;
		len -= line_len;
	}
}
