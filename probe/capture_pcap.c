#include "probe/capture_pcap.h"

#include "lib/mem.h"
#include "lib/packed.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

enum {
	SAID_MAX = 512,
	BLOCK_MS = 50, /* how long the kernel may hold a block of frames back */
};

/* Latest time that is written with four digits for the year. */
static const int64_t time_max_us = INT64_C(253402300799) * 1000000;

struct source {
	struct capture_options options;
	pcap_t *pcap;
	enum link link;
	const char *name;
	char said[SAID_MAX];
	/* files */
	size_t file;      /* index of the one that is open */
	uint64_t packets; /* read from it */
	/* interface */
	struct capture_drops drops, drops_before; /* before: of handles that were closed */
	bool broken;
};

struct handing {
	struct source *source;
	capture_fn *fn;
	void *ctx;
};

static enum link link_of(int datalink)
{
	switch (datalink) {
	case DLT_EN10MB: return LINK_ETHERNET;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6: return LINK_RAW;
	case DLT_NULL:
	case DLT_LOOP: return LINK_NULL;
	case DLT_LINUX_SLL: return LINK_SLL;
#ifdef DLT_LINUX_SLL2
	case DLT_LINUX_SLL2: return LINK_SLL2;
#endif
	default: return LINK_UNKNOWN;
	}
}

