#!/bin/sh
# Everything that must pass, one kind after the other; ends with "N passed, N failed". Each kind
# prints TAP or a JUnit file, which tests/tally.py counts: a kind that prints neither has failed.
set -u
cd "$(dirname "$0")/.." || exit 2
PYTHON=${PYTHON:-/usr/bin/python3}
BUILD=${BUILD:-build}
out=$BUILD/results
rm -rf "$out"
mkdir -p "$out"
make=${MAKE:-make}

kind() { # NAME COMMAND…: TAP on stdout
	name=$1
	shift
	echo "== $name"
	started=$(date +%s)
	"$@" >"$out/$name.tap" 2>"$out/$name.log"
	rc=$?
	echo "# exit $rc" >>"$out/$name.tap"
	if [ "$rc" != 0 ]; then
		grep -A40 '^not ok' "$out/$name.tap" | head -n 200
		tail -n 40 "$out/$name.log"
	fi
	echo "   $(($(date +%s) - started)) s, exit $rc"
}

kind build sh -c "$make -j2 all && $make -j2 FLAVOUR=asan all tests && echo 'ok 1 - builds as release and with sanitizers' && echo 1..1"
kind clang sh -c "$make -j2 BUILD=$BUILD/clang FLAVOUR=debug CC=clang CXX=clang++ all && echo 'ok 1 - clang builds it without a warning' && echo 1..1"
BUILD_DIR=$BUILD/release kind lint sh tests/lint/run.sh
kind unit sh tests/unit.sh "$BUILD/asan"
kind fuzz sh tests/fuzz.sh "$BUILD/asan"
kind rules "$BUILD/release/bin/haidang-correlator" test-pack rules/sigma
echo "== e2e"
# Two files at a time: most of their time is waiting.
BUILD_DIR=$BUILD/release "$PYTHON" -m pytest -q -rfE --durations=10 -p no:cacheprovider -n 2 --dist loadfile --junitxml="$out/e2e.xml" tests/e2e
exec "$PYTHON" tests/tally.py "$out" build clang lint unit fuzz rules e2e
