#!/usr/bin/env python3
"""Started as `insights-results-aggregator` and `insights-results-db-writer`, on real servers: with the
configuration that those programs have, their commands and exit codes, each of their roles.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import harness
from harness import new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

import kafka_server  # noqa: E402
import redis_server  # noqa: E402
from kafka_server import Kafka  # noqa: E402
from postgres_server import Postgres  # noqa: E402
from process import free_port, start_all  # noqa: E402
from redis_server import Redis  # noqa: E402

NAMES = pathlib.Path(harness.BINARY).resolve().parent / "compat"
AGGREGATOR, WRITER = NAMES / "insights-results-aggregator", NAMES / "insights-results-db-writer"
END_S_MAX = 60
# Each test has topics of its own, which begin so.
TOPICS = ("ccx.ocp.results", "ccx.dvo.results", "dead.letter.queue", "platform.payload-status")
# What no URL holds without escapes, nor a connection string without quotes.
USER, PASSWORD = "aggregator's user", "p@ss w'rd/#?\\"
PREFIX = "INSIGHTS_RESULTS_AGGREGATOR__"

CONFIGURATION = """
[broker]
addresses = "localhost:KAFKA"
security_protocol = ""
sasl_mechanism = "PLAIN"
sasl_username = "username"
sasl_password = "password"
topic = "ccx.ocp.results"
payload_tracker_topic = "platform.payload-status"
dead_letter_queue_topic = "dead.letter.queue"
service_name = "insights-results-aggregator"
group = "aggregator"
enabled = true
enable_org_allowlist = false
client_id = "db-writer"
display_message_with_wrong_structure = true

[server]
address = ":PORT"
api_prefix = "/api/v1/"
api_spec_file = "openapi.json"
debug = true
auth = false
auth_type = "xrh"
maximum_feedback_message_length = 255
org_overview_limit_hours = 2

[processing]
org_allowlist_file = "org_allowlist.csv"

[ocp_recommendations_storage]
STORAGE

[dvo_recommendations_storage]
STORAGE

[storage_backend]
use = "ocp_recommendations"

[redis]
database = 0
endpoint = "localhost:6379"
password = ""
timeout_seconds = 30

[content]
path = "./tests/content/ok/"

[logging]
debug = false
log_level = ""
logging_to_cloud_watch_enabled = false
logging_to_sentry_enabled = false

[cloudwatch]
aws_access_id = "a key id"
stream_name = "insights-results-aggregator"
debug = false

