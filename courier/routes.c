#include "courier/routes.h"

#include "courier/class.h"
#include "courier/limits.h"
#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "lib/yaml.h"

#include <string.h>
#include <time.h>

enum {
	DAY_MINUTES = 24 * 60,
	DAY_S = DAY_MINUTES * 60,
	ALL_DAYS = 0x7f,
	ZONE_S = 7 * 3600
}; /* Viet Nam: no summer time */

enum on_holidays { HOLIDAYS_WITH, HOLIDAYS_WITHOUT, HOLIDAYS_ONLY };

struct hours {
	unsigned days;    /* 1 << tm_wday */
	int64_t from, to; /* minutes of the day; to < from: over midnight */
	enum on_holidays holidays;
};

struct words {
	const char **at; /* one that ends in '*' stands for all that begin so */
	size_t count;
};

struct rule {
	struct route route; /* first, so that one leads to the other */
	enum alert_level min_level;
	unsigned domains, classes; /* bits; 0: all */
	struct words tags, rules, agencies, places;
	struct hours *hours;
	size_t hours_count;
};

struct routes {
	const struct courier_config *config;
	struct rule *at;
	size_t count;
	int64_t *holidays; /* days since 1970 */
	size_t holiday_count;
};

struct reader {
	struct arena *a;
	struct err *err;
	const char *file;
	struct routes *routes;
	bool refused;
};

static const char *const domain_names[] = {"network", "information", "bridge", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const char *const holiday_names[] = {"with", "without", "only", NULL};
static const char *const level_names[] = {
	"informational", "low", "medium", "high", "critical", NULL};

static bool wrong(const struct reader *r, const struct yaml_node *node, const char *field,
	const char *expected)
{
	bool scalar = node->kind == YAML_SCALAR;

	return err_set(r->err, r->file, node->line, "%s: found %s%.*s%s, expected %s", field,
		scalar ? "'" : "", scalar ? (int)node->text.len : 6,
		scalar                            ? node->text.at
			: node->kind == YAML_LIST ? "a list"
						  : "a map",
		scalar ? "'" : "", expected);
}

static int index_of(const char *const *names, struct slice word)
{
	for (int i = 0; names[i]; i++)
		if (slice_is(word, names[i]))
			return i;
	return -1;
}

static bool read_name(const struct reader *r, const struct yaml_node *node, const char *field,
	const char *const *names, unsigned *ret)
{
	CLEANUP(buf_release) struct buf expected = {0};
	int at = node->kind == YAML_SCALAR ? index_of(names, node->text) : -1;

	if (at >= 0) {
		*ret = (unsigned)at;
		return true;
	}
	*ret = 0;
	for (size_t i = 0; names[i]; i++)
		buf_printf(&expected, "%s%s", i ? ", " : "one of ", names[i]);
	return wrong(r, node, field, buf_text(&expected));
}

static bool read_bits(const struct reader *r, const struct yaml_node *node, const char *field,
	const char *const *names, unsigned *ret)
{
	if (node->kind != YAML_LIST || !node->count)
		return wrong(r, node, field, "a list that is not empty");
	for (size_t i = 0; i < node->count; i++) {
		unsigned bit;

		if (!read_name(r, node->values[i], field, names, &bit))
			return false;
		*ret |= 1U << bit;
	}
	return true;
}

static bool read_words(
	const struct reader *r, const struct yaml_node *node, const char *field, struct words *ret)
{
	if (node->kind != YAML_LIST || !node->count)
		return wrong(r, node, field, "a list that is not empty");
	ret->at = arena_array(r->a, node->count, sizeof(*ret->at));
	for (; ret->count < node->count; ret->count++) {
		const struct yaml_node *word = node->values[ret->count];

		if (word->kind != YAML_SCALAR || !word->text.len)
			return wrong(r, word, field, "a text");
		ret->at[ret->count] = word->text.at;
	}
	return true;
}

static bool read_targets(
	const struct reader *r, const struct yaml_node *node, const char *field, uint32_t *ret)
{
	const struct courier_config *config = r->routes->config;
	struct words names = {0};

	if (!read_words(r, node, field, &names))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		size_t t = 0;

		while (t < config->targets.count &&
			strcmp(courier_targets(config)[t].name, names.at[i]) != 0)
			t++;
		if (t == config->targets.count)
			return wrong(r, node->values[i], field, "a name of courier.targets");
		*ret |= UINT32_C(1) << t;
	}
	return true;
}

