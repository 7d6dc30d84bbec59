#!/bin/sh
# Runs the whole system from many seeds, on all cores, with progress; fails when a promise is broken or a fault point was
# never reached. How it works: tests/fault/simulation/README.md.
#
#   tools/simulate.sh SEEDS [FIRST]
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in '' | -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
TARGET=simulate tools/build.sh release -DINSIGHTD_TESTS=ON
exec build/release/tests/fault/simulation/simulate --seeds "$1" --first "${2:-1}" --cover --progress
