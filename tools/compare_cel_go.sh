#!/bin/sh
# Builds bench/celgo, the same rules judged by cel-go, and sets it beside ours: first whether both say the same, then
# the time of expressions, of single rules, and of all rules over an archive.
#
#   tools/compare_cel_go.sh [ARCHIVE]     without one: the real archive beside the checkout
#
# Needs Go 1.23 or newer (Debian 12's is too old) and a module proxy or its cache; without them it says so and is done.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
archive=${1:-../shared/data/archives/rapid-recommendations.tar.gz}

minor=$(go version 2>/dev/null | sed -nE 's/.*go1\.([0-9]+).*/\1/p')
if [ "${minor:-0}" -lt 23 ]; then
  echo "not compared with cel-go: no Go 1.23 or newer here"
  exit 0
fi
celgo=$PWD/build/celgo
if ! (cd bench/celgo && go build -o "$celgo" .) >build/celgo.log 2>&1; then
  echo "not compared with cel-go: it cannot be built here; build/celgo.log says why"
  exit 0
fi
if [ -e "$archive" ]; then
  exec python3 bench/compare_cel.py build/release "$celgo" rulepacks/base "$archive"
fi
echo "rules are not compared: no archive $archive"
exec python3 bench/compare_cel.py build/release "$celgo" rulepacks/base
