#!/bin/sh
# SPDX-License-Identifier: MIT
# Run a step of a build or test, and say what it does and how long that took.
#
#   ports/tools/step.sh WHAT LOG COMMAND...     its output goes to the file LOG; if it fails, the end of it is shown
#   ports/tools/step.sh WHAT - COMMAND...       its output is shown
set -u

what=$1 log=$2
shift 2
start=$(date +%s)
took() {
    s=$(($(date +%s) - start))
    [ $s -lt 60 ] && echo "$s s" || echo "$((s / 60)) min $((s % 60)) s"
}

if [ "$log" = - ]; then
    "$@" && echo "$what: done in $(took)" && exit 0
    echo "$what: FAILED after $(took)" >&2
    exit 1
fi

mkdir -p "$(dirname "$log")"
printf '%s (log: %s) ... ' "$what" "$log"
"$@" >"$log" 2>&1 </dev/null && took && exit 0
echo "FAILED after $(took); the end of $log:" >&2
tail -n 20 "$log" >&2
exit 1
