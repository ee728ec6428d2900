#!/bin/sh
git ls-files -co --exclude-standard '*.[ch]' '*.cc' | xargs clang-format --dry-run -Werror