/* Takes the handle into use: its filter and its link type. */
static bool use_handle(struct source *s, struct err *err)
{
	struct bpf_program program;
	const char *filter = s->options.filter;

	s->link = link_of(pcap_datalink(s->pcap));
	if (s->link == LINK_UNKNOWN)
		return err_set(err, s->name, 0, "link type %s is not supported",
			pcap_datalink_val_to_name(pcap_datalink(s->pcap)));
	if (!filter || filter[0] == '\0')
		return true;
	if (pcap_compile(s->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return err_set(err, NULL, 0, "probe.filter '%s': %s", filter, pcap_geterr(s->pcap));

	bool set = pcap_setfilter(s->pcap, &program) == 0;
	pcap_freecode(&program);
	return set || err_set(err, s->name, 0, "filter: %s", pcap_geterr(s->pcap));
}

static void close_handle(struct source *s)
{
	if (s->pcap)
		pcap_close(s->pcap);
	s->pcap = NULL;
}

static int64_t time_of(const struct pcap_pkthdr *header)
{
	int64_t seconds = header->ts.tv_sec;

	if (seconds < 0)
		return 0;
	if (seconds > time_max_us / 1000000)
		return time_max_us;
	return seconds * 1000000 + header->ts.tv_usec;
}

static void hand_over(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct handing *h = (struct handing *)(void *)user;
	const struct capture_frame frame = {
		.frame =
			{
				.time_us = time_of(header),
				.bytes = bytes,
				.captured = header->caplen,
				.wire = header->len,
			},
		.link = h->source->link,
		.source = h->source->name,
	};

	h->source->packets++;
	h->fn(h->ctx, &frame);
}

static const char *said(const void *self)
{
	const struct source *s = self;

	return s->said;
}

static void close_source(void *self)
{
	struct source *s = self;

	close_handle(s);
	mem_free(s);
}

static struct source *source_new(const struct capture_options *options)
{
	struct source *s = mem_alloc(sizeof *s);

	s->options = *options;
	return s;
}

static bool open_file(struct source *s, struct err *err)
{
	char reason[PCAP_ERRBUF_SIZE] = "";
	const char *path = s->options.files->at[s->file];

	s->name = strcmp(path, "-") == 0 ? "stdin" : path;
	s->packets = 0;
	FILE *file = packed_open(path, err);
	if (!file)
		return false;
	s->pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_MICRO, reason);
	if (!s->pcap) {
		(void)fclose(file);
		return err_set(err, s->name, 0, "%s", reason);
	}
	return use_handle(s, err);
}

void *capture_file_open(const struct capture_options *options, struct err *err)
{
	struct source *s = source_new(options);

	if (open_file(s, err))
		return s;
	close_source(s);
	return NULL;
}

/* Names the file and the place in it where reading stopped. */
static int fail_in_file(struct source *s)
{
	FILE *file = pcap_file(s->pcap);
	long offset = file ? ftell(file) : -1;
	char place[40] = "";

	if (offset >= 0)
		(void)snprintf(place, sizeof place, ", about byte %ld", offset);
	(void)snprintf(s->said, sizeof s->said, "%s: packet %llu%s: %s", s->name,
		(unsigned long long)s->packets + 1, place, pcap_geterr(s->pcap));
	close_handle(s);
	s->file = s->options.files->count;
	return CAPTURE_FAILED;
}

static int next_file(struct source *s)
{
	struct err err = {0};

	close_handle(s);
	s->file++;
	if (s->file >= s->options.files->count)
		return CAPTURE_END;
	if (open_file(s, &err))
		return 0;
	(void)snprintf(s->said, sizeof s->said, "%s", err_text(&err));
	close_handle(s);
	s->file = s->options.files->count;
	return CAPTURE_FAILED;
}

static int take_from_file(void *self, int max, capture_fn *fn, void *ctx)
{
	struct source *s = self;
	struct handing handing = {s, fn, ctx};

	if (!s->pcap)
		return CAPTURE_END;

	int count = pcap_dispatch(s->pcap, max, hand_over, (u_char *)&handing);
	if (count < 0)
		return fail_in_file(s);
	return count > 0 ? count : next_file(s);
}

static int file_fd(void *self)
{
	(void)self;
	return -1;
}

static struct capture_drops file_drops(void *self)
{
	(void)self;
	return (struct capture_drops){0};
}

const struct capture_driver capture_file_driver = {
	.take = take_from_file,
	.fd = file_fd,
	.drops = file_drops,
	.said = said,
	.close = close_source,
};

static bool activate(struct source *s, char ret_reason[PCAP_ERRBUF_SIZE])
{
	pcap_t *p = s->pcap;

	(void)pcap_set_snaplen(p, s->options.snaplen);
	(void)pcap_set_promisc(p, 1);
	(void)pcap_set_timeout(p, BLOCK_MS);
	(void)pcap_set_buffer_size(p, s->options.buffer_len);

	/* Not immediate mode: with it libpcap leaves TPACKET_V3 for the slower version 2. */
	int status = pcap_activate(p);
	if (status >= 0)
		return pcap_setnonblock(p, 1, ret_reason) == 0;

	const char *detail = pcap_geterr(p);
	(void)snprintf(ret_reason, PCAP_ERRBUF_SIZE, "%s",
		detail[0] != '\0' ? detail : pcap_statustostr(status));
	return false;
}

static bool open_interface(struct source *s, struct err *err)
{
	char reason[PCAP_ERRBUF_SIZE] = "";

	s->pcap = pcap_create(s->name, reason);
	if (!s->pcap || !activate(s, reason))
		return err_set(err, NULL, 0, "interface %s: %s", s->name, reason);
	return use_handle(s, err);
}

void *capture_live_open(const struct capture_options *options, struct err *err)
{
	struct source *s = source_new(options);

	s->name = options->interface;
	if (open_interface(s, err))
		return s;
	close_source(s);
	return NULL;
}

static struct capture_drops live_drops(void *self)
{
	struct source *s = self;
	struct pcap_stat now;

	if (s->pcap && pcap_stats(s->pcap, &now) == 0) {
		s->drops.kernel = s->drops_before.kernel + now.ps_drop;
		s->drops.interface = s->drops_before.interface + now.ps_ifdrop;
	}
	return s->drops;
}

static int take_from_interface(void *self, int max, capture_fn *fn, void *ctx)
{
	struct source *s = self;
	struct handing handing = {s, fn, ctx};
	struct err err = {0};

	if (s->broken) {
		s->drops_before = live_drops(s);
		s->broken = false;
		close_handle(s);
	}
	if (!s->pcap && !open_interface(s, &err)) {
		(void)snprintf(s->said, sizeof s->said, "%s", err_text(&err));
		close_handle(s);
		return CAPTURE_FAILED;
	}

	int count = pcap_dispatch(s->pcap, max, hand_over, (u_char *)&handing);
	if (count >= 0)
		return count;
	(void)snprintf(s->said, sizeof s->said, "interface %s: %s", s->name, pcap_geterr(s->pcap));
	s->broken = true; /* closed by the next call: somebody may still be polling it */
	return CAPTURE_FAILED;
}

static int live_fd(void *self)
{
	struct source *s = self;

	return s->pcap ? pcap_get_selectable_fd(s->pcap) : -1;
}

const struct capture_driver capture_live_driver = {
	.take = take_from_interface,
	.fd = live_fd,
	.drops = live_drops,
	.said = said,
	.close = close_source,
};
