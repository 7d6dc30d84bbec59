#!/usr/bin/env python3
"""Reports by cluster over REST from PostgreSQL, beside a bare prepared select of the same reports.

  bench/api_postgres.py [--build build/release] [--clusters 10000] [--seconds 8]

The real `insightd api` answers on the aggregator's own path (report of a cluster for a user), wrk
asks for random clusters. In turn, with 16 and with 64 connections: bare, flat out, half of that
load. Everything runs on the same cores. `CPU us` is what the API and the server's processes took
for a report: a figure that other load on the machine leaves alone. Needs the build with
-DINSIGHTD_BENCH=ON, and wrk.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

from deployment import Role  # noqa: E402
from servers import Postgres  # noqa: E402

SERVER = {"shared_buffers": "256MB", "max_connections": "200"}
TICKS = os.sysconf("SC_CLK_TCK")
SCRIPT = """
local clusters, wait_ms = %d, %f
math.randomseed(os.time())
request = function()
  local n = math.random(0, clusters - 1)
  return wrk.format("GET", string.format(
    "/api/v1/organizations/%%d/clusters/00000000-0000-4000-8000-%%012d/users/1/report",
    n %% 1000 + 1, n))
end
if wait_ms > 0 then
  delay = function() return math.random() * 2 * wait_ms end
end
"""


def program(build, name):
    found = [path for path in pathlib.Path(build).rglob(name) if path.is_file()]
    if not found:
        sys.exit(f"{name} is not in {build}; build it with -DINSIGHTD_BENCH=ON")
    return str(found[0])


def ask(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]} {words[1]}: {done.stderr}{done.stdout[-2000:]}")
    return done.stdout


def cpu_seconds(*roots):
    """Of the processes and all below them that live now."""
    parents, times = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        times[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    total = 0.0
    for pid, seconds in times.items():
        at = pid
        while at in parents and at not in roots:
            at = parents[at]
        total += seconds if at in roots else 0.0
    return total


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def load(url, folder, clusters, connections, seconds, wait_ms=0.0):
    """(answers a second, p99 in ms, number of answers)"""
    script = folder / "ask.lua"
    script.write_text(SCRIPT % (clusters, wait_ms), encoding="ascii")
    said = ask("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script),
               url)
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"the API did not answer everything:\n{said}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
    p99 = milliseconds(re.search(r"99%\s+(\S+)", said).group(1))
    return rate, p99, int(re.search(r"(\d+) requests in", said).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement")
    options = parser.parse_args()
    tool = program(options.build, "reports_from_postgres")
    print(f"{'connections':>11} {'bare/s':>8} {'REST/s':>8} {'share':>6} {'p99 ms':>7} "
          f"{'half/s':>8} {'p99 ms':>7} {'CPU us':>7}")
    with tempfile.TemporaryDirectory(prefix="api_postgres_") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        with Postgres(folder / "postgres", settings=SERVER) as postgres:
            conninfo = postgres.create_database("reports")
            ask(tool, "fill", conninfo, str(options.clusters))
            with Role(program(options.build, "insightd"), "api", "api", folder,
                      {"store.postgres": conninfo}) as api:
                url = f"http://127.0.0.1:{api.ports['http.aggregator_address']}"
                roots = (api.process.pid, postgres.process.pid)
                load(url, folder, options.clusters, 16, 2)
                for connections in (16, 64):
                    bare = float(ask(tool, "bare", conninfo, str(options.clusters),
                                     str(connections), str(options.seconds)).split()[1])
                    before = cpu_seconds(*roots)
                    rate, p99, answers = load(url, folder, options.clusters, connections,
                                              options.seconds)
                    cpu = (cpu_seconds(*roots) - before) / answers * 1e6
                    wait = connections / (rate / 2) * 1000
                    half, half_p99, _ = load(url, folder, options.clusters, connections,
                                             options.seconds, wait)
                    print(f"{connections:>11} {bare:>8.0f} {rate:>8.0f} {rate / bare:>6.2f} "
                          f"{p99:>7.1f} {half:>8.0f} {half_p99:>7.1f} {cpu:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
