#!/bin/sh
# docs/events.md is what `haidang fields` prints; docs/rules.md ends with what `haidang rules list` does.
bin=${BUILD_DIR:-build/release}/bin
"$bin/haidang" fields | diff -u docs/events.md - || { echo 'run: haidang fields >docs/events.md'; exit 1; }
listed=$(mktemp) || exit 2
trap 'rm -f "$listed"' EXIT
"$bin/haidang" rules list >"$listed" || exit 1
sed '1,/^<!-- haidang rules list -->$/d' docs/rules.md | diff -u - "$listed" ||
	{ echo 'run: haidang rules list, and put it after the mark in docs/rules.md'; exit 1; }
