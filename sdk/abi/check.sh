#!/bin/sh
# sdk/abi/check.sh            compares today's headers with every record (sdk/abi/mortise-*.abi)
# sdk/abi/check.sh record X.Y records the headers, whose version is X.Y: mortise-X.Y.abi and mortise-X.Y.layout. Again: adds what is new since
# sdk/abi/check.sh self-test  proves that a moved field is noticed and a new last field is let through
# Needs abidw and abidiff (Debian: abigail-tools). CC names the C compiler.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for tool in abidw abidiff; do
  command -v "$tool" >/dev/null || { echo "$tool not found; apt-get install abigail-tools" >&2; exit 2; }
done

mkdir "$work/include"
python3 -B "$here/headers.py" folders >"$work/folders"
while IFS= read -r folder; do cp -r "$folder/." "$work/include"; done <"$work/folders"

# snapshot INCLUDE_DIR OUT
snapshot() {
  python3 -B "$here/mirror.py" snapshot "$1" "$work/snapshot.c"
  "${CC:-cc}" -std=c11 -g -O0 -fPIC -shared -ffile-prefix-map="$work=sdk/abi" -I"$1" "$work/snapshot.c" -o "$work/libsnapshot.so"
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$2" "$work/libsnapshot.so"
}
# compare RECORD CURRENT: silent when nothing differs but what abi/base.h allows, which is a struct or enum that grew at its end. Every other
# line of the report counts. (abidiff's own suppression "inserted at end" also lets insertions in the middle through, as of 2.2.)
compare() {
  abidiff --harmless --redundant "$1" "$2" >"$work/report" && return 0
  unexpected=$(awk '
    # What a line may lead to is judged by the next one: an enum that grew is fine, and what a pointer leads to has lines of its own.
    held != "" { if ($0 !~ /type .enum [a-z0-9_]+. changed/ && $0 !~ /^ *in pointed to type /) print held; held = "" }
    /underlying type .(void|int|typedef [a-z0-9_]+) \(.*\)\*. changed:$/ || /type of .const [a-z0-9_]+\* [a-z0-9_]+. changed:$/ { held = $0; next }
    /return type changed:$/ || /parameter [0-9]+ of type .* changed:$/ || /type of .typedef [a-z0-9_]+ [a-z0-9_]+. changed:$/ { held = $0; next }
    { print }
    END { if (held != "") print held }' "$work/report" | grep -vE \
    -e "^ *$|changes summary:|function.* with some (indirect )?sub-type change|^ *\[C\] 'function int mortise_abi_snapshot" \
    -e "has (some indirect )?sub-type changes:|in pointed to type |in unqualified underlying type |, as (reported earlier|being reported)$" \
    -e "(underlying )?type '(struct|enum) [a-z0-9_]+' changed:|type of '(const )?[a-z0-9_ ]+\*? mortise_[a-z0-9_]+_' changed:" \
    -e "type size hasn't changed|type size changed from [0-9]+ to [0-9]+ \(in bits\)|[0-9]+ data member changes?( \(.* filtered\))?:$" \
    -e "type of '.*\(.*\)\* [a-z0-9_]+' changed:|[0-9]+ (data member|enumerator) insertions?:" \
    -e "^ *'[^']*', at offset [0-9]+ \(in bits\)|^ *'[^']*' value '[0-9]+'$" || true)
  [ -z "$unexpected" ] && return 0
  echo "$unexpected"
  return 1
}

# check: today's headers against every record
check() {
  snapshot "$work/include" "$work/current.abi"
  found=0
  for record in "$here"/mortise-*.abi; do
    [ -e "$record" ] || continue
    found=1
    compare "$record" "$work/current.abi" || {
      echo "$record: today's headers differ; modules built with them would break. Put new fields last, or make a new interface revision" >&2
      exit 1
    }
  done
  [ $found = 1 ] || { echo "no $here/mortise-*.abi to compare with; run $0 record X.Y" >&2; exit 2; }
}

case "${1:-check}" in
  check)
    check
    ;;
  record)
    check
    python3 -B "$here/mirror.py" record "${2:?which version, like 1.0}"
    cp "$work/current.abi" "$here/mortise-$2.abi"
    ;;
  self-test)
    cp -r "$work/include" "$work/moved"
    cp -r "$work/include" "$work/grown"
    sed -i 's|^  mortise_str trigger;|  mortise_str inserted;\n&|' "$work/moved/mortise/abi/jobs.h"
    sed -i 's|^} mortise_job;|  mortise_str added;\n&|' "$work/grown/mortise/abi/jobs.h"
    cp -r "$work/include" "$work/retyped"
    sed -i 's|int32_t (\*configured)(|int64_t (*configured)(|' "$work/retyped/mortise/abi/mail.h"
    cp -r "$work/include" "$work/renumbered"
    sed -i 's|MORTISE_LOG_ERROR = 4|MORTISE_LOG_ERROR = 5|' "$work/renumbered/mortise/abi/log.h"
    sed -i 's|^} mortise_user;|  mortise_str added;\n&|' "$work/grown/mortise/abi/identity.h"
    cp -r "$work/include" "$work/repointed"
    sed -i 's|  const mortise_user\* user;|  const mortise_user_change* user;|' "$work/repointed/mortise/abi/identity.h"
    cp -r "$work/include" "$work/resunk"
    sed -i 's|(\*mortise_user_sink)(void\* context, const mortise_user\* user)|(*mortise_user_sink)(void* context, const mortise_str* user)|' "$work/resunk/mortise/abi/identity.h"
    sed -i 's|  MORTISE_PENDING = 10,|& MORTISE_ADDED = 11,|' "$work/grown/mortise/abi/base.h"
    sed -i 's|  MORTISE_LOG_ERROR = 4,|& MORTISE_LOG_ADDED = 5,|' "$work/grown/mortise/abi/log.h"
    snapshot "$work/include" "$work/now.abi"
    for change in moved retyped renumbered repointed resunk; do
      snapshot "$work/$change" "$work/$change.abi"
      if compare "$work/now.abi" "$work/$change.abi" >/dev/null; then echo "a $change part of the boundary was not noticed" >&2; exit 1; fi
    done
    snapshot "$work/grown" "$work/grown.abi"
    compare "$work/now.abi" "$work/grown.abi" || { echo "new last fields of mortise_job and mortise_user were refused" >&2; exit 1; }
    ;;
  *)
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
