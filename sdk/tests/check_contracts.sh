#!/bin/sh
# check_contracts.sh EMBED ROOT: the generated header and source of every module in the repository compile, warnings as errors, with g++ and
# with clang + libc++, and keep to 120 columns.
set -eu
embed=$1
root=$2
warnings="-Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0
for module in "$root"/modules/*/ "$root"/sdk/examples/*/ "$root"/tests/modules/*/; do
  [ -d "$module/contracts" ] || continue
  name=$(basename "$module")
  "$embed" "$module" -o "$work/$name.c" --contract-header "$work/${name}_contract.hpp"
  echo "#include \"${name}_contract.cpp\"" >>"$work/all.cpp"
  count=$((count + 1))
done
[ "$count" -ge 9 ] || { echo "only $count modules with contracts under $root" >&2; exit 1; }
if grep -nE '^.{121}' "$work"/*_contract.[hc]pp; then
  echo "lines of more than 120 columns" >&2
  exit 1
fi
for compiler in g++ "clang++ -stdlib=libc++"; do
  $compiler -std=c++20 $warnings -I"$root/sdk/include" -I"$work" -fsyntax-only "$work/all.cpp"
done