[metrics]
namespace = "aggregator"
"""


def result(cluster, org=1, request="r1", checked="2026-01-23T16:15:59.478901889Z"):
    return json.dumps({
        "OrgID": org, "AccountNumber": 2, "ClusterName": cluster, "LastChecked": checked,
        "Version": 2, "RequestId": request, "Metadata": {"gathering_time": "2026-01-23T16:10:00Z"},
        "Report": {"system": {"metadata": {}, "hostname": None}, "fingerprints": [],
                   "reports": [{"rule_id": "rule_4|RULE_4", "key": "RULE_4", "type": "rule",
                                "component": "ccx_rules_ocp.external.rules.rule_4.report",
                                "details": {"any": "json"}, "tags": [], "links": {}}],
                   "info": [], "skips": []}})


def workloads(cluster, org=1):
    return json.dumps({
        "OrgID": org, "ClusterName": cluster, "LastChecked": "2026-01-23T16:15:59Z", "Version": 2,
        "RequestId": "w1", "Metrics": {"system": {}, "fingerprints": [], "version": 1,
                                       "workload_recommendations": [{
                                           "response_id": "an_issue|DVO_AN_ISSUE",
                                           "component": "ccx_rules_ocp.external.dvo.an_issue_pod."
                                                        "recommendation",
                                           "key": "DVO_AN_ISSUE", "details": {}, "tags": [],
                                           "links": {},
                                           "workloads": [{"namespace": "n", "namespace_uid": "N-A",
                                                          "kind": "DaemonSet", "name": "w",
                                                          "uid": "U"}]}]}})


class Program:
    """One process in a working folder; the lines of both outputs are in `lines`."""

    def __init__(self, program, folder, *words, **variables):
        self.program, self.folder, self.words = program, folder, words
        self.variables, self.lines = variables, []

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.program, *self.words], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=clean(self.variables))
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=END_S_MAX)

    def records(self, message):
        records = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [record for record in records if message in record["message"]]

    def await_record(self, message):
        def ask():
            if self.process.poll() is not None and not self.records(message):
                raise AssertionError(f"it ended with {self.process.returncode}: {self.lines[-20:]}")
            return self.records(message)
        return wait_for(ask, f"a record {message!r}: {self.lines[-20:]}", END_S_MAX)


def clean(variables):
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("INSIGHTD", "INSIGHTS_RESULTS", "ACG_CONFIG", "PG"))}
    return {**kept, **variables}


class WithServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="insightd_names_"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.home.chmod(0o755)
        cls.kafka = Kafka(cls.home / "kafka", secure=True)
        cls.postgres = Postgres(cls.home / "postgres")
        for server in (cls.kafka, cls.postgres):
            cls.addClassCleanup(server.end)
        start_all([cls.kafka, cls.postgres])
        cls.postgres.sql("""CREATE USER "{}" SUPERUSER PASSWORD '{}'""".format(
            USER, PASSWORD.replace("'", "''")))

    def setUp(self):
        self.database = f"aggregator {self.id().rpartition('.')[2]}"
        self.postgres.create_database(self.database)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="work_", dir=self.home))
        (self.folder / "openapi.json").write_text(
            '{"openapi": "3.0.0", "info": {"title": "t", "version": "1"}, "paths": {}}')
        self.port = free_port()
        self.group = f"group-{self.port}"
        self.results, self.workloads, self.letters, self.tracker = (
            f"{topic}.{self.port}" for topic in TOPICS)
        self.kafka.create_topics(self.results, self.workloads)

    def storage(self, **changes):
        keys = {"db_driver": "postgres", "pg_username": USER, "pg_password": PASSWORD,
                "pg_host": "localhost", "pg_port": self.postgres.port,
                "pg_db_name": self.database, "pg_params": "sslmode=disable",
                "log_sql_queries": True, "type": "sql", **changes}
        return "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())

    def write(self, *changes, name="config.toml", storage=None):
        text = CONFIGURATION.replace("KAFKA", str(self.kafka.port)).replace("PORT", str(self.port))
        text = text.replace("STORAGE", storage or self.storage())
        text = text.replace('group = "aggregator"', f'group = "{self.group}"')
        for topic in TOPICS:
            text = text.replace(f'"{topic}"', f'"{topic}.{self.port}"')
        for before, after in changes:
            self.assertIn(before, text)
            text = text.replace(before, after)
        (self.folder / name).write_text(text)

    def sql(self, text):
        return self.postgres.sql(text, self.database)

    def run_it(self, *words, program=AGGREGATOR, exit_code=0, **variables):
        done = subprocess.run([program, *words], cwd=self.folder, env=clean(variables), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=END_S_MAX)
        self.assertEqual(done.returncode, exit_code, done.stdout)
        return done.stdout

    def migrate(self):
        for use in ("ocp_recommendations", "dvo_recommendations"):
            self.run_it("migration", "latest",
                        **{PREFIX + "STORAGE_BACKEND__USE": use, **self.variables()})

    def variables(self, **more):
        """All that the file would say, for those without one."""
        known = {"SERVER__ADDRESS": f":{self.port}", "SERVER__API_PREFIX": "/api/v1/",
                 "SERVER__API_SPEC_FILE": str(self.folder / "openapi.json"),
                 "BROKER__ADDRESSES": self.kafka.brokers, "BROKER__GROUP": self.group}
        for section in ("OCP", "DVO"):
            for key, value in (("TYPE", "sql"), ("DB_DRIVER", "postgres"), ("PG_USERNAME", USER),
                               ("PG_PASSWORD", PASSWORD), ("PG_HOST", "localhost"),
                               ("PG_PORT", self.postgres.port), ("PG_DB_NAME", self.database),
                               ("PG_PARAMS", "sslmode=disable")):
                known[f"{section}_RECOMMENDATIONS_STORAGE__{key}"] = str(value)
        return {**{PREFIX + key: value for key, value in known.items()}, **more}

    def produce(self, topic, *values):
        subprocess.run(["kcat", "-b", self.kafka.brokers, "-P", "-t", topic],
                       input="\n".join(values).encode(), check=True, timeout=END_S_MAX)

    def values(self, topic):
        out = subprocess.run(["kcat", "-b", self.kafka.brokers, "-C", "-t", topic, "-e", "-q"],
                             capture_output=True, check=True, timeout=END_S_MAX).stdout
        return out.decode().splitlines()

    def get(self, path, method="GET", body=None):
        """(status, text); status 0: nobody answers yet."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def await_answer(self, path, part="", program=None):
        def ask():
            if program is not None and program.process.poll() is not None:
                raise AssertionError(f"it ended: {program.lines[-20:]}")
            status, text = self.get(path)
            return text if status == 200 and part in text else None
        said = program.lines if program else []
        try:
            return wait_for(ask, f"{part!r} at {path}", END_S_MAX)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.get(path)} {said[-20:]}") from None


