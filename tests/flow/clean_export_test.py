"""Cleaning and exporting: `insightd clean` and `export`, and under the names of the tools that they
replace, on a real PostgreSQL, a real S3 and on the embedded store's file.

INSIGHTD_TEST_SERVERS names a file with the servers' addresses; without it those parts are skipped.
"""
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import uuid

import harness
from harness import ROOT

sys.path.insert(0, str(ROOT / "tools" / "servers"))
from s3_server import signed  # noqa: E402

BINARY = str(pathlib.Path(harness.BINARY).resolve())
CLEANER, EXPORTER = "insights-results-aggregator-cleaner", "insights-results-aggregator-exporter"
ONE, TWO = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266", "74ae54aa-6577-4e80-85e7-697cb646ff37"
THREE = "a7467445-8d6a-43cc-b82c-7007664bdf69"
SECRET = "zq-not-to-be-shown"
TABLES = ["advisor_ratings", "cluster_rule_toggle", "cluster_rule_user_feedback",
          "cluster_user_rule_disable_feedback", "consumer_error", "migration_info",
          "recommendation", "report", "report_info", "rule_disable", "rule_hit"]
LISTED = ["cluster_rule_toggle", "cluster_rule_user_feedback",
          "cluster_user_rule_disable_feedback", "rule_hit", "recommendation", "report_info",
          "report"]
HELP_OF_CLEANER = """  -authors
    \tshow authors
  -cleanup
    \tperform database cleanup
"""
OLD = datetime.datetime(2021, 1, 1)
NASTY = 'a "quoted", text\nof two lines \\. \u00e9'


def servers():
    path = os.environ.get("INSIGHTD_TEST_SERVERS", "")
    text = pathlib.Path(path).read_text() if path and pathlib.Path(path).exists() else ""
    return dict(re.findall(r"(?m)^(\w+)=(.*)$", text))


class Postgres:
    """A database of its own, with all tables."""

    def __init__(self, case):
        self.server = servers()["POSTGRES"]
        self.name = "flow_" + uuid.uuid4().hex
        self.psql(f"CREATE DATABASE {self.name}", self.server)
        case.addCleanup(self.psql, f"DROP DATABASE {self.name} WITH (FORCE)", self.server)
        self.conninfo = f"{self.server} dbname={self.name}"
        done = subprocess.run([BINARY, "migrate"], env=self.ours(), capture_output=True, text=True)
        case.assertEqual(done.returncode, 0, done.stderr)

    def psql(self, statement, conninfo=None, *more):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", *more, "-d",
                               conninfo or self.conninfo, "-c", statement],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    run_sql = psql

    def literal(self, time):
        return f"'{time.isoformat()}'"

    dvo = "dvo.dvo_report"

    def ours(self):
        return {**clean_environment(), "INSIGHTD__STORE__POSTGRES": self.conninfo}

    def keys(self):
        words = dict(word.split("=") for word in self.server.split())
        return {"DB_DRIVER": "postgres", "PG_USERNAME": words["user"], "PG_PASSWORD": SECRET,
                "PG_HOST": words["host"], "PG_PORT": words["port"], "PG_DB_NAME": self.name,
                "PG_PARAMS": "sslmode=disable"}


