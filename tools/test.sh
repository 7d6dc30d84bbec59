#!/bin/sh
# Builds what is shipped together with its tests and runs every kind of test.
#
#   tools/test.sh            all
#   tools/test.sh -R REGEX   options go to ctest: only the tests whose name matches
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

tools/build.sh release -DINSIGHTD_UI="${UI:-ON}" -DINSIGHTD_TESTS=ON
echo "Testing"
exec ctest --test-dir build/release --output-on-failure --no-tests=error -j "${JOBS:-2}" "$@"
