#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *got(void *memory, size_t count, size_t size)
{
	if (memory)
		return memory;
	(void)fprintf(stderr, "out of memory: %zu times %zu bytes wanted\n", count, size);
	abort();
}

/* At least one byte, so that NULL always means failure. */
static size_t len_of(size_t count, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(count, size, &len))
		got(NULL, count, size);
	return len ? len : 1;
}

void *mem_alloc(size_t len)
{
	return mem_array(len, 1);
}

void *mem_array(size_t count, size_t size)
{
	return got(calloc(1, len_of(count, size)), count, size);
}

void *mem_resize(void *old, size_t count, size_t size)
{
	return got(realloc(old, len_of(count, size)), count, size);
}

void *mem_copy(const void *bytes, size_t len)
{
	void *copy = mem_alloc(len);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

char *mem_text(const char *text)
{
	return mem_copy(text, strlen(text) + 1);
}

char *mem_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	return got(len < 0 ? NULL : text, 1, strlen(format));
}

void mem_free(void *memory)
{
	free(memory);
}

void mem_cleanup(void *address_of_pointer)
{
	void *memory;

	memcpy(&memory, address_of_pointer, sizeof(memory));
	free(memory);
}
