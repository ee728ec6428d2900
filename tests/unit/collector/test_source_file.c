#include "collector/limits.h"
#include "collector/source.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NOBODY = 65534 };

/* A file that a sensor writes, what was read of it, and the place reached. */
struct fixture {
	char folder[32], path[64];
	struct input_config config;
	void *source;
	struct buf lines, position;
};

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);

	(void)snprintf(f->folder, sizeof f->folder, "/tmp/hd-src-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof f->path, "%s/eve.json", f->folder);
	f->config =
		(struct input_config){.name = mem_text("s"), .path = f->path, .from_start = true};
	*state = f;
	return 0;
}

static void leave(struct fixture *f)
{
	if (f->source)
		source_file.close(&f->source);
}

static void remove_folder(char *path)
{
	char *roots[] = {path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	assert_non_null(tree);
	for (FTSENT *e; (e = fts_read(tree));)
		if (e->fts_info != FTS_D)
			assert_int_equal(remove(e->fts_path), 0);
	(void)fts_close(tree);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	leave(f);
	remove_folder(f->folder);
	mem_free(f->config.name);
	buf_release(&f->lines);
	buf_release(&f->position);
	mem_free(f);
	return 0;
}

static void write_to(struct fixture *f, const char *name, const char *text)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", f->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void rename_to(struct fixture *f, const char *name)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", f->folder, name);
	struct timespec pause = {.tv_nsec = 20000000}; /* so that the next file is newer */

	assert_int_equal(rename(f->path, path), 0);
	(void)nanosleep(&pause, NULL);
}

static void on_line(void *ctx, struct slice line)
{
	struct fixture *f = ctx;

	buf_add_slice(&f->lines, line);
	buf_add_byte(&f->lines, ' ');
}

/* Reads until there is nothing more, and returns the lines with a space after each. */
static const char *read_all(struct fixture *f)
{
	buf_clear(&f->lines);
	while (source_file.read(f->source, 2, on_line, f) == SOURCE_BUSY)
		continue;
	buf_clear(&f->position);
	source_file.position(f->source, &f->position);
	return buf_text(&f->lines);
}

/* Opens anew at the position reached, as after a crash. */
static void begin(struct fixture *f)
{
	const struct source_place place = {.config = &f->config};

	leave(f);
	f->source = source_file.open(&place);
	(void)source_file.resume(f->source, buf_slice(&f->position));
}

static void lines_are_read_once_across_restarts(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\nb\nc\nhal");
	begin(f);
	assert_string_equal(read_all(f), "a b c ");
	begin(f);
	assert_string_equal(read_all(f), "");
	write_to(f, "eve.json", "f\nd\n");
	assert_string_equal(read_all(f), "half d ");
	begin(f);
	assert_string_equal(read_all(f), "");
	assert_int_equal(source_file.lost(f->source), 0);
}

static void a_file_renamed_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\n");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	write_to(f, "eve.json", "b\n");
	rename_to(f, "eve.json.1");
	write_to(f, "eve.json.1", "c\n");
	write_to(f, "eve.json", "d\n");
	assert_string_equal(read_all(f), "b c d ");
	assert_int_equal(source_file.lost(f->source), 0);
}

static void files_rotated_while_we_were_down_are_read_in_order(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\n");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	write_to(f, "eve.json", "b\n");
	rename_to(f, "eve.json-1");
	write_to(f, "eve.json", "c\n");
	rename_to(f, "eve.json-2");
	write_to(f, "eve.json", "d\n");
	write_to(f, "eve.json-0.gz", "packed\n");
	begin(f);
	assert_string_equal(read_all(f), "b c d ");
	assert_int_equal(source_file.lost(f->source), 0);
}

/* As logrotate's `create` does it: until it is told, the sensor writes to the old one. */
static void an_empty_new_file_is_waited_for(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\n");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	rename_to(f, "eve.json.1");
	write_to(f, "eve.json", "");
	assert_string_equal(read_all(f), "");
	write_to(f, "eve.json.1", "b\n");
	assert_string_equal(read_all(f), "b ");
	write_to(f, "eve.json", "c\n");
	assert_string_equal(read_all(f), "c ");
	assert_int_equal(source_file.lost(f->source), 0);
}

