#include "correlator/logsource.h"

/* A row applies when all it names are equal; NULL matches anything. The first one counts. */
static const struct row {
	const char *category, *product, *service;
	const char *types[LOGSOURCE_TYPES_MAX];
	const char *needs_field;
} rows[] = {
	{"credential", NULL, NULL, {""}, "haidang.credential_service"},
	{NULL, NULL, "credential", {""}, "haidang.credential_service"},
	{"dns", NULL, NULL, {"dns"}, NULL},
	{"dns_query", NULL, NULL, {"dns"}, NULL},
	{NULL, NULL, "dns", {"dns"}, NULL},
	{"tls", NULL, NULL, {"tls"}, NULL},
	{NULL, NULL, "tls", {"tls"}, NULL},
	{NULL, NULL, "ssl", {"tls"}, NULL},
	{NULL, NULL, "x509", {"tls"}, NULL},
	{"http", NULL, NULL, {"http"}, NULL},
	{"webserver", NULL, NULL, {"http"}, NULL},
	{"proxy", NULL, NULL, {"http"}, NULL},
	{NULL, NULL, "http", {"http"}, NULL},
	{"network", NULL, "dns", {"dns"}, NULL},
	{"network", NULL, "connection", {"flow"}, NULL},
	{"network_connection", NULL, NULL, {"flow"}, NULL},
	{"firewall", NULL, NULL, {"flow"}, NULL},
	{"flow", NULL, NULL, {"flow"}, NULL},
	{"netflow", NULL, NULL, {"flow"}, NULL},
	{NULL, NULL, "conn", {"flow"}, NULL},
	{NULL, NULL, "flow", {"flow"}, NULL},
	{"ssh", NULL, NULL, {"ssh"}, NULL},
	{NULL, "zeek", "ssh", {"ssh"}, NULL},
	{NULL, "zeek", "smb_files", {"smb"}, NULL},
	{NULL, "zeek", "smb_mapping", {"smb"}, NULL},
	{NULL, "zeek", "dce_rpc", {"dcerpc", "smb"}, NULL},
	{NULL, "zeek", "kerberos", {"krb5"}, NULL},
	{NULL, "haidang", "ssh", {"ssh"}, NULL},
	{"ids", NULL, NULL, {"alert"}, NULL},
	{"article", NULL, NULL, {"article"}, NULL},
	{NULL, NULL, "article", {"article"}, NULL},
	{"story", NULL, NULL, {"story"}, NULL},
	{"trend", NULL, NULL, {"trend"}, NULL},
	{"site_check", NULL, NULL, {"site_check"}, NULL},
	{NULL, NULL, "site_check", {"site_check"}, NULL},
	{"lookalike", NULL, NULL, {"lookalike"}, NULL},
	{NULL, NULL, "lookalike", {"lookalike"}, NULL},
	{"stats", NULL, NULL, {"stats"}, NULL},
	{NULL, NULL, "stats", {"stats"}, NULL},
};

static bool agrees(const char *wanted, struct slice found)
{
	return !wanted || slice_equal_nocase(found, slice_of(wanted));
}

/* Products whose logs never come here, whatever the category is called. */
static bool is_foreign(struct slice product)
{
	static const char *const own[] = {"", "haidang", "suricata", "zeek", "network"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (slice_equal_nocase(product, slice_of(own[i])))
			return false;
	return true;
}

static void take(struct logsource *ret, const struct row *row)
{
	ret->needs_field = row->needs_field;
	for (size_t i = 0; i < LOGSOURCE_TYPES_MAX && row->types[i]; i++) {
		struct slice type = slice_of(row->types[i]);

		if (type.len == 0)
			ret->any = true;
		else
			ret->types[ret->count++] = type;
		ret->of_information |= slice_is(type, "article") || slice_is(type, "story") ||
			slice_is(type, "trend") || slice_is(type, "site_check");
	}
}

bool logsource_read_names(
	const struct yaml_node *rule, struct logsource *ret, const char *file, struct err *err)
{
	const struct yaml_node *node = yaml_get(rule, "logsource");
	struct slice *const parts[3] = {&ret->category, &ret->product, &ret->service};
	static const char *const names[3] = {"category", "product", "service"};

	*ret = (struct logsource){0};
	for (size_t i = 0; node && i < 3; i++) {
		const struct yaml_node *value = yaml_get(node, names[i]);

		if (value && value->kind != YAML_SCALAR)
			return err_set(
				err, file, value->line, "logsource: %s: expected text", names[i]);
		*parts[i] = value ? value->text : (struct slice){0};
	}
	return true;
}

static bool says_same(struct slice outer, struct slice inner)
{
	return outer.len == 0 || slice_equal_nocase(outer, inner);
}

bool logsource_covers(const struct logsource *outer, const struct logsource *inner)
{
	return says_same(outer->category, inner->category) &&
		says_same(outer->product, inner->product) &&
		says_same(outer->service, inner->service);
}

bool logsource_read(
	const struct yaml_node *rule, struct logsource *ret, const char *file, struct err *err)
{
	const struct yaml_node *node = yaml_get(rule, "logsource");

	if (!node || node->kind != YAML_MAP || node->count == 0)
		return err_set(err, file, node ? node->line : rule->line,
			"logsource: expected a map with category, product or service");
	if (!logsource_read_names(rule, ret, file, err))
		return false;
	if (is_foreign(ret->product))
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!agrees(rows[i].category, ret->category) ||
			!agrees(rows[i].product, ret->product) ||
			!agrees(rows[i].service, ret->service))
			continue;
		take(ret, &rows[i]);
		return true;
	}
	if (ret->category.len == 0 && ret->service.len == 0)
		ret->any = true;
	else
		ret->types[ret->count++] = ret->category.len ? ret->category : ret->service;
	return true;
}
