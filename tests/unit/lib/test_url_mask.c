#include "lib/url_mask.h"
#include "tests/unit/test.h"

enum { ROOM = 40 };

static const struct {
	const char *url, *masked;
} cases[] = {
	{"", ""},
	{"*", "*"},
	{"/", "/"},
	{"/a?b=c", "/a?b=c"},
	{"/a@b?c", "/a@b?c"},
	{"/a?PassWord=x y&q=1;token=2", "/a?PassWord=*&q=1;token=*"},
	{"/a?b;pwd=x;y=z&c;d=1;", "/a?b;pwd=*&c;d=1;"},
	{"/a?token=&sid=1&side=2", "/a?token=&sid=*&side=2"},
	{"/a?u=?pwd=1", "/a?u=?pwd=1"},
	{"/a?b&=c&pwd", "/a?b&=c&pwd"},
	{"?code=1", "?code=*"},
	{"http://a:b@c.vn:8080/d", "http://c.vn:8080/d"},
	{"http://a@b@c.vn?key=1", "http://c.vn?key=*"},
	{"http://c.vn/a@b", "http://c.vn/a@b"},
	{"a:b@c.vn:443", "c.vn:443"},
	{"/x?u=http://a:b@c/", "/x?u=http://a:b@c/"},
	{"/0123456789012345678901234567890123456?pwd=1",
		"/0123456789012345678901234567890123456?p"},
	{"/012345678901234567890123456789012?pwd=secret",
		"/012345678901234567890123456789012?pwd=*"},
};

static void what_belongs_to_a_person_is_masked(void **state)
{
	char to[ROOM + 1];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		to[url_mask(slice_of(cases[i].url), to, ROOM)] = '\0';
		assert_string_equal(to, cases[i].masked);
	}
}

static void folders_of_accounts_are_masked(void **state)
{
	static const struct {
		const char *path, *masked;
	} paths[] = {
		{"", ""},
		{"a/b.exe", "a/b.exe"},
		{"\\\\Users\\\\nva\\\\Desktop\\\\a.exe", "\\\\Users\\\\*\\\\Desktop\\\\a.exe"},
		{"\\Users\\nva\\a.exe", "\\Users\\*\\a.exe"},
		{"/home/nva", "/home/*"},
		{"/home/", "/home/"},
		{"home$\\nva\\x", "home$\\*\\x"},
		{"c/Documents and Settings/nva/x", "c/Documents and Settings/*/x"},
		{"users.txt/nva", "users.txt/nva"},
	};
	char room[64];

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		size_t len = path_mask(slice_of(paths[i].path), room, sizeof room);

		if (!slice_is((struct slice){room, len}, paths[i].masked))
			fail_msg("'%s' became '%.*s'", paths[i].path, (int)len, room);
	}
	assert_int_equal(path_mask(SLICE("/home/nva/a"), room, 4), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_belongs_to_a_person_is_masked),
		cmocka_unit_test(folders_of_accounts_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
