#!/bin/sh
# Builds the tests under a sanitizer and runs them; any report fails: tools/sanitize.sh asan|tsan [ctest options…]
#
#   asan  addresses, leaks and undefined behaviour: all parts on files and on real servers, worlds of the simulation
#   tsan  data races and deadlocks: the parts that have threads, alone, on real servers, and in the running program
#
# TARGET="http_test…" builds these alone: TARGET=http_test tools/sanitize.sh tsan -R unit.http
# Not here: tests that measure memory, which a sanitizer multiplies. Not under tsan: what goes through librdkafka, whose
# threads and locks are built without it (it ends where such a thread calls us), and what has one thread. Nothing is
# suppressed.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
  asan)
    targets=all
    tests='unit\..*|module\..*|store_postgres_test|blob_s3_test|bus_kafka_test|fault\.(parts|kill|simulate)'
    tests="$tests|flow\.(archive|bad_input|dead_letters|process|rule_reload)|api\.api_.*"
    ;;
  tsan)
    modules='base http blob bus store ingress pipeline writer api upkeep fleet app'
    targets="insightd fault_test $(echo "$modules " | sed 's/ /_test /g')"
    tests="unit\.($(echo "$modules" | tr ' ' '|'))|store_postgres_test|blob_s3_test|fault\.parts"
    tests="$tests|flow\.(bad_input|dead_letters|process|rule_reload)|api\.api_embedded"
    export GTEST_FILTER='-KafkaConsumerTest.*:CheckSettingsTest.*:CheckFormTest.*'
    ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
preset=$1
shift
TARGET=${TARGET:-$targets} tools/build.sh "$preset"

# Programs that a test starts report here, whatever the test makes of their output.
reports=$PWD/build/$preset/reports
rm -rf "$reports"
mkdir -p "$reports"
to="log_path=$reports/report:log_exe_name=1"
export ASAN_OPTIONS="$to:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="$to:print_stacktrace=1"
export TSAN_OPTIONS="$to:second_deadlock_stack=1"
export INSIGHTD_SANITIZER="$preset"  # for tests that would judge memory
echo "Testing ($preset)"
status=0
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "${JOBS:-2}" -R "^($tests)\$" "$@" || status=$?
if [ -n "$(ls "$reports")" ]; then
  head -n 100 "$reports"/* >&2
  echo "sanitize.sh: reports of the sanitizer lie in $reports" >&2
  status=1
fi
exit "$status"
