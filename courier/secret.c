#include "courier/secret.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define PREFIX "whsec_"

enum { FRESH_LEN = 32 };

static bool secret_read(
	const char *file, unsigned line, struct slice text, struct secret *ret, struct err *err)
{
	if (!slice_starts(text, SLICE(PREFIX)))
		return err_set(err, file, line, "a secret starts with '" PREFIX "'");
	if (!digest_from_base64(
		    slice_from(text, strlen(PREFIX)), ret->key, sizeof(ret->key), &ret->len))
		return err_set(err, file, line,
			"what follows '" PREFIX "' is not base64 of at most %d bytes",
			SECRET_LEN_MAX);
	if (ret->len < SECRET_LEN_MIN)
		return err_set(err, file, line, "a secret of %zu bytes is too short, %d are needed",
			ret->len, SECRET_LEN_MIN);
	return true;
}

bool secrets_read(const char *file, struct slice text, struct secrets *ret, struct err *err)
{
	struct slice line;

	*ret = (struct secrets){0};
	for (unsigned number = 1; slice_cut(&text, '\n', &line); number++) {
		line = slice_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		if (ret->count == SECRETS_MAX)
			return err_set(err, file, number, "more than %d secrets", SECRETS_MAX);
		if (!secret_read(file, number, line, &ret->at[ret->count], err))
			return false;
		ret->count++;
	}
	return ret->count > 0 || err_set(err, file, 0, "no secret in this file");
}

static bool file_read_secret(const char *path, struct buf *ret, struct err *err)
{
	struct stat about;

	if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & S_IRWXO))
		return err_set(err, path, 0, "everyone can read this secret; chmod o-rwx it");
	return program_read_file(path, SECRET_FILE_MAX, ret, err);
}

static void wipe(struct buf *text)
{
	if (text->len)
		explicit_bzero(text->at, text->len);
	buf_release(text);
}

bool secret_read_password(const char *path, char ret[PASSWORD_ROOM], struct err *err)
{
	CLEANUP(wipe) struct buf text = {0};
	struct slice rest, line;

	if (!file_read_secret(path, &text, err))
		return false;
	rest = buf_slice(&text);
	if (!slice_cut(&rest, '\n', &line) || !slice_trim(line).len)
		return err_set(err, path, 0, "no password on its first line");
	line = slice_trim(line);
	if (line.len >= PASSWORD_ROOM || memchr(line.at, '\0', line.len))
		return err_set(err, path, 1, "the password is longer than %d bytes or binary",
			PASSWORD_ROOM - 1);
	memcpy(ret, line.at, line.len);
	ret[line.len] = '\0';
	return true;
}

bool secrets_read_file(const char *path, struct secrets *ret, struct err *err)
{
	CLEANUP(wipe) struct buf text = {0};

	*ret = (struct secrets){0};
	bool ok = file_read_secret(path, &text, err) &&
		secrets_read(path, buf_slice(&text), ret, err);

	if (!ok)
		secrets_wipe(ret);
	return ok;
}

void secrets_wipe(struct secrets *secrets)
{
	explicit_bzero(secrets, sizeof(*secrets));
}

void secrets_sign(const struct secrets *secrets, struct slice content, struct buf *out)
{
	for (size_t i = 0; i < secrets->count; i++) {
		const struct secret *secret = &secrets->at[i];
		uint8_t mac[SHA256_LEN];
		char text[SIGNATURE_LEN + 1];

		digest_hmac_sha256(slice_over(secret->key, secret->len), content, mac);
		digest_base64(mac, sizeof(mac), text);
		buf_printf(out, "%sv1,%s", i ? " " : "", text);
	}
}

int secret_make(char ret_text[SECRET_TEXT_LEN + 1])
{
	uint8_t key[FRESH_LEN];

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return errno ? -errno : -EIO;
	memcpy(ret_text, PREFIX, sizeof(PREFIX));
	digest_base64(key, sizeof(key), ret_text + strlen(PREFIX));
	explicit_bzero(key, sizeof(key));
	return 0;
}
