#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *err, const char *file, unsigned line, const char *format, ...)
{
	va_list args;

	if (err_is_set(err))
		return false;
	(void)snprintf(err->file, sizeof(err->file), "%s", file ? file : "");
	err->line = line;
	va_start(args, format);
	(void)vsnprintf(err->said, sizeof(err->said), format, args);
	va_end(args);
	return false;
}

bool err_is_set(const struct err *err)
{
	return err->said[0] != '\0';
}

const char *err_text(struct err *err)
{
	const char *colon = err->file[0] ? ": " : "";

	if (err->line)
		(void)snprintf(err->whole, sizeof(err->whole), "%s%s%u: %s", err->file,
			err->file[0] ? ":" : "line ", err->line, err->said);
	else
		(void)snprintf(
			err->whole, sizeof(err->whole), "%s%s%s", err->file, colon, err->said);
	return err->whole;
}
