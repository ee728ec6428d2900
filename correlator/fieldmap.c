#include "correlator/fieldmap.h"

#include "event/fields.h"

#include <string.h>

static const struct fieldmap_row rows[] = {
#define MAP(type, name, path, part) {type, name, {path, VIEW_##part}},
#include "correlator/fieldmap.def"
#undef MAP
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

const struct fieldmap_row *fieldmap_row(size_t i)
{
	return i < ROW_COUNT ? &rows[i] : NULL;
}

static bool find_row(const char *type, struct slice name, struct view_target *ret)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].event_type, type) != 0 ||
			!slice_equal_nocase(name, slice_of(rows[i].name)))
			continue;
		*ret = rows[i].target;
		return true;
	}
	return false;
}

static bool is_type(struct slice event_type, const char *type)
{
	return *type && slice_is(event_type, type);
}

bool fieldmap_find(struct slice event_type, struct slice name, struct view_target *ret)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (is_type(event_type, rows[i].event_type) &&
			find_row(rows[i].event_type, name, ret))
			return true;
	const char *alias = event_sigma_path(name);
	if (alias) {
		*ret = (struct view_target){alias, VIEW_WHOLE};
		return true;
	}
	return find_row("", name, ret);
}

/* Objects of Suricata's events that fields.def does not list, and single fields. */
static bool is_of_other_sensors(struct slice first)
{
	static const char *const known[] = {"alert", "anomaly", "bittorrent_dht", "dcerpc", "dhcp",
		"dnp3", "email", "engine", "ether", "fileinfo", "files", "frame", "ftp", "ftp_data",
		"host", "ike", "krb5", "ldap", "mdns", "metadata", "modbus", "mqtt", "netflow",
		"nfs", "packet_info", "payload_printable", "pcap_cnt", "pgsql", "pkt_src", "quic",
		"rdp", "rfb", "sip", "smb", "smtp", "snmp", "stream", "tftp", "traffic", "tx_id",
		"websocket", "@timestamp", "ip_v", "vlan", "app_proto_tc", "app_proto_ts", "tags",
		"message"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(first, known[i]))
			return true;
	return false;
}

bool fieldmap_is_possible(struct slice event_type, struct slice name)
{
	struct view_target target;
	size_t dot = slice_find_byte(name, '.');
	struct slice first = slice_over(name.at, dot);

	if (name.len == 0 || fieldmap_find(event_type, name, &target) || is_of_other_sensors(first))
		return true;
	for (size_t i = 0; i < event_field_count; i++) {
		const char *path = event_fields[i].path;

		if (slice_is(name, path))
			return true;
		/* Below a group that is known everything may be: sensors differ in what they add. */
		if (dot < name.len && strncmp(path, first.at, first.len) == 0 &&
			path[first.len] == '.')
			return true;
	}
	for (enum event_group g = 0; g < EVENT_GROUP_COUNT; g++)
		if (slice_is(name, event_group_key(g)))
			return true;
	return false;
}
