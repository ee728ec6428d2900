#include "collector/config.h"

#include "collector/endpoint.h"
#include "collector/eve_take.h"
#include "collector/limits.h"
#include "collector/mapping.h"
#include "event/direction.h"
#include "event/streams.h"
#include "lib/mem.h"

#include <string.h>

enum { MIB = 1024 * 1024 };

static const char *const kinds[] = {"eve_file", "redis_list", "redis_stream", "syslog", NULL};
static const char *const orders[] = {"lpush", "rpush", NULL};

#define AT(member) .offset = offsetof(struct input_config, member)

static const struct config_field input_fields[] = {
	{.key = "name",
		.type = CONFIG_TEXT,
		AT(name),
		.min = 1,
		.max = 32,
		.help = "Name of the sensor in its events: letters, digits, '-' and '_'"},
	{.key = "kind",
		.type = CONFIG_CHOICE,
		AT(kind),
		.fallback = "eve_file",
		.choices = kinds,
		.help = "eve_file, redis_list, redis_stream (Suricata's outputs) or syslog"},
	{.key = "path",
		.type = CONFIG_TEXT,
		AT(path),
		.fallback = "",
		.help = "eve_file: the file, followed across rotation"},
	{.key = "from_start",
		.type = CONFIG_BOOL,
		AT(from_start),
		.fallback = "false",
		.help = "At the very first start take what is there already, not only what follows"},
	{.key = "key",
		.type = CONFIG_TEXT,
		AT(key),
		.fallback = "suricata",
		.min = 1,
		.max = 256,
		.help = "redis_list, redis_stream: where Suricata writes"},
	{.key = "address",
		.type = CONFIG_TEXT,
		AT(address),
		.fallback = "",
		.help = "redis_list, redis_stream: another Redis than our own, host:port or unix:/path"},
	{.key = "order",
		.type = CONFIG_CHOICE,
		AT(order),
		.fallback = "lpush",
		.choices = orders,
		.help = "redis_list: how Suricata pushes (its mode list is lpush)"},
	{.key = "types",
		.type = CONFIG_TEXTS,
		AT(types),
		.fallback = "[]",
		.max = 64,
		.help = "Event types taken; empty for those that our probe does not write itself, "
			"[all] when no probe sees the same traffic"},
	{.key = "listen",
		.type = CONFIG_TEXTS,
		AT(listen),
		.fallback = "[]",
		.max = 8,
		.help = "syslog: where to listen: udp:ADDRESS:PORT, tcp:ADDRESS:PORT, tls:ADDRESS:PORT"},
	{.key = "allow",
		.type = CONFIG_TEXTS,
		AT(allow),
		.fallback = "[127.0.0.0/8, \"::1\"]",
		.max = 256,
		.help = "syslog: networks that may send; others are counted and ignored"},
	{.key = "zone",
		.type = CONFIG_TEXT,
		AT(zone),
		.fallback = "+07:00",
		.help = "syslog: zone of times that name none"},
	{.key = "cert_file",
		.type = CONFIG_TEXT,
		AT(cert_file),
		.fallback = "",
		.help = "syslog over TLS: our certificate and its chain (PEM)"},
	{.key = "key_file",
		.type = CONFIG_TEXT,
		AT(key_file),
		.fallback = "",
		.help = "syslog over TLS: its key (PEM)"},
	{.key = "ca_file",
		.type = CONFIG_TEXT,
		AT(ca_file),
		.fallback = "",
		.help = "syslog over TLS: senders must show a certificate of these authorities (PEM); "
			"empty to ask for none"},
};

static const struct config_schema input_schema = {
	.fields = input_fields,
	.count = sizeof input_fields / sizeof input_fields[0],
	.size = sizeof(struct input_config),
};

static const struct config_field fields[] = {
	SETTINGS_FIELDS(struct collector_config, shared),
	{.key = "collector.mappings",
		.type = CONFIG_TEXT,
		.offset = offsetof(struct collector_config, mappings),
		.fallback = "/usr/share/haidang/rules/syslog.yaml",
		.help = "How messages of firewalls and name servers become events"},
	{.key = "collector.home_networks",
		.type = CONFIG_TEXTS,
		.offset = offsetof(struct collector_config, home_networks),
		.fallback = HOME_NETWORKS_FALLBACK,
		.help = "Our own networks, from which the direction of a flow is told"},
	{.key = "collector.stream_length",
		.type = CONFIG_INT,
		.offset = offsetof(struct collector_config, stream_len_max),
		.fallback = "100000",
		.min = 100,
		.max = 100000000,
		.help = "Entries waiting in Redis at most; a source is not read further then"},
	{.key = "collector.spool_size",
		.type = CONFIG_SIZE,
		.offset = offsetof(struct collector_config, spool_len_max),
		.fallback = "256MiB",
		.min = MIB,
		.max = INT64_C(1) << 40,
		.help = "syslog: file per input for what Redis cannot take"},
	{.key = "collector.inputs",
		.type = CONFIG_LIST,
		.offset = offsetof(struct collector_config, inputs),
		.fallback = "[]",
		.max = INPUTS_MAX,
		.item = &input_schema,
		.help = "The other sensors"},
};

