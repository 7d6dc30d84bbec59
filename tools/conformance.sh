#!/bin/sh
# Runs the conformance files of the expression language in DIR (*.textproto).
#
#   tools/conformance.sh DIR
set -eu
case "${1:-}" in
  '' | -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; [ -n "${1:-}" ] || exit 2; exit 0 ;;
esac
dir=$(realpath "$1")
cd "$(dirname "$0")/.."
tools/build.sh release
exec "$(find build/release -name cel_conformance -type f)" --gaps tests/conformance/gaps.txt "$dir"
