#!/usr/bin/env python3
"""Cleaner and exporter on a large database: rows a second and peak memory, beside bare psql.

  bench/clean_export.py [--clusters 1000000] [--hits 7] [--report-bytes 1000] [--build build/release]

A PostgreSQL database is filled by SQL: clusters of which a tenth are older than 90 days, each with
its report, hits, recommendations and version. Then, one after the other:

  psql      \\copy of every table of the aggregator as CSV into files: the floor
  exporter  the same by insights-results-aggregator-exporter into files, and into S3 (--s3)
  export    the same by `insightd export`
  dry run   insights-results-aggregator-cleaner -cleanup-all
  psql      the cleaner's five DELETEs, rolled back: the floor
  cleaner   insights-results-aggregator-cleaner -cleanup-all -dry-run=false
  list      the same tool with a file of --listed clusters
  clean     `insightd clean --older-than` over another tenth

Peak memory is that of the process as the kernel counts it (it is to stay below 64 MiB). The server
runs beside it on the same cores.
"""
import argparse
import contextlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

from s3_server import ACCESS_KEY, SECRET_KEY  # noqa: E402
from servers import S3, Postgres  # noqa: E402

TABLES = ["advisor_ratings", "cluster_rule_toggle", "cluster_rule_user_feedback",
          "cluster_user_rule_disable_feedback", "consumer_error", "migration_info",
          "recommendation", "report", "report_info", "rule_disable", "rule_hit"]
SERVER = {"shared_buffers": "256MB", "max_wal_size": "8GB", "fsync": "on",
          "checkpoint_timeout": "15min", "autovacuum": "off"}
MEMORY_MIB_MAX = 64
DATABASE = "bench"


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--clusters", type=int, default=1_000_000)
    parser.add_argument("--hits", type=int, default=7)
    parser.add_argument("--report-bytes", type=int, default=1_000)
    parser.add_argument("--listed", type=int, default=20_000)
    parser.add_argument("--s3", action="store_true", help="also export to S3")
    return parser.parse_args()


