#include "collector/eve_take.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <string.h>

static struct networks *home(void)
{
	static char ten[] = "10.0.0.0/8";
	static char *const texts[] = {ten};
	struct err err = {0};

	return networks_new(texts, 1, &err);
}

/* What is taken of `line`, or the reason why nothing is. */
static const char *taken(const char *line, const struct config_texts *types, struct buf *out)
{
	struct networks *ours = home();
	const struct eve_taker_options options = {"s2", types, ours};
	struct eve_taker *t = eve_taker_new(&options);
	enum eve_taken said = eve_take(t, slice_of(line));

	buf_clear(out);
	if (said == EVE_TAKEN)
		assert_true(eve_write(t, (struct event_id){.ms = 7}, out));
	eve_taker_free(&t);
	networks_free(&ours);
	return said == EVE_TAKEN ? buf_text(out) : eve_taken_names[said];
}

static const struct config_texts defaults;

static struct config_texts all(void)
{
	static char word[] = "all";
	static char *texts[] = {word};

	return (struct config_texts){texts, 1};
}

#define HEAD "{\"timestamp\":\"2026-11-23T07:05:02.5+0700\","
#define FLOW                                                                                       \
	"\"src_ip\":\"10.1.2.3\",\"src_port\":4444,\"dest_ip\":\"198.51.100.7\",\"dest_port\":53," \
	"\"proto\":\"UDP\","

static void nothing_of_a_person_or_a_payload_comes_in(void **state)
{
	static const char *const lines[] = {
		HEAD
		"\"event_type\":\"alert\"," FLOW
		"\"alert\":{\"signature\":\"x\"},\"payload\":\"SECRET\",\"payload_printable\":\"SECRET\","
		"\"packet\":\"SECRET\",\"http\":{\"hostname\":\"h\",\"http_request_body\":\"SECRET\","
		"\"http_response_body_printable\":\"SECRET\",\"request_headers\":[{\"value\":\"SECRET\"}]},"
		"\"email\":{\"from\":\"SECRET\"},\"smtp\":{\"mail_from\":\"SECRET\"}}",
		HEAD
		"\"event_type\":\"ftp\"," FLOW
		"\"ftp\":{\"command\":\"PASS\",\"command_data\":\"SECRET\",\"reply\":[\"SECRET\"]}}",
		HEAD "\"event_type\":\"fileinfo\"," FLOW
		     "\"fileinfo\":{\"filename\":\"\\\\Users\\\\SECRET\\\\a.docx\"}}",
		HEAD
		"\"event_type\":\"smb\"," FLOW
		"\"smb\":{\"filename\":\"home/SECRET/a\",\"rename\":{\"from\":\"Home$\\\\SECRET\",\"to\":"
		"\"x\\\\users\\\\SECRET\\\\b\"}}}",
		HEAD "\"event_type\":\"krb5\"," FLOW
		     "\"krb5\":{\"cname\":\"SECRET\",\"sname\":\"cifs/a\"}}",
		HEAD "\"event_type\":\"smb\"," FLOW
		     "\"smb\":{\"ntlmssp\":{\"user\":\"SECRET\"},\"id\":1}}",
		HEAD "\"event_type\":\"rdp\"," FLOW "\"rdp\":{\"cookie\":\"SECRET\",\"tx_id\":1}}",
		HEAD "\"event_type\":\"snmp\"," FLOW
		     "\"snmp\":{\"community\":\"SECRET\",\"usm\":\"SECRET\"}}",
		HEAD "\"event_type\":\"rfb\"," FLOW
		     "\"rfb\":{\"authentication\":{\"security_type\":2,"
		     "\"vnc\":{\"challenge\":\"SECRET\",\"response\":\"SECRET\"}}}}",
		HEAD "\"event_type\":\"alert\"," FLOW
		     "\"http\":{\"hostname\":\"SECRET@a\",\"url\":\"/a?password=SECRET\","
		     "\"http_refer\":\"http://SECRET@b/?token=SECRET\","
		     "\"redirect\":\"/c?sid=SECRET\"}}",
		HEAD "\"event_type\":\"fileinfo\"," FLOW "\"app_proto\":\"smtp\","
		     "\"fileinfo\":{\"filename\":\"SECRET\",\"size\":1}}",
		HEAD "\"event_type\":\"mqtt\"," FLOW
		     "\"mqtt\":{\"connect\":{\"password\":\"SECRET\"}}}",
		HEAD "\"event_type\":\"dhcp\"," FLOW
		     "\"dhcp\":{\"hostname\":\"SECRET\",\"type\":\"request\"}}",
		HEAD "\"event_type\":\"pgsql\"," FLOW
		     "\"pgsql\":{\"request\":{\"password\":\"SECRET\"}}}",
	};
	CLEANUP(buf_release) struct buf out = {0};
	const struct config_texts types = all();

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const char *said = taken(lines[i], &types, &out);

		assert_non_null(strstr(said, "\"event_id\""));
		assert_null(strstr(said, "SECRET"));
	}
}