/* "07:30" up to "24:00". */
static bool read_minute(
	const struct reader *r, const struct yaml_node *node, const char *field, int64_t *ret)
{
	struct slice rest = node->text, hour;
	uint64_t h, m;

	if (node->kind != YAML_SCALAR || node->text.len != 5 || !slice_cut(&rest, ':', &hour) ||
		!slice_to_u64(hour, &h) || !slice_to_u64(rest, &m) || m > 59 ||
		h * 60 + m > DAY_MINUTES)
		return wrong(r, node, field, "a time of day as \"07:30\"");
	*ret = (int64_t)(h * 60 + m);
	return true;
}

typedef bool read_field(struct reader *r, const struct yaml_node *value, void *ret);

struct field {
	const char *key;
	read_field *read;
};

static bool read_map(struct reader *r, const struct yaml_node *node, const char *what,
	const struct field *fields, void *ret)
{
	if (node->kind != YAML_MAP)
		return wrong(r, node, what, "a map");
	for (size_t i = 0; i < node->count; i++) {
		const struct field *f = fields;

		while (f->key && !slice_is(node->keys[i]->text, f->key))
			f++;
		if (!f->key)
			return err_set(r->err, r->file, node->keys[i]->line, "%s has no field '%s'",
				what, node->keys[i]->text.at);
		if (!f->read(r, node->values[i], ret))
			return false;
	}
	return true;
}

static bool read_days(struct reader *r, const struct yaml_node *value, void *ret)
{
	struct hours *h = ret;

	h->days = 0;
	return read_bits(r, value, "hours.days", day_names, &h->days);
}

static bool read_from(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_minute(r, value, "hours.from", &((struct hours *)ret)->from);
}

static bool read_until(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_minute(r, value, "hours.to", &((struct hours *)ret)->to);
}

static bool read_on_holidays(struct reader *r, const struct yaml_node *value, void *ret)
{
	unsigned choice;

	if (!read_name(r, value, "hours.holidays", holiday_names, &choice))
		return false;
	((struct hours *)ret)->holidays = (enum on_holidays)choice;
	return true;
}

static bool read_hours(struct reader *r, const struct yaml_node *value, void *ret)
{
	static const struct field fields[] = {{"days", read_days}, {"from", read_from},
		{"to", read_until}, {"holidays", read_on_holidays}, {NULL, NULL}};
	struct rule *rule = ret;

	if (value->kind != YAML_LIST || !value->count)
		return wrong(r, value, "hours", "a list that is not empty");
	rule->hours = arena_array(r->a, value->count, sizeof(*rule->hours));
	for (; rule->hours_count < value->count; rule->hours_count++) {
		struct hours *h = &rule->hours[rule->hours_count];

		*h = (struct hours){.days = ALL_DAYS, .to = DAY_MINUTES};
		if (!read_map(r, value->values[rule->hours_count], "hours", fields, h))
			return false;
		if (h->from == h->to)
			return err_set(r->err, r->file, value->values[rule->hours_count]->line,
				"hours: from and to are the same");
	}
	return true;
}

static bool read_escalate_to(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_targets(r, value, "escalate.to", &((struct rule *)ret)->route.escalate_to);
}

/* 90s, 15m, 2h */
static bool read_after(struct reader *r, const struct yaml_node *value, void *ret)
{
	static const char units[] = "smh";
	static const int64_t unit_ms[] = {1000, 60000, 3600000};
	struct slice text = value->text;
	const char *unit = value->kind == YAML_SCALAR && text.len > 1
		? strchr(units, text.at[text.len - 1])
		: NULL;
	uint64_t number;

	if (!unit || !slice_to_u64((struct slice){text.at, text.len - 1}, &number) || !number ||
		number > ESCALATE_MAX_MS / (uint64_t)unit_ms[unit - units])
		return wrong(r, value, "escalate.after", "a time from 1s to 7 days, as 15m");
	((struct rule *)ret)->route.escalate_after_ms = (int64_t)number * unit_ms[unit - units];
	return true;
}

