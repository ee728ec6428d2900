#include "lib/config.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct config_field inner[] = {{"name", CONFIG_TEXT, 0, .fallback = NULL},
		{"all", CONFIG_TEXTS, 8, .fallback = "[]"},
		{"time", CONFIG_SIZE, 24, .fallback = "1"}};
	static const struct config_schema item = {inner, 3, 32};
	static const struct config_field outer = {"a.list", CONFIG_LIST, 0, .item = &item};
	static const struct config_schema schema = {&outer, 1, sizeof(struct config_list)};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct config_setting setting = {"a.list", arena_copy(a, slice_over(data, len))};
	struct config_list list = {0};
	struct yaml_documents docs;
	struct err err = {0};

	if (config_set(&schema, a, &list, setting, &err)) {
		config_write(&schema, &list, &text);
		must(yaml_read(a, "written", buf_slice(&text), &docs, &err) && docs.count == 1);
	}
	return 0;
}
