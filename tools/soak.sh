#!/bin/sh
# Long runs of the built binary (INSIGHTD_BINARY) under load.
#
#   tools/soak.sh MINUTES [all|servers]     so long each: `insightd all`, then each role a process on servers
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in '' | -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
case "${2:-}" in
  '' | all | servers) ;;
  *) echo "FORM=$2 is none: all, servers" >&2; exit 2 ;;
esac
[ "${2:-all}" != all ] || tests/fault/soak_all.py "$1"
[ "${2:-servers}" != servers ] || tests/fault/network/soak.py "$1"
