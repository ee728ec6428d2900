/* Vietnamese in the encodings from before Unicode, undeclared and declared wrongly; and texts of
 * other languages, which must stay what they are. */
#include "crawler/charset.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit/test.h"

#include <iconv.h>
#include <string.h>

enum { TEXT_MAX = 8192 };

static const char *const texts[] = {
	"<p>Chiều nay, mưa lớn kéo dài làm nhiều tuyến đường ở xã Trà Leng bị sạt lở, giao thông chia "
	"cắt. Chính quyền đã sơ tán 14 hộ dân đến nơi an toàn.</p>",
	"<title>Sở Y tế khuyến cáo người dân ăn chín uống sôi</title><p>Không để nước đọng quanh nhà, "
	"ngủ màn cả ban ngày và đến cơ sở y tế khi sốt cao.</p>",
	"<h1>THÔNG BÁO MỜI THẦU</h1><p>Ủy ban nhân dân huyện kính mời các nhà thầu đủ năng lực tham dự. "
	"Hồ sơ phát hành từ ngày 5 tháng 3, giá 500.000 đồng một bộ.</p>",
	"<p>Bà kể: thuở ấy quê mình nghèo lắm, cứ tới mùa nước nổi là cả xóm kéo nhau đi đặt lờ, bắt cá "
	"linh, hái bông điên điển về nấu canh chua.</p>",
	"<p>Trận đấu kết thúc với tỷ số 2-1, đội chủ nhà giành trọn ba điểm và vươn lên vị trí thứ tư "
	"trên bảng xếp hạng.</p>",
	"<p>Quỹ khuyến học trao 30 suất học bổng, mỗi suất trị giá hai triệu đồng, cho học sinh vượt khó "
	"học giỏi ở vùng bãi ngang.</p>",
};

static const char *const wrong_labels[] = {"", "text/html", "text/html; charset=windows-1252",
	"text/html; charset=utf-8", "text/html; charset=x-user-defined", "text/html; charset=gbk"};

static struct slice through_iconv(struct arena *a, const char *to, struct slice utf8)
{
	char *out = arena_alloc(a, TEXT_MAX), *at = out, *in = arena_copy(a, utf8);
	size_t left = utf8.len, room = TEXT_MAX;
	iconv_t converter = iconv_open(to, "UTF-8");

	assert_true((intptr_t)converter != -1);
	assert_int_equal(iconv(converter, &in, &left, &at, &room), 0);
	iconv(converter, NULL, NULL, &at, &room);
	iconv_close(converter);
	return slice_over(out, (size_t)(at - out));
}

/* VNI by hand: each Vietnamese letter and its bytes. */
static const char vni_rows[] =
	"á a\xF9 à a\xF8 ả a\xFB ã a\xF5 ạ a\xEF â a\xE2 ấ a\xE1 ầ a\xE0 ẩ a\xE5 ẫ a\xE3 ậ a\xE4 "
	"ă a\xEA ắ a\xE9 ằ a\xE8 ẳ a\xFA ẵ a\xFC ặ a\xEB é e\xF9 è e\xF8 ẻ e\xFB ẽ e\xF5 ẹ e\xEF "
	"ê e\xE2 ế e\xE1 ề e\xE0 ể e\xE5 ễ e\xE3 ệ e\xE4 í \xED ì \xEC ỉ \xE6 ĩ \xF3 ị \xF2 "
	"ó o\xF9 ò o\xF8 ỏ o\xFB õ o\xF5 ọ o\xEF ô o\xE2 ố o\xE1 ồ o\xE0 ổ o\xE5 ỗ o\xE3 ộ o\xE4 "
	"ơ \xF4 ớ \xF4\xF9 ờ \xF4\xF8 ở \xF4\xFB ỡ \xF4\xF5 ợ \xF4\xEF ú u\xF9 ù u\xF8 ủ u\xFB "
	"ũ u\xF5 ụ u\xEF ư \xF6 ứ \xF6\xF9 ừ \xF6\xF8 ử \xF6\xFB ữ \xF6\xF5 ự \xF6\xEF ý y\xF9 "
	"ỳ y\xF8 ỷ y\xFB ỹ y\xF5 ỵ \xEE đ \xF1 ";

static void add_vni(struct buf *out, int32_t c)
{
	struct slice rest = SLICE(vni_rows), letter, bytes;
	int32_t small = text_lower_char(c);

	while (slice_cut(&rest, ' ', &letter) && slice_cut(&rest, ' ', &bytes)) {
		size_t at = 0;

		if (text_next(letter, &at) != small)
			continue;
		for (size_t i = 0; i < bytes.len; i++)
			buf_add_byte(out, (char)(bytes.at[i] - (c == small ? 0 : 0x20)));
		return;
	}
	buf_add_byte(out, (char)c);
}

