#!/bin/sh
# All lints, as TAP: a line each, so that one failing does not hide the others.
set -u
cd "$(dirname "$0")/../.." || exit 2
PYTHON=${PYTHON:-/usr/bin/python3}
count=0 failed=0

lint() {
	name=$1
	shift
	count=$((count + 1))
	if said=$("$@" 2>&1); then
		echo "ok $count - lint: $name"
	else
		failed=$((failed + 1))
		echo "not ok $count - lint: $name"
		echo "$said" | sed 's/^/# /'
	fi
}

lint 'folders include only what stands below them' sh tests/lint/deps.sh
lint 'files and functions keep within their budget' "$PYTHON" tests/lint/budget.py
lint 'no raw function where lib/ has a safe one' sh tests/lint/raw.sh
lint 'every header compiles alone' sh tests/lint/headers.sh
lint 'C files are formatted' sh tests/lint/format.sh
lint 'clang-tidy finds nothing' sh tests/lint/tidy.sh
lint 'documents that programs write are up to date' sh tests/lint/generated.sh
lint 'man pages name every option and setting' sh tests/lint/man.sh
lint 'shell scripts parse under dash' sh tests/lint/shell.sh
echo "1..$count"
exit $((failed > 0))
