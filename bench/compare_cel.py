#!/usr/bin/env python3
"""Sets our expression engine beside cel-go, in the same run, and says where it takes more than its share.

    bench/compare_cel.py BUILD_DIR CELGO PACK [ARCHIVE]

BUILD_DIR holds insightd and bench/cel_bench (built with -DINSIGHTD_BENCH=ON); CELGO is the program of bench/celgo,
built. Cases and allowed shares stand in bench/cel_cases.tsv. With an archive the rules of the pack too: first both have
to say the same of it (else exit code 1), then the time of some rules and of all. The fastest runs count on both sides:
the machine may be shared. Prints tables; the exit code tells nothing about figures.
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


# One file and one condition, nodes, pods, conditions, machines: rules 1, 6, 22, 24 and 44 of the catalogue.
RULES = ["CLUSTER_OPERATOR_DEGRADED", "CLUSTER_OPERATOR_VERSION_MISMATCH", "NODES_ROOT_DISK_TOO_SMALL",
         "NODES_UNDER_PRESSURE", "MACHINE_NOT_RUNNING"]
RULE_SHARE = 1 / 3
ROUNDS = 200


def outcomes(command):
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return {(one["module"], one["key"]): (one["outcome"], one.get("details"))
            for one in json.loads(answer.stdout)["outcomes"]}


def compare_rules(build, celgo, pack, archive):
    mine = outcomes([build / "insightd", "analyze", "--json", "--all", "--rules", pack, archive])
    other = outcomes([celgo, "judge", pack, archive])
    differ = [key for key in other if mine.get(key) != other[key]]
    for module, key in differ:
        print(f"{module}|{key}: {mine.get((module, key))} here, {other[(module, key)]} by cel-go")
    if differ or len(mine) != len(other):
        sys.exit(f"the two do not say the same of {archive}: no figures")
    print(f"\n{archive}: both say the same, {len(mine)} rules")
    bench = subprocess.run([build / "insightd", "rules", "bench", "--json", "--rules", pack, archive], check=True,
                           capture_output=True, text=True)
    ours = {line["key"]: line["time_us"] for line in map(json.loads, bench.stdout.splitlines())}
    measured = subprocess.run([celgo, "rules", pack, archive, str(ROUNDS)], check=True, capture_output=True, text=True)
    theirs, theirs_all = {}, 0.0
    for line in measured.stdout.splitlines():
        us, _, name = line.split("\t")
        if name:
            theirs[name.split("|")[1]] = float(us)
        else:
            theirs_all = float(us)
    rows = [(key, ours[key], theirs[key]) for key in RULES] + [("all rules", sum(ours.values()), theirs_all)]
    for name, us, them in rows:
        share = us / them
        print(f"{name:<34}{shown(us * 1e3)} {shown(them * 1e3)} {share:7.2f}{RULE_SHARE:9.2f}"
              f"{'  ABOVE' if share > RULE_SHARE else ''}")


def shown(ns):
    return f"{ns:9.0f} ns" if ns < 10_000 else f"{ns / 1000:9.1f} µs"


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1])
    mine, other = ours(build), theirs(sys.argv[2])
    print(f"{'':<18}{'insightd':>12}{'cel-go':>13}{'share':>8}{'allowed':>9}")
    for name, _, allowed, _ in cases():
        share = mine[name] / other[name]
        note = "" if allowed is None else f"{allowed:9.2f}" + ("  ABOVE" if share > allowed else "")
        print(f"{name:<18}{shown(mine[name])} {shown(other[name])} {share:7.2f}{note}")
    if len(sys.argv) == 5:
        compare_rules(build, sys.argv[2], sys.argv[3], sys.argv[4])


if __name__ == "__main__":
    main()