static struct slice in_vni(struct arena *a, struct slice utf8)
{
	struct buf out = {0};

	for (size_t at = 0; at < utf8.len;)
		add_vni(&out, text_next(utf8, &at));
	struct slice bytes = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return bytes;
}

/* Bytes as the Latin letters they are, in UTF-8. */
static struct slice as_latin(struct arena *a, struct slice bytes)
{
	struct buf out = {0};

	for (size_t i = 0; i < bytes.len; i++) {
		char c[4];

		buf_add(&out, c, text_put((unsigned char)bytes.at[i], c));
	}
	struct slice text = arena_slice(a, buf_slice(&out));
	buf_release(&out);
	return text;
}

struct fixture {
	struct charset_set *set;
	struct arena *a;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){charset_set_new(), arena_new()};
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	charset_set_free(&f->set);
	arena_free(&f->a);
	return 0;
}

static void expect(const struct fixture *f, struct slice bytes, const char *label,
	const char *charset, struct slice text)
{
	struct charset_text t = charset_decode(f->set, f->a, bytes, slice_of(label));

	assert_string_equal(t.charset, charset);
	if (!slice_equal(t.text, text))
		fail_msg("%s as %s: \"%.*s\"", charset, label, SLICE_ARG(t.text));
}

static void undeclared_and_wrongly_declared_vietnamese_is_read(void **state)
{
	static const struct {
		const char *iconv_name, *charset;
	} rows[] = {{"TCVN5712-1", "tcvn"}, {"VISCII", "viscii"}, {"CP1258", "windows-1258"}};
	const struct fixture *f = *state;

	for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
		for (size_t l = 0; l < sizeof wrong_labels / sizeof wrong_labels[0]; l++) {
			struct slice text = slice_of(texts[t]);

			for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
				expect(f, through_iconv(f->a, rows[i].iconv_name, text),
					wrong_labels[l], rows[i].charset, text);
			expect(f, in_vni(f->a, text), wrong_labels[l], "vni", text);
		}
}

static void bytes_shown_as_latin_letters_are_put_right(void **state)
{
	const struct fixture *f = *state;

	for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
		struct slice text = slice_of(texts[t]);

		expect(f, as_latin(f->a, through_iconv(f->a, "TCVN5712-1", text)), "", "utf-8",
			text);
		expect(f, as_latin(f->a, in_vni(f->a, text)), "utf-8", "utf-8", text);
		expect(f, as_latin(f->a, text), "utf-8", "utf-8", text);
		expect(f, text, "text/html; charset=windows-1252", "utf-8", text);
	}
}

static void decomposed_text_is_composed(void **state)
{
	const struct fixture *f = *state;

	expect(f, SLICE("Quảng Nam"), "", "utf-8", SLICE("Quảng Nam"));
}

