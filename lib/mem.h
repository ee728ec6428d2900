/* Heap memory. Running out of memory aborts, so no caller checks for NULL; every length that an
 * outsider controls is bounded before it comes here. All memory is zeroed at first.
 *
 *     CLEANUP(mem_cleanup) char *path = mem_printf("%s/%s", folder, name);
 *
 * What these return is the caller's, to be given back with mem_free(). */
#pragma once

#include <stddef.h>

/* Calls `f` with the address of the variable when it goes out of scope. */
#define CLEANUP(f) __attribute__((cleanup(f)))

void *mem_alloc(size_t len);
void *mem_array(size_t count, size_t size);

/* Grows or shrinks; bytes added are not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);

void *mem_copy(const void *bytes, size_t len);
char *mem_text(const char *text);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mem_free(void *memory); /* NULL is fine */

/* For CLEANUP on a pointer of any type. */
void mem_cleanup(void *address_of_pointer);
