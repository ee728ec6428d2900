#include "courier/atom.h"
#include "courier/readers.h"
#include "courier/stix_objects.h"
#include "courier/taxii.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

static void names_give_the_uuids_that_others_compute(void **state)
{
	/* RFC 9562 A.4, of the name space for DNS; the second from Python, the third from STIX 2.1. */
	static const uint8_t dns[UUID_LEN] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80,
		0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	char uuid[UUID_TEXT_LEN + 1], id[STIX_ID_MAX];

	(void)state;
	uuid_of_name(dns, SLICE("www.example.com"), uuid);
	assert_string_equal(uuid, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
	uuid_of_name(dns, SLICE("python.org"), uuid);
	assert_string_equal(uuid, "886313e1-3b8a-5372-9b90-0c9aee199e5d");
	stix_observable_id("ipv4-addr", SLICE("{\"value\":\"198.51.100.3\"}"), id);
	assert_string_equal(id, "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
}

static void readers_are_admitted_by_token_or_by_name_and_token(void **state)
{
	/* printf secret | sha256sum; base64 of centre:secret and so on. */
	static const char file[] =
		"# who\n\ncentre "
		"sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n";
	static const struct {
		const char *authorization;
		bool admitted;
	} rows[] = {{"Bearer secret", true}, {"bearer  secret ", true},
		{"Basic Y2VudHJlOnNlY3JldA==", true}, {"", false}, {"Bearer", false},
		{"Bearer ", false}, {"Bearer secret2", false}, {"secret", false},
		{"Basic b3RoZXI6c2VjcmV0", false}, {"Basic OnNlY3JldA==", false},
		{"Basic Y2VudHJl", false}, {"Basic *", false}};
	struct readers readers;
	struct err err = {0};

	(void)state;
	assert_true(readers_read("f", slice_of(file), &readers, &err));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
			readers_admit(&readers, slice_of(rows[i].authorization)), rows[i].admitted);
	assert_false(readers_read("f", SLICE("centre secret\n"), &readers, &err));
	assert_string_equal(
		err_text(&err), "f:1: expected: NAME sha256: and 64 lower-case hex digits");
	struct err empty = {0};

	assert_false(readers_read("f", SLICE("# nobody\n"), &readers, &empty));
}

static void taxii_paths_are_taken_apart(void **state)
{
	static const struct {
		const char *path;
		enum taxii_resource resource;
		const char *object;
	} rows[] = {
		{"/taxii2/", TAXII_DISCOVERY, ""},
		{"/haidang/", TAXII_ROOT, ""},
		{"/haidang/collections/", TAXII_COLLECTIONS, ""},
		{"/haidang/collections", TAXII_COLLECTIONS, ""},
		{"/haidang/collections/c/", TAXII_COLLECTION, ""},
		{"/haidang/collections/c/manifest/", TAXII_MANIFEST, ""},
		{"/haidang/collections/c/objects/", TAXII_OBJECTS, ""},
		{"/haidang/collections/c/objects/o/", TAXII_OBJECT, "o"},
		{"/haidang/collections/c/objects/o/versions/", TAXII_VERSIONS, "o"},
		{"/haidang/collections/c/objects/o/versions/x/", TAXII_NONE, "o"},
		{"/haidang/collections/c/manifest/o/", TAXII_NONE, ""},
		{"/haidang/collections//objects/", TAXII_NONE, ""},
		{"/haidang/status/", TAXII_NONE, ""},
		{"/", TAXII_NONE, ""},
		{"/taxii2/x", TAXII_NONE, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct taxii_path path = taxii_path_read(slice_of(rows[i].path));

		assert_int_equal(path.resource, rows[i].resource);
		if (path.resource != TAXII_NONE)
			assert_true(slice_is(path.object, rows[i].object));
	}
}

static void xml_text_is_escaped_and_holds_no_forbidden_character(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {{"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#39;"}, {"]]>", "]]&gt;"},
		{"\001a\013b\177c", "abc"}, {"Đà\nNẵng", "Đà\nNẵng"},
		{"x\xef\xbf\xbey\xef\xbf\xbfz", "xyz"}, {"\xff", "\xef\xbf\xbd"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf out = {0};

		atom_add_text(&out, slice_of(rows[i].text));
		assert_string_equal(buf_text(&out), rows[i].expected);
	}
}

static void a_bundle_at_every_limit_has_room(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct observed *seen = mem_alloc(sizeof *seen);
	struct alert alert = {.rule = {.title = SLICE("t")}, .attack_count = ALERT_TAGS_MAX};
	struct parcel parcel = {.key = "k", .purpose = PARCEL_ALERT, .alert = &alert};
	CLEANUP(arena_free) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ALERT_TAGS_MAX; i++)
		alert.attack[i] = slice_of(arena_printf(a, "T%04zu", i));
	seen->count = OBSERVED_MAX;
	for (size_t i = 0; i < OBSERVED_MAX; i++) {
		struct observed_event *e = &seen->at[i];

		e->src_ip = slice_of(arena_printf(a, "10.0.0.%zu", i));
		e->dest_ip = slice_of(arena_printf(a, "10.0.1.%zu", i));
		e->proto = SLICE("TCP");
		e->host = slice_of(arena_printf(a, "a%zu.vn", i));
		e->lookalike = slice_of(arena_printf(a, "b%zu.vn", i));
		e->url = slice_of(arena_printf(a, "http://a%zu.vn/", i));
		e->certificate_sha1 = slice_of(arena_printf(a, "%040zu", i));
		for (e->host_count = 0; e->host_count < OBSERVED_HOSTS_MAX; e->host_count++)
			e->hosts[e->host_count] =
				slice_of(arena_printf(a, "c%zu.%zu.vn", i, e->host_count));
	}
	stix_bundle(&parcel, seen, "/x", &out);
	assert_true(slice_ends(buf_slice(&out), SLICE("]}")));
	mem_free(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_give_the_uuids_that_others_compute),
		cmocka_unit_test(readers_are_admitted_by_token_or_by_name_and_token),
		cmocka_unit_test(taxii_paths_are_taken_apart),
		cmocka_unit_test(xml_text_is_escaped_and_holds_no_forbidden_character),
		cmocka_unit_test(a_bundle_at_every_limit_has_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
