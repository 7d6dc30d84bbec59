#!/bin/sh
# Runs every benchmark, each beside its floor in the same run, and shows the figures.
#
#   tools/bench.sh           all: a few minutes
#   tools/bench.sh cel bus   these programs (bench/NAME_bench.cc) alone; cel_go is the comparison with cel-go, worlds what one of
#                            the simulation takes
#
# What it prints goes to build/bench.txt too.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
{
  grep -m1 'model name' /proc/cpuinfo || true
  for source in bench/*_bench.cc; do
    name=$(basename "$source" _bench.cc)
    case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
    echo
    echo "== $name"
    program=$(find build/release -name "${name}_bench" -type f)
    case $name in
      analyze) "$program" ;;
      *) "$program" --benchmark_min_time=0.2 --benchmark_counters_tabular=true 2>/dev/null ;;
    esac
  done
  case " ${*:-worlds} " in
    *" worlds "*)
      echo
      echo "== worlds of the simulation, one after the other"
      TARGET=simulate tools/build.sh release -DINSIGHTD_TESTS=ON >/dev/null
      build/release/tests/fault/simulation/simulate --seeds 200 --jobs 1
      ;;
  esac
  case " ${*:-cel_go} " in
    *" cel_go "*)
      echo
      echo "== expressions and rules beside cel-go"
      tools/compare_cel_go.sh
      ;;
  esac
  if [ $# = 0 ]; then
    echo
    echo "== the whole program"
    python3 bench/load.py --rate 400 --size small --duration 20
    python3 bench/load.py --rate 139 --size mix --duration 20
    echo
    echo "== the writer on Kafka and PostgreSQL"
    python3 bench/writer_postgres.py --clusters 10000
  fi
} | tee build/bench.txt