class Roles(WithServers):
    def test_the_shipped_file_runs_consumer_and_api(self):
        """a result that is sent is shown; what is none is set aside; SIGTERM ends it with 0"""
        self.write()
        self.migrate()
        cluster = new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.assertEqual(program.lines[:2], ["Clowder is not enabled, skipping init...",
                                                 "Clowder is disabled"])
            self.produce(self.results, "no JSON", result(cluster))
            report = self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports",
                                       "RULE_4", program)
            self.assertEqual(json.loads(report)["status"], "ok")
            # The tables of the original, in its own terms.
            self.assertEqual(self.sql(f"select org_id, error_key from rule_hit "
                                      f"where cluster_id = '{cluster}'"), "1|RULE_4")
            self.assertEqual(self.sql("select topic, message from consumer_error"),
                             f"{self.results}|no JSON")
            self.assertEqual(self.values(self.letters)[-1], "no JSON")
            statuses = [json.loads(value) for value in self.values(self.tracker)]
            self.assertEqual([row["status"] for row in statuses if row["request_id"] == "r1"],
                             ["received", "processed", "success"])
            self.assertEqual(statuses[0]["service"], "insights-results-aggregator")
            # What it says.
            consumed = program.await_record("Message consumed")[-1]
            self.assertEqual((consumed["level"], consumed["group"], consumed["topic"],
                              consumed["organization"], consumed["cluster"],
                              consumed["request ID"]),
                             ("info", self.group, self.results, 1, cluster, "r1"))
            self.assertIn("no JSON", [record.get("unparsed message") for record in
                                      program.records("as it came")])
            self.assertTrue(program.records(
                f"Request received - URI: /api/v1/organizations/1/clusters/{cluster}/reports, "
                "Method: GET"))
            for key in ("content.path", "earliest record"):
                self.assertTrue(program.records(key), key)
            # Each key without an effect is told once, also where what it belongs to is switched off.
            for key in ("cloudwatch.aws_access_id", "cloudwatch.stream_name", "cloudwatch.debug"):
                self.assertEqual(len(program.records(key)), 1, key)
            metrics = self.await_answer(
                "/api/v1/metrics", "aggregator_successful_messages_processing_time_count 1", program)
            for line in ("aggregator_consumed_messages 2", "aggregator_consuming_errors 1",
                         "aggregator_written_reports 1", "aggregator_sql_queries_counter ",
                         "aggregator_sql_queries_durations_count{query=",
                         "process_resident_memory_bytes"):
                self.assertIn("\n" + line, metrics)
            self.assertEqual(program.stop(), 0)
        # What was committed is not read again.
        with Program(WRITER, self.folder) as program:
            self.await_answer("/api/v1/openapi.json", "openapi", program)
            program.await_record("ready")
            self.assertEqual(program.stop(), 0)
        self.assertEqual(self.kafka.lag(self.group, self.results, 1), 0)

    def test_the_api_by_variables_alone(self):
        """no file and no broker: it shows what is in the database"""
        self.migrate()
        with Program(AGGREGATOR, self.folder, "start-service", **self.variables()) as program:
            self.await_answer("/api/v1/", "ok", program)
            info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
            self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]), ("32", "4"))
            self.assertRegex(info["UtilsVersion"], r"^v\d+\.\d+\.\d+$")
            self.assertRegex(info["BuildCommit"], r"^([0-9a-f]{40}|\*not set\*)$")
            self.assertRegex(info["BuildTime"],
                             r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\*not set\*)$")
            metrics = self.await_answer("/api/v1/metrics", "\napi_endpoints_requests{", program)
            # Those of the consumer are there too, as the original has them.
            for name in ("consumed_messages", "consuming_errors", "produced_messages",
                         "messages_with_empty_rule_execution_result", "written_reports",
                         "feedback_on_rules", "rating_on_rules", "sql_queries_counter",
                         "successful_messages_processing_time_count",
                         "failed_messages_processing_time_count",
                         "last_checked_timestamp_lag_minutes_count"):
                self.assertIn(f"\n{name} 0\n", metrics)
            self.assertEqual(program.stop(), 0)

    def test_a_storage_of_nothing_beside_a_database(self):
        """the API shows what is in the database of the one, and nothing of the other"""
        self.migrate()
        self.stored()
        for noop in ("OCP", "DVO"):
            variables = self.variables(**{
                PREFIX + "SERVER__DEBUG": "true",
                PREFIX + f"{noop}_RECOMMENDATIONS_STORAGE__TYPE": "noop"})
            with Program(AGGREGATOR, self.folder, **variables) as program:
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                                 ("not supported", "4") if noop == "OCP" else
                                 ("32", "not supported"))
                listed = json.loads(self.get("/api/v1/organizations")[1])["organizations"]
                self.assertEqual(listed, [] if noop == "OCP" else [1])
                rows = json.loads(self.get("/api/v1/organization/1/workloads")[1])["workloads"]
                self.assertEqual(len(rows or []), 1 if noop == "OCP" else 0)
                self.assertEqual(program.stop(), 0)

    def stored(self):
        """A cluster with a result and workloads, in the tables of both storages."""
        cluster = new_cluster()
        self.sql("insert into report (org_id, cluster, report, reported_at, last_checked_at) "
                 f"values (1, '{cluster}', '{{}}', now(), now())")
        self.sql("insert into dvo.dvo_report (org_id, cluster_id, namespace_id, recommendations, "
                 f"objects) values (1, '{cluster}', 'N-A', 1, 1)")
        return cluster

    def of_two_types(self, ocp, dvo, old, kept):
        """A writer for each of the two consumers with storages of these types: it takes its
        messages, which `kept(use, cluster)` looks for, and its API shows of the cluster `old` what
        is in the database of a storage of the type sql, and nothing of another one.
        """
        for use, storage, topic, make in (
                ("ocp_recommendations", ocp, self.results, result),
                ("dvo_recommendations", dvo, self.workloads, workloads)):
            group, cluster = f"{self.group}.{ocp}.{dvo}.{use}", new_cluster()
            self.produce(topic, make(cluster, org=2))
            variables = {
                PREFIX + "STORAGE_BACKEND__USE": use, PREFIX + "BROKER__TOPIC": topic,
                PREFIX + "BROKER__GROUP": group,
                PREFIX + "OCP_RECOMMENDATIONS_STORAGE__TYPE": ocp,
                PREFIX + "DVO_RECOMMENDATIONS_STORAGE__TYPE": dvo}
            with self.subTest(ocp=ocp, dvo=dvo, use=use), \
                    Program(WRITER, self.folder, **variables) as program:
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                                 ("32" if ocp == "sql" else "not supported",
                                  "4" if dvo == "sql" else "not supported"))
                wait_for(lambda g=group, t=topic: self.kafka.lag(g, t, 1) == 0, "the commit",
                         END_S_MAX)
                self.assertEqual(kept(use, cluster), storage != "noop")
                self.shows(old, ocp == "sql", dvo == "sql")
                self.assertEqual(program.stop(), 0)

    def shows(self, cluster, results, workload_rows):
        """The API has this cluster's result and workloads, or none; no route fails."""
        on_org, user = f"/api/v1/organizations/1/clusters/{cluster}", "users/u"
        on_rule = "/api/v1/rules/a.b/error_key/KEY/organizations/1"
        on_hit = f"/api/v1/clusters/{cluster}/rules/a.b/error_key/KEY"
        rows = "/api/v1/organization/1"

        def answer(path, *request, status=200):
            found, text = self.get(path, *request)
            self.assertEqual(found, status, f"{path}: {text}")
            return json.loads(text)

        # Nothing hits it; of a storage that keeps nothing every report is as empty.
        report = answer(f"{on_org}/{user}/report")["report"]
        self.assertEqual((report["meta"]["count"], report["reports"]), (-1, []))
        self.assertEqual(report["meta"]["last_checked_at"] != "", results)
        meta = answer(f"{on_org}/{user}/report/info")["metainfo"]
        self.assertEqual((meta["count"], meta["stored_at"] != ""), (-1, results))
        self.assertEqual(answer(f"{on_org}/reports")["clusters"], [cluster] if results else None)
        self.assertEqual(answer("/api/v1/organizations/1/clusters")["clusters"],
                         [cluster] if results else [])
        listed = answer("/api/v1/clusters/organizations/1/users/u/recommendations", "POST", [cluster])
        self.assertEqual(list(listed["clusters"]), [cluster] if results else [])
        self.assertEqual(1 in answer("/api/v1/organizations")["organizations"], results)
        for request in (), ("POST", [cluster]):
            found = answer(f"{rows}/workloads", *request)["workloads"]
            self.assertEqual(len(found or []), 1 if workload_rows else 0)
        answer(f"{rows}/namespace/N-A/cluster/{cluster}/workloads",
               status=200 if workload_rows else 404)
        # What is said about it is kept with the results.
        answer(f"{on_rule}/disable", "PUT", {"justification": "why"})
        answer(f"{on_rule}/", status=200 if results else 404)
        answer(f"{on_rule}/enable", "PUT")
        for act in ("organizations/1/users/u/like", "organizations/1/disable"):
            answer(f"{on_hit}/{act}", "PUT", {"message": "why"}, status=200 if results else 404)
        answer(f"{on_hit}/users/u/get_vote", status=200 if results else 404)
        answer("/api/v1/rules/organizations/1/rating", "POST", {"rule": "a.b|KEY", "rating": 1})
        answer("/api/v1/rules/a.b%7CKEY/organizations/1/rating", status=200 if results else 404)
        for path in ("rules/organizations/1/disabled", "rules/users/u/disabled/feedback",
                     "clusters/rules/a.b/error_key/KEY/organizations/1/disabled",
                     "rules/organizations/1/disabled_system_wide"):
            answer(f"/api/v1/{path}")
        for path in (f"{on_org}/{user}/rules/a.b%7CKEY",
                     f"/api/v1/rules/a.b%7CKEY/organizations/1/{user}/clusters_detail"):
            answer(path, status=404)
        self.assertEqual(self.get("/api/v1/metrics")[0], 200)

    def in_database(self, use, cluster):
        table = {"ocp_recommendations": "report where cluster",
                 "dvo_recommendations": "dvo.dvo_report where cluster_id"}[use]
        return self.sql(f"select count(*) from {table} = '{cluster}'") == "1"

    def test_a_writer_with_one_storage_of_nothing(self):
        """types sql and noop, and noop and sql: each consumer has its own, and the API both"""
        self.write()
        self.migrate()
        old = self.stored()
        for ocp, dvo in (("sql", "noop"), ("noop", "sql")):
            self.of_two_types(ocp, dvo, old, self.in_database)

    def test_a_storage_without_a_type_is_left_alone(self):
        """neither made nor looked at, whatever its tables are"""
        sections = {"ocp_recommendations": ("OCP", self.results, result, "public.migration_info"),
                    "dvo_recommendations": ("DVO", self.workloads, workloads, "dvo.migration_info")}
        for use, (_, topic, make, _) in sections.items():
            other, _, _, version_of_other = next(v for k, v in sections.items() if k != use)
            self.write()
            head, section, tail = (self.folder / "config.toml").read_text().partition(
                f"[{other.lower()}_recommendations_storage]")
            (self.folder / "config.toml").write_text(
                head + section + tail.replace('type = "sql"', 'type = ""', 1))
            self.sql("drop schema if exists dvo cascade; drop schema public cascade; "
                     "create schema public")
            self.run_it("migration", "latest", **{PREFIX + "STORAGE_BACKEND__USE": use})
            variables = {PREFIX + "STORAGE_BACKEND__USE": use, PREFIX + "BROKER__TOPIC": topic,
                         PREFIX + "BROKER__GROUP": f"{self.group}.{use}"}
            cluster = new_cluster()
            self.produce(topic, make(cluster, org=2))
            with self.subTest(use=use), Program(WRITER, self.folder, **variables) as program:
                wait_for(lambda u=use, c=cluster: self.in_database(u, c), "the row", END_S_MAX)
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual(info[f"{other}_DB_version"], "not supported")
                self.assertEqual(self.sql(f"select to_regclass('{version_of_other}')"), "")
                self.assertEqual(program.stop(), 0)
            self.sql(f"create schema if not exists dvo; create table {version_of_other} "
                     f"(version integer); insert into {version_of_other} values (2)")
            with self.subTest(use=use, other="old"), \
                    Program(WRITER, self.folder, **variables) as program:
                self.await_answer("/api/v1/info", "", program)
                self.assertEqual(program.stop(), 0)

    @unittest.skipUnless(redis_server.BINARY.exists(), "there is no redis-server here")
    def test_a_cache_writer_beside_another_storage(self):
        """types redis and sql, and redis and noop: the workloads of the database are shown"""
        redis = Redis(self.folder / "redis")
        self.addCleanup(redis.end)
        start_all([redis])
        self.write(('endpoint = "localhost:6379"', f'endpoint = "{redis.address}"'),
                   ('password = ""', f'password = "{redis_server.PASSWORD}"'))
        self.migrate()
        old = self.stored()

        def kept(use, cluster):
            if use == "dvo_recommendations":
                return self.in_database(use, cluster)
            self.assertFalse(self.in_database(use, cluster))
            return bool(redis.ask("HGET", f"organization:2:cluster:{cluster}:request:r1:reports",
                                  "rule_hits"))

        for dvo in ("sql", "noop"):
            self.of_two_types("redis", dvo, old, kept)

    def test_the_writer_of_workloads(self):
        """its own topic and group, by the other storage"""
        self.write(('use = "ocp_recommendations"', 'use = "dvo_recommendations"'),
                   (f'topic = "{self.results}"', f'topic = "{self.workloads}"'),
                   ('service_name = "insights-results-aggregator"', 'service_name = "dvo-writer"'))
        self.migrate()
        cluster = new_cluster()
        with Program(WRITER, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.produce(self.workloads, workloads(cluster), "{}")
            wait_for(lambda: self.sql("select count(*) from dvo.dvo_report "
                                      f"where cluster_id = '{cluster}'") == "1", "its row", END_S_MAX)
            wait_for(lambda: "{}" in self.values(self.letters), "the letter", END_S_MAX)
            self.assertEqual(program.stop(), 0)

    def test_a_clowder_file(self):
        """brokers, topics and database come from the file that ACG_CONFIG names"""
        self.migrate()
        clowder = self.folder / "acg.json"
        clowder.write_text(json.dumps({
            "kafka": {"brokers": [{"hostname": "localhost", "port": self.kafka.port}],
                      "topics": [{"requestedName": TOPICS[0], "name": self.results}]},
            "database": {"name": self.database, "hostname": "localhost", "username": USER,
                         "port": self.postgres.port, "password": PASSWORD, "sslMode": "require"}}))
        variables = self.variables(ACG_CONFIG=str(clowder), **{
            PREFIX + "BROKER__ENABLED": "true", PREFIX + "BROKER__TOPIC": TOPICS[0],
            PREFIX + "BROKER__ADDRESSES": "nowhere:1",
            PREFIX + "STORAGE_BACKEND__USE": "ocp_recommendations",
            PREFIX + "OCP_RECOMMENDATIONS_STORAGE__PG_HOST": "nowhere",
            PREFIX + "DVO_RECOMMENDATIONS_STORAGE__PG_HOST": "nowhere"})
        cluster = new_cluster()
        with Program(WRITER, self.folder, **variables) as program:
            self.produce(self.results, result(cluster))
            self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports", "RULE_4",
                              program)
            self.assertIn("Clowder is enabled", program.lines)
            # Without a topic for them refused messages are in the table alone.
            self.produce(self.results, "no JSON")
            wait_for(lambda: self.sql("select message from consumer_error") == "no JSON", "its row",
                     END_S_MAX)
            self.assertEqual(program.stop(), 0)

    def test_storages_of_nothing(self):
        """type noop: messages are read and passed over, without a database or a folder"""
        self.write(storage=self.storage(type="noop"))
        self.produce(self.results, result(new_cluster()))
        with Program(AGGREGATOR, self.folder, TMPDIR="/nonexistent") as program:
            self.await_answer("/api/v1/metrics", "aggregator_successful_messages_processing_time_"
                                                 "count 1", program)
            wait_for(lambda: self.kafka.lag(self.group, self.results, 1) == 0, "the commit", END_S_MAX)
            info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
            self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                             ("not supported", "not supported"))
            self.assertEqual(program.stop(), 0)

    def test_brokers_that_ask_for_a_password_over_tls(self):
        """SASL_SSL with the certificate of cert_path; a wrong password is exit code 1"""
        self.write(('security_protocol = ""', 'security_protocol = "SASL_SSL"'),
                   (f'addresses = "localhost:{self.kafka.port}"',
                    f'addresses = "localhost:{self.kafka.sasl_tls_port}"\n'
                    f'cert_path = "{self.kafka.tls / "ca.pem"}"'),
                   ('sasl_username = "username"', f'sasl_username = "{kafka_server.USER}"'),
                   ('sasl_password = "password"', f'sasl_password = "{kafka_server.PASSWORD}"'))
        self.migrate()
        cluster = new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.produce(self.results, result(cluster))
            self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports", "RULE_4",
                              program)
            self.assertEqual(program.stop(), 0)
        self.assertIn("Failed to connect to broker", self.run_it(
            exit_code=1, **{PREFIX + "BROKER__SASL_PASSWORD": "wrong"}))

    @unittest.skipUnless(redis_server.BINARY.exists(), "there is no redis-server here")
    def test_the_cache_writer(self):
        """type redis: results go there, and no database is asked; it may come after the start"""
        redis = Redis(self.folder / "redis")
        self.addCleanup(redis.end)
        self.write(('endpoint = "localhost:6379"', f'endpoint = "{redis.address}"'),
                   ('password = ""', f'password = "{redis_server.PASSWORD}"'),
                   ('dead_letter_queue_topic = "dead.letter.queue.', 'nothing = "x.'),
                   storage=self.storage(type="redis"))
        text = (self.folder / "config.toml").read_text()
        head, _, tail = text.partition("[dvo_recommendations_storage]")
        (self.folder / "config.toml").write_text(
            head + "[dvo_recommendations_storage]" + tail.replace('type = "redis"', 'type = ""'))
        cluster = new_cluster()
        with Program(WRITER, self.folder, TMPDIR="/nonexistent") as program:
            self.produce(self.results, result(cluster, org=3, request="q"))
            program.await_record("it is away")
            self.await_answer("/api/v1/", "ok", program)
            start_all([redis])
            key = f"organization:3:cluster:{cluster}:request:q:reports"
            wait_for(lambda: redis.ask("HGET", key, "rule_hits"), "the report", END_S_MAX)
            self.await_answer("/api/v1/metrics", "aggregator_consumed_messages 1", program)
            self.assertEqual(program.stop(), 0)

    def test_an_allow_list(self):
        """messages of organisations that are not listed are set aside"""
        self.write(("enable_org_allowlist = false", "enable_org_allowlist = true"))
        self.migrate()
        self.assertIn("list of allowed", self.run_it(exit_code=1))
        (self.folder / "org_allowlist.csv").write_text("OrgID\n7\n")
        mine, others = new_cluster(), new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.produce(self.results, result(others, org=8), result(mine, org=7))
            self.await_answer(f"/api/v1/organizations/7/clusters/{mine}/reports", "RULE_4", program)
            self.assertEqual(self.sql("select error from consumer_error limit 1"),
                             "organization ID is not in allow list")
            self.assertEqual(program.stop(), 0)


