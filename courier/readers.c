#include "courier/readers.h"

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/mem.h"

#include <string.h>
#include <sys/stat.h>

enum { TOKEN_LEN_MAX = 512 };

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hash_read(struct slice hex, uint8_t ret[SHA256_LEN])
{
	if (hex.len != (size_t)2 * SHA256_LEN)
		return false;
	for (size_t i = 0; i < SHA256_LEN; i++) {
		int high = digit_of(hex.at[2 * i]), low = digit_of(hex.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool reader_read(struct slice line, struct reader *ret)
{
	static const struct slice prefix = SLICE_INIT("sha256:");
	size_t space = slice_find_byte(line, ' ');
	struct slice hash = slice_trim(slice_from(line, space));

	if (space == 0 || space > READER_NAME_MAX || !slice_starts(hash, prefix) ||
		slice_find_byte((struct slice){line.at, space}, ':') < space)
		return false;
	memcpy(ret->name, line.at, space);
	ret->name[space] = '\0';
	return hash_read(slice_from(hash, prefix.len), ret->hash);
}

bool readers_read(const char *file, struct slice text, struct readers *ret, struct err *err)
{
	struct slice line;

	*ret = (struct readers){0};
	for (unsigned number = 1; slice_cut(&text, '\n', &line); number++) {
		line = slice_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (ret->count == READERS_MAX)
			return err_set(err, file, number, "more than %d readers", READERS_MAX);
		if (!reader_read(line, &ret->at[ret->count]))
			return err_set(err, file, number,
				"expected: NAME sha256: and 64 lower-case hex digits");
		ret->count++;
	}
	return ret->count > 0 || err_set(err, file, 0, "no reader in this file");
}

bool readers_read_file(const char *path, struct readers *ret, struct err *err)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct stat about;

	if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & S_IRWXO))
		return err_set(err, path, 0, "everyone can read this file; chmod o-rwx it");
	return file_read(path, READERS_FILE_MAX, &text, err) &&
		readers_read(path, buf_slice(&text), ret, err);
}

/* Looks at every reader and every byte, whatever it finds. `name` "" for any. */
static bool is_known(const struct readers *readers, struct slice name, struct slice token)
{
	uint8_t hash[SHA256_LEN];
	unsigned found = 0;

	if (token.len == 0 || token.len > TOKEN_LEN_MAX)
		return false;
	digest_sha256(token, hash);
	for (size_t i = 0; i < readers->count; i++) {
		const struct reader *r = &readers->at[i];
		unsigned differs = name.len > 0 && !slice_is(name, r->name);

		for (size_t k = 0; k < SHA256_LEN; k++)
			differs |= (unsigned)(hash[k] ^ r->hash[k]);
		found |= differs == 0;
	}
	return found != 0;
}

bool readers_admit_token(const struct readers *readers, struct slice token)
{
	return is_known(readers, SLICE(""), token);
}

bool readers_admit(const struct readers *readers, struct slice authorization)
{
	size_t space = slice_find_byte(authorization, ' ');
	struct slice scheme = {authorization.at, space};
	struct slice given = slice_trim(slice_from(authorization, space));
	uint8_t plain[READER_NAME_MAX + 1 + TOKEN_LEN_MAX];
	size_t len;

	if (slice_equal_nocase(scheme, SLICE("Bearer")))
		return readers_admit_token(readers, given);
	if (!slice_equal_nocase(scheme, SLICE("Basic")) ||
		!digest_from_base64(given, plain, sizeof(plain), &len))
		return false;
	struct slice both = slice_over(plain, len);
	size_t colon = slice_find_byte(both, ':');
	bool known = colon > 0 && colon < len &&
		is_known(readers, (struct slice){both.at, colon}, slice_from(both, colon + 1));

	explicit_bzero(plain, sizeof(plain));
	return known;
}
