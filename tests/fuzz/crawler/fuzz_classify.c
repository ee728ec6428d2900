#include "crawler/classify.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The first line is the title. The rules are read once, from the folder of the sources. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct classifier *classifier;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice text = slice_over(bytes, len), title;
	struct err err = {0};
	struct classified found;

	if (classifier == NULL)
		classifier = classifier_read(&(struct classifier_paths){"rules/topics.yaml",
						     "rules/places.yaml", "rules/assets.yaml"},
			&err);
	must(classifier != NULL);
	slice_cut(&text, '\n', &title);
	classify(classifier, a, title, text, &found);
	return 0;
}
