#!/bin/sh
# Replays every fuzz corpus once through its target of a build folder; TAP, a line per target.
set -u
b=$1
count=0 failed=0
for t in $(git ls-files -co --exclude-standard 'tests/fuzz/*/fuzz_*.c'); do
	name=${t##*/fuzz_}
	name=${name%.c}
	count=$((count + 1))
	inputs=$(find "tests/fuzz/corpus/$name" -type f 2>/dev/null | sort)
	if [ -z "$inputs" ]; then
		failed=$((failed + 1))
		echo "not ok $count - $t has no corpus"
		continue
	fi
	# shellcheck disable=SC2086
	if said=$(timeout -k 5 120 "$b/${t%.c}" $inputs 2>&1); then
		echo "ok $count - $name: $(echo "$inputs" | wc -l) inputs"
	else
		failed=$((failed + 1))
		echo "not ok $count - $name"
		echo "$said" | tail -n 30 | sed 's/^/# /'
	fi
done
echo "1..$count"
exit $((failed > 0))