static void same_time(struct fixture *f, const char *name)
{
	CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", f->folder, name);
	const struct timespec times[2] = {{.tv_sec = 1764000000}, {.tv_sec = 1764000000}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Where clocks of files tick coarsely. Renamed by the number, the oldest first, as logrotate does. */
static void files_of_one_tick_are_read_once_in_order(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"eve.json.3", "eve.json.2", "eve.json.1"};
	static const char *const texts[] = {"a\n", "b\n", "c\n"};

	for (size_t i = 0; i < 3; i++) {
		write_to(f, "eve.json", texts[i]);
		if (i == 0) {
			begin(f);
			assert_string_equal(read_all(f), "a ");
		}
		same_time(f, "eve.json");
		rename_to(f, names[i]);
	}
	write_to(f, "eve.json", "d\n");
	same_time(f, "eve.json");
	begin(f);
	assert_string_equal(read_all(f), "b c d ");
	assert_string_equal(read_all(f), "");
	assert_int_equal(source_file.lost(f->source), 0);
}

static void a_line_that_never_ends_is_counted(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\nhal");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	rename_to(f, "eve.json.1");
	write_to(f, "eve.json", "b\n");
	assert_string_equal(read_all(f), "b ");
	assert_int_equal(source_file.lost(f->source), 1);
}

static void a_folder_that_cannot_be_listed_is_no_loss(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\n");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	assert_int_equal(chmod(f->path, 0644), 0);
	assert_int_equal(chmod(f->folder, 0311), 0);

	int before = setfsuid(NOBODY); /* since root may list all */
	begin(f);
	(void)setfsuid((uid_t)before);
	assert_int_equal(chmod(f->folder, 0700), 0);
	assert_string_equal(read_all(f), "");
	assert_int_equal(source_file.lost(f->source), 0);
}

static void a_file_that_is_gone_is_a_loss_that_is_counted(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\n");
	begin(f);
	assert_string_equal(read_all(f), "a ");
	assert_int_equal(unlink(f->path), 0);
	write_to(f, "eve.json", "x\ny\n"); /* perhaps with the same inode */
	begin(f);
	assert_string_equal(read_all(f), "x y ");
	assert_int_equal(source_file.lost(f->source), 1);
}

static void a_file_cut_to_nothing_is_begun_anew(void **state)
{
	struct fixture *f = *state;

	write_to(f, "eve.json", "a\nb\n");
	begin(f);
	assert_string_equal(read_all(f), "a b ");
	assert_int_equal(truncate(f->path, 0), 0);
	write_to(f, "eve.json", "c\n");
	assert_string_equal(read_all(f), "c ");
}

static void the_first_start_can_begin_at_the_end(void **state)
{
	struct fixture *f = *state;

	f->config.from_start = false;
	write_to(f, "eve.json", "old\nhal");
	begin(f);
	assert_string_equal(read_all(f), "");
	write_to(f, "eve.json", "f\nnew\n");
	assert_string_equal(read_all(f), "new ");
}

static void a_file_that_comes_later_is_read_from_its_start(void **state)
{
	struct fixture *f = *state;

	f->config.from_start = false;
	begin(f);
	assert_int_equal(source_file.read(f->source, 2, on_line, f), SOURCE_AWAY);
	assert_string_not_equal(source_file.said(f->source), "");
	write_to(f, "eve.json", "first\n");
	assert_int_equal(source_file.resume(f->source, SLICE("")), SOURCE_BUSY);
	assert_string_equal(read_all(f), "first ");
}

static void a_line_without_end_is_left_out(void **state)
{
	struct fixture *f = *state;
	static char much[3 * LINE_LEN_MAX];

	memset(much, 'x', sizeof much - 1);
	write_to(f, "eve.json", "a\n");
	write_to(f, "eve.json", much);
	write_to(f, "eve.json", "\nb\n");
	begin(f);
	assert_int_equal(read_all(f)[0], 'a');
	assert_true(slice_ends(buf_slice(&f->lines), SLICE(" b ")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lines_are_read_once_across_restarts),
		TEST(a_file_renamed_is_read_to_its_end),
		TEST(files_rotated_while_we_were_down_are_read_in_order),
		TEST(an_empty_new_file_is_waited_for),
		TEST(files_of_one_tick_are_read_once_in_order),
		TEST(a_line_that_never_ends_is_counted),
		TEST(a_folder_that_cannot_be_listed_is_no_loss),
		TEST(a_file_that_is_gone_is_a_loss_that_is_counted),
		TEST(a_file_cut_to_nothing_is_begun_anew),
		TEST(the_first_start_can_begin_at_the_end),
		TEST(a_file_that_comes_later_is_read_from_its_start),
		TEST(a_line_without_end_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
