"""For tests of the program under the names `insights-results-aggregator` and
`insights-results-db-writer`, on real servers: the configuration that those programs have, messages,
and a process in a working folder.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import harness
from harness import wait_for
from named_program import END_S_MAX, NAMES, NamedProgram, clean

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from kafka_server import Kafka  # noqa: E402
from postgres_server import Postgres  # noqa: E402
from process import free_port, start_all  # noqa: E402

AGGREGATOR, WRITER = NAMES / "insights-results-aggregator", NAMES / "insights-results-db-writer"
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


class Program(NamedProgram):
    def records(self, message):
        records = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [record for record in records if message in record["message"]]

    def await_record(self, message):
        def ask():
            if self.process.poll() is not None and not self.records(message):
                raise AssertionError(f"it ended with {self.process.returncode}: {self.lines[-20:]}")
            return self.records(message)
        return wait_for(ask, f"a record {message!r}: {self.lines[-20:]}", END_S_MAX)


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

    def storage(self, kind):
        keys = {"db_driver": "postgres", "pg_username": USER, "pg_password": PASSWORD,
                "pg_host": "localhost", "pg_port": self.postgres.port,
                "pg_db_name": self.database, "pg_params": "sslmode=disable",
                "log_sql_queries": True, "type": kind}
        return "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())

    def write(self, *changes, name="config.toml", ocp="sql", dvo="sql"):
        """The configuration with these types of storages and with changes (before, after)."""
        text = CONFIGURATION.replace("KAFKA", str(self.kafka.port)).replace("PORT", str(self.port))
        for kind in (ocp, dvo):
            text = text.replace("STORAGE", self.storage(kind), 1)
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
