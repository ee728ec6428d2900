#include "event/settings.h"

#include "lib/file.h"

#include <string.h>

enum { PASSWORD_FILE_MAX = 4096 };

const char *const settings_log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};

static bool read_password(const char *path, struct arena *a, char **ret, struct err *err)
{
	struct buf text = {0};
	bool ok = file_read(path, PASSWORD_FILE_MAX, &text, err);
	struct slice password = slice_trim(buf_slice(&text));

	if (ok && !password.len)
		ok = err_set(err, path, 0, "the password file is empty");
	if (ok)
		*ret = arena_copy(a, password);
	if (text.at)
		explicit_bzero(text.at, text.len);
	buf_release(&text);
	return ok;
}

bool settings_redis(
	const struct settings *s, struct arena *a, struct redis_options *ret, struct err *err)
{
	char *password = NULL;

	*ret = (struct redis_options){0};
	if (!*s->redis_address)
		return true;
	if (!redis_address_check(s->redis_address, err))
		return false;
	if (*s->redis_password_file && !read_password(s->redis_password_file, a, &password, err))
		return false;
	ret->address = arena_text(a, s->redis_address);
	ret->user = *s->redis_user ? arena_text(a, s->redis_user) : NULL;
	ret->password = password;
	return true;
}