static bool read_escalate(struct reader *r, const struct yaml_node *value, void *ret)
{
	static const struct field fields[] = {
		{"to", read_escalate_to}, {"after", read_after}, {NULL, NULL}};
	const struct route *route = &((struct rule *)ret)->route;

	if (!read_map(r, value, "escalate", fields, ret))
		return false;
	return (route->escalate_to && route->escalate_after_ms) ||
		err_set(r->err, r->file, value->line, "escalate: both 'to' and 'after' are needed");
}

static bool read_route_name(struct reader *r, const struct yaml_node *value, void *ret)
{
	if (value->kind != YAML_SCALAR || !value->text.len || value->text.len > ROUTE_NAME_MAX)
		return wrong(r, value, "name", "a text of at most 64 bytes");
	((struct rule *)ret)->route.name = value->text.at;
	return true;
}

static bool read_min_level(struct reader *r, const struct yaml_node *value, void *ret)
{
	unsigned level;

	if (!read_name(r, value, "min_level", level_names, &level))
		return false;
	((struct rule *)ret)->min_level = (enum alert_level)level;
	return true;
}

static bool read_domains(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_bits(r, value, "domains", domain_names, &((struct rule *)ret)->domains);
}

static bool read_classes(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_bits(r, value, "classes", class_names, &((struct rule *)ret)->classes);
}

static bool read_tags(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_words(r, value, "tags", &((struct rule *)ret)->tags);
}

static bool read_rules(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_words(r, value, "rules", &((struct rule *)ret)->rules);
}

static bool read_agencies(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_words(r, value, "agencies", &((struct rule *)ret)->agencies);
}

static bool read_places(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_words(r, value, "places", &((struct rule *)ret)->places);
}

static bool read_to(struct reader *r, const struct yaml_node *value, void *ret)
{
	return read_targets(r, value, "to", &((struct rule *)ret)->route.to);
}

/* Of the information side only the classes the charter names may be meant. */
static bool may_go_to_police(const struct rule *rule)
{
	return rule->classes || (rule->domains && !(rule->domains & 1U << ALERT_INFORMATION));
}

static bool police_check(struct reader *r, const struct yaml_node *node, const struct rule *rule)
{
	const struct courier_config *config = r->routes->config;

	if (may_go_to_police(rule))
		return true;
	for (size_t t = 0; t < config->targets.count; t++) {
		const struct target_config *target = &courier_targets(config)[t];

		if (target->recipient != RECIPIENT_POLICE ||
			!((rule->route.to | rule->route.escalate_to) >> t & 1))
			continue;
		r->refused = true;
		return err_set(r->err, r->file, node->line,
			"route '%s': of the information side nothing may go to the police ('%s') but "
			"phishing, impersonation, malicious_app and data_leak: name the classes, or "
			"the domains network and bridge",
			rule->route.name, target->name);
	}
	return true;
}

static bool read_route(struct reader *r, const struct yaml_node *node, struct rule *ret)
{
	static const struct field fields[] = {{"name", read_route_name},
		{"min_level", read_min_level}, {"domains", read_domains}, {"classes", read_classes},
		{"tags", read_tags}, {"rules", read_rules}, {"agencies", read_agencies},
		{"places", read_places}, {"hours", read_hours}, {"to", read_to},
		{"escalate", read_escalate}, {NULL, NULL}};

	if (!read_map(r, node, "a route", fields, ret))
		return false;
	if (!ret->route.name)
		return err_set(r->err, r->file, node->line, "a route needs a 'name'");
	if (!ret->route.to)
		return err_set(
			r->err, r->file, node->line, "route '%s' needs a 'to'", ret->route.name);
	return police_check(r, node, ret);
}