class Embedded:
    """The file of an installation on one machine."""

    def __init__(self, case):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        case.addCleanup(shutil.rmtree, self.folder)
        process = subprocess.Popen(
            [BINARY, "all"], stdout=subprocess.PIPE, text=True,
            env={**self.ours(), "INSIGHTD__HTTP__ADDRESS": "127.0.0.1:0",
                 "INSIGHTD__HTTP__METRICS_ADDRESS": "127.0.0.1:0",
                 "INSIGHTD__HTTP__AGGREGATOR_ADDRESS": "127.0.0.1:0"})
        for line in process.stdout:
            if '"ready"' in line:
                break
        process.terminate()
        process.stdout.close()
        process.wait()
        self.database = sqlite3.connect(self.folder / "store.db", isolation_level=None)
        case.addCleanup(self.database.close)

    def run_sql(self, statement):
        rows = self.database.execute(statement).fetchall()
        return "\n".join("|".join(str(value) for value in row) for row in rows)

    def literal(self, time):
        since = time - datetime.datetime(1970, 1, 1)
        return str(since // datetime.timedelta(microseconds=1))

    dvo = "dvo_report"

    def ours(self):
        return {**clean_environment(), "INSIGHTD__DATA_DIR": str(self.folder)}

    def keys(self):
        return {"DB_DRIVER": "sqlite3", "SQLITE_DATASOURCE": str(self.folder / "store.db")}


def clean_environment():
    return {key: value for key, value in os.environ.items()
            if not key.startswith(("INSIGHTD__", "INSIGHTS_", "ACG_"))}


class Case(unittest.TestCase):
    """`store` is the kind of database."""
    store = None

    def setUp(self):
        if self.store is None:
            self.skipTest("what both stores have in common")
        if self.store is Postgres and not servers():
            self.skipTest("no servers: INSIGHTD_TEST_SERVERS names none")
        self.db = self.store(self)
        self.work = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.work)
        self.now = datetime.datetime.utcnow().replace(microsecond=0)

    def sql(self, statement):
        return self.db.run_sql(statement)

    def rows(self, table):
        return int(self.sql(f"SELECT count(*) FROM {table}"))

    def start(self, name, *words, exit_code=0, **settings):
        """As `name`, with that tool's variables from `settings`: STORAGE__SCHEMA=…"""
        link = self.work / name
        if not link.is_symlink():
            link.symlink_to(BINARY)
        prefix = "INSIGHTS_RESULTS_CLEANER__" if name == CLEANER else \
            "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER__"
        given = {**{f"STORAGE__{key}": value for key, value in self.db.keys().items()}, **settings}
        environment = {**clean_environment(),
                       **{prefix + key: value for key, value in given.items()}}
        done = subprocess.run([str(link), *words], env=environment, cwd=self.work, timeout=120,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done

    def cleaner(self, *words, exit_code=0, **settings):
        settings = {"STORAGE__SCHEMA": "ocp_recommendations", "CLEANER__MAX_AGE": "90 days",
                    **settings}
        done = self.start(CLEANER, *words, exit_code=exit_code, **settings)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done

    def ours(self, *words, exit_code=0, **more):
        done = subprocess.run([BINARY, *words], env={**self.db.ours(), **more}, cwd=self.work,
                              timeout=120, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return done

    def add_cluster(self, cluster, reported, org_id=1, text="{}"):
        at = self.db.literal(reported)
        text = text.replace("'", "''")
        for statement in (
                f"INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at) "
                f"VALUES ({org_id}, '{cluster}', '{text}', {at}, {at})",
                f"INSERT INTO report_info VALUES ({org_id}, '{cluster}', '4.18.3')",
                f"INSERT INTO cluster_rule_toggle(cluster_id, rule_id, disabled, updated_at, "
                f"error_key, org_id) VALUES ('{cluster}', 'x.report', 1, {at}, 'A', '{org_id}'), "
                f"('{cluster}', 'x.report', 1, {at}, 'B', '{org_id}')",
                f"INSERT INTO cluster_rule_user_feedback VALUES ('{cluster}', 'x', 'u', 'good', 1, "
                f"{at}, {at}, 'A', '{org_id}')",
                f"INSERT INTO cluster_user_rule_disable_feedback VALUES ('{cluster}', 'u', 'x', "
                f"'no', {at}, {at}, 'A', '{org_id}')",
                f"INSERT INTO insightd_cluster VALUES ({org_id}, '{cluster}', 'r', {at}, {at}, "
                f"NULL, '', 'archive', 2, 0, 0, 0)",
                *(f"INSERT INTO rule_hit VALUES ({org_id}, '{cluster}', 'x.report', '{key}', "
                  f"'{{}}', {at})" for key in "AB"),
                *(f"INSERT INTO recommendation VALUES ({org_id}, '{cluster}', 'x', '{key}', "
                  f"'x|{key}', {at}, {at})" for key in "AB")):
            self.sql(statement)

    def add_workloads(self, cluster, reported, checked):
        self.sql(f"INSERT INTO {self.db.dvo} VALUES (1, '{cluster}', 'n', NULL, '', 1, 2, "
                 f"{self.db.literal(reported)}, {self.db.literal(checked)}, '{{}}')")

    def add_error(self, consumed, offset=7, key="'k'"):
        at = self.db.literal(consumed)
        self.sql(f"INSERT INTO consumer_error VALUES ('t', 1, {offset}, {key}, {at}, {at}, 'm', "
                 f"'e')")

    def add_rating(self, updated, rating="1"):
        at = self.db.literal(updated)
        self.sql(f"INSERT INTO advisor_ratings VALUES ('7', 'x', 'A', {at}, {at}, {rating}, 'x|A')")


class CleanerTests(Case):
    def test_help_version_and_authors_need_no_configuration(self):
        for word in ("--help", "-h", "-help"):
            done = self.start(CLEANER, word, STORAGE__SCHEMA="nonsense")
            self.assertIn(f"Usage of {CLEANER}:", done.stderr)
            self.assertIn(HELP_OF_CLEANER, done.stderr)
        self.assertEqual(self.start(CLEANER, "--version").stdout,
                         "Insights Results Aggregator Cleaner version 1.0\n")
        self.assertRegex(self.start(CLEANER, "-authors").stdout, "^.*Red Hat Inc.\n$")
        done = self.start(CLEANER, "-nonsense", exit_code=2)
        self.assertTrue(done.stderr.startswith("flag provided but not defined: -nonsense\nUsage"))

    def test_the_configuration_is_shown_without_its_password(self):
        lines, _ = self.cleaner("-show-configuration", CLEANER__CLUSTER_LIST_FILE="list.txt")
        shown = {line["message"]: line for line in lines}
        self.assertIn("Storage configuration", shown)
        self.assertIn("Logging configuration", shown)
        self.assertEqual(shown["Cleaner configuration"]["Records max age"], "90 days")
        self.assertEqual(shown["Cleaner configuration"]["Cluster list file"], "list.txt")

    def test_a_wrong_configuration_is_an_error(self):
        lines, _ = self.cleaner(exit_code=1, STORAGE__SCHEMA="")
        self.assertIn("storage.schema", lines[-3]["error"])
        self.cleaner(exit_code=1, STORAGE__DB_DRIVER="mysql")

    def test_old_rows_are_listed_oldest_first(self):
        self.add_cluster(ONE, OLD)
        self.add_cluster(TWO, OLD - datetime.timedelta(days=3))
        self.add_cluster(THREE, self.now)
        self.add_rating(OLD)
        self.add_error(OLD)
        lines, _ = self.cleaner("-output", "list.csv")
        reports = [line for line in lines if line["message"] == "Old OCP report"]
        self.assertEqual([line["cluster"] for line in reports], [TWO, ONE])
        age = (self.now - OLD).days + 1
        self.assertEqual(reports[1]["reported"], "2021-01-01T00:00:00Z")
        self.assertEqual(reports[1]["lastChecked"], "2021-01-01T00:00:00Z")
        self.assertEqual(reports[1]["age"], age)
        self.assertEqual(list(reports[1])[-2:], ["time", "message"])
        text = {line["message"]: line for line in lines}
        self.assertIn("List of old OCP reports begin", text)
        self.assertEqual(text["List of old OCP reports end"]["reports count"], 2)
        self.assertEqual(text["Old Advisor rating"]["rating"], 1)
        self.assertEqual(text["Old consumer error"]["offset"], 7)
        self.assertEqual(text["Old consumer error"]["key"], "k")
        self.assertEqual((self.work / "list.csv").read_text(),
                         f"{TWO},2020-12-29T00:00:00Z,2020-12-29T00:00:00Z,{age + 3}\n"
                         f"{ONE},2021-01-01T00:00:00Z,2021-01-01T00:00:00Z,{age}\n")
        lines, _ = self.cleaner("--max-age=100 years")
        self.assertNotIn("Old OCP report", [line["message"] for line in lines])
        self.cleaner("-max-age", "nonsense", exit_code=1)

    def test_a_null_ends_the_listing(self):
        self.add_error(OLD, key="NULL")
        self.cleaner(exit_code=1)

    def test_old_workloads_are_listed(self):
        self.add_workloads(ONE, OLD, self.now)
        lines, _ = self.cleaner("-output=list.csv", STORAGE__SCHEMA="dvo_recommendations")
        self.assertIn("Old DVO report", [line["message"] for line in lines])
        self.assertRegex((self.work / "list.csv").read_text(),
                         f"^1,{ONE},2021-01-01T00:00:00Z,{self.now.isoformat()}Z,[0-9]+\n$")

    def test_clusters_of_words_are_deleted_with_a_summary(self):
        self.add_cluster(ONE, self.now)
        self.add_cluster(TWO, self.now)
        lines, done = self.cleaner("-cleanup", "-summary", "-clusters", f" {ONE} ,nonsense")
        deleted = [(line["table"], line["Affected"]) for line in lines
                   if line["message"] == "Delete record"]
        self.assertEqual(deleted, list(zip(LISTED, (2, 1, 1, 2, 2, 1, 1))))
        table = done.stdout[done.stdout.index("\u250c"):]
        self.assertIn("\u2502 Proper cluster entries   ", table)
        self.assertRegex(table, "Improper cluster entries +\u2502 1 ")
        self.assertRegex(table, "Total deletions \u2502 +10 \u2502")
        self.assertIn("Not a proper cluster ID", [line["message"] for line in lines])
        for name in LISTED:
            self.assertGreater(self.rows(name), 0, name)
        self.assertEqual(self.sql("SELECT cluster FROM report"), TWO)
        self.assertEqual(self.sql("SELECT cluster FROM insightd_cluster"), TWO)
        self.assertEqual(self.sql("SELECT archive FROM insightd_released"), "archive")

    def test_clusters_of_a_file_are_deleted_but_not_of_a_line_without_an_end(self):
        for cluster in (ONE, TWO, THREE):
            self.add_cluster(cluster, self.now)
        (self.work / "list.txt").write_bytes(f"{ONE}\n{TWO}\r\n{THREE}".encode())
        self.cleaner("--cleanup", CLEANER__CLUSTER_LIST_FILE="list.txt")
        self.assertEqual(sorted(self.sql("SELECT cluster FROM report").split()),
                         sorted([TWO, THREE]))
        self.cleaner("--cleanup", exit_code=3, CLEANER__CLUSTER_LIST_FILE="nothing.txt")

    def test_workloads_of_a_list_are_deleted(self):
        self.add_workloads(ONE, OLD, OLD)
        self.add_workloads(TWO, OLD, OLD)
        self.cleaner("-cleanup", "-clusters", ONE, STORAGE__SCHEMA="dvo_recommendations")
        self.assertEqual(self.sql(f"SELECT cluster_id FROM {self.db.dvo}"), TWO)

    def test_everything_old_is_deleted_and_counted_first(self):
        self.add_cluster(ONE, OLD)
        self.add_cluster(TWO, self.now)
        self.add_error(OLD)
        self.add_workloads(ONE, self.now, OLD)
        self.sql(f"INSERT INTO rule_hit VALUES (1, '{THREE}', 'x', 'A', '', NULL)")
        wanted = [("rule_hit", 3), ("report", 1), ("consumer_error", 1), ("recommendation", 2),
                  ("dvo.dvo_report", 1)]
        for dry_run in (True, False):
            lines, done = self.cleaner("-cleanup-all", f"-dry-run={str(dry_run).lower()}",
                                       "-summary")
            told = [(line["table"], line["Affected"]) for line in lines
                    if line["message"] == "Delete records" and line["Dry run"] == dry_run]
            self.assertEqual(told, wanted)
            self.assertRegex(done.stdout, "Total deletions \u2502 +8 \u2502")
            self.assertEqual(self.rows("report"), 2 if dry_run else 1)
        self.assertEqual(self.rows("rule_hit"), 2)
        self.assertEqual(self.rows("report_info"), 2)
        self.assertEqual(self.rows("insightd_cluster"), 1)
        self.cleaner("-cleanup-all", exit_code=3, CLEANER__MAX_AGE="")
        self.cleaner("-cleanup-all", "-max-age=nonsense", exit_code=3)

    def test_rules_disabled_several_times_are_told(self):
        self.add_cluster(ONE, self.now, org_id=42)
        lines, _ = self.cleaner("-multiple-rule-disable", "-output", "pairs.csv")
        told = [line for line in lines if line["message"] == "Multiple rule disable"]
        self.assertEqual([(line["org ID"], line["cluster"], line["rule ID"], line["count"])
                          for line in told], [(42, ONE, "x.report", 2)])
        self.assertEqual((self.work / "pairs.csv").read_text(), f"42,{ONE},x.report,2\n")

    def test_a_vacuum_tells_its_begin_and_end(self):
        lines, _ = self.cleaner("-vacuum", "-cleanup-all")
        told = [line["message"] for line in lines]
        self.assertIn("Vacuuming started", told)
        self.assertIn("Vacuuming finished", told)
        self.assertNotIn("Cleanup-all started", told)

    def test_test_rows_are_inserted_as_far_as_the_tables_have_their_columns(self):
        self.cleaner("-fill-in-db", exit_code=2)
        self.assertEqual(self.rows("report"), 3)
        self.assertEqual(self.rows("rule_hit"), 3)
        self.cleaner("-fill-in-db", STORAGE__SCHEMA="dvo_recommendations")
        self.assertEqual(self.rows(self.db.dvo), 6)

    def test_a_file_of_settings_and_clowder(self):
        keys = self.db.keys()
        lines = [f'{key.lower()} = "{value}"' for key, value in keys.items()]
        (self.work / "other.toml").write_text("[storage]\n" + "\n".join(lines) +
                                              '\nschema = "ocp_recommendations"\n[cleaner]\n'
                                              'max_age = "1 day"\n[logging]\ndebug = true\n')
        link = self.work / CLEANER
        link.symlink_to(BINARY)
        done = subprocess.run([str(link)], cwd=self.work, capture_output=True, text=True, env={
            **clean_environment(), "INSIGHTS_RESULTS_CLEANER_CONFIG_FILE": "other.yaml"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("INF\x1b[0m List of old OCP reports end", done.stdout)

    def test_our_command_deletes_old_clusters_whole(self):
        self.add_cluster(ONE, OLD)
        self.add_cluster(TWO, self.now)
        self.add_error(OLD)
        self.add_workloads(ONE, self.now, OLD)
        self.sql(f"INSERT INTO rule_hit VALUES (1, '{THREE}', 'x', 'A', '', NULL)")
        wanted = {"cluster_rule_toggle": 2, "cluster_rule_user_feedback": 1,
                  "cluster_user_rule_disable_feedback": 1, "rule_hit": 3, "recommendation": 2,
                  "report_info": 1, "report": 1, "consumer_error": 1, "dvo.dvo_report": 1}

        def told(*words):
            lines = [json.loads(line) for line in self.ours("clean", "--json", *words)
                     .stdout.splitlines()]
            return ({line["table"]: line["rows"] for line in lines if "table" in line},
                    [line["cluster"] for line in lines if "cluster" in line])
        self.assertEqual(told("--dry-run", "--list"), (wanted, [ONE]))
        self.assertEqual(self.rows("report"), 2)
        self.assertEqual(told("--list", "--vacuum"), (wanted, [ONE]))
        self.assertEqual(set(told()[0].values()), {0})
        for table in LISTED:
            self.assertEqual(self.rows(table), 2 if table in ("cluster_rule_toggle", "rule_hit",
                                                              "recommendation") else 1, table)
        self.assertIn("nothing was", self.ours("clean", "--dry-run").stdout)

    def test_our_command_deletes_named_clusters(self):
        self.add_cluster(ONE, self.now)
        self.add_cluster(TWO, self.now)
        self.add_workloads(TWO, self.now, self.now)
        (self.work / "list").write_text(f"\n{TWO.upper()}\r\nnonsense")
        done = self.ours("clean", "--clusters-file", "list", exit_code=1)
        self.assertIn("`nonsense` is no cluster", done.stderr)
        self.assertEqual(self.sql("SELECT cluster FROM report"), ONE)
        self.assertEqual(self.rows(self.db.dvo), 0)
        self.ours("clean", "--cluster", ONE)
        self.assertEqual(self.rows("report"), 0)
        self.ours("clean", "--clusters-file", "nothing", exit_code=3)
        self.ours("clean", "--cluster", ONE, "--older-than", "1 day", exit_code=2)
        self.ours("clean", "--older-than", "soon", exit_code=2)


class ExporterTests(Case):
    def exporter(self, *words, exit_code=0, **settings):
        done = self.start(EXPORTER, *words, exit_code=exit_code, **settings)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def read(self, name):
        with open(self.work / name, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def expected(self, table):
        """What the table holds, with times and nulls as they are exported."""
        raise NotImplementedError

    def fill(self):
        self.add_cluster(ONE, self.now, text=NASTY)
        self.add_cluster(TWO, OLD + datetime.timedelta(microseconds=639083), org_id=2)
        self.add_error(OLD, key="NULL")
        self.add_rating(OLD, rating="NULL")
        for org_id in (1, 2):
            self.sql(f"INSERT INTO rule_disable VALUES ('{org_id}', 'x', 'A', NULL, "
                     f"{self.db.literal(OLD)}, NULL)")
        self.add_workloads(ONE, OLD, OLD)

    def check_files(self, tables):
        for table in tables:
            read = self.read(f"{table}.csv")
            self.assertEqual(sorted(read[1:]), sorted(self.expected(table)), table)

    def test_help_version_and_authors(self):
        done = self.start(EXPORTER, "--help")
        self.assertIn('  -output string\n    \toutput to: file, S3 (default "S3")\n', done.stderr)
        self.assertIn("    \tlimit number of exported records (default -1)\n", done.stderr)
        self.assertIn("Insights Results Aggregator Exporter version 1.0",
                      self.start(EXPORTER, "-version").stdout)
        self.assertIn("Red Hat Inc.", self.start(EXPORTER, "--authors").stdout)

    def test_the_configuration_is_shown_without_secrets(self):
        lines = self.exporter("-show-configuration", S3__SECRET_ACCESS_KEY=SECRET,
                              S3__ACCESS_KEY_ID="id", S3__BUCKET="b")
        shown = {line["message"]: line for line in lines}
        self.assertEqual(shown["S3 configuration"]["AccessKeyID"], "id")
        self.assertEqual(shown["S3 configuration"]["SecretAccessKey"], "(secret)")
        self.assertIn("Host", shown["Storage configuration"])

    def test_all_tables_go_into_files(self):
        self.fill()
        lines = self.exporter("-output", "file", "-metadata", "-disabled-by-more-users",
                              "-export-log", "-summary")
        names = {path.name for path in self.work.iterdir() if path.name != EXPORTER}
        self.assertEqual(names, {f"{table}.csv" for table in TABLES} |
                         {"_tables.csv", "_metadata.csv", "_disabled_rules.csv", "_logs.txt"})
        self.check_files(TABLES)
        self.assertEqual(self.read("report.csv")[0],
                         ["org_id", "cluster", "report", "reported_at", "last_checked_at",
                          "kafka_offset", "gathered_at"])
        report = next(row for row in self.read("report.csv") if row[1] == TWO)
        self.assertEqual(report[3], "2021-01-01T00:00:00.639083Z")
        self.assertEqual(next(row for row in self.read("report.csv") if row[1] == ONE)[2], NASTY)
        self.assertEqual(self.read("_tables.csv")[0], ["Table name"])
        self.assertEqual(sorted(row[0] for row in self.read("_tables.csv")[1:]), TABLES)
        counts = self.read("_metadata.csv")
        self.assertEqual(counts[0], ["Table name", "Records"])
        self.assertEqual({row[0]: int(row[1]) for row in counts[1:]},
                         {table: self.rows(table) for table in TABLES})
        self.assertEqual(self.read("_disabled_rules.csv"), [["Rule", "Count"], ["x", "2"]])
        log = (self.work / "_logs.txt").read_text().splitlines()
        self.assertEqual(log[0], '{"level":"info","message":"File logger initialized"}')
        for line in ('{"level":"info","message":"Exporting to file"}',
                     '{"level":"info","message":"Exporting metadata"}',
                     '{"level":"info","Table name":"report","message":"Exporting table"}',
                     '{"level":"info","message":"Closing connection to storage"}'):
            self.assertIn(line, log)
        self.assertIn("List of tables", [line["message"] for line in lines])

    def test_tables_are_left_out_and_rows_limited(self):
        self.fill()
        self.exporter("--output=file", "--limit", "1", "--ignore-tables", "report,rule_disable")
        self.assertFalse((self.work / "report.csv").exists())
        self.assertFalse((self.work / "_tables.csv").exists())
        self.assertEqual(len(self.read("rule_hit.csv")), 2)

    def test_of_other_organisations_nothing_is_exported(self):
        self.fill()
        (self.work / "orgs.csv").write_text("id\n2\n")
        self.exporter("-output", "file", "-metadata", STORAGE__ENABLE_ORG_ID_FILTERING="true",
                      STORAGE__ORGANIZATION_IDS_CSV_FILE="orgs.csv")
        for path in self.work.glob("*.csv"):
            self.assertNotIn(ONE, path.read_text(), path.name)
        for table in LISTED:
            self.assertGreater(len(self.read(f"{table}.csv")), 1, table)
        self.assertEqual(len(self.read("consumer_error.csv")), 1)
        counts = dict(self.read("_metadata.csv")[1:])
        self.assertEqual(counts["report"], "1")
        self.exporter("-output", "file", exit_code=1, STORAGE__ENABLE_ORG_ID_FILTERING="true",
                      STORAGE__ORGANIZATION_IDS_CSV_FILE="nothing.csv")

    def test_exit_codes(self):
        self.exporter("-output", "FILE", exit_code=4)
        self.exporter("-output", "FILE", "-export-log", exit_code=5)
        self.exporter("-output", "file", exit_code=2, STORAGE__DB_DRIVER="mysql")
        self.exporter("-output", "file", exit_code=2, STORAGE__PG_PORT="1",
                      STORAGE__SQLITE_DATASOURCE="/nowhere/store.db")
        (self.work / "_logs.txt.part").mkdir()
        self.exporter("-output", "file", "-export-log", exit_code=5)
        (self.work / "report.csv.part").mkdir()
        self.exporter("-output", "file", exit_code=2)
        self.exporter("-check-s3-connection", exit_code=3, S3__ENDPOINT_URL="127.0.0.1",
                      S3__ENDPOINT_PORT="1", S3__BUCKET="b", S3__ACCESS_KEY_ID="a",
                      S3__SECRET_ACCESS_KEY=SECRET)
        self.exporter(exit_code=3, S3__ENDPOINT_URL="no host", S3__BUCKET="b",
                      S3__ACCESS_KEY_ID="a", S3__SECRET_ACCESS_KEY=SECRET)

    def test_our_command_writes_workloads_and_on_request_our_tables(self):
        self.fill()
        lines = [json.loads(line) for line in
                 self.ours("export", "out/here", "--metadata", "--disabled-rules", "--log",
                           "--own", "--json").stdout.splitlines()]
        self.assertEqual({line["table"]: line["rows"] for line in lines}["report"], 2)
        out = self.work / "out" / "here"
        self.assertTrue((out / "insightd_cluster.csv").exists())
        self.assertIn(ONE, (out / "dvo_report.csv").read_text())
        self.assertIn('"message":"export ends"', (out / "_logs.txt").read_text())
        self.work = out
        self.check_files(TABLES)
        self.ours("export", "less", "--ignore", "report")
        self.assertEqual({path.name for path in (out / "less").iterdir()},
                         {f"{table}.csv" for table in TABLES if table != "report"} |
                         {"dvo_report.csv", "dvo_migration_info.csv"})
        done = self.ours("export", "x", "--ignore", "reprot", exit_code=2)
        self.assertIn("did you mean `report`", done.stderr)


class OnPostgres:
    store = Postgres

    def expected(self, table):
        columns = json.loads(self.db.psql(
            "SELECT json_agg(json_build_array(column_name, data_type) ORDER BY ordinal_position) "
            f"FROM information_schema.columns WHERE table_schema = 'public' "
            f"AND table_name = '{table}'"))
        rows = json.loads(self.db.psql(
            f"SELECT coalesce(json_agg(json_build_array({', '.join(c for c, _ in columns)})), "
            f"'[]') FROM {table}"))
        return [[exported(value, kind) for value, (_, kind) in zip(row, columns)] for row in rows]


class OnTheFile:
    store = Embedded

    def expected(self, table):
        columns = [row[1] for row in self.db.database.execute(f"PRAGMA table_info({table})")]
        rows = self.db.database.execute(f"SELECT * FROM {table}").fetchall()

        def shown(value, column):
            if value is not None and column.endswith(("_at", "_since")):
                at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
                return exported(at.isoformat(), "timestamp")
            return "" if value is None else str(value)
        return [[shown(value, column) for value, column in zip(row, columns)] for row in rows]


def exported(value, kind):
    """As the exporter prints a value that psql gave as JSON."""
    if value is None:
        return "0" if kind == "integer" else ""
    if kind.startswith("timestamp"):
        return (value.rstrip("0").rstrip(".") if "." in value else value) + "Z"
    return str(value)


class CleanerOnPostgresTest(OnPostgres, CleanerTests):
    def test_a_database_that_is_away_has_the_exit_code_of_the_operation(self):
        away = {"STORAGE__PG_PORT": "1"}
        self.cleaner(exit_code=1, **away)
        self.cleaner("-multiple-rule-disable", exit_code=1, **away)
        self.cleaner("-fill-in-db", exit_code=2, **away)
        self.cleaner("-cleanup-all", exit_code=3, **away)
        self.cleaner("-cleanup", "-clusters", ONE, exit_code=3, **away)
        self.cleaner("-vacuum", exit_code=4, **away)

    def test_a_table_that_is_missing_is_told_and_the_others_are_cleaned(self):
        self.add_cluster(ONE, OLD)
        self.sql("DROP TABLE report_info")
        lines, _ = self.cleaner("-cleanup", "-clusters", ONE)
        wrong = [line for line in lines if line["message"] == "Unable to delete record"]
        self.assertEqual([line["table"] for line in wrong], ["report_info"])
        self.assertEqual(self.rows("report"), 0)
        self.sql("DROP TABLE consumer_error")
        self.cleaner("-cleanup-all", "-dry-run=false", exit_code=3)

    def test_a_database_without_our_tables_is_cleaned(self):
        self.add_cluster(ONE, OLD)
        self.sql("DROP TABLE insightd_cluster, insightd_released, insightd_workloads, "
                 "insightd_change CASCADE")
        self.cleaner("-cleanup-all", "-dry-run=false")
        self.assertEqual(self.rows("report"), 0)


class CleanerOnTheFileTest(OnTheFile, CleanerTests):
    pass


class ExporterOnTheFileTest(OnTheFile, ExporterTests):
    pass


class ExporterOnPostgresTest(OnPostgres, ExporterTests):
    def setUp(self):
        super().setUp()
        self.bucket = "exports-" + uuid.uuid4().hex[:12]
        self.s3 = servers()["S3_ENDPOINT"]
        self.request("PUT", f"/{self.bucket}")
        host, port = self.s3.split("//")[1].split(":")
        self.to_s3 = {"S3__ENDPOINT_URL": host, "S3__ENDPOINT_PORT": port,
                      "S3__ACCESS_KEY_ID": servers()["S3_ACCESS_KEY"],
                      "S3__SECRET_ACCESS_KEY": servers()["S3_SECRET_KEY"],
                      "S3__USE_SSL": "false", "S3__BUCKET": self.bucket}

    def request(self, method, path):
        url, headers = signed(self.s3, method, path, b"", "", servers()["S3_SECRET_KEY"],
                              servers()["S3_ACCESS_KEY"])
        headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(url, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read(), answer.headers

    def objects(self):
        body, _ = self.request("GET", f"/{self.bucket}")
        return set(re.findall(r"<Key>([^<]*)</Key>", body.decode()))

    def test_all_goes_to_s3_below_the_prefix(self):
        self.fill()
        self.exporter("-metadata", "-disabled-by-more-users", "-export-log", S3__PREFIX="a/b",
                      **self.to_s3)
        self.assertEqual(self.objects(),
                         {f"a/b/{table}.csv" for table in TABLES} |
                         {"a/b/_tables.csv", "a/b/_metadata.csv", "_disabled_rules.csv",
                          "a/b/_logs.txt"})
        for table in TABLES:
            body, headers = self.request("GET", f"/{self.bucket}/a/b/{table}.csv")
            self.assertEqual(headers["Content-Type"], "text/csv")
            rows = list(csv.reader(body.decode().splitlines(keepends=True)))
            self.assertEqual(sorted(rows[1:]), sorted(self.expected(table)), table)
        body, headers = self.request("GET", f"/{self.bucket}/a/b/_logs.txt")
        self.assertEqual(headers["Content-Type"], "text/plain")
        self.assertIn('"message":"Memory logger initialized"', body.decode().splitlines()[0])
        # What was there is replaced.
        self.sql("DELETE FROM rule_hit")
        self.exporter(S3__PREFIX="a/b", **self.to_s3)
        body, _ = self.request("GET", f"/{self.bucket}/a/b/rule_hit.csv")
        self.assertEqual(len(body.splitlines()), 1)

    def test_without_a_prefix_there_is_no_slash(self):
        self.exporter(**self.to_s3)
        self.assertEqual(self.objects(), {f"{table}.csv" for table in TABLES})

    def test_a_large_table_goes_in_parts(self):
        self.sql("INSERT INTO report SELECT 1, i::text, repeat(md5(i::text), 300), now(), now(), "
                 "0, NULL FROM generate_series(1, 3000) i")
        self.exporter(**self.to_s3)
        body, _ = self.request("GET", f"/{self.bucket}/report.csv")
        self.assertGreater(len(body), 28_000_000)
        self.assertEqual(len(list(csv.reader(body.decode().splitlines()))), 3001)

    def test_the_connection_to_s3_is_checked(self):
        lines = self.exporter("-check-s3-connection", **self.to_s3)
        self.assertIn("Bucket has been found", [line["message"] for line in lines])
        lines = self.exporter("-check-s3-connection", **{**self.to_s3, "S3__BUCKET": "no-such"})
        self.assertIn("Can not find expected bucket", [line["message"] for line in lines])
        self.exporter("-check-s3-connection", exit_code=3,
                      **{**self.to_s3, "S3__SECRET_ACCESS_KEY": "wrong"})
        self.exporter(exit_code=2, **{**self.to_s3, "S3__BUCKET": "no-such"})

    def test_our_command_writes_to_s3(self):
        self.fill()
        settings = {"INSIGHTD__BLOB__S3_ENDPOINT": self.s3,
                    "INSIGHTD__BLOB__S3_ACCESS_KEY": servers()["S3_ACCESS_KEY"],
                    "INSIGHTD__BLOB__S3_SECRET_KEY": servers()["S3_SECRET_KEY"],
                    "INSIGHTD__EXPORT__S3_BUCKET": self.bucket,
                    "INSIGHTD__EXPORT__S3_PREFIX": "daily"}
        self.ours("export", "s3", "--disabled-rules", **settings)
        self.assertIn("daily/report.csv", self.objects())
        self.assertIn("daily/_disabled_rules.csv", self.objects())
        self.ours("export", "s3", exit_code=4, **{**settings,
                                                  "INSIGHTD__EXPORT__S3_BUCKET": "no-such"})


del Case, CleanerTests, ExporterTests

if __name__ == "__main__":
    unittest.main()
