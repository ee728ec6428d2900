#include "crawler/classify.h"
#include "crawler/mask.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "tests/unit/test.h"

#include <string.h>

static int load(void **state)
{
	static const struct classifier_paths paths = {
		"rules/topics.yaml", "rules/places.yaml", "rules/assets.yaml"};
	struct err err = {0};

	*state = classifier_read(&paths, &err);
	if (*state == NULL)
		print_error("%s\n", err_text(&err));
	return *state == NULL;
}

static int unload(void **state)
{
	struct classifier *c = *state;

	classifier_free(&c);
	return 0;
}

static bool has_place(const struct classified *found, const char *id)
{
	for (size_t i = 0; i < found->places.count; i++)
		if (slice_is(found->places.at[i].id, id))
			return true;
	return false;
}

static void phrases_give_topics(void **state)
{
	static const struct {
		const char *title, *text, *topic;
		bool found;
	} rows[] = {
		{"Sạt lở núi", "Một đoạn đường bị vùi lấp.", "disaster.landslide", true},
		{"", "Quán mới mở, hàng nào cũng cháy hàng.", "incident.fire", false},
		{"Cháy chợ trong đêm", "Lửa lan nhanh.", "incident.fire", true},
		{"Chạy bộ vì sức khỏe", "Mọi người ăn chay.", "incident.fire", false},
		{"", "bao so 5 vao bien dong, cam bien tu toi nay", "disaster.storm", true},
		{"", "ba con chay bo, an chay, bao gia", "disaster.storm", false},
		{"", "Tối nay hoà mình vào lễ hội, khách du lịch đông.", "disaster.flood", false},
		{"Vỡ đập rồi", "Nghe nói đập thủy điện bị vỡ, chia sẻ gấp.", "harm.hoax_disaster",
			true},
		{"Diễn tập ứng phó vỡ đập", "Kịch bản giả định: đập bị vỡ, sơ tán khẩn cấp.",
			"harm.hoax_disaster", false},
		{"", "Cơ quan chức năng khẳng định không có chuyện vỡ đập, bác bỏ tin đồn.",
			"official.correction", true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct classified found;

		classify(*state, a, slice_of(rows[i].title), slice_of(rows[i].text), &found);
		if (topics_have(&found.topics, rows[i].topic) != rows[i].found)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

/* What is masked in a text changes neither how it is read nor what it says. */
static void a_masked_text_is_judged_like_the_text(void **state)
{
	static const char *const rows[][2] = {
		{"bao so 5 vao bien dong, goi 0905123456", "disaster.storm"},
		{"bao so 5 vao bien dong, viet cho truc.ban@example.vn hay @trucban",
			"disaster.storm"},
	};
	static const char *const accounts[] = {"ủng hộ qua stk: 19001234567 nhé",
		"ung ho qua so tai khoan 0905123456 nhe", "ung ho qua stk 123456"};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct classified found;

		classify(*state, a, (struct slice){0}, mask_personal(a, slice_of(rows[i][0])),
			&found);
		if (!found.text->plain || !topics_have(&found.topics, rows[i][1]))
			fail_msg("%s", rows[i][0]);
	}
	for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct classified found;

		classify(*state, a, (struct slice){0}, mask_personal(a, slice_of(accounts[i])),
			&found);
		if (!topics_marked(&found.topics, "bank_account"))
			fail_msg("%s", accounts[i]);
	}
}

static void names_give_places_only_where_they_are_meant(void **state)
{
	static const struct {
		const char *text, *place;
		bool found;
	} rows[] = {
		{"Nước lên ở thủy điện Sông Tranh 2.", "dam:song-tranh-2", true},
		{"nuoc len o thuy dien song tranh 2", "dam:song-tranh-2", true},
		{"Người dân huyện Đại Lộc đi tránh lũ.", "dist:Đại Lộc", true},
		{"Người dân xã Đại Lộc đi tránh lũ.", "vn48-20500", true},
		{"Giữ cho xã hội an toàn.", "dist:Hội An", false},
		{"Tối nay hoà mình vào dòng người.", "old-20197", false},
		{"Xe dừng trên đường Núi Thành.", "vn48-20965", false},
		{"Thăm Hương Trà, Thừa Thiên Huế.", "vn48-20350", false},
		{"Cả xứ Quảng, từ Hoà Vang tới Hội An, Quảng Nam.", "vn48-20320", true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct classified found;

		classify(*state, a, (struct slice){0}, slice_of(rows[i].text), &found);
		if (has_place(&found, rows[i].place) != rows[i].found)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

static void all_ways_of_writing_meet(void **state)
{
	static const char *const texts[] = {"Sạt lở tại xã Hòa Vang, Quảng Nam",
		"SẠT LỞ TẠI XÃ HOÀ VANG, QUẢNG NAM",
		"Sa\xCC\xA3t l\xC6\xA1\xCC\x89 ta\xCC\xA3i xa\xCC\x83 Ho\xCC\x80"
		"a Vang, Qua\xCC\x89ng Nam"};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct classified found;

		classify(*state, a, (struct slice){0}, slice_of(texts[i]), &found);
		if (!has_place(&found, "vn48-20320") ||
			!topics_have(&found.topics, "disaster.landslide"))
			fail_msg("%s", texts[i]);
	}
}

static void rumour_and_denial_are_about_the_same_matter(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct classified rumour, denial;

	classify(*state, a, SLICE("Vỡ đập Sông Tranh 2"), SLICE("Nghe nói đập bị vỡ, chia sẻ gấp."),
		&rumour);
	classify(*state, a, SLICE("Bác bỏ tin đồn vỡ đập thủy điện Sông Tranh 2"),
		SLICE("Khẳng định không có chuyện vỡ đập."), &denial);
	assert_true(rumour.matter.len > 0 && slice_equal(rumour.matter, denial.matter));
	assert_true(denial.is_denial && !rumour.is_denial);
	assert_true(slice_is(
		rumour.subject, "Hồ đập, xả lũ, vận hành hồ chứa · Thủy điện Sông Tranh 2"));
	assert_true(topics_marked(&rumour.topics, "unverified") &&
		topics_marked(&rumour.topics, "urgent"));
}

static void harmful_phrases_are_listed_for_watched_sites(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct topic_phrases found;

	topics_phrases(classifier_topics(*state), "harm.gov_seo_spam", a,
		phrase_text_read(a, SLICE("Trang xã"), SLICE("nhà cái uy tín, tài xỉu, nổ hũ")),
		&found);
	assert_int_equal(found.count, 3);
	assert_false(found.in_title);
	topics_phrases(classifier_topics(*state), "harm.gov_seo_spam", a,
		phrase_text_read(a, SLICE("Trang xã"), SLICE("Công an bắt nhóm cá độ qua mạng")),
		&found);
	assert_int_equal(found.count, 0);
}

static void any_bytes_can_be_classified(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct classified found;
	char bytes[512];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7);
	classify(*state, a, slice_over(bytes, 100), slice_over(bytes, sizeof bytes), &found);
	classify(*state, a, (struct slice){0}, (struct slice){0}, &found);
	assert_int_equal(found.topics.topic_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phrases_give_topics),
		cmocka_unit_test(a_masked_text_is_judged_like_the_text),
		cmocka_unit_test(names_give_places_only_where_they_are_meant),
		cmocka_unit_test(all_ways_of_writing_meet),
		cmocka_unit_test(rumour_and_denial_are_about_the_same_matter),
		cmocka_unit_test(harmful_phrases_are_listed_for_watched_sites),
		cmocka_unit_test(any_bytes_can_be_classified),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
