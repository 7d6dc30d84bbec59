#!/usr/bin/env python3
"""Sets our expression engine beside cel-go, in the same run, and says where it takes more than its share.

    bench/compare_cel.py BUILD_DIR CELGO

BUILD_DIR holds bench/cel_bench (built with -DINSIGHTD_BENCH=ON); CELGO is the program of bench/celgo, built. Cases
and allowed shares stand in bench/cel_cases.tsv. The fastest of several runs counts on both sides: the machine may be
shared. Prints a table; the exit code tells nothing about figures.
"""
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPETITIONS = 5


def cases():
    for line in (HERE / "cel_cases.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, elements, share, expression = line.split("\t")
            yield name, int(elements), None if share == "-" else float(share), expression


def ours(build):
    answer = subprocess.run(
        [build / "bench/cel_bench", "--benchmark_format=json", "--benchmark_min_time=0.05",
         f"--benchmark_repetitions={REPETITIONS}"], check=True, capture_output=True, text=True)
    fastest = {}
    for row in json.loads(answer.stdout)["benchmarks"]:
        if row["run_type"] == "iteration":
            name = row["run_name"]
            fastest[name] = min(fastest.get(name, float("inf")), row["cpu_time"])
    return fastest


def theirs(celgo):
    answer = subprocess.run([celgo, "cases", HERE / "cel_cases.tsv"], check=True, capture_output=True, text=True)
    return {name: float(ns) for ns, name in (line.split("\t") for line in answer.stdout.splitlines())}


def shown(ns):
    return f"{ns:9.0f} ns" if ns < 10_000 else f"{ns / 1000:9.1f} µs"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    mine, other = ours(pathlib.Path(sys.argv[1])), theirs(sys.argv[2])
    print(f"{'':<18}{'insightd':>12}{'cel-go':>13}{'share':>8}{'allowed':>9}")
    for name, _, allowed, _ in cases():
        share = mine[name] / other[name]
        note = "" if allowed is None else f"{allowed:9.2f}" + ("  ABOVE" if share > allowed else "")
        print(f"{name:<18}{shown(mine[name])} {shown(other[name])} {share:7.2f}{note}")


if __name__ == "__main__":
    main()
