#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/must.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `f` in a child with its stderr in `said`; gives the signal that ended it, or 0. */
static int signal_of(void (*f)(void), char said[256])
{
	int pipe_fds[2], status;
	size_t len = 0;
	ssize_t got;

	assert_return_code(pipe(pipe_fds), 0);
	pid_t child = fork();

	if (child == 0) {
		(void)dup2(pipe_fds[1], STDERR_FILENO);
		(void)close(pipe_fds[0]);
		(void)signal(SIGABRT, SIG_DFL);
		f();
		_exit(0);
	}
	(void)close(pipe_fds[1]);
	while ((got = read(pipe_fds[0], said + len, 255 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	(void)close(pipe_fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void array_too_large(void)
{
	mem_free(mem_array(SIZE_MAX / 2, 4));
}

static void resize_too_large(void)
{
	mem_free(mem_resize(NULL, SIZE_MAX / 2, 4));
}

static void arena_array_too_large(void)
{
	CLEANUP(arena_free) struct arena *a = arena_new();

	(void)arena_array(a, SIZE_MAX / 2, 4);
}

static void buf_too_large(void)
{
	CLEANUP(buf_release) struct buf b = {0};

	buf_add_byte(&b, 'x');
	(void)buf_room(&b, SIZE_MAX);
}

static void broken_promise(void)
{
	must(1 + 1 == 3);
}

static void lengths_that_overflow_abort_with_a_message(void **state)
{
	static const struct {
		void (*f)(void);
		const char *said;
	} rows[] = {
		{array_too_large, "out of memory"},
		{resize_too_large, "out of memory"},
		{arena_array_too_large, "lib/arena.c:"},
		{buf_too_large, "lib/buf.c:"},
		{broken_promise, "must hold: 1 + 1 == 3"},
	};
	char said[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(signal_of(rows[i].f, said), SIGABRT);
		if (!strstr(said, rows[i].said))
			fail_msg("row %zu said: %s", i, said);
	}
}

static bool is_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

static void heap_memory_is_zeroed_and_copies_are_whole(void **state)
{
	CLEANUP(mem_cleanup) char *bytes = mem_array(100, 7);
	CLEANUP(mem_cleanup) char *text = mem_printf("%s-%d", "a", 7);
	CLEANUP(mem_cleanup) char *copy = mem_copy("a\0b", 3);
	CLEANUP(mem_cleanup) char *none = mem_alloc(0);

	(void)state;
	assert_true(is_zero(bytes, 700));
	assert_string_equal(text, "a-7");
	assert_memory_equal(copy, "a\0b", 3);
	assert_non_null(none);
	none = mem_resize(none, 0, 8);
	assert_non_null(none);
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_slice(&b).len, 0);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_int_equal(b.len, 3890);
	assert_int_equal(strlen(b.at), b.len);
	assert_string_equal(b.at + b.len - 4, "999,");
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_add_slice(&b, SLICE("x\0y"));
	buf_add(&b, NULL, 0);
	buf_add_text(&b, "z");
	assert_memory_equal(b.at, "x\0yz", 5);
	memcpy(buf_room(&b, 200), "tail", 4);
	buf_grew(&b, 4);
	assert_memory_equal(b.at, "x\0yztail", 9);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	char *pieces[300];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 300; i++) {
			/* The last ones are larger than a chunk may be. */
			size_t len = i < 298 ? i * 7 : 2 << 20;

			pieces[i] = arena_alloc(a, len);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
			assert_true(is_zero(pieces[i], len));
			memset(pieces[i], (int)i | 1, len);
		}
		for (size_t i = 1; i < 298; i++)
			assert_int_equal(pieces[i][i * 7 - 1], (char)(i | 1));
		assert_true(arena_used(a) >= 298 * 297 / 2 * 7 + (4 << 20));
		arena_rewind(a);
		assert_int_equal(arena_used(a), 0);
	}
}

static void arena_text_is_terminated(void **state)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct slice some = arena_slice(a, (struct slice){"abcdef", 3});

	(void)state;
	assert_string_equal(some.at, "abc");
	assert_string_equal(arena_text(a, "tên"), "tên");
	assert_string_equal(arena_copy(a, (struct slice){0}), "");
	assert_string_equal(arena_printf(a, "%05d|%s", 42, "x"), "00042|x");
}

static void freeing_nothing_is_fine(void **state)
{
	struct arena *none = NULL;
	struct buf empty = {0};

	(void)state;
	arena_free(&none);
	buf_release(&empty);
	mem_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_that_overflow_abort_with_a_message),
		cmocka_unit_test(heap_memory_is_zeroed_and_copies_are_whole),
		cmocka_unit_test(a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(arena_text_is_terminated),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