const struct config_schema collector_schema = {
	.fields = fields,
	.count = sizeof fields / sizeof fields[0],
	.size = sizeof(struct collector_config),
};

const struct input_config *collector_inputs(const struct collector_config *config)
{
	return config->inputs.items;
}

bool zone_read(struct slice text, int64_t *ret_seconds)
{
	uint64_t hours, minutes;

	if (slice_is(text, "Z")) {
		*ret_seconds = 0;
		return true;
	}
	if (text.len != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':' ||
		!slice_to_u64((struct slice){text.at + 1, 2}, &hours) ||
		!slice_to_u64((struct slice){text.at + 4, 2}, &minutes) || hours > 14 ||
		minutes > 59)
		return false;
	*ret_seconds = (int64_t)(hours * 3600 + minutes * 60) * (text.at[0] == '-' ? -1 : 1);
	return true;
}

static bool check_networks(const char *name, const struct config_texts *texts, struct err *err)
{
	struct err said = {0};
	struct networks *n = networks_new(texts->at, texts->count, &said);

	if (!n)
		return err_set(err, NULL, 0, "%s: %s", name, err_text(&said));
	networks_free(&n);
	return true;
}

static bool check_endpoints(const struct input_config *input, struct err *err)
{
	struct endpoint at;

	if (input->listen.count == 0)
		return err_set(err, NULL, 0,
			"collector.inputs: %s: listen: expected udp:ADDRESS:PORT or the like",
			input->name);
	for (size_t i = 0; i < input->listen.count; i++) {
		if (!endpoint_read(slice_of(input->listen.at[i]), &at))
			return err_set(err, NULL, 0,
				"collector.inputs: %s: listen: found '%s', expected "
				"udp:ADDRESS:PORT, tcp:ADDRESS:PORT or tls:ADDRESS:PORT",
				input->name, input->listen.at[i]);
		if (at.transport == TRANSPORT_TLS && (!*input->cert_file || !*input->key_file))
			return err_set(err, NULL, 0,
				"collector.inputs: %s: listen: '%s' needs cert_file and key_file",
				input->name, input->listen.at[i]);
	}
	return true;
}

static bool check_syslog(const struct input_config *input, struct err *err)
{
	int64_t zone;

	if (!zone_read(slice_of(input->zone), &zone))
		return err_set(err, NULL, 0,
			"collector.inputs: %s: zone: found '%s', expected one like +07:00",
			input->name, input->zone);
	return check_endpoints(input, err) &&
		check_networks("collector.inputs: allow", &input->allow, err);
}

static bool check_eve(const struct input_config *input, struct err *err)
{
	struct err said = {0};

	if (!eve_types_check(&input->types, &said))
		return err_set(
			err, NULL, 0, "collector.inputs: %s: %s", input->name, err_text(&said));
	if (input->kind == INPUT_EVE_FILE)
		return *input->path ||
			err_set(err, NULL, 0, "collector.inputs: %s: path: the file is missing",
				input->name);
	return !*input->address || redis_address_check(input->address, err);
}

static bool check_input(const struct input_config *input, struct err *err)
{
	if (!stream_name_is_valid(input->name))
		return err_set(err, NULL, 0,
			"collector.inputs: '%s' is no name, expected letters, digits, '-' and '_'",
			input->name);
	return input->kind == INPUT_SYSLOG ? check_syslog(input, err) : check_eve(input, err);
}

bool collector_check(void *config, struct err *err)
{
	const struct collector_config *c = config;
	const struct input_config *inputs = collector_inputs(c);
	bool maps = false;

	if (!check_networks("collector.home_networks", &c->home_networks, err))
		return false;
	for (size_t i = 0; i < c->inputs.count; i++) {
		if (!check_input(&inputs[i], err))
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(inputs[j].name, inputs[i].name) == 0)
				return err_set(err, NULL, 0,
					"collector.inputs: the name '%s' stands there twice",
					inputs[i].name);
		maps |= inputs[i].kind == INPUT_SYSLOG;
	}
	if (!maps)
		return true;

	struct mapping *mapping = mapping_read(c->mappings, err);
	mapping_free(&mapping);
	return !err_is_set(err);
}
