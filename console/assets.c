#include "console/assets.h"

#include "lib/digest.h"
#include "lib/mem.h"
#include "lib/program.h"

enum { FILE_LEN_MAX = 1024 * 1024 };

/* The Makefile rebuilds this file when one of those changes. */
#define ASSET(symbol, path, file, type)                                                            \
	extern const char asset_##symbol[], asset_##symbol##_end[];                                \
	__asm__(".section .rodata\n"                                                               \
		"asset_" #symbol ":\n"                                                             \
		".incbin \"console/ui/" file "\"\n"                                                \
		"asset_" #symbol "_end:\n"                                                         \
		".byte 0\n"                                                                        \
		".previous\n");
#include "console/assets.def"
#undef ASSET

static const struct asset {
	const char *path, *file, *type;
	const char *at, *end;
} assets[] = {
#define ASSET(symbol, path, file, type) {path, file, type, asset_##symbol, asset_##symbol##_end},
#include "console/assets.def"
#undef ASSET
};

/* What browsers ask for unasked, named as it is in the page. */
static const struct asset *find(struct slice path)
{
	if (slice_is(path, "/favicon.ico"))
		path = SLICE("/ui/logo.svg");
	for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
		if (slice_is(path, assets[i].path))
			return &assets[i];
	return NULL;
}

static void answer_builtin(struct request *req, const struct asset *asset)
{
	struct slice bytes = slice_over(asset->at, (size_t)(asset->end - asset->at));
	uint8_t hash[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];

	digest_sha256(bytes, hash);
	digest_hex(hash, sizeof hash, hex);
	CLEANUP(buf_release) struct buf quoted = {0};
	buf_printf(&quoted, "\"%.20s\"", hex);
	request_add_header(req, "ETag", buf_slice(&quoted));
	request_add_header(req, "Cache-Control", SLICE("no-cache"));
	if (slice_equal(request_header(req, "If-None-Match"), buf_slice(&quoted)))
		request_answer(req, 304, NULL, SLICE(""));
	else
		request_answer_static(req, 200, asset->type, bytes);
}

void assets_answer(struct request *req, const char *folder)
{
	const struct asset *asset = find(req->target.path);
	CLEANUP(buf_release) struct buf file = {0};
	struct err err = {0};

	if (!asset) {
		request_problem(req, 404, "not_found", NULL);
		return;
	}
	if (req->method != METHOD_GET) {
		request_add_header(req, "Allow", SLICE("GET"));
		request_problem(req, 405, "wrong_method", NULL);
		return;
	}
	if (!folder[0]) {
		answer_builtin(req, asset);
		return;
	}
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", folder, asset->file);

	if (program_read_file(path, FILE_LEN_MAX, &file, &err))
		request_answer(req, 200, asset->type, buf_slice(&file));
	else
		request_problem(req, 404, "not_found", NULL);
}