static void what_is_not_private_stays(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	const struct config_texts types = all();

	(void)state;
	assert_non_null(strstr(taken(HEAD "\"event_type\":\"rfb\"," FLOW
					  "\"rfb\":{\"authentication\":{\"security_type\":2,"
					  "\"security_result\":\"OK\"}}}",
				       &types, &out),
		"{\"security_type\":2,\"security_result\":\"OK\"}"));
	assert_non_null(
		strstr(taken(HEAD "\"event_type\":\"fileinfo\"," FLOW "\"app_proto\":\"http\","
				  "\"fileinfo\":{\"filename\":\"/a.exe\"}}",
			       &types, &out),
			"\"filename\":\"/a.exe\""));
	assert_non_null(strstr(taken(HEAD "\"event_type\":\"http\"," FLOW
					  "\"http\":{\"url\":\"/a?page=2&token=x\"}}",
				       &types, &out),
		"\"url\":\"/a?page=2&token=*\""));
}

static void dns_of_suricata_8_gets_the_shape_of_7(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	const struct config_texts types = all();

	(void)state;
	assert_string_equal(
		taken(HEAD
			"\"event_type\":\"dns\"," FLOW
			"\"dns\":{\"version\":3,\"type\":\"response\",\"id\":5,\"rcode\":\"NXDOMAIN\","
			"\"queries\":[{\"rrname\":\"a.example\",\"rrtype\":\"A\"}]}}",
			&types, &out),
		"{\"event_id\":\"0000000000007-000000\",\"timestamp\":\"2026-11-23T00:05:02.500000+00:00\","
		"\"event_type\":\"dns\",\"sensor\":\"s2\",\"src_ip\":\"10.1.2.3\",\"src_port\":4444,"
		"\"dest_ip\":\"198.51.100.7\",\"dest_port\":53,\"proto\":\"UDP\","
		"\"community_id\":\"1:MasF6LgkP7jGB9vSqvcEoJSvnDE=\",\"direction\":\"outbound\","
		"\"dns\":{\"type\":\"answer\",\"rrname\":\"a.example\",\"rrtype\":\"A\",\"id\":5,"
		"\"rcode\":\"NXDOMAIN\"}}");
}

static void a_community_id_given_is_kept(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_non_null(strstr(taken(HEAD "\"event_type\":\"alert\"," FLOW
					  "\"community_id\":\"1:given\",\"alert\":{}}",
				       &defaults, &out),
		"\"community_id\":\"1:given\""));
}

static void what_cannot_be_taken_has_a_reason(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{"", "not_json"},
		{"{\"event_type\":", "not_json"},
		{"[1]", "no_event"},
		{"{\"event_type\":\"alert\"}", "no_event"},
		{"{\"event_type\":\"alert\",\"timestamp\":\"yesterday\"}", "no_event"},
		{HEAD "\"event_type\":\"flow\"}", "unwanted"}, /* our probe writes flows itself */
		{HEAD "\"event_type\":\"email\"}", "unwanted"},
		{HEAD "\"event_type\":\"alert\",\"src_ip\":\"10.1.2\",\"dest_ip\":\"::1\"}",
			"bad_fields"},
	};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(taken(cases[i].line, &defaults, &out), cases[i].said);
}

static void an_unknown_type_in_the_settings_is_refused(void **state)
{
	char right[] = "alert", wrong[] = "alret";
	char *texts[] = {right, wrong};
	const struct config_texts types = {texts, 2};
	struct err err = {0};

	(void)state;
	assert_false(eve_types_check(&types, &err));
	assert_non_null(strstr(err_text(&err), "alret"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_person_or_a_payload_comes_in),
		cmocka_unit_test(what_is_not_private_stays),
		cmocka_unit_test(dns_of_suricata_8_gets_the_shape_of_7),
		cmocka_unit_test(a_community_id_given_is_kept),
		cmocka_unit_test(what_cannot_be_taken_has_a_reason),
		cmocka_unit_test(an_unknown_type_in_the_settings_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
