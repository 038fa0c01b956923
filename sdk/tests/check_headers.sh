#!/bin/sh
# check_headers.sh INCLUDE_DIR...: every header of the SDK compiles on its own, warnings as errors: the C ones as C11 and C++20 with gcc and clang,
# the C++ ones as C++20 with g++ and with clang + libc++. Nothing below sdk/ includes the kernel, module.hpp stays small, and modules of 1.0 get what
# 1.0 had, and nothing newer.
set -eu
flags=""
for include in "$@"; do flags="$flags -I$include"; done
warnings="-Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
"$(dirname "$0")/check_includes.sh" "$(dirname "$0")/.." "$@" || failed=1
try() { # NAME COMPILER...: compiles $work/in
  name=$1
  shift
  "$@" $warnings $flags -fsyntax-only "$work/in" || { echo "$name: does not compile with $*" >&2; failed=1; }
}
all=""
for header in $(for include in "$@"; do ls "$include"/mortise/abi/*.h "$include"/mortise/testing/abi.h 2>/dev/null; done); do
  name=mortise/${header##*/mortise/}
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
for header in $(for include in "$@"; do ls "$include"/mortise/*.hpp 2>/dev/null; done); do
  name=mortise/$(basename "$header")
  all="$all#include <$name>
"
  echo "#include <$name>" >"$work/in"
  try "$name" clang++ -stdlib=libc++ -std=c++20 -x c++
done
echo "$all" >"$work/in"
try "all C++ headers" g++ -std=c++20 -x c++
try "all C++ headers" clang++ -std=c++20 -x c++

# Every file of every module reads it. Little more than what <string>, <vector>, <optional> and <chrono> have (docs/decisions/0015).
size=$(echo '#include <mortise/module.hpp>' | g++ -std=c++20 -E -P $flags -x c++ - | wc -c)
if [ "$size" -ge 1600000 ]; then
  echo "mortise/module.hpp has $size bytes when preprocessed, 1600000 or more; leave out what only some modules need" >&2
  failed=1
fi
# Sources of 1.0 may rely on what its headers included.
cat >"$work/in" <<'END'
#include <mortise/module.hpp>
std::function<double(double)> absolute = [](double value) { return std::abs(std::floor(value)); };
std::shared_ptr<std::mutex> guard = std::make_shared<std::mutex>();
void use(const mortise::Request& request, std::string& text) {
  const std::lock_guard<std::mutex> lock(*guard);
  std::sort(text.begin(), text.end());
  mortise::StreamOptions options;
  options.onClosed = [] {};
  mortise::EventStream stream = request.openStream(options);
  mortise::WebSocketOptions socket;
  socket.onMessage = [](mortise::Socket from, std::string_view message, bool) { from.send(message); };
  request.upgrade(socket).detach();
}
END
for said in -DMORTISE_MODULE_MINOR=0 -DMORTISE_INCLUDES_OF_1_0; do
  try "what a source of 1.0 relies on" g++ -std=c++20 $said -x c++
  try "what a source of 1.0 relies on" clang++ -stdlib=libc++ -std=c++20 $said -x c++
done

# What came later than the minor of module.yaml is refused where it is used, and only there.
use() { # MINOR BLOCK_PARAMETER
  echo "#include <mortise/db.hpp>
void use(const mortise::Db& db) { db.transaction([]($2 open) { open.execute(\"DELETE FROM notes\"); }); }" >"$work/in"
  for compiler in "g++" "clang++ -stdlib=libc++"; do
    $compiler $warnings -DMORTISE_MODULE_MINOR="$1" $flags -std=c++20 -x c++ -fsyntax-only "$work/in" 2>"$work/out" || return 1
  done
}
use 0 "mortise::db::Session&" || { echo "a module of SDK 1.0 cannot use a transaction:" >&2; cat "$work/out" >&2; failed=1; }
use 1 "mortise::Transaction&" || { echo "a module of SDK 1.1 cannot use a joined transaction:" >&2; cat "$work/out" >&2; failed=1; }
if use 0 "mortise::Transaction&" || ! grep -q 'sdk: 1.1' "$work/out"; then
  echo "a module of SDK 1.0 that uses a joined transaction is not told to write sdk: 1.1" >&2
  failed=1
fi
exit $failed
