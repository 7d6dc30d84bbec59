#!/bin/sh
# Runs every fuzz target for SECONDS each, from the seeds in tests/fuzz/seeds/TARGET.
#
#   tools/fuzz.sh SECONDS [TARGET…]
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in '' | -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
seconds=$1
shift
TARGET=fuzz_targets tools/build.sh fuzz
if [ $# = 0 ]; then
  # shellcheck disable=SC2046  # a name is a word
  set -- $(find build/fuzz -name '*_fuzz' -type f -perm -u+x | sort)
fi
for target in "$@"; do
  name=$(basename "$target" _fuzz)
  found=build/fuzz/corpus/$name
  mkdir -p "$found" "tests/fuzz/seeds/$name"
  echo "Fuzzing $name for $seconds s"
  "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=20 -print_final_stats=0 \
    -artifact_prefix="$found/" "$found" "tests/fuzz/seeds/$name" >"build/fuzz/$name.log" 2>&1 || {
    tail -40 "build/fuzz/$name.log" >&2
    exit 1
  }
done
