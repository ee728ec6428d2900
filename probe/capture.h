/* Where frames come from: capture files or an interface, behind one struct of functions, so that
 * the rest of the probe does not know which. Only the implementations know libpcap.
 *
 *     struct capture *c = capture_open_files(&options, &err);
 *     while ((count = capture_take(c, 1024, on_frame, ctx)) != CAPTURE_END)
 *             if (count == CAPTURE_FAILED)
 *                     log_error("%s", capture_said(c));
 *     capture_free(&c);
 *
 * One thread. No call blocks; an interface is waited for by polling capture_fd(). */
#pragma once

#include "lib/config.h"
#include "probe/decode.h"

struct capture;

struct capture_options {
	const char *interface;
	const struct config_texts *files; /* "-" is stdin */
	const char *filter;               /* in the language of pcap-filter(7); "" for none */
	int snaplen;                      /* bytes of a frame at most */
	int buffer_len;                   /* bytes of the kernel's ring */
};

enum { CAPTURE_END = -1, CAPTURE_FAILED = -2 };

/* `source` is the interface or file, borrowed until the next call. */
struct capture_frame {
	struct frame frame;
	enum link link;
	const char *source;
};

typedef void capture_fn(void *ctx, const struct capture_frame *frame);

struct capture_drops {
	uint64_t kernel;    /* by the kernel, its ring was full */
	uint64_t interface; /* by the card or its driver */
};

/* What a source has to provide; `self` is its own. */
struct capture_driver {
	int (*take)(void *self, int max, capture_fn *fn, void *ctx);
	int (*fd)(void *self);
	struct capture_drops (*drops)(void *self);
	const char *(*said)(const void *self);
	void (*close)(void *self);
};

/* NULL with an error when the first file or the interface cannot be opened, or the filter is bad. */
struct capture *capture_open_files(const struct capture_options *options, struct err *err);
struct capture *capture_open_live(const struct capture_options *options, struct err *err);
void capture_free(struct capture **c);

/* Gives up to `max` frames to `fn`; how many, 0 when there are none now, CAPTURE_END when there
 * will be none any more, or CAPTURE_FAILED, which ends files and is tried again on an interface by
 * the next call. */
int capture_take(struct capture *c, int max, capture_fn *fn, void *ctx);

int capture_fd(struct capture *c); /* to poll for frames; -1: none, take again any time */
struct capture_drops capture_drops(struct capture *c); /* since the start, over all reopenings */
const char *capture_said(const struct capture *c); /* why the last take failed: file and place */