class Bench:
    def __init__(self, args, server, folder):
        self.args, self.folder = args, folder
        self.binary = str(pathlib.Path(args.build).resolve() / "insightd")
        self.server = server
        self.conninfo = re.sub("dbname=\\S+", f"dbname={DATABASE}", server)
        words = dict(word.split("=") for word in server.split())
        storage = {"DB_DRIVER": "postgres", "PG_USERNAME": words["user"], "PG_HOST": words["host"],
                   "PG_PORT": words["port"], "PG_DB_NAME": DATABASE,
                   "PG_PARAMS": "sslmode=disable", "SCHEMA": "ocp_recommendations"}
        self.environment = {**os.environ, "INSIGHTD__STORE__POSTGRES": self.conninfo}
        for prefix in ("INSIGHTS_RESULTS_CLEANER", "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER"):
            self.environment.update({f"{prefix}__STORAGE__{key}": value
                                     for key, value in storage.items()})
            self.environment[f"{prefix}__LOGGING__LOG_LEVEL"] = "warn"

    def psql(self, *statements, conninfo=None):
        words = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", conninfo or self.conninfo]
        for statement in statements:
            words += ["-c", statement]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
        return done.stdout.strip()

    def fill(self):
        self.psql(f"CREATE DATABASE {DATABASE}", conninfo=self.server)
        subprocess.run([self.binary, "migrate"], env=self.environment, check=True,
                       stdout=subprocess.DEVNULL)
        clusters, hits = self.args.clusters, self.args.hits
        # A tenth is 200 days old, another one 60.
        at = ("(now() AT TIME ZONE 'utc') - CASE i % 10 WHEN 0 THEN interval '200 days' "
              "WHEN 1 THEN interval '60 days' ELSE interval '1 hour' END")
        cluster = "md5(i::text)::uuid::text"
        half = self.args.report_bytes // 2
        begun = time.monotonic()
        self.psql(
            f"INSERT INTO report SELECT 1 + i / 100, {cluster}, '{{\"a\": \"' || "
            f"left(repeat(md5(i::text), {half // 32 + 1}), {half}) || '\", \"b\": \"' || "
            f"left(repeat(md5((i + 1)::text), {half // 32 + 1}), {half}) || '\"}}', {at}, {at}, 0, "
            f"{at} FROM generate_series(1, {clusters}) i",
            f"INSERT INTO report_info SELECT 1 + i / 100, {cluster}, '4.18.3' "
            f"FROM generate_series(1, {clusters}) i",
            f"INSERT INTO rule_hit SELECT 1 + i / 100, {cluster}, 'ccx_rules_ocp.external.rules.r' "
            f"|| h || '.report', 'KEY_' || h, '{{\"node\": \"n, 1\"}}', {at} "
            f"FROM generate_series(1, {clusters}) i, generate_series(1, {hits}) h",
            f"INSERT INTO recommendation SELECT 1 + i / 100, {cluster}, "
            f"'ccx_rules_ocp.external.rules.r' || h, 'KEY_' || h, "
            f"'ccx_rules_ocp.external.rules.r' || h || '|KEY_' || h, {at}, {at} "
            f"FROM generate_series(1, {clusters}) i, generate_series(1, {hits}) h",
            "ANALYZE")
        print(f"filled in {time.monotonic() - begun:.0f} s: {clusters} clusters, "
              f"{hits} hits each, reports of {self.args.report_bytes} bytes, database of "
              f"{int(self.psql(f'SELECT pg_database_size(current_database())')) >> 20} MiB",
              flush=True)

    def timed(self, *words, cwd=None, **more):
        """(seconds, peak MiB, output)"""
        begun = time.monotonic()
        process = subprocess.Popen(words, env={**self.environment, **more}, cwd=cwd,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        if process.returncode != 0:
            sys.exit(f"{words}: {process.returncode}\n{output[-2000:]}")
        return time.monotonic() - begun, usage.ru_maxrss / 1024, output

    def link(self, name):
        path = self.folder / name
        if not path.exists():
            path.symlink_to(self.binary)
        return str(path)

    def out(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path


def report(what, rows, seconds, memory, floor=None):
    share = f"{floor / seconds:6.2f} of psql" if floor else ""
    small = "" if memory is None else f"{memory:7.1f} MiB" + (
        "" if memory < MEMORY_MIB_MAX else f"  ABOVE {MEMORY_MIB_MAX}")
    print(f"{what:<28} {rows:>10} rows {seconds:>8.2f} s {rows / seconds:>10.0f} rows/s "
          f"{small} {share}", flush=True)
    return memory is None or memory < MEMORY_MIB_MAX


def export(bench, s3):
    rows = sum(int(bench.psql(f"SELECT count(*) FROM {table}")) for table in TABLES)
    out = bench.out("psql")
    copies = [word for table in TABLES
              for word in ("-c", f"\\copy {table} TO '{out}/{table}.csv' (FORMAT csv, HEADER)")]
    floor, _, _ = bench.timed("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", bench.conninfo, *copies)
    size = sum(path.stat().st_size for path in out.iterdir())
    report(f"psql \\copy, {size >> 20} MiB", rows, floor, None)
    shutil.rmtree(out)
    good = True
    out = bench.out("exporter")
    seconds, memory, _ = bench.timed(bench.link("insights-results-aggregator-exporter"), "-output",
                                     "file", cwd=out)
    good &= report("exporter, files", rows, seconds, memory, floor)
    shutil.rmtree(out)
    if s3:
        host, port = s3.endpoint.split("//")[1].split(":")
        s3.create_bucket("export")
        prefix = "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER__S3__"
        seconds, memory, _ = bench.timed(
            bench.link("insights-results-aggregator-exporter"), cwd=bench.folder,
            **{prefix + "ENDPOINT_URL": host, prefix + "ENDPOINT_PORT": port,
               prefix + "ACCESS_KEY_ID": ACCESS_KEY, prefix + "SECRET_ACCESS_KEY": SECRET_KEY,
               prefix + "BUCKET": "export"})
        good &= report("exporter, S3", rows, seconds, memory, floor)
    seconds, memory, _ = bench.timed(bench.binary, "export", str(bench.out("ours")))
    good &= report("insightd export, files", rows, seconds, memory, floor)
    shutil.rmtree(bench.folder / "ours")
    return good


DELETES = ["DELETE FROM rule_hit t WHERE NOT EXISTS (SELECT FROM report r WHERE "
           "r.cluster = t.cluster_id AND r.org_id = t.org_id AND "
           "(r.reported_at < now() - interval '90 days') IS NOT TRUE)",
           "DELETE FROM report WHERE reported_at < now() - interval '90 days'",
           "DELETE FROM consumer_error WHERE consumed_at < now() - interval '90 days'",
           "DELETE FROM recommendation WHERE created_at < now() - interval '90 days'",
           "DELETE FROM dvo.dvo_report WHERE last_checked_at < now() - interval '90 days'"]


def clean(bench):
    cleaner = bench.link("insights-results-aggregator-cleaner")

    def deleted(output):
        return int(re.search("Total deletions \u2502 +(\\d+) \u2502", output)[1])
    good = True
    begun = time.monotonic()
    bench.psql("BEGIN", *DELETES, "ROLLBACK")
    floor = time.monotonic() - begun
    bench.psql("VACUUM")
    words = [cleaner, "-cleanup-all", "-max-age=90 days", "-summary"]
    seconds, memory, output = bench.timed(*words)
    rows = deleted(output)
    report("psql, five DELETEs", rows, floor, None)
    good &= report("cleaner, dry run", rows, seconds, memory, floor)
    seconds, memory, output = bench.timed(*words, "-dry-run=false")
    good &= report("cleaner, by age", deleted(output), seconds, memory, floor)
    bench.psql("VACUUM")
    listed = bench.folder / "list"
    listed.write_text(bench.psql("SELECT cluster FROM report WHERE reported_at > now() - interval "
                                 f"'1 day' LIMIT {bench.args.listed}") + "\n")
    seconds, memory, output = bench.timed(
        cleaner, "-cleanup", "-summary",
        INSIGHTS_RESULTS_CLEANER__CLEANER__CLUSTER_LIST_FILE=str(listed))
    good &= report(f"cleaner, {bench.args.listed} of a list", deleted(output), seconds, memory)
    bench.psql("VACUUM")
    seconds, memory, output = bench.timed(bench.binary, "clean", "--older-than", "30 days")
    good &= report("insightd clean, by age", deleted(output), seconds, memory)
    return good


def main():
    args = parse()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="clean_export_"))
    try:
        with Postgres(settings=SERVER) as postgres, contextlib.ExitStack() as stack:
            s3 = stack.enter_context(S3()) if args.s3 else None
            bench = Bench(args, postgres.conninfo(), folder)
            bench.fill()
            good = export(bench, s3)
            good &= clean(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not good:
        sys.exit(f"peak memory is above {MEMORY_MIB_MAX} MiB")


if __name__ == "__main__":
    main()
