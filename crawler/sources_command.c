#include "crawler/sources_command.h"

#include "crawler/program.h"
#include "crawler/sources.h"
#include "lib/mem.h"

#include <stdio.h>

enum { EXIT_BAD_INPUT = 2 };

static void print_source(const struct source *s)
{
	const char *refusal = source_refusal(s);

	printf("%-8s %-9s tier %u  %.*s  %.*s", refusal == NULL ? "on" : "off",
		source_kind_name(s->kind), s->tier, SLICE_ARG(s->id), (int)s->url.href.len,
		s->has_url ? s->url.href.at : "");
	if (refusal != NULL)
		printf("  (%s%s%.*s)", refusal, s->note.len > 0 ? ": " : "", (int)s->note.len,
			s->note.len > 0 ? s->note.at : "");
	putchar('\n');
}

int sources_command(int argc, char **argv)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct err err = {0};
	const struct crawler_config *config =
		program_options(&crawler_program, a, &argc, argv, &err);
	struct sources *sources = config == NULL ? NULL : sources_read(config->sources, &err);

	if (sources == NULL || argc != 1) {
		if (!err_is_set(&err))
			err_set(&err, NULL, 0,
				"sources [--config FILE] [--sources FILE] takes no arguments");
		(void)fprintf(stderr, "haidang-crawler: %s\n", err_text(&err));
		sources_release(&sources);
		return EXIT_BAD_INPUT;
	}
	for (size_t i = 0; i < sources->count; i++)
		print_source(&sources->at[i]);
	sources_release(&sources);
	return fflush(stdout) == 0 ? 0 : 1;
}
