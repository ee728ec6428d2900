/* Functions that nobody here calls: included by the Makefile before every C file, so that one is
 * a compile error. lib/ has what to use instead: buf.h and mem.h for text, slice.h for numbers,
 * clock.h for times. The headers that declare them come first, as a poisoned name may not even
 * be declared. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

#undef sprintf /* clang with _FORTIFY_SOURCE has them as macros */
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison strtok strtok_r atoi atol atoll atof
#pragma GCC poison asctime ctime gmtime localtime
