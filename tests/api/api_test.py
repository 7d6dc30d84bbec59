#!/usr/bin/env python3
"""The table of requests and exact answers of the aggregator's API, on one of the stores.

  api_test.py embedded|postgres|upstream [FILE…]

Each file of cases/ has a server and rows of its own. What differs is printed with file and line;
so is an answer that the served OpenAPI document does not have.
"""
import pathlib
import re
import sys

import yaml

import openapi
import stores
import table
import wire


def run(store, file, covered):
    """Gives (passed, failed) of one file and prints what failed."""
    passed = failed = 0
    with store.serve(file.server) as server:
        prefix = file.server["prefix"]
        document = openapi.Document(wire.request(server.port, "GET", prefix + "openapi.json").body)
        for case in file.cases:
            if store.name not in case.get("stores", (store.name,)):
                continue
            found = []
            for number, step in enumerate(case.get("steps", [case]), 1):
                try:
                    answer = table.ask(file, step, server.port)
                    wrong = table.problems(step, answer)
                    if answer:
                        wrong += document.outside(*file.target(step), prefix, answer)
                except (AssertionError, OSError) as error:
                    wrong = [f"{type(error).__name__}: {error}"]
                covered |= {(*file.target(step), status, prefix) for status in table.allowed(step)}
                if wrong:
                    which = f", step {number}" if "steps" in case else ""
                    found += [f"{file.path}:{step.get('line', case['line'])}: {case['name']}{which}",
                              f"    {step['request']}", *(f"    {line}" for line in wrong)]
            if found:
                print("\n".join(found), flush=True)
            passed, failed = passed + (not found), failed + bool(found)
        if server.process.poll() is not None:
            print(f"{file.path}: the server has ended with {server.process.returncode}")
            failed += 1
    return passed, failed


def uncovered(covered):
    """Rows of the index that no case answers well, or that none refuses."""
    for row in yaml.safe_load((stores.HERE / "index.yaml").read_text(encoding="utf-8")):
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(row["path"])))
        statuses = {status for method, target, status, prefix in covered
                    if method == row["method"] and target.startswith(prefix) and
                    pattern.fullmatch(target[len(prefix):].partition("?")[0])}
        name = f"{row['method']} {row['path'] or '(main)'}"
        if 200 not in statuses:
            yield f"no case has a good answer of {name}"
        if not any(status >= 400 for status in statuses):
            yield f"no case has a bad answer of {name}"


def main():
    paths = [pathlib.Path(name) for name in sys.argv[2:]] or sorted(stores.HERE.glob("cases/*.yaml"))
    passed = failed = 0
    covered = set()
    try:
        with stores.open_store(sys.argv[1]) as store:
            for file in map(table.File, paths):
                if store.name in (file.stores or (store.name,)):
                    good, bad = run(store, file, covered)
                    passed, failed = passed + good, failed + bad
    except stores.SkipStore as skip:
        print(f"skipped: {skip}")
        return 0
    if not sys.argv[2:]:
        gaps = list(uncovered(covered))
        print("\n".join(gaps))
        failed += len(gaps)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
