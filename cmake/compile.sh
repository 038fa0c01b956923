#!/bin/sh
# Runs a compiler through ccache, and a second time when the compiler itself crashed.
# GCC 12 crashes now and then while it reads a precompiled header (seen once in several builds: "internal compiler error:
# Segmentation fault"); the same command then works. An error in the source is never compiled twice.
messages=$(mktemp) || exit
trap 'rm -f "$messages"' EXIT
trap 'exit 130' HUP INT TERM
ccache "$@" 2>"$messages"
status=$?
if [ "$status" -ne 0 ] && grep -q 'internal compiler error' "$messages"; then
  cat "$messages" >&2
  echo "$0: the compiler crashed; running it once more" >&2
  ccache "$@" 2>"$messages"
  status=$?
fi
cat "$messages" >&2
exit "$status"
