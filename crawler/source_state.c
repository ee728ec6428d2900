#include "crawler/source_state.h"

#include "lib/mem.h"

#include <math.h>

static void replace(char **text, struct slice with)
{
	mem_free(*text);
	*text = with.len == 0 || with.len > SOURCE_VALIDATOR_MAX
		? NULL
		: mem_printf("%.*s", SLICE_ARG(with));
}

void source_state_release(struct source_state *s)
{
	mem_free(s->etag);
	mem_free(s->last_modified);
	mem_free(s->body_hash);
	*s = (struct source_state){0};
}

void source_state_validators(struct source_state *s, struct slice etag, struct slice last_modified,
	struct slice body_hash)
{
	replace(&s->etag, etag);
	replace(&s->last_modified, last_modified);
	replace(&s->body_hash, body_hash);
}

void source_state_write(const struct source_state *s, struct buf *out)
{
	buf_printf(out, "%0*lld\n%.6f %.6f %.0f %d\n", SOURCE_STATE_TIME_DIGITS,
		(long long)s->looked_ms, s->pace.looks, s->pace.changes, s->pace.elapsed_ms,
		s->pace.fresh);
	buf_printf(out, "%s\n%s\n%s\n", s->etag == NULL ? "" : s->etag,
		s->last_modified == NULL ? "" : s->last_modified,
		s->body_hash == NULL ? "" : s->body_hash);
}

static bool read_sum(struct slice *line, double *ret)
{
	struct slice part;

	return slice_cut(line, ' ', &part) && slice_to_real(part, ret) && isfinite(*ret) &&
		*ret >= 0;
}

static bool read_pace(struct slice line, struct pace *ret)
{
	if (!read_sum(&line, &ret->looks) || !read_sum(&line, &ret->changes) ||
		!read_sum(&line, &ret->elapsed_ms) || ret->changes > ret->looks)
		return false;
	ret->fresh = slice_is(line, "1");
	return ret->fresh || slice_is(line, "0");
}

bool source_state_read(struct slice bytes, struct source_state *ret)
{
	struct slice looked, pace, etag, last_modified, hash;

	*ret = (struct source_state){0};
	if (slice_cut(&bytes, '\n', &looked) && looked.len == SOURCE_STATE_TIME_DIGITS &&
		slice_to_i64(looked, &ret->looked_ms) && ret->looked_ms >= 0 &&
		slice_cut(&bytes, '\n', &pace) && read_pace(pace, &ret->pace) &&
		slice_cut(&bytes, '\n', &etag) && slice_cut(&bytes, '\n', &last_modified) &&
		slice_cut(&bytes, '\n', &hash) && bytes.len == 0) {
		source_state_validators(ret, etag, last_modified, hash);
		return true;
	}
	*ret = (struct source_state){0};
	return false;
}
