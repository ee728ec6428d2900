#include "correlator/rule.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(view_fields_free) struct view_fields *fields = view_fields_new(VIEW_SIGMA_NAMES);
	CLEANUP(regex_set_free) struct regex_set *regexes = regex_set_new();
	struct yaml_documents docs;
	struct err err = {0};
	struct rule_source source = {.detection = {.arena = a,
					     .fields = fields,
					     .regexes = regexes,
					     .file = "fuzz",
					     .err = &err}};

	if (len > 65536 || !yaml_read(a, "fuzz", slice_over(data, len), &docs, &err))
		return 0;
	for (size_t i = 0; i < docs.count; i++)
		must(rule_read(&source, docs.at[i]) || err_is_set(&err));
	return 0;
}
