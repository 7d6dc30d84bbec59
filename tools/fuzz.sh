#!/bin/sh
# Runs fuzz targets, each from the seeds and past crashes in tests/fuzz/seeds/TARGET.
#
#   tools/fuzz.sh SECONDS [TARGET…]      all targets, or these; two at a time, SECONDS each
#
# Where files of others are at hand (INSIGHTD_TEST_DATA names their folder), archives, messages and rules are seeds, too.
# Inputs that find something new are kept in build/fuzz/corpus/TARGET. What crashes is kept there too and named: put it
# into tests/fuzz/seeds/TARGET under a name that says what it did, mend the fault, and every test run replays it.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in '' | -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
seconds=$1
shift
TARGET=fuzz_targets tools/build.sh fuzz
if [ $# = 0 ]; then
  # shellcheck disable=SC2046  # a name is a word
  set -- $(find build/fuzz -name '*_fuzz' -type f -perm -u+x | sort)
else
  for name in "$@"; do
    program=$(find build/fuzz -name "${name}_fuzz" -type f -perm -u+x)
    if [ -z "$program" ]; then
      echo "no fuzz target \"$name\"; there are:" >&2
      find build/fuzz -name '*_fuzz' -type f -perm -u+x | sed 's|.*/\(.*\)_fuzz$|  \1|' | sort >&2
      exit 2
    fi
    shift
    set -- "$@" "$program"
  done
fi

# How many of one kind: they differ little.
messages_max=10
data=${INSIGHTD_TEST_DATA:-../shared/data}
foreign=build/fuzz/foreign
rm -rf "$foreign"
if [ -d "$data" ]; then
  mkdir -p "$foreign/unpack" "$foreign/tar" "$foreign/results" "$foreign/json" "$foreign/yaml" "$foreign/pack"
  cp "$data"/archives/*.tar.gz "$foreign/unpack"
  cp "$data"/archives/*.tar "$foreign/tar"
  cp "$data"/reports/*.yaml "$foreign/yaml"
  find "$data/rulepack" -name '*.yaml' -exec cp {} "$foreign/pack" \;
  for messages in "$data"/messages/*.tar.gz; do
    kind=$foreign/results/$(basename "$messages" .tar.gz)
    mkdir "$kind"
    tar -tzf "$messages" | grep -v '/$' | head -n "$messages_max" >"$kind.list"
    tar -xzf "$messages" -C "$kind" -T "$kind.list"
    rm "$kind.list"
  done
  cp -r "$foreign/results/." "$foreign/json"
else
  echo "skipped: seeds of others, $data is not there"
fi

fuzz_one() {
  name=$(basename "$1" _fuzz)
  found=build/fuzz/corpus/$name
  mkdir -p "$found" "$foreign/$name"
  # libFuzzer counts whole seconds and stops in the one after those that it is given.
  if "$1" -max_total_time="$((seconds - 1))" -rss_limit_mb=2048 -timeout=20 -artifact_prefix="$found/" "$found" \
    "tests/fuzz/seeds/$name" "$foreign/$name" >"build/fuzz/$name.log" 2>&1; then
    echo "$name: $(grep -oE '^(Done [0-9]+ runs|skipped: .*)' "build/fuzz/$name.log" || echo 'no figure')"
  else
    tail -40 "build/fuzz/$name.log" >&2
    echo "$name: FAILED; the input is named above" >&2
    return 1
  fi
}

failed=0
while [ $# -gt 0 ]; do
  fuzz_one "$1" &
  first=$!
  second=
  if [ $# -gt 1 ]; then
    shift
    fuzz_one "$1" &
    second=$!
  fi
  shift
  wait "$first" || failed=1
  [ -z "$second" ] || wait "$second" || failed=1
done
exit $failed
