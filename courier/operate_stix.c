#include "courier/operate.h"
#include "courier/parcel.h"
#include "courier/stix.h"
#include "lib/file.h"
#include "lib/mem.h"

#include <stdio.h>

enum { BAD_USE = 2 };

static int complain(struct err *err)
{
	(void)fprintf(stderr, "haidang-courier: %s\n", err_text(err));
	return BAD_USE;
}

int operate_stix(const struct courier_config *config, int argc, char **argv)
{
	CLEANUP(parcel_reader_free) struct parcel_reader *reader = parcel_reader_new();
	CLEANUP(json_reader_free) struct json_reader *json = json_reader_new(ALERT_JSON_MAX);
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf bundle = {0};
	struct observed seen;
	struct parcel parcel;
	struct err err = {0};

	if (argc != 2) {
		err_set(&err, NULL, 0, "expected: stix FILE");
		return complain(&err);
	}
	if (!file_read(argv[1], ALERT_JSON_MAX, &text, &err) ||
		!parcel_read(reader, buf_slice(&text), &parcel, &err))
		return complain(&err);
	observed_read(json, a, parcel.alert, &seen);
	stix_bundle(&parcel, &seen, config->source, &bundle);
	return printf("%s\n", buf_text(&bundle)) > 0 && fflush(stdout) == 0 ? 0 : 1;
}
