#!/bin/sh
# docs/events.md is what `haidang fields` prints.
bin=${BUILD_DIR:-build/release}/bin
"$bin/haidang" fields | diff -u docs/events.md - || { echo 'run: haidang fields >docs/events.md'; exit 1; }
