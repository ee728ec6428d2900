#include "courier/letter.h"

#include "lib/json_read.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <inttypes.h>
#include <time.h>

enum { NOTIFY_JSON_MAX = 64 * 1024, AT_LEN = 32, ZONE_S = 7 * 3600 };

static const char *const domains_vi[] = {"an toàn mạng", "thông tin trên mạng", "liên thông"};

struct word {
	const char *name, *vi;
};

static const struct word states_vi[] = {
	{"new", "mở lại"}, {"acknowledged", "đã tiếp nhận"}, {"closed", "đã đóng"}, {NULL, NULL}};
static const struct word dispositions_vi[] = {{"true_positive", "đúng"},
	{"false_positive", "báo động giả"}, {"configuration", "do cấu hình"}, {"drill", "diễn tập"},
	{"duplicate", "trùng cảnh báo khác"}, {"undetermined", "không xác định"}, {NULL, NULL}};
static const struct word incidents_vi[] = {{"at_once", "phải báo cáo ngay"},
	{"serious", "nghiêm trọng"}, {"ordinary", "thông thường"}, {NULL, NULL}};

static struct slice in_vietnamese(const struct word *words, struct slice name)
{
	while (words->name && !slice_is(name, words->name))
		words++;
	return words->name ? slice_of(words->vi) : SLICE("?");
}

void letter_release(struct letter *l)
{
	buf_release(&l->subject);
	buf_release(&l->text);
	buf_release(&l->html);
}

static void add_escaped(struct buf *html, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.at[i]) {
		case '<': buf_add_text(html, "&lt;"); break;
		case '>': buf_add_text(html, "&gt;"); break;
		case '&': buf_add_text(html, "&amp;"); break;
		case '"': buf_add_text(html, "&quot;"); break;
		case '\n': buf_add_text(html, "<br>"); break;
		default: buf_add_byte(html, text.at[i]);
		}
	}
}

/* What came from outside: one line, nothing in it that is not seen. */
static struct slice clean(struct arena *a, struct slice text)
{
	return text_squeeze(a, text_nfc(a, text));
}

/* A heading and what stands under it; left out when there is nothing. */
static void add_part(struct letter *l, const char *heading, struct slice words)
{
	if (!words.len)
		return;
	buf_printf(&l->text, "%s:\n  ", heading);
	buf_add_slice(&l->text, words);
	buf_add_text(&l->text, "\n\n");
	buf_printf(&l->html, "<p><b>%s</b><br>", heading);
	add_escaped(&l->html, words);
	buf_add_text(&l->html, "</p>\n");
}

static void time_vi(int64_t wall_us, char ret[AT_LEN])
{
	time_t local = (time_t)(wall_us / 1000000 + ZONE_S);
	struct tm tm;

	(void)gmtime_r(&local, &tm);
	(void)strftime(ret, AT_LEN, "%H:%M %d/%m/%Y", &tm);
}

static struct slice title_of(const struct alert *alert)
{
	return alert->rule.title_vi.len ? alert->rule.title_vi : alert->rule.title;
}

static const char *prefix_of(const struct parcel *parcel)
{
	const struct alert_standing *standing = &parcel->alert->standing;

	switch (parcel->purpose) {
	case PARCEL_ALERT: return parcel->alert->revision > 1 ? "Cập nhật: " : "";
	case PARCEL_STATE:
		return slice_is(standing->state, "closed") ? "Đã đóng: "
			: slice_is(standing->state, "new") ? "Mở lại: "
			: standing->incident.len           ? "Sự cố: "
							   : "Đã tiếp nhận: ";
	case PARCEL_RETRACTION: return "RÚT LẠI: ";
	case PARCEL_ESCALATION: return "CHƯA AI TIẾP NHẬN: ";
	case PARCEL_REMINDER: return "SẮP HẾT HẠN BÁO CÁO: ";
	case PARCEL_TEST: return "THỬ: ";
	case PARCEL_PURPOSE_COUNT: break;
	}
	return "";
}

struct offices {
	struct arena *a;
	struct buf *out;
};

static bool add_office(void *ctx, struct slice key, struct json_value value)
{
	struct offices *offices = ctx;
	struct slice name;

	(void)key;
	if (!json_get_text(value, "vi", &name) || !name.len)
		(void)json_get_text(value, "id", &name);
	buf_printf(offices->out, "%s%.*s", offices->out->len ? "; " : "",
		SLICE_ARG(clean(offices->a, name)));
	return true;
}

static void add_offices(struct letter *l, struct arena *a, const struct alert *alert)
{
	CLEANUP(json_reader_free) struct json_reader *json = json_reader_new(NOTIFY_JSON_MAX);
	CLEANUP(buf_release) struct buf names = {0};
	struct offices offices = {a, &names};
	struct json_value list;
	struct err err = {0};

	if (alert->notify.len && json_read(json, alert->notify, &list, &err) &&
		json_kind(list) == JSON_ARRAY)
		json_each(list, add_office, &offices);
	if (!names.len)
		buf_add_slice(&names, clean(a, alert->owner));
	add_part(l, "Ai cần biết", buf_slice(&names));
}

static void add_standing(struct letter *l, struct arena *a, const struct alert_standing *s)
{
	CLEANUP(buf_release) struct buf words = {0};
	char at[AT_LEN];

	if (!s->change)
		return;
	time_vi(s->at_us, at);
	buf_printf(&words, "%.*s lúc %s", SLICE_ARG(in_vietnamese(states_vi, s->state)), at);
	if (s->disposition.len)
		buf_printf(&words, ", kết luận: %.*s",
			SLICE_ARG(in_vietnamese(dispositions_vi, s->disposition)));
	if (s->incident.len)
		buf_printf(&words, ", là sự cố: %.*s",
			SLICE_ARG(in_vietnamese(incidents_vi, s->incident)));
	if (s->reason.len)
		buf_printf(&words, ". Lý do: %.*s", SLICE_ARG(clean(a, s->reason)));
	add_part(l, "Trạng thái", buf_slice(&words));
}

