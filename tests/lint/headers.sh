#!/bin/sh
# Every header compiles alone.
set -e
flags=$(pkg-config --cflags libpcap libndpi gumbo libcurl hiredis sqlite3 libmicrohttpd)
for h in $(git ls-files -co --exclude-standard '*.h' | grep -v '^tests/'); do
	[ "$h" = lib/banned.h ] && continue
	# shellcheck disable=SC2086
	printf '#include "%s"\n' "$h" | cc -std=c17 -D_GNU_SOURCE -DVERSION='""' -Wall -Wextra -Werror -I. $flags -fsyntax-only -x c -
done
