#!/bin/sh
# Configures and builds a preset: tools/build.sh PRESET [cmake options…]
#
# TARGET="name…" builds these alone. Quiet when it goes well: progress on a terminal, on failure what the compiler said.
set -eu
case "${1:-}" in '' | -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
preset=$1
shift
cd "$(dirname "$0")/.."
log=build/$preset.log
mkdir -p build
echo "Building ($preset; what the tools say goes to $log)"
if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
# shellcheck disable=SC2086  # targets are words
if [ -t 1 ]; then
  NINJA_STATUS='[%f/%t] ' cmake --build "build/$preset" --target ${TARGET:-all} -j "${JOBS:-2}"
elif ! cmake --build "build/$preset" --target ${TARGET:-all} -j "${JOBS:-2}" >>"$log" 2>&1; then
  grep -vE '^\[[0-9]+/[0-9]+\]' "$log" | tail -100 >&2
  exit 1
fi
