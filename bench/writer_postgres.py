#!/usr/bin/env python3
"""The writer on PostgreSQL, beside a bare set-wise batch of the same rows in the same database.

  bench/writer_postgres.py [--clusters 10000,100000,1000000] [--seconds 20] [--results 30000]

For each number of clusters a database is filled with the messages of the test data (the folder
`messages` in ../shared/data, or where INSIGHTD_TEST_DATA says). Then, one after the other:

  bare    the rows of a batch into all tables of results by libpq alone, nothing read or decided:
          see bare_results.h
  store   the same by our store: newest decided, what went removed, history, only changes written
  kafka   by `insightd writer` from Kafka, from its start on, as another process; its memory after
          a tenth of the results and after all, and the most it had

Both servers run beside it on the same cores. Needs the build with -DINSIGHTD_BENCH=ON.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

from deployment import Role, total  # noqa: E402
from servers import Kafka, Postgres  # noqa: E402

PARTITIONS = 8
GROUP = "aggregator"
SERVER = {"shared_buffers": "256MB", "max_wal_size": "2GB", "fsync": "on",
          "full_page_writes": "on", "checkpoint_timeout": "15min"}


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--clusters", default="10000,100000,1000000")
    parser.add_argument("--seconds", type=float, default=20, help="of bare and store together")
    parser.add_argument("--results", type=int, default=30_000, help="of the Kafka part; 0: none")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting of the writer")
    return parser.parse_args()


def program(build, name):
    found = [path for path in pathlib.Path(build).resolve().rglob(name) if path.is_file()]
    if not found:
        sys.exit(f"{name} is not in {build}; build it with -DINSIGHTD_BENCH=ON")
    return str(found[0])


def unpack_messages(folder):
    data = pathlib.Path(os.environ.get("INSIGHTD_TEST_DATA", ROOT.parent / "shared" / "data"))
    packed = data / "messages" / "benchmarks_every_tenth.tar.gz"
    if not packed.exists():
        print(f"skipped: {packed} is not there (INSIGHTD_TEST_DATA names its folder)")
        sys.exit(0)
    with tarfile.open(packed) as archive:
        archive.extractall(folder)


def ask(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]} {words[1]}: {done.stderr}{done.stdout[-2000:]}")
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def memory_mib(pid, what="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def from_kafka(options, kafka, conninfo, messages, clusters, folder):
    """Results a second; MiB after a tenth, after all, at most."""
    topic = f"results-{clusters}"
    kafka.create_topics(topic, f"{topic}-letters", partitions=PARTITIONS)
    ask(program(options.build, "results_into_postgres"), "produce", kafka.brokers, topic, messages,
        str(clusters), str(options.results))
    writer = Role(program(options.build, "insightd"), "writer", f"writer-{clusters}", folder, {
        "bus.kafka_brokers": kafka.brokers, "store.postgres": conninfo,
        "writer.messages": "results", "writer.results_topic": topic,
        "writer.dead_letter_topic": f"{topic}-letters",
        "upkeep.dead_letter_topics": f"{topic}-letters",
        "writer.batch_results_max": options.batch,
        **dict(setting.split("=", 1) for setting in options.set)})
    early = 0.0
    with writer:
        stored, first, begun = 0, 0, None
        while stored < options.results:
            time.sleep(0.05)
            if not writer.alive:
                sys.exit(f"the writer ended:\n{writer.log_tail()}")
            stored = total(writer.metrics(), "insightd_results_total")
            if begun is None and stored >= 1000:
                first, begun = stored, time.monotonic()
            if not early and stored >= options.results / 10:
                early = memory_mib(writer.process.pid)
        rate = (stored - first) / (time.monotonic() - begun)
        pid = writer.process.pid
        return rate, early, memory_mib(pid), memory_mib(pid, "VmHWM")


def main():
    options = parse()
    tool = program(options.build, "results_into_postgres")
    print(f"{'clusters':>9} {'bare/s':>8} {'store/s':>8} {'share':>6} {'kafka/s':>8} {'share':>6} "
          f"{'MiB early':>9} {'late':>6} {'most':>6}", flush=True)
    with tempfile.TemporaryDirectory(prefix="writer_postgres_") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        messages = folder / "messages"
        unpack_messages(messages)
        with Postgres(folder / "postgres", settings=SERVER) as postgres, \
                Kafka(folder / "kafka") as kafka:
            for clusters in map(int, options.clusters.split(",")):
                conninfo = postgres.create_database(f"clusters_{clusters}")
                ask(tool, "fill", conninfo, str(messages), str(clusters))
                got = ask(tool, "run", conninfo, str(messages), str(clusters), str(options.batch),
                          str(options.seconds))
                line = (f"{clusters:>9} {got['bare_per_s']:>8} {got['ours_per_s']:>8} "
                        f"{got['share']:>6}")
                if options.results:
                    rate, early, late, most = from_kafka(options, kafka, conninfo, str(messages),
                                                         clusters, folder)
                    line += (f" {rate:>8.0f} {rate / float(got['bare_per_s']):>6.2f} "
                             f"{early:>9.1f} {late:>6.1f} {most:>6.1f}")
                print(line, flush=True)
                postgres.sql(f"DROP DATABASE clusters_{clusters} WITH (FORCE)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
