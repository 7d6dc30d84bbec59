#!/bin/sh
# A fleet of 12 simulated clusters uploads to insightd on 127.0.0.1; prints what was found, then
# serves the page until Ctrl-C while the fleet goes on. The data is gone afterwards.
#
#   tools/demo.sh build/release/insightd
#   DEMO=once tools/demo.sh build/release/insightd     ends after the table
#
# Other ports: INSIGHTD__HTTP__ADDRESS=127.0.0.1:18080 (also METRICS_ADDRESS, AGGREGATOR_ADDRESS).
# Exit status 1: a cluster was not readable after 60 s; 4: a port or the folder is in use.
set -eu
case "${1:-}" in '' | -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; [ -n "${1:-}" ] || exit 2; exit 0 ;; esac
binary=$(realpath "$1")
cd "$(dirname "$0")/.."
mkdir -p build
log=${DEMO_LOG:-build/demo.log}
data=${INSIGHTD__DATA_DIR:-$PWD/build/demo}
address=${INSIGHTD__HTTP__ADDRESS:-127.0.0.1:8080}
export INSIGHTD_CONFIG=/dev/null INSIGHTD__DATA_DIR="$data" INSIGHTD__HTTP__ADDRESS="$address"
export INSIGHTD__HTTP__METRICS_ADDRESS="${INSIGHTD__HTTP__METRICS_ADDRESS:-127.0.0.1:9000}"
export INSIGHTD__HTTP__AGGREGATOR_ADDRESS="${INSIGHTD__HTTP__AGGREGATOR_ADDRESS:-127.0.0.1:8081}"
export INSIGHTD__BLOB__FREE_BYTES_MIN="${INSIGHTD__BLOB__FREE_BYTES_MIN:-16777216}"

server=
fleet=
ready=
# shellcheck disable=SC2317  # called by trap
end() {
  status=$?
  trap - EXIT INT TERM
  for process in $fleet $server; do kill "$process" 2>/dev/null || true; done
  for process in $fleet $server; do wait "$process" 2>/dev/null || true; done
  # Only what is this demo's own: a second one may have found the folder in use.
  if [ -n "$ready" ]; then rm -rf "$data"; fi
  exit "$status"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$binary" all >"$log" 2>&1 &
server=$!
until grep -q '"event":"process.started"' "$log"; do
  if ! kill -0 "$server" 2>/dev/null; then
    status=0
    wait "$server" || status=$?
    server=
    grep -v '^{' "$log" >&2 || true
    exit "$status"
  fi
  sleep 0.05
done
ready=1

# The port that it has: with port 0 a free one.
port=$(sed -n 's/.*"setting":"http.address".*"port":\([0-9]*\).*/\1/p' "$log" | head -1)
url=http://127.0.0.1:$port
echo "insightd runs (log: $log). 12 simulated clusters upload…"
echo
"$binary" fleet --url "$url" --clusters 12 --seed 7 --random-defects 4 --wait 60 --table
echo
echo "The page:   $url/"
echo "The API:    $url/api/insights-results-aggregator/v2/clusters"
echo "Yourself:   curl -F 'file=@ARCHIVE;type=application/vnd.redhat.openshift.periodic' $url/api/ingress/v1/upload"
if [ "${DEMO:-}" = once ]; then exit 0; fi

trap 'exit 0' INT TERM  # from here on that is how it is meant to end
echo
echo "The fleet goes on, every cluster once a minute. Ctrl-C ends it; the data is removed then."
"$binary" fleet --url "$url" --clusters 12 --seed 7 --random-defects 4 --interval 60 \
  >build/demo-fleet.log 2>&1 &
fleet=$!
wait "$server"