static void add_facts(struct letter *l, struct arena *a, const struct alert *alert)
{
	CLEANUP(buf_release) struct buf words = {0};
	char first[AT_LEN], last[AT_LEN];

	time_vi(alert->first_seen_us, first);
	time_vi(alert->last_seen_us, last);
	buf_printf(&words, "%.*s. Mức %s, %s. Đối tượng: %.*s. Từ %s đến %s (giờ Việt Nam)",
		SLICE_ARG(clean(a, title_of(alert))), alert_level_name_vi(alert->rule.level),
		domains_vi[alert->domain], SLICE_ARG(clean(a, alert->entity)), first, last);
	if (alert->count > 1)
		buf_printf(&words, ", đếm được %" PRIu64, alert->count);
	buf_add_byte(&words, '.');
	add_part(l, "Chuyện gì", buf_slice(&words));
}

static void add_link(struct letter *l, const struct alert *alert, const char *console)
{
	CLEANUP(buf_release) struct buf link = {0};

	if (!console[0])
		return;
	buf_printf(&link, "%s%s#%.*s", console,
		slice_ends(slice_of(console), SLICE("/")) ? "" : "/", SLICE_ARG(alert->alert_id));
	buf_printf(&l->text, "Xem trên bảng điều khiển: %s\n", buf_text(&link));
	buf_add_text(&l->html, "<p><a href=\"");
	add_escaped(&l->html, buf_slice(&link));
	buf_add_text(&l->html, "\">Xem trên bảng điều khiển</a></p>\n");
}

static void begin(struct letter *l)
{
	buf_add_text(&l->html,
		"<!DOCTYPE html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">"
		"<title>Hải Đăng</title></head><body>\n");
}

static void end(struct letter *l)
{
	buf_add_text(&l->text, "--\nThư tự động của Hải Đăng, không trả lời thư này.\n");
	buf_add_text(&l->html,
		"<hr><p>Thư tự động của Hải Đăng, không trả lời thư này.</p></body></html>\n");
}

static void add_alert(struct letter *l, const struct parcel *parcel, const char *console)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct alert *alert = parcel->alert;

	if (parcel->purpose == PARCEL_RETRACTION)
		add_part(l, "Rút lại",
			SLICE("Cảnh báo này là nhầm, xin bỏ qua; bên dưới là nội dung đã gửi."));
	add_part(l, "Vì sao gửi thêm", clean(a, alert->notice.vi));
	add_standing(l, a, &alert->standing);
	add_facts(l, a, alert);
	add_part(l, "Vì sao có cảnh báo", clean(a, alert->explanation_vi));
	add_part(l, "Nên làm gì trước", clean(a, alert->advice_vi));
	add_offices(l, a, alert);
	add_link(l, alert, console);
	buf_printf(&l->text, "Mã: %s\n", parcel->key);
	buf_printf(&l->html, "<p>Mã: %s</p>\n", parcel->key);
}

void letter_write(const struct parcel *parcel, const char *console, struct letter *ret)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	const struct alert *alert = parcel->alert;

	buf_printf(&ret->subject, "[Hải Đăng] %s[%s] %.*s", prefix_of(parcel),
		alert_level_name_vi(alert->rule.level), SLICE_ARG(clean(a, title_of(alert))));
	if (alert->entity.len)
		buf_printf(&ret->subject, " – %.*s", SLICE_ARG(clean(a, alert->entity)));
	begin(ret);
	add_alert(ret, parcel, console);
	end(ret);
}

void letter_digest_begin(int64_t until_us, size_t count, struct letter *ret)
{
	char at[AT_LEN];

	time_vi(until_us, at);
	buf_printf(&ret->subject, "[Hải Đăng] Bản tin cảnh báo đến %s: %zu mục", at, count);
	begin(ret);
	buf_printf(&ret->text, "Đến %s (giờ Việt Nam) có %zu mục.\n\n", at, count);
	buf_printf(&ret->html, "<p>Đến %s (giờ Việt Nam) có %zu mục.</p>\n", at, count);
}

void letter_digest_add(struct letter *l, const struct parcel *parcel, const char *console)
{
	buf_printf(&l->text, "== %s[%s]\n\n", prefix_of(parcel),
		alert_level_name_vi(parcel->alert->rule.level));
	buf_printf(&l->html, "<hr><h3>%s[%s]</h3>\n", prefix_of(parcel),
		alert_level_name_vi(parcel->alert->rule.level));
	add_alert(l, parcel, console);
	buf_add_byte(&l->text, '\n');
}

void letter_digest_line(struct letter *l, const struct parcel *parcel)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf line = {0};
	const struct alert *alert = parcel->alert;

	buf_printf(&line, "%s[%s] %.*s – %.*s (%s)", prefix_of(parcel),
		alert_level_name_vi(alert->rule.level), SLICE_ARG(clean(a, title_of(alert))),
		SLICE_ARG(clean(a, alert->entity)), parcel->key);
	buf_printf(&l->text, "- %s\n", buf_text(&line));
	buf_add_text(&l->html, "<p>");
	add_escaped(&l->html, buf_slice(&line));
	buf_add_text(&l->html, "</p>\n");
}

void letter_digest_end(struct letter *l)
{
	end(l);
}