static bool read_routes(struct reader *r, const struct yaml_node *value, void *ret)
{
	struct routes *routes = ret;

	if (value->kind != YAML_LIST || !value->count || value->count > ROUTES_MAX)
		return wrong(r, value, "routes", "a list of 1 to 256 routes");
	routes->at = arena_array(r->a, value->count, sizeof(*routes->at));
	for (; routes->count < value->count; routes->count++)
		if (!read_route(r, value->values[routes->count], &routes->at[routes->count]))
			return false;
	return true;
}

static bool read_holidays(struct reader *r, const struct yaml_node *value, void *ret)
{
	struct routes *routes = ret;

	if (value->kind != YAML_LIST)
		return wrong(r, value, "holidays", "a list of dates");
	routes->holidays = arena_array(r->a, value->count + 1, sizeof(int64_t));
	for (; routes->holiday_count < value->count; routes->holiday_count++) {
		const struct yaml_node *day = value->values[routes->holiday_count];
		struct tm tm = {0};
		const char *end =
			day->kind == YAML_SCALAR ? strptime(day->text.at, "%Y-%m-%d", &tm) : NULL;

		if (!end || *end)
			return wrong(r, day, "holidays", "a date as 2026-09-02");
		routes->holidays[routes->holiday_count] = timegm(&tm) / DAY_S;
	}
	return true;
}

static bool read_version(struct reader *r, const struct yaml_node *value, void *ret)
{
	int64_t version;

	(void)ret;
	return (yaml_to_i64(value, &version) && version == 1) || wrong(r, value, "version", "1");
}

static bool read_document(struct reader *r)
{
	static const struct field fields[] = {{"version", read_version},
		{"holidays", read_holidays}, {"routes", read_routes}, {NULL, NULL}};
	struct yaml_documents docs;

	if (!yaml_read_file(r->a, r->file, &docs, r->err))
		return false;
	if (docs.count != 1)
		return err_set(r->err, r->file, 0, "expected one document, found %zu", docs.count);
	if (!read_map(r, docs.at[0], "the file", fields, r->routes))
		return false;
	return r->routes->count || err_set(r->err, r->file, 0, "there is no 'routes' in it");
}

/* Without a file every target is on the only route, within its own settings. */
static bool all_to_all(struct reader *r)
{
	const struct courier_config *config = r->routes->config;
	struct rule *rule = arena_alloc(r->a, sizeof(*rule));

	rule->route.name = "all";
	for (size_t t = 0; t < config->targets.count; t++) {
		const struct target_config *target = &courier_targets(config)[t];
		bool information = target->domains.count == 0;

		for (size_t d = 0; d < target->domains.count; d++)
			information |= strcmp(target->domains.at[d], "information") == 0;
		rule->route.to |= UINT32_C(1) << t;
		if (target->recipient != RECIPIENT_POLICE || !information)
			continue;
		r->refused = true;
		return err_set(r->err, NULL, 0,
			"courier.targets: %s: a target of the police needs courier.routes, or the "
			"domains network and bridge alone",
			target->name);
	}
	r->routes->at = rule;
	r->routes->count = 1;
	return true;
}

const struct routes *routes_read(
	struct arena *a, const struct courier_config *config, bool *ret_refused, struct err *err)
{
	struct routes *routes = arena_alloc(a, sizeof(*routes));
	struct reader r = {.a = a, .err = err, .file = config->routes, .routes = routes};

	routes->config = config;
	bool ok = config->routes[0] ? read_document(&r) : all_to_all(&r);

	*ret_refused = r.refused;
	return ok ? routes : NULL;
}

static bool word_fits(const char *word, struct slice text)
{
	size_t len = strlen(word);

	if (word[len - 1] == '*')
		return slice_starts(text, slice_over(word, len - 1));
	return slice_is(text, word);
}

static bool any_word_fits(const struct words *words, const struct slice *texts, size_t count)
{
	for (size_t w = 0; w < words->count; w++)
		for (size_t i = 0; i < count; i++)
			if (word_fits(words->at[w], texts[i]))
				return true;
	return words->count == 0;
}

/* The owner, or another office that needs to know. */
static bool any_agency_fits(const struct words *words, const struct alert *alert)
{
	if (any_word_fits(words, &alert->owner, 1))
		return true;
	for (size_t w = 0; w < words->count; w++) {
		CLEANUP(buf_release) struct buf member = {0};

		buf_printf(&member, "\"id\":\"%s\"", words->at[w]);
		if (slice_find(alert->notify, buf_slice(&member)) < alert->notify.len)
			return true;
	}
	return false;
}

