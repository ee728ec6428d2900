#!/bin/sh
# Raw functions that lib/ replaces. The most dangerous are poisoned at compile time by lib/banned.h.
status=0
refuse() { # PATTERN REASON FILES-ALLOWED
	found=$(git ls-files -co --exclude-standard 'lib/*.[ch]' 'event/*.[ch]' 'probe/*.[ch]' 'crawler/*.[ch]' \
		'correlator/*.[ch]' 'courier/*.[ch]' 'console/*.[ch]' 'ctl/*.[ch]' |
		xargs grep -nE "(^|[^a-zA-Z0-9_.>])($1) *\(" | grep -vE "^($3):" | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)')
	[ -z "$found" ] || { echo "$2:"; echo "$found"; status=1; }
}
refuse 'malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf' 'lib/mem.h, lib/arena.h or lib/buf.h instead' \
	'lib/mem\.c|lib/banned\.h'
refuse 'strtol|strtoul|strtoll|strtoull|strtod|sscanf' 'slice_to_u64() and its siblings instead' 'lib/slice\.c|lib/clock\.c|lib/json_write\.c|lib/banned\.h'
refuse 'gettimeofday|clock_gettime|time' 'lib/clock.h instead' 'lib/clock\.c|lib/banned\.h|probe/(ticker|watchdog)\.c'
refuse 'system|popen' 'no shell' 'none'
exit $status
