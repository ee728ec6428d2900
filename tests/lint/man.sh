#!/bin/sh
# Man pages name every command, option and setting that the programs have.
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/man.py" "$@"
