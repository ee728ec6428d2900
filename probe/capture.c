#include "probe/capture.h"

#include "lib/mem.h"
#include "probe/capture_pcap.h"

struct capture {
	const struct capture_driver *driver;
	void *self;
};

static struct capture *capture_over(const struct capture_driver *driver, void *self)
{
	struct capture *c;

	if (!self)
		return NULL;
	c = mem_alloc(sizeof *c);
	*c = (struct capture){driver, self};
	return c;
}

struct capture *capture_open_files(const struct capture_options *options, struct err *err)
{
	return capture_over(&capture_file_driver, capture_file_open(options, err));
}

struct capture *capture_open_live(const struct capture_options *options, struct err *err)
{
	return capture_over(&capture_live_driver, capture_live_open(options, err));
}

void capture_free(struct capture **c)
{
	if (!*c)
		return;
	(*c)->driver->close((*c)->self);
	mem_free(*c);
	*c = NULL;
}

int capture_take(struct capture *c, int max, capture_fn *fn, void *ctx)
{
	return c->driver->take(c->self, max, fn, ctx);
}

int capture_fd(struct capture *c)
{
	return c->driver->fd(c->self);
}

struct capture_drops capture_drops(struct capture *c)
{
	return c->driver->drops(c->self);
}

const char *capture_said(const struct capture *c)
{
	return c->driver->said(c->self);
}