class Commands(WithServers):
    def test_words_that_need_no_server(self):
        """help, configuration, environment, version; what is unknown is told with exit code 0"""
        self.write()
        said = self.run_it("help")
        self.assertTrue(said.startswith("Clowder is not enabled, skipping init...\n"
                                        "Clowder is disabled\n\nAggregator service"), said)
        self.assertIn("\n    insights-results-aggregator [command]\n", said)
        self.assertEqual(self.run_it(" Print-Help "), said)
        lines = self.run_it("print-config").splitlines()
        self.assertEqual(lines[2:5], ["{", '    "Broker": {',
                                      f'        "Addresses": "localhost:{self.kafka.port}",'])
        shown = json.loads("\n".join(lines[2:lines.index("}") + 1]))
        self.assertEqual(shown["OCPRecommendationsStorage"]["PGPort"], self.postgres.port)
        self.assertEqual(shown["Server"]["MaximumFeedbackMessageLength"], 255)
        self.assertEqual(shown["Broker"]["SaslPassword"], "(secret)")
        self.assertNotIn(PASSWORD, "\n".join(lines))
        self.assertIn("\nSOME=thing\n", self.run_it("print-env", SOME="thing"))
        versions = [json.loads(line)["message"].partition(":")[0]
                    for line in self.run_it("print-version-info").splitlines()[2:]]
        self.assertEqual(versions, ["Version", "Build time", "Branch", "Commit", "Utils version"])
        self.assertIn("\nCommand 'serve' not found\n", self.run_it("serve"))
        self.assertEqual(self.run_it("help", TMPDIR="/nonexistent"), said)

    def test_configurations_that_cannot_be_loaded(self):
        """exit code 2 for every command, and what the original says"""
        file = {"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE": "./it-does-not-exist.toml"}
        self.assertIn('panic: fatal error config file: Config File "it-does-not-exist" Not Found in',
                      self.run_it("help", exit_code=2, **file))
        self.write(name="other.toml")
        file = {"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE": "./other.tom"}
        self.assertIn("Aggregator service", self.run_it("help", **file))
        (self.folder / "config.toml").write_text("[broker\n")
        self.assertIn("config.toml:1:", self.run_it("help", exit_code=2))
        (self.folder / "config.toml").unlink()
        (self.folder / "config.ini").write_text("[broker]\n")
        self.assertIn("config.ini: this format is not read here; write the file as .toml, ",
                      self.run_it("help", exit_code=2))
        (self.folder / "config.ini").unlink()
        self.run_it("help", exit_code=2, ACG_CONFIG="/nowhere.json")
        self.run_it("help", exit_code=2, **{PREFIX + "BROKER__ENABLED": "perhaps"})

    def test_migrations(self):
        """look, up, down, each step; what cannot be has exit code 5"""
        self.write()

        def says(message, *words, exit_code=0, **variables):
            said = self.run_it(*words, exit_code=exit_code, **variables)
            self.assertIn(message, [json.loads(line)["message"] for line in said.splitlines()
                                    if line.startswith("{")])

        def tables():
            return self.sql("select string_agg(tablename, ' ' order by tablename) from pg_tables "
                            "where schemaname not in ('pg_catalog', 'information_schema')")

        says("Current DB version: 0", "migration")
        says("Maximum available version: 32", "migrations")
        self.assertEqual(tables(), "migration_info")
        says("Database version is now 2", "migrate", "2")
        self.assertEqual(tables(), "migration_info report rule rule_error_key")
        says("Database version is now 1", "MIGRATION", "1")
        self.assertEqual(tables(), "migration_info report")
        says("Database version is now 32", "migration", "latest")
        says("Database version is now 32", "migration", "max")
        self.assertEqual(self.sql("select version from migration_info"), "32")
        self.assertNotIn("insightd", tables())
        says("invalid target version (available version range is 0-32)", "migration", "33",
             exit_code=5)
        says("invalid target version (available version range is 0-32)", "migration", "-1",
             exit_code=5)
        self.run_it("migration", "up", exit_code=5)
        self.run_it("migration", "1", "2", exit_code=5)
        dvo = {PREFIX + "STORAGE_BACKEND__USE": "dvo_recommendations"}
        says("Current DB version: 0", "migration", **dvo)
        says("Maximum available version: 4", "migration", **dvo)
        says("Database version is now 4", "migration", "latest", **dvo)
        self.assertEqual(self.sql("select version from dvo.migration_info"), "4")
        says("storage backend does not support database migrations", "migration", exit_code=5,
             **{PREFIX + "STORAGE_BACKEND__USE": "mongo"})
        self.run_it("migration", exit_code=5,
                    **{PREFIX + "OCP_RECOMMENDATIONS_STORAGE__TYPE": "redis"})
        away = {PREFIX + "OCP_RECOMMENDATIONS_STORAGE__PG_PORT": str(free_port())}
        for words in ((), ("99",), ("abc",), ("-1",)):
            self.run_it("migration", *words, exit_code=2, **away)
        self.run_it("migration", "1", "2", exit_code=5, **away)

    def test_starts_that_cannot_be(self):
        """another version of the database, none at all: 2; no broker, no document, a taken port: 1"""
        self.write()
        self.assertIn("database preparation exited with error code 2", self.run_it(exit_code=2))
        self.run_it("migration", "31")
        self.run_it("migration", "latest", **{PREFIX + "STORAGE_BACKEND__USE": "dvo_recommendations"})
        self.assertIn("old DB migration version (current: 31, latest: 32)", self.run_it(exit_code=2))
        self.run_it("migration", "32")
        storage = PREFIX + "OCP_RECOMMENDATIONS_STORAGE__"
        self.assertIn("it has to be sql, redis or noop", self.run_it(
            exit_code=2, **{storage + "TYPE": "mongo"}))
        self.assertIn("redis.database is 16: it has to be 0 to 15", self.run_it(
            exit_code=2, **{storage + "TYPE": "redis", PREFIX + "REDIS__DATABASE": "16"}))
        away = {storage + "PG_PORT": str(free_port())}
        self.assertIn("unable to check DB migration version", self.run_it(exit_code=2, **away))
        said = self.run_it(exit_code=1, **{PREFIX + "BROKER__ADDRESSES": f"localhost:{free_port()}"})
        for message in ("Failed to connect to broker", "waiting for consumer to start",
                        "kafka: client has run out of available brokers to talk to"):
            self.assertIn(message, said)
        self.run_it(exit_code=1, **{PREFIX + "STORAGE_BACKEND__USE": "none"})
        self.assertIn("server.api_spec_file", self.run_it(
            exit_code=1, **{PREFIX + "SERVER__API_SPEC_FILE": "nowhere.json"}))
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.run_it(exit_code=1, **{PREFIX + "BROKER__ENABLED": "false"})


if __name__ == "__main__":
    harness.main()
