#!/bin/sh
# check_includes.sh DIRECTORY...: nothing below these directories includes the kernel, which the SDK is installed without. Prints the includes that do.
if grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]core/' "$@"; then
  echo "the includes above cross the SDK boundary: use what sdk/include offers, or extend the SDK" >&2
  exit 1
fi
