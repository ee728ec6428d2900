#include "lib/metrics.h"

#include "lib/file.h"
#include "lib/mem.h"
#include "lib/must.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

struct metric {
	struct metric *next; /* of the same name */
	char *labels;
	_Atomic int64_t value;
};

/* All metrics of one name: HELP and TYPE stand once, the samples follow together. */
struct family {
	struct family *next;
	char *name, *help;
	const char *kind;
	struct metric *first, **end;
};

struct metrics {
	struct family *first, **end;
};

struct metrics *metrics_new(void)
{
	struct metrics *m = mem_alloc(sizeof(*m));

	m->end = &m->first;
	return m;
}

static void family_free(struct family *family)
{
	struct metric *next;

	for (struct metric *metric = family->first; metric; metric = next) {
		next = metric->next;
		mem_free(metric->labels);
		mem_free(metric);
	}
	mem_free(family->name);
	mem_free(family->help);
	mem_free(family);
}

void metrics_free(struct metrics **m)
{
	struct family *next;

	if (!*m)
		return;
	for (struct family *family = (*m)->first; family; family = next) {
		next = family->next;
		family_free(family);
	}
	mem_free(*m);
	*m = NULL;
}

static struct family *family_get(
	struct metrics *m, const char *name, const char *kind, const char *help)
{
	for (struct family *family = m->first; family; family = family->next) {
		if (strcmp(family->name, name) == 0) {
			must(strcmp(family->kind, kind) == 0);
			return family;
		}
	}
	struct family *family = mem_alloc(sizeof(*family));

	family->name = mem_text(name);
	family->help = mem_text(help);
	family->kind = kind;
	family->end = &family->first;
	*m->end = family;
	m->end = &family->next;
	return family;
}

static struct metric *metric_get(struct family *family, const char *labels)
{
	for (struct metric *metric = family->first; metric; metric = metric->next) {
		if (strcmp(metric->labels, labels) == 0)
			return metric;
	}
	struct metric *metric = mem_alloc(sizeof(*metric));

	metric->labels = mem_text(labels);
	*family->end = metric;
	family->end = &metric->next;
	return metric;
}

struct metric *metrics_counter(
	struct metrics *m, const char *name, const char *labels, const char *help)
{
	return metric_get(family_get(m, name, "counter", help), labels);
}

struct metric *metrics_gauge(
	struct metrics *m, const char *name, const char *labels, const char *help)
{
	return metric_get(family_get(m, name, "gauge", help), labels);
}

void metric_add(struct metric *metric, uint64_t count)
{
	atomic_fetch_add_explicit(&metric->value, (int64_t)count, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

int64_t metric_value(const struct metric *metric)
{
	return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

static void help_write(const struct family *family, struct buf *out)
{
	buf_printf(out, "# HELP %s ", family->name);
	for (const char *c = family->help; *c; c++) {
		if (*c == '\n')
			buf_add_text(out, "\\n");
		else if (*c == '\\')
			buf_add_text(out, "\\\\");
		else
			buf_add_byte(out, *c);
	}
	buf_printf(out, "\n# TYPE %s %s\n", family->name, family->kind);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
	for (const struct family *family = m->first; family; family = family->next) {
		help_write(family, out);
		for (const struct metric *metric = family->first; metric; metric = metric->next)
			buf_printf(out, "%s%s%s%s %" PRId64 "\n", family->name,
				metric->labels[0] ? "{" : "", metric->labels,
				metric->labels[0] ? "}" : "", metric_value(metric));
	}
}

int metrics_write_file(const struct metrics *m, const char *path)
{
	CLEANUP(buf_release) struct buf text = {0};

	metrics_write(m, &text);
	return file_write(path, buf_slice(&text));
}
