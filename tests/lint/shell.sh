#!/bin/sh
status=0
for f in $(git ls-files -co --exclude-standard '*.sh' quickstart .ci/run); do
	case $(head -n 1 "$f") in
	*bash*) bash -n "$f" || status=1 ;;
	*) sh -n "$f" || status=1 ;;
	esac
done
exit $status
