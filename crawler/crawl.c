#include "crawler/crawl.h"

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <stdio.h>
#include <string.h>

enum { TROUBLE_MAX = 48, LABELS_MAX = 100, NAMED_MAX = 3, STUCK_MS = 3600 * 1000 };

struct slot {
	struct crawl *crawl;
	struct slice id;             /* borrowed from the generation of the source */
	const struct source *source; /* NULL when it is gone */
	mono_t due;
	struct look *look;         /* under way */
	mono_t stuck;              /* when a look under way is taken for trouble */
	char trouble[TROUBLE_MAX]; /* of the last look; empty: none */
};

struct crawl {
	const struct look_env *env;
	const struct clock *clock;
	struct sources *sources;
	struct slot **slots; /* in the order of the sources; a look keeps the address of its slot */
	size_t slot_count;
	struct slot **orphans; /* whose source is gone but not their look */
	size_t orphan_count;
};

struct crawl *crawl_new(const struct look_env *env, const struct clock *clock)
{
	struct crawl *c = mem_alloc(sizeof *c);

	c->env = env;
	c->clock = clock;
	return c;
}

static void slot_free(struct slot *slot)
{
	look_free(&slot->look);
	mem_free(slot);
}

void crawl_free(struct crawl **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < (*c)->slot_count; i++)
		slot_free((*c)->slots[i]);
	for (size_t i = 0; i < (*c)->orphan_count; i++)
		slot_free((*c)->orphans[i]);
	mem_free((*c)->slots);
	mem_free((*c)->orphans);
	sources_release(&(*c)->sources);
	mem_free(*c);
	*c = NULL;
}

static struct slot *take_slot(struct crawl *c, struct slice id)
{
	for (size_t i = 0; i < c->slot_count; i++)
		if (c->slots[i] != NULL && slice_equal(c->slots[i]->id, id)) {
			struct slot *slot = c->slots[i];

			c->slots[i] = NULL;
			return slot;
		}
	struct slot *slot = mem_alloc(sizeof *slot);
	slot->crawl = c;
	slot->due = clock_mono(c->clock);
	return slot;
}

static void drop_slot(struct crawl *c, struct slot *slot)
{
	slot->source = NULL;
	if (slot->look == NULL) {
		mem_free(slot);
		return;
	}
	c->orphans = mem_resize(c->orphans, c->orphan_count + 1, sizeof(struct slot *));
	c->orphans[c->orphan_count++] = slot;
}

void crawl_use(struct crawl *c, struct sources *sources)
{
	struct slot **slots = mem_array(sources->count + 1, sizeof(struct slot *));

	for (size_t i = 0; i < sources->count; i++) {
		slots[i] = take_slot(c, sources->at[i].id);
		slots[i]->source = &sources->at[i];
	}
	for (size_t i = 0; i < c->slot_count; i++)
		if (c->slots[i] != NULL)
			drop_slot(c, c->slots[i]);
	for (size_t i = 0; i < sources->count; i++)
		slots[i]->id = sources->at[i].id;
	mem_free(c->slots);
	c->slots = slots;
	c->slot_count = sources->count;
	sources_release(&c->sources);
	c->sources = sources_keep(sources);
}

/* A source that stops must not do so in silence: told once, and once more when it is over. */
static void set_trouble(struct slot *slot, const char *trouble)
{
	if (strcmp(slot->trouble, trouble) == 0)
		return;
	if (trouble[0] != '\0')
		log_warning("a source cannot be read source=%.*s reason=%s", SLICE_ARG(slot->id),
			trouble);
	else
		log_notice("a source is read again source=%.*s", SLICE_ARG(slot->id));
	(void)snprintf(slot->trouble, sizeof slot->trouble, "%s", trouble);
}

static void note_read(const struct slot *slot)
{
	char labels[LABELS_MAX];

	(void)snprintf(labels, sizeof labels, "source=\"%.*s\"", SLICE_ARG(slot->id));
	metric_set(metrics_gauge(slot->crawl->env->metrics, "haidang_crawler_source_read_seconds",
			   labels, "When a source was last read, in Unix time."),
		clock_wall_us(slot->crawl->clock) / 1000000);
}

static void on_look_end(void *ctx, struct look *look)
{
	struct slot *slot = ctx;
	const struct crawler_config *config = slot->crawl->env->knowledge->config;

	slot->look = NULL;
	if (slot->source == NULL)
		return;
	set_trouble(slot, look_trouble(look));
	if (slot->trouble[0] == '\0')
		note_read(slot);
	int64_t pause = config->disaster ? slot->source->disaster_ms : slot->source->cadence_ms;
	slot->due = mono_after(clock_mono(slot->crawl->clock), pause);
}

static void drop_orphans(struct crawl *c)
{
	for (size_t i = 0; i < c->orphan_count;)
		if (c->orphans[i]->look == NULL) {
			mem_free(c->orphans[i]);
			c->orphans[i] = c->orphans[--c->orphan_count];
		} else {
			i++;
		}
}

void crawl_tick(struct crawl *c)
{
	mono_t now = clock_mono(c->clock);

	drop_orphans(c);
	for (size_t i = 0; i < c->slot_count; i++) {
		struct slot *slot = c->slots[i];

		if (slot->look != NULL && mono_left_ms(slot->stuck, now) == 0)
			set_trouble(slot, "waits_for_host");
		if (slot->look != NULL || mono_left_ms(slot->due, now) > 0 ||
			source_refusal(slot->source) != NULL)
			continue;
		slot->due = mono_after(now, slot->source->cadence_ms);
		slot->stuck = mono_after(now, STUCK_MS);
		look_start(c->env, &(struct look_plan){c->sources, slot->source, on_look_end, slot},
			&slot->look);
	}
}

size_t crawl_active(const struct crawl *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->slot_count; i++)
		count += source_refusal(c->slots[i]->source) == NULL;
	return count;
}

const char *crawl_status(const struct crawl *c, struct arena *a)
{
	CLEANUP(buf_release) struct buf names = {0};
	size_t count = 0;

	for (size_t i = 0; i < c->slot_count; i++) {
		const struct slot *slot = c->slots[i];

		if (slot->trouble[0] == '\0' || source_refusal(slot->source) != NULL)
			continue;
		if (count++ < NAMED_MAX)
			buf_printf(&names, "%s%.*s (%s)", count == 1 ? "" : ", ",
				SLICE_ARG(slot->id), slot->trouble);
	}
	if (count == 0)
		return arena_printf(a, "reading %zu sources", crawl_active(c));
	return arena_printf(a, "reading %zu sources, %zu in trouble: %.*s%s", crawl_active(c),
		count, SLICE_ARG(buf_slice(&names)), count > NAMED_MAX ? " …" : "");
}
