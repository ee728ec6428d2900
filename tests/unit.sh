#!/bin/sh
# Runs every unit test of a build folder; TAP, a line per test function.
set -u
b=$1
count=0 failed=0
for t in $(git ls-files -co --exclude-standard 'tests/unit/*/test_*.c'); do
	prog=$b/${t%.c}
	said=$(CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 120 "$prog" 2>"$prog.log")
	rc=$?
	lines=$(printf '%s\n' "$said" | grep -E '^(not )?ok ' | sed -E 's/^(not ok|ok) [0-9]+ (- )?/\1 /')
	if [ -z "$lines" ] || { [ $rc != 0 ] && ! printf '%s\n' "$lines" | grep -q '^not ok'; }; then
		lines="$lines
not ok $t ended with $rc"
	fi
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		count=$((count + 1))
		case $line in
		not\ ok*) failed=$((failed + 1)); echo "not ok $count - $t: ${line#not ok }"; tail -n 30 "$prog.log" | sed 's/^/# /' ;;
		*) echo "ok $count - $t: ${line#ok }" ;;
		esac
	done <<-LINES
	$lines
	LINES
done
echo "1..$count"
exit $((failed > 0))
