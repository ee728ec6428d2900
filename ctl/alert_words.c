#include "ctl/alert_words.h"

#include "ctl/terminal.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <time.h>

struct labels {
	const char *entity, *advice, *matched, *notify, *rule, *count, *within;
};

static const struct labels labels[] = {
	[LANG_VI] = {"Đối tượng", "Việc làm trước", "Dấu hiệu", "Ai cần biết", "Luật", "lần",
		"trong"},
	[LANG_EN] = {"Entity", "First", "Matched", "Who needs to know", "Rule", "times", "within"},
};

static const char *const colours[] = {
	[ALERT_INFORMATIONAL] = "\033[2m",
	[ALERT_LOW] = "\033[36m",
	[ALERT_MEDIUM] = "\033[33m",
	[ALERT_HIGH] = "\033[31m",
	[ALERT_CRITICAL] = "\033[1;37;41m",
};

static struct slice choose(enum ctl_lang lang, struct slice vi, struct slice en)
{
	struct slice first = lang == LANG_VI ? vi : en;

	if (first.len > 0)
		return first;
	return lang == LANG_VI ? en : vi;
}

/* By the clock on the wall of the Centre: TZ. */
static void local_time_write(int64_t wall_us, struct buf *out)
{
	time_t seconds = wall_us / 1000000;
	struct tm tm;
	char text[32];

	if (localtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%H:%M:%S %d/%m/%Y", &tm))
		buf_add_text(out, text);
}

static void line_write(struct buf *out, const char *label, struct slice text)
{
	if (text.len == 0)
		return;
	buf_add_text(out, "    ");
	if (label)
		buf_printf(out, "%s: ", label);
	terminal_add(out, text);
	buf_add_byte(out, '\n');
}

/* One member of `matched`, or one office of `notify`, as text. */
struct items {
	struct buf *out;
	enum ctl_lang lang;
	unsigned count;
};

static bool matched_add(void *ctx, struct slice key, struct json_value value)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct items *i = ctx;
	struct slice plain;

	buf_add_text(i->out, i->count++ ? ", " : "");
	buf_add_slice(i->out, key);
	buf_add_text(i->out, " = ");
	if (json_to_text(value, &plain)) {
		buf_add_slice(i->out, plain);
	} else {
		json_copy(value, &text);
		buf_add_slice(i->out, buf_slice(&text));
	}
	return true;
}

static bool office_add(void *ctx, struct slice key, struct json_value office)
{
	struct items *i = ctx;
	struct slice id = {0}, vi = {0}, en = {0}, desk = {0};

	(void)key;
	(void)json_get_text(office, "id", &id);
	(void)json_get_text(office, "vi", &vi);
	(void)json_get_text(office, "en", &en);
	(void)json_get_text(office, "desk", &desk);
	struct slice name = choose(i->lang, vi, en);

	buf_add_text(i->out, i->count++ ? "; " : "");
	buf_add_slice(i->out, name.len > 0 ? name : id);
	if (desk.len > 0)
		buf_printf(i->out, " (%.*s)", SLICE_ARG(desk));
	return true;
}

static void items_write(
	struct buf *out, const char *label, struct slice json, json_each_fn *fn, enum ctl_lang lang)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct json_reader *reader = json_reader_new(ALERT_JSON_MAX);
	struct items items = {&text, lang, 0};
	struct json_value root;
	struct err ignored = {0};

	if (json.len > 0 && json_read(reader, json, &root, &ignored))
		json_each(root, fn, &items);
	json_reader_free(&reader);
	line_write(out, label, buf_slice(&text));
}

static void origin_write(const struct labels *l, const struct alert *alert, struct buf *out)
{
	buf_printf(out, "    %s: ", l->rule);
	terminal_add(out, alert->rule.id);
	if (alert->rule.author.len > 0) {
		buf_add_text(out, " (");
		terminal_add(out, alert->rule.author);
		buf_add_byte(out, ')');
	}
	for (size_t i = 0; i < alert->attack_count; i++) {
		buf_add_text(out, i ? ", " : " · ");
		terminal_add(out, alert->attack[i]);
	}
	if (alert->count > 0)
		buf_printf(out, " · %" PRIu64 " %s", alert->count, l->count);
	if (alert->timespan_s > 0)
		buf_printf(out, " %s %" PRIu64 " s", l->within, alert->timespan_s);
	buf_add_text(out, " · ");
	terminal_add(out, alert->alert_id);
	if (alert->revision > 1)
		buf_printf(out, ".%" PRIu64, alert->revision);
	buf_add_byte(out, '\n');
}

void alert_words_write(const struct alert_words *how, const struct alert *alert, struct buf *out)
{
	const struct labels *l = &labels[how->lang];
	enum alert_level level = alert->rule.level;
	const char *name =
		how->lang == LANG_VI ? alert_level_name_vi(level) : alert_level_name(level);

	local_time_write(alert->timestamp_us, out);
	buf_printf(out, "  %s[%s]%s ", how->colour ? colours[level] : "", name,
		how->colour ? "\033[0m" : "");
	terminal_add(out, choose(how->lang, alert->rule.title_vi, alert->rule.title));
	buf_add_byte(out, '\n');
	line_write(out, l->entity, alert->entity);
	line_write(out, NULL, choose(how->lang, alert->explanation_vi, alert->explanation_en));
	line_write(out, l->advice, choose(how->lang, alert->advice_vi, alert->advice_en));
	items_write(out, l->matched, alert->matched, matched_add, how->lang);
	items_write(out, l->notify, alert->notify, office_add, how->lang);
	origin_write(l, alert, out);
}
