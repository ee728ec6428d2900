#include "correlator/ruleset.h"
#include "lib/mem.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever an event holds, no rule that matches it is left out by the first look. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *const path = "tests/fuzz/correlator/fuzz_prefilter.yml";
	CLEANUP(ruleset_free)
	struct ruleset *rules = ruleset_load(&(struct ruleset_options){
		.paths = &path, .path_count = 1, .naming = VIEW_VERBATIM_NAMES});
	CLEANUP(json_reader_free) struct json_reader *reader = json_reader_new(1 << 16);
	CLEANUP(view_free) struct view *view = view_new(rules->fields);
	const struct route *route = &rules->others;
	struct json_value event;
	struct err err = {0};

	must(rules->refused_count == 0 && route->count > 20);
	if (!json_read(reader, slice_over(data, len), &event, &err) ||
		json_kind(event) != JSON_OBJECT)
		return 0;
	view_load(view, event);
	const uint64_t *found = prefilter_look(route->prefilter, json_strings(event), view);
	for (size_t i = 0; i < route->count; i++)
		must(!expr_holds(route->rules[i]->detection, view) || found[i / 64] >> i % 64 & 1);
	return 0;
}
