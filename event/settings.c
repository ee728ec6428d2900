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

static bool is_given(const char *text)
{
	return text && *text;
}

static bool list_check(const struct config_texts *list, struct err *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (!redis_address_check(list->at[i], err))
			return false;
	return true;
}

static bool addresses_check(const struct settings *s, struct err *err)
{
	bool watched = is_given(s->redis_master);

	if (watched != (s->redis_sentinels.count > 0))
		return err_set(err, NULL, 0,
			"redis.master and redis.sentinels: both or neither must be given");
	if (watched && s->redis_cluster)
		return err_set(err, NULL, 0,
			"redis.cluster: a cluster has no sentinels, leave out redis.master");
	if (s->redis_nodes.count > 0 && !s->redis_cluster)
		return err_set(err, NULL, 0, "redis.nodes: only a cluster (redis.cluster) has any");
	return redis_address_check(s->redis_address, err) && list_check(&s->redis_nodes, err) &&
		list_check(&s->redis_sentinels, err);
}

static void copy_nodes(const struct config_texts *list, struct arena *a, struct redis_options *ret)
{
	const char **nodes = arena_array(a, list->count + 1, sizeof(char *));

	for (size_t i = 0; i < list->count; i++)
		nodes[i] = arena_text(a, list->at[i]);
	ret->nodes = nodes;
	ret->node_count = list->count;
}

bool settings_redis(
	const struct settings *s, struct arena *a, struct redis_options *ret, struct err *err)
{
	char *password = NULL;

	*ret = (struct redis_options){0};
	if (!*s->redis_address)
		return true;
	if (!addresses_check(s, err))
		return false;
	if (*s->redis_password_file && !read_password(s->redis_password_file, a, &password, err))
		return false;
	ret->address = arena_text(a, s->redis_address);
	ret->user = *s->redis_user ? arena_text(a, s->redis_user) : NULL;
	ret->password = password;
	ret->cluster = s->redis_cluster;
	ret->replicas = s->redis_replicas;
	ret->master = is_given(s->redis_master) ? arena_text(a, s->redis_master) : NULL;
	copy_nodes(ret->master ? &s->redis_sentinels : &s->redis_nodes, a, ret);
	return true;
}
