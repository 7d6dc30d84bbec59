#!/bin/sh
# Long runs of the built binary (INSIGHTD_BINARY) under load.
#
#   tools/soak.sh MINUTES [all|servers]     so long each: `insightd all`, then each role a process on servers
#
# `servers` goes on with the tests of tests/fault/network in their long form: with MINUTES=60 outages, full
# disks of 60 s, a clock that jumps every 30 s, 200 kills, 20 rebalances, bad messages five times; that
# takes some 50 minutes more (less with fewer MINUTES, never longer). INSIGHTD_OUTAGE_S, INSIGHTD_KILLS,
# INSIGHTD_SEED and INSIGHTD_RATE (uploads a second) say otherwise. All of them run, whichever fails; the
# exit status is 1 then.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in '' | -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
case "${2:-}" in
  '' | all | servers) ;;
  *) echo "FORM=$2 is none: all, servers" >&2; exit 2 ;;
esac

INSIGHTD_BINARY=$(realpath "${INSIGHTD_BINARY:-build/release/insightd}")
export INSIGHTD_BINARY
SKIPPED=77
seed=${INSIGHTD_SEED:-$(date +%s)}
failed=

run() {
  echo "$*"
  status=0
  "$@" || status=$?
  [ "$status" = 0 ] || [ "$status" = "$SKIPPED" ] || failed="$failed
  $* (INSIGHTD_SEED=${INSIGHTD_SEED:-})"
}

# The next seed; with every other one group members are static, as in the shipped units.
run_test() {
  seed=$((seed + 1))
  INSIGHTD_SEED=$seed
  INSIGHTD_STATIC_MEMBERS=$((seed % 2))
  export INSIGHTD_SEED INSIGHTD_STATIC_MEMBERS
  run "tests/fault/network/$1_test.py"
}

# VALUE FOR_AN_HOUR LEAST: as much of it as MINUTES are of an hour.
share() {
  awk -v minutes="$1" -v most="$2" -v least="$3" \
    'BEGIN { share = int(most * minutes / 60); print(share > most ? most : share < least ? least : share) }'
}

[ "${2:-all}" != all ] || run tests/fault/soak_all.py "$1"
if [ "${2:-servers}" = servers ]; then
  run tests/fault/network/soak.py "$1"
  INSIGHTD_OUTAGE_S=${INSIGHTD_OUTAGE_S:-$(share "$1" 60 2)}
  INSIGHTD_KILLS=${INSIGHTD_KILLS:-$(share "$1" 200 10)}
  CRASH_CALLS=${CRASH_CALLS:-$(find "$(dirname "$INSIGHTD_BINARY")" -name libcrash_calls.so)}
  export INSIGHTD_OUTAGE_S INSIGHTD_KILLS CRASH_CALLS
  for name in outage kill_roles stop full_disk clock; do
    run_test "$name"
  done
  for _ in 1 2 3 4 5; do
    run_test poison
  done
fi
[ -z "$failed" ] || { echo "These failed:$failed" >&2; exit 1; }
