#!/bin/sh
# check_headers.sh INCLUDE_DIR: every header of the SDK compiles on its own, warnings as errors: the C ones as C11 and C++20 with gcc and clang,
# the C++ ones as C++20 with g++ and with clang + libc++.
set -eu
include=$1
warnings="-Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
try() { # NAME COMPILER...: compiles $work/in
  name=$1
  shift
  "$@" $warnings -I"$include" -fsyntax-only "$work/in" || { echo "$name: does not compile with $*" >&2; failed=1; }
}
all=""
for header in "$include"/mortise/abi/*.h; do
  name=mortise/abi/$(basename "$header")
  all="$all#include <$name>
"
  echo "#include <$name>" >"$work/in"
  try "$name" gcc -std=c11 -x c
  try "$name" clang -std=c11 -x c
done
echo "$all" >"$work/in"
try "all C headers" g++ -std=c++20 -x c++
try "all C headers" clang++ -std=c++20 -x c++
all=""
for header in "$include"/mortise/*.hpp; do
  name=mortise/$(basename "$header")
  all="$all#include <$name>
"
  echo "#include <$name>" >"$work/in"
  try "$name" clang++ -stdlib=libc++ -std=c++20 -x c++
done
echo "$all" >"$work/in"
try "all C++ headers" g++ -std=c++20 -x c++
try "all C++ headers" clang++ -std=c++20 -x c++
exit $failed
