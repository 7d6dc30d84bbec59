#!/usr/bin/env python3
"""The aggregator's REST API on PostgreSQL and on SQLite, beside the bare queries of its answers.

  bench/api_aggregator.py [--build build/release] [--stores postgres,sqlite] [--seconds 4]
                          [--queries report,clusters,list,recommendations,detail]

10,000 clusters in organisations of 100, reports of 4 kB with seven hits each. For each query and
1, 16 and 64 connections: `bare` is one prepared select of the answer's rows by the engine's client
library (aggregator_bare), `REST` the real `insightd api` (`insightd all` on SQLite) asked by wrk,
in turn and on the same cores, each with its median and p99 in milliseconds. `share` is of the
rates. `half` is the p99 at half of the rate (of the report only). `CPU us` is what the API and the
server's processes took for an answer: a figure that other load on the machine leaves alone. Needs
the build with -DINSIGHTD_BENCH=ON, and wrk.
"""
import argparse
import contextlib
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))
sys.path.insert(0, str(ROOT / "tests" / "flow"))

import rest  # noqa: E402
from deployment import Role  # noqa: E402
from servers import Postgres  # noqa: E402

SERVER = {"shared_buffers": "256MB", "max_connections": "200"}
QUERIES = ("report", "clusters", "list", "recommendations", "detail")
CONNECTIONS = (1, 16, 64)
SCRIPT = pathlib.Path(__file__).with_name("aggregator.lua")


class Installation:
    """`url` of the API, `pids` whose processor time counts, `pid` of the API, `place` for the bare
    queries."""

    def __init__(self, url, pid, pids, place):
        self.url, self.pid, self.pids, self.place = url, pid, pids, place


@contextlib.contextmanager
def on_postgres(options, folder):
    with Postgres(folder / "postgres", settings=SERVER) as postgres:
        conninfo = postgres.create_database("reports")
        rest.ask(rest.program(options.build, "aggregator_fill"), "postgres", conninfo,
                 str(options.clusters))
        with Role(rest.program(options.build, "insightd"), "api", "api", folder,
                  {"store.postgres": conninfo}) as api:
            yield Installation(f"http://127.0.0.1:{api.ports['http.aggregator_address']}",
                               api.process.pid, (api.process.pid, postgres.process.pid), conninfo)


@contextlib.contextmanager
def on_sqlite(options, folder):
    os.environ["INSIGHTD_BINARY"] = rest.program(options.build, "insightd")
    import harness  # reads the environment

    rest.ask(rest.program(options.build, "aggregator_fill"), "sqlite", str(folder / "data"),
             str(options.clusters))
    with harness.Insightd(folder=folder, log_file=str(folder / "log")) as server:
        pid = server.process.pid
        yield Installation(f"http://127.0.0.1:{server.ports['http.aggregator_address']}", pid,
                           (pid,), str(folder / "data" / "store.db"))


STORES = {"postgres": on_postgres, "sqlite": on_sqlite}


def measure(options, store, installation, query, connections):
    bare = rest.ask(rest.program(options.build, "aggregator_bare"), store, installation.place,
                    str(options.clusters), query, str(connections), str(options.seconds)).split()
    words = (query, str(options.clusters))

    def load(wait_ms=0.0):
        return rest.load(installation.url, SCRIPT, words, connections, options.seconds, wait_ms)

    before = rest.cpu_seconds(*installation.pids)
    flat_out = load()
    cpu = (rest.cpu_seconds(*installation.pids) - before) / max(flat_out.answers, 1) * 1e6
    half = ""
    if query == "report" and connections > 1:
        half = f"{load(connections / (flat_out.rate / 2) * 1000).p99_ms:.1f}"
    print(f"{store:>9} {query:>15} {connections:>5} {float(bare[0]):>8.0f} {float(bare[1]):>7.2f} "
          f"{float(bare[2]):>7.2f} {flat_out.rate:>8.0f} {flat_out.p50_ms:>7.2f} "
          f"{flat_out.p99_ms:>7.2f} {flat_out.rate / float(bare[0]):>6.2f} {half:>6} {cpu:>7.0f} "
          f"{rest.memory_mib(installation.pid):>5.0f}", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--stores", default=",".join(STORES))
    parser.add_argument("--queries", default=",".join(QUERIES))
    parser.add_argument("--connections", default=",".join(map(str, CONNECTIONS)))
    options = parser.parse_args()
    options.build = str(pathlib.Path(options.build).resolve())
    return options


def main():
    options = parse()
    print(f"{'store':>9} {'query':>15} {'conns':>5} {'bare/s':>8} {'p50':>7} {'p99':>7} "
          f"{'REST/s':>8} {'p50':>7} {'p99':>7} {'share':>6} {'half':>6} {'CPU us':>7} {'MiB':>5}")
    for store in options.stores.split(","):
        with tempfile.TemporaryDirectory(prefix="api_aggregator_") as name:
            folder = pathlib.Path(name)
            folder.chmod(0o755)  # the database runs as another user
            with STORES[store](options, folder) as installation:
                rest.load(installation.url, SCRIPT, ("report", str(options.clusters)), 16, 2)
                for query in options.queries.split(","):
                    for connections in map(int, options.connections.split(",")):
                        measure(options, store, installation, query, connections)


if __name__ == "__main__":
    main()
