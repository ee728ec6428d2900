#include "crawler/calendar.h"

#include "crawler/date.h"
#include "lib/arena.h"
#include "lib/mem.h"
#include "lib/yaml.h"

enum { SPANS_MAX = 2000 };

static const int64_t DAY_US = INT64_C(86400000000), HOUR_US = INT64_C(3600000000);

/* From one day to another; yearly ones: month * 100 + day in place of days since 1970. */
struct span {
	struct slice name;
	int64_t first, last;
	bool yearly;
};

struct calendar {
	struct arena *arena;
	struct span holidays[SPANS_MAX];
	size_t holiday_count;
	struct span *seasons;
	size_t season_count;
};

struct loader {
	struct calendar *c;
	const char *path;
	struct err *err;
};

/* "MM-DD" or "YYYY-MM-DD". */
static bool day_read(struct slice text, bool *ret_yearly, int64_t *ret)
{
	struct slice year = {0}, month = {0}, day = text;
	int64_t y = 2000, m, d;

	*ret_yearly = text.len == 5;
	if (!*ret_yearly &&
		(text.len != 10 || !slice_cut(&day, '-', &year) || year.len != 4 ||
			!slice_to_i64(year, &y)))
		return false;
	if (!slice_cut(&day, '-', &month) || month.len != 2 || day.len != 2 ||
		!slice_to_i64(month, &m) || !slice_to_i64(day, &d) || m < 1 || m > 12 || d < 1 ||
		d > 31 || y < 1995 || y > 2099)
		return false;
	struct date date = {.year = (int)y, .month = (int)m, .day = (int)d};
	*ret = *ret_yearly ? m * 100 + d : date_us(&date, 0) / DAY_US;
	return true;
}

static bool add_days(const struct loader *in, const struct yaml_node *node, struct slice name)
{
	struct slice first = node->text, last = first;
	size_t dots = slice_find(first, SLICE(".."));
	struct span span = {.name = name};
	bool yearly_last;

	if (dots < first.len) {
		last = slice_from(first, dots + 2);
		first.len = dots;
	}
	if (in->c->holiday_count == SPANS_MAX)
		return err_set(in->err, in->path, node->line, "more than %d days", SPANS_MAX);
	if (!day_read(first, &span.yearly, &span.first) ||
		!day_read(last, &yearly_last, &span.last) || span.yearly != yearly_last ||
		span.first > span.last)
		return err_set(in->err, in->path, node->line,
			"'%.*s' is no MM-DD, YYYY-MM-DD or span of such days",
			SLICE_ARG(node->text));
	in->c->holidays[in->c->holiday_count++] = span;
	return true;
}

static bool load_holiday(const struct loader *in, const struct yaml_node *node)
{
	const struct yaml_node *id = yaml_get(node, "id"), *days = yaml_get(node, "days");

	if (id == NULL || id->text.len == 0 || days == NULL || days->kind != YAML_LIST)
		return err_set(
			in->err, in->path, node->line, "a holiday needs id and a list `days`");
	for (size_t i = 0; i < days->count; i++)
		if (!add_days(in, days->values[i], id->text))
			return false;
	return true;
}

static bool load_season(const struct loader *in, const struct yaml_node *node)
{
	const struct yaml_node *id = yaml_get(node, "id"), *from = yaml_get(node, "from"),
			       *to = yaml_get(node, "to");
	struct span *s = &in->c->seasons[in->c->season_count++];
	bool yearly = false, yearly_to = false;

	if (id == NULL || id->text.len == 0 || from == NULL || to == NULL ||
		!day_read(from->text, &yearly, &s->first) ||
		!day_read(to->text, &yearly_to, &s->last) || !yearly || !yearly_to)
		return err_set(in->err, in->path, node->line,
			"a season needs id, from and to, both MM-DD");
	s->name = id->text;
	return true;
}

static bool load(const struct loader *in)
{
	struct calendar *c = in->c;
	struct yaml_documents docs;

	if (!yaml_read_file(c->arena, in->path, &docs, in->err))
		return false;
	const struct yaml_node *root = docs.count == 1 ? docs.at[0] : NULL;
	const struct yaml_node *holidays = root == NULL ? NULL : yaml_get(root, "holidays");
	const struct yaml_node *seasons = root == NULL ? NULL : yaml_get(root, "seasons");
	if (holidays == NULL || holidays->kind != YAML_LIST)
		return err_set(in->err, in->path, 0, "a list `holidays` was expected");
	for (size_t i = 0; i < holidays->count; i++)
		if (!load_holiday(in, holidays->values[i]))
			return false;
	if (seasons == NULL)
		return true;
	c->seasons = arena_array(c->arena, seasons->count + 1, sizeof *c->seasons);
	for (size_t i = 0; i < seasons->count; i++)
		if (!load_season(in, seasons->values[i]))
			return false;
	return true;
}

struct calendar *calendar_read(const char *path, struct err *err)
{
	struct calendar *c = mem_alloc(sizeof *c);

	c->arena = arena_new();
	if (!load(&(struct loader){c, path, err}))
		calendar_free(&c);
	return c;
}

void calendar_free(struct calendar **c)
{
	if (*c != NULL)
		arena_free(&(*c)->arena);
	mem_free(*c);
	*c = NULL;
}

/* Month * 100 + day of a day since 1970 (Howard Hinnant, "chrono-compatible date algorithms"). */
static int64_t month_and_day(int64_t day)
{
	int64_t z = day + 719468, of_era = z % 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t march_month = (5 * of_year + 2) / 153;
	int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;

	return month * 100 + of_year - (153 * march_month + 2) / 5 + 1;
}

/* A season may run over the turn of the year. */
static bool is_within(const struct span *s, int64_t value)
{
	return s->first <= s->last ? value >= s->first && value <= s->last
				   : value >= s->first || value <= s->last;
}

int64_t calendar_local_hour(int64_t wall_us)
{
	return wall_us / HOUR_US + CALENDAR_ZONE_H;
}

struct calendar_day calendar_day(const struct calendar *c, int64_t day)
{
	int64_t weekday = (day + 3) % 7, in_year = month_and_day(day); /* 0: Monday */
	struct calendar_day ret = {.kind = weekday >= 5 ? DAY_WEEKEND : DAY_WORKING,
		.name = weekday >= 5 ? SLICE("weekend") : SLICE("ordinary")};

	for (size_t i = 0; c != NULL && i < c->season_count; i++)
		if (is_within(&c->seasons[i], in_year)) {
			ret.in_season = true;
			ret.name = c->seasons[i].name;
		}
	for (size_t i = 0; c != NULL && i < c->holiday_count; i++)
		if (is_within(&c->holidays[i], c->holidays[i].yearly ? in_year : day)) {
			ret.kind = DAY_HOLIDAY;
			ret.name = c->holidays[i].name;
		}
	return ret;
}