static void fonts_tell_where_the_letters_are_others(void **state)
{
	static const struct {
		const char *page, *text;
	} rows[] = {
		{"<p>Trang chủ, tin tức mới</p><font face=\".VnTime\">TiÕng ViÖt</font>",
			"<p>Trang chủ, tin tức mới</p><font face=\".VnTime\">Tiếng Việt</font>"},
		{"<p>Tin tức mới</p><font face='.VnTimeH'>Th«ng b¸o</font> được",
			"<p>Tin tức mới</p><font face='.VnTimeH'>THÔNG BÁO</font> được"},
		{"<b>Tin tức mới</b><span style=\"font-family:VNI-Times\">Quaûng <i>Nam</i></span>",
			"<b>Tin tức mới</b><span style=\"font-family:VNI-Times\">Quảng <i>Nam</i></span>"},
		{"<p>Tin tức mới</p><font face=\".VnTime\">đã là Unicode rồi</font>",
			"<p>Tin tức mới</p><font face=\".VnTime\">đã là Unicode rồi</font>"},
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		expect(f, slice_of(rows[i].page), "", "utf-8", slice_of(rows[i].text));
}

static void other_languages_stay_what_they_are(void **state)
{
	static const struct {
		const char *iconv_name, *label, *charset, *text;
	} rows[] = {
		{"CP1252", "", "windows-1252",
			"<p>À Paris, où l'été a été très chaud, la municipalité a créé des îlots de "
			"fraîcheur. Là, déjà, les élèves préfèrent l'ombre des forêts à la grève.</p>"},
		{"CP1252", "", "windows-1252",
			"<p>Die Gemeinde prüft, ob größere Bäume gefällt werden müssen. Für die "
			"Straße gäbe es Möglichkeiten, über die die Bürger abstimmen könnten.</p>"},
		{"CP1252", "", "windows-1252",
			"<p>Não há informação sobre a situação. São três milhões, é verdade, já não dá "
			"para voltar atrás; mãe e irmão estão à espera no avião.</p>"},
		{"CP1252", "", "windows-1252",
			"<p>El niño pidió más café; ¿qué pasó después? Mañana habrá sesión, según "
			"informó el señor alcalde, y también votación.</p>"},
		{"CP1252", "", "windows-1252",
			"<p>Kävin eilen töissä, mutta tänään en käy. Öljyä löytyi pöydältä, jää on "
			"liukas ja yö pitkä, eikä hän lähde minnekään.</p>"},
		{"CP1252", "", "windows-1252",
			"<p>Þetta er á íslensku og það er ekki víetnamska. Öll "
			"börn fá að læra að synda í skólanum á Íslandi.</p>"},
		{"CP1252", "", "windows-1252", "<p>Café à la carte, où ça?</p>"},
		{"CP1251", "text/html; charset=windows-1251", "windows-1251",
			"<p>Сегодня в городе ожидается сильный дождь и ветер. Жители просят "
			"администрацию починить дорогу и мост через реку.</p>"},
		{"CP1250", "text/html; charset=windows-1250", "windows-1250",
			"<p>Příliš žluťoučký kůň úpěl ďábelské ódy. Město opravuje silnici a školu.</p>"},
		{"CP1254", "text/html; charset=windows-1254", "windows-1254",
			"<p>Şehirde yağmur bekleniyor; öğrenciler çalışıyor, köprü değiştiriliyor.</p>"},
		{"GB18030", "text/html; charset=gbk", "gbk",
			"<p>今天下午大雨导致多条道路受阻，当地政府已经疏散居民到安全地点。</p>"},
		{"CP932", "text/html; charset=shift_jis", "shift_jis",
			"<p>大雨の影響で道路が通行止めになり、住民が避難しました。</p>"},
		{"EUC-JP", "text/html; charset=euc-jp", "euc-jp",
			"<p>大雨の影響で道路が通行止めになり、住民が避難しました。</p>"},
		{"UHC", "text/html; charset=euc-kr", "euc-kr",
			"<p>폭우로 도로가 통제되고 주민들이 대피했습니다.</p>"},
		{"BIG5", "text/html; charset=big5", "big5", "<p>今天下午大雨，道路受阻。</p>"},
		{"CP874", "text/html; charset=windows-874", "windows-874",
			"<p>วันนี้ฝนตกหนักทำให้ถนนหลายสายถูกตัดขาด</p>"},
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct slice text = slice_of(rows[i].text);

		expect(f, through_iconv(f->a, rows[i].iconv_name, text), rows[i].label,
			rows[i].charset, text);
		expect(f, text, "", "utf-8", text);
		expect(f, text, "text/html; charset=utf-8", "utf-8", text);
	}
}

/* Without a label these become windows-1252; none may turn into Vietnamese. */
static void undeclared_bytes_of_others_do_not_become_vietnamese(void **state)
{
	static const char *const names[] = {"CP1251", "KOI8-R", "GB18030", "CP932", "EUC-JP", "UHC",
		"BIG5", "CP874", "CP1253", "CP1256"};
	static const char *const samples[] = {
		"Сегодня в городе ожидается сильный дождь и ветер. Жители просят починить мост.",
		"Сегодня в городе ожидается сильный дождь и ветер. Жители просят починить мост.",
		"今天下午大雨导致多条道路受阻，当地政府已经疏散居民到安全地点。",
		"大雨の影響で道路が通行止めになり、住民が避難しました。",
		"大雨の影響で道路が通行止めになり。",
		"폭우로 도로가 통제되고 주민들이 대피했습니다.", "今天下午大雨，道路受阻。",
		"วันนี้ฝนตกหนักทำให้ถนนหลายสายถูกตัดขาด",
		"Η πόλη περιμένει δυνατή βροχή και άνεμο σήμερα.",
		"هطلت أمطار غزيرة اليوم وأغلقت عدة طرق في المدينة"};
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct slice bytes = through_iconv(f->a, names[i], slice_of(samples[i]));
		struct charset_text t = charset_decode(f->set, f->a, bytes, SLICE(""));

		if (strcmp(t.charset, "windows-1252") != 0)
			fail_msg("%s as %s", names[i], t.charset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			undeclared_and_wrongly_declared_vietnamese_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			bytes_shown_as_latin_letters_are_put_right, setup, teardown),
		cmocka_unit_test_setup_teardown(decomposed_text_is_composed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			fonts_tell_where_the_letters_are_others, setup, teardown),
		cmocka_unit_test_setup_teardown(
			other_languages_stay_what_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(
			undeclared_bytes_of_others_do_not_become_vietnamese, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