/* An id of a place as a whole JSON text, in what the alert is grouped by or shows of its events. */
static bool any_place_fits(const struct words *words, const struct alert *alert)
{
	for (size_t w = 0; w < words->count; w++) {
		CLEANUP(buf_release) struct buf quoted = {0};
		size_t len = strlen(words->at[w]);
		bool prefix = words->at[w][len - 1] == '*';

		buf_printf(&quoted, "\"%.*s%s", (int)(prefix ? len - 1 : len), words->at[w],
			prefix ? "" : "\"");
		if (slice_find(alert->group, buf_slice(&quoted)) < alert->group.len ||
			slice_find(alert->events, buf_slice(&quoted)) < alert->events.len)
			return true;
	}
	return words->count == 0;
}

static bool is_holiday(const struct routes *r, int64_t day)
{
	for (size_t i = 0; i < r->holiday_count; i++)
		if (r->holidays[i] == day)
			return true;
	return false;
}

static bool is_day(const struct routes *r, const struct hours *h, int64_t day)
{
	int64_t weekday = (day + 4) % 7; /* 1970-01-01 was a Thursday */

	if (h->holidays != HOLIDAYS_WITH && is_holiday(r, day) != (h->holidays == HOLIDAYS_ONLY))
		return false;
	return h->days >> weekday & 1;
}

/* What begins before midnight belongs to that day until it ends. */
static bool is_within(const struct routes *r, const struct hours *h, int64_t minute)
{
	int64_t day = minute / DAY_MINUTES, at = minute % DAY_MINUTES;

	if (h->from < h->to)
		return at >= h->from && at < h->to && is_day(r, h, day);
	return (at >= h->from && is_day(r, h, day)) || (at < h->to && is_day(r, h, day - 1));
}

static bool hours_fit(const struct routes *r, const struct rule *rule, int64_t wall_us)
{
	int64_t minute = (wall_us / 1000000 + ZONE_S) / 60;

	for (size_t i = 0; i < rule->hours_count; i++)
		if (is_within(r, &rule->hours[i], minute))
			return true;
	return rule->hours_count == 0;
}

static bool rule_fits(const struct routes *r, const struct rule *rule, const struct alert *alert)
{
	return alert->rule.level >= rule->min_level &&
		(!rule->domains || rule->domains >> alert->domain & 1) &&
		(!rule->classes || rule->classes & class_of(alert)) &&
		any_word_fits(&rule->tags, alert->rule.tags, alert->rule.tag_count) &&
		any_word_fits(&rule->rules, &alert->rule.id, 1) &&
		any_agency_fits(&rule->agencies, alert) && any_place_fits(&rule->places, alert) &&
		hours_fit(r, rule, alert->timestamp_us);
}

const struct route *routes_match(
	const struct routes *r, const struct alert *alert, const struct route *after)
{
	const struct rule *rule = after ? (const struct rule *)after + 1 : r->at;

	for (; rule < r->at + r->count; rule++)
		if (rule_fits(r, rule, alert))
			return &rule->route;
	return NULL;
}

bool routes_permit(const struct target_config *target, const struct alert *alert)
{
	return target->recipient != RECIPIENT_POLICE || alert->domain != ALERT_INFORMATION ||
		class_of(alert);
}

static bool target_wants(const struct target_config *target, const struct alert *alert)
{
	bool wanted = target->domains.count == 0;

	for (size_t i = 0; i < target->domains.count; i++)
		wanted |= strcmp(alert_domain_name(alert->domain), target->domains.at[i]) == 0;
	return wanted && (int64_t)alert->rule.level >= target->min_level &&
		routes_permit(target, alert);
}

bool routes_want(const struct routes *r, size_t target, const struct alert *alert)
{
	if (!target_wants(&courier_targets(r->config)[target], alert))
		return false;
	for (const struct route *route = NULL; (route = routes_match(r, alert, route));)
		if (route->to >> target & 1)
			return true;
	return false;
}
