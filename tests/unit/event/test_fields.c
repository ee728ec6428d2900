#include "event/fields.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

static void an_event_is_written_with_its_groups(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct slice risks[] = {{"Known Proto on Non Std Port", 27}, {"Clear-Text", 10}};
	const struct event_common common = {.event_id = SLICE("1763856300000-000042"),
		.timestamp_us = INT64_C(1763856300000001),
		.event_type = SLICE("dns"),
		.flow_id = UINT64_MAX,
		.vlan = SLICE("[10,20]"),
		.src_ip = SLICE("10.0.0.7"),
		.src_port = 40000};
	const struct event_dns dns = {.type = SLICE("query"), .rrname = SLICE("thuế.vn")};
	const struct event_ndpi ndpi = {.risks = {risks, 2}};
	const struct event_tcp tcp = {.syn = true};
	const struct event_part parts[] = {
		{EVENT_GROUP_dns, &dns}, {EVENT_GROUP_ndpi, &ndpi}, {EVENT_GROUP_tcp, &tcp}};

	(void)state;
	event_write(&w, &common, parts, 3);
	assert_string_equal(buf_text(&out),
		"{\"event_id\":\"1763856300000-000042\","
		"\"timestamp\":\"2025-11-23T00:05:00.000001+00:00\",\"event_type\":\"dns\","
		"\"flow_id\":18446744073709551615,\"vlan\":[10,20],"
		"\"src_ip\":\"10.0.0.7\",\"src_port\":40000,"
		"\"dns\":{\"type\":\"query\",\"id\":0,\"rrname\":\"thuế.vn\"},"
		"\"ndpi\":{\"risks\":[\"Known Proto on Non Std Port\",\"Clear-Text\"]},"
		"\"tcp\":{\"syn\":true}}");
}

static void a_part_with_nothing_to_write_is_left_out(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct event_common common = {.event_type = SLICE("flow")};
	const struct event_ndpi ndpi = {0};
	const struct event_tcp tcp = {0};
	const struct event_part parts[] = {{EVENT_GROUP_ndpi, &ndpi}, {EVENT_GROUP_tcp, &tcp}};

	(void)state;
	event_write(&w, &common, parts, 2);
	assert_string_equal(buf_text(&out), "{\"event_type\":\"flow\"}");
}

static void counts_are_always_written(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct event_common common = {0};
	const struct event_flow flow = {0};
	const struct event_part part = {EVENT_GROUP_flow, &flow};

	(void)state;
	event_write(&w, &common, &part, 1);
	assert_string_equal(buf_text(&out),
		"{\"flow\":{\"pkts_toserver\":0,\"pkts_toclient\":0,\"bytes_toserver\":0,"
		"\"bytes_toclient\":0,\"age\":0}}");
}

/* Publishing moves ids in place there: see event/batch.c. */
static void an_event_begins_with_its_id(void **state)
{
	(void)state;
	assert_string_equal(event_fields[0].path, "event_id");
	assert_int_equal(event_fields[0].group, EVENT_GROUP_common);
}

static void the_table_is_consistent(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_field_count; i++) {
		const struct event_field *f = &event_fields[i];
		const char *key = event_group_key(f->group);
		size_t len = strlen(key);

		if (len)
			assert_true(strncmp(f->path, key, len) == 0 && f->path[len] == '.');
		assert_string_equal(f->path + (len ? len + 1 : 0), f->name);
		assert_true(strlen(f->meaning) > 3);
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(f->path, event_fields[other].path);
	}
}

/* The charter: nothing that names a person. */
static void no_field_is_about_a_person(void **state)
{
	static const char *const words[] = {"author", "account", "avatar", "follower", "username",
		"full_name", "phone", "email", "password"};

	(void)state;
	for (size_t i = 0; i < event_field_count; i++)
		for (size_t w = 0; w < sizeof words / sizeof *words; w++)
			assert_null(strstr(event_fields[i].path, words[w]));
}

static void sigma_names_lead_to_paths(void **state)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{"query", "dns.rrname"},
		{"QueryName", "dns.rrname"},
		{"dst_ip", "dest_ip"},
		{"SourceIp", "src_ip"},
		{"c-uri", "http.url"},
		{"cs-host", "http.hostname"},
		{"id.resp_p", "dest_port"},
		{"server_name", "tls.sni"},
		{"dns.rrname", NULL},
		{"", NULL},
		{" ", NULL},
		{"SourceIp SrcIp", NULL},
		{"no_such_field", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *path = event_sigma_path(slice_of(rows[i].name));

		assert_int_equal(path == NULL, rows[i].path == NULL);
		if (path)
			assert_string_equal(path, rows[i].path);
	}
}

static void a_sigma_name_stands_for_one_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < event_field_count; i++) {
		struct slice rest = slice_of(event_fields[i].sigma), alias;

		while (slice_cut(&rest, ' ', &alias))
			assert_string_equal(event_sigma_path(alias), event_fields[i].path);
	}
}

static void the_document_names_every_field(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	event_fields_document(&out);
	for (size_t i = 0; i < event_field_count; i++) {
		CLEANUP(buf_release) struct buf row = {0};

		buf_printf(&row, "\n| `%s` | ", event_fields[i].path);
		assert_true(slice_find(buf_slice(&out), buf_slice(&row)) < out.len);
	}
	assert_true(slice_ends(buf_slice(&out), SLICE("|\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_written_with_its_groups),
		cmocka_unit_test(a_part_with_nothing_to_write_is_left_out),
		cmocka_unit_test(counts_are_always_written),
		cmocka_unit_test(an_event_begins_with_its_id),
		cmocka_unit_test(the_table_is_consistent),
		cmocka_unit_test(no_field_is_about_a_person),
		cmocka_unit_test(sigma_names_lead_to_paths),
		cmocka_unit_test(a_sigma_name_stands_for_one_field),
		cmocka_unit_test(the_document_names_every_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
