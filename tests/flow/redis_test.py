#!/usr/bin/env python3
"""`insightd writer` with Redis as its output, on real servers: password, number of the database, a
server that is killed under load, messages that are refused, settings that cannot be.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

import harness
from harness import new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from kafka_server import Kafka  # noqa: E402
from process import free_port, start_all  # noqa: E402
from redis_server import PASSWORD, Redis  # noqa: E402

DATABASE = 5
END_S_MAX = 60
UNDER_LOAD = 2_000


def message(cluster, request, org=1):
    return json.dumps({
        "OrgID": org, "ClusterName": cluster, "LastChecked": "2026-01-23T16:15:59.478Z",
        "Version": 2, "RequestId": request, "Metadata": {"gathering_time": "2026-01-23T16:10:00Z"},
        "Report": {"system": {"metadata": {}, "hostname": None}, "fingerprints": [],
                   "reports": [{"rule_id": "rule_4|RULE_4", "key": "RULE_4", "type": "rule",
                                "component": "ccx_rules_ocp.external.rules.rule_4.report",
                                "details": {}, "tags": [], "links": {}}],
                   "info": [], "skips": []}})


class Writer:
    """The role as a process; what it says is in `lines`."""

    def __init__(self, **variables):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        self.lines = []
        self.process = subprocess.Popen(
            [harness.BINARY, "writer"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**kept, **variables})
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def end(self):
        self.process.terminate()
        code = self.process.wait(timeout=END_S_MAX)
        self.reader.join()
        self.process.stdout.close()
        return code


class RedisTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka, cls.redis = Kafka(), Redis()
        for server in (cls.kafka, cls.redis):
            cls.addClassCleanup(server.end)
        start_all([cls.kafka, cls.redis])

    def setUp(self):
        self.topic = f"results.{free_port()}"
        self.letters = self.topic + ".letters"
        self.kafka.create_topics(self.topic, self.letters)

    def variables(self, **changes):
        settings = {"BUS__KAFKA_BROKERS": self.kafka.brokers, "WRITER__OUTPUT": "redis",
                    "WRITER__MESSAGES": "results", "WRITER__RESULTS_TOPIC": self.topic,
                    "WRITER__GROUP": self.topic, "WRITER__DEAD_LETTER_TOPIC": self.letters,
                    "WRITER__RETRY_DELAY_MS_MAX": "200", "START_WAIT_S": "0",
                    "HTTP__METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
                    "STORE__REDIS": self.redis.address, "STORE__REDIS_PASSWORD": PASSWORD,
                    "STORE__REDIS_DATABASE": str(DATABASE), **changes}
        return {f"INSIGHTD__{key}": value for key, value in settings.items() if value is not None}

    def start(self, **changes):
        writer = Writer(**self.variables(**changes))
        self.addCleanup(writer.end)
        return writer

    def produce(self, *values):
        subprocess.run(["kcat", "-b", self.kafka.brokers, "-P", "-t", self.topic],
                       input="\n".join(values).encode(), check=True, timeout=END_S_MAX)

    def ask(self, *words):
        return self.redis.ask(*words, database=DATABASE)

    def is_there(self, cluster, request, org=1):
        return self.ask("EXISTS", f"organization:{org}:cluster:{cluster}:request:{request}") == 1

    def test_a_result_is_found_by_its_request_id(self):
        cluster = new_cluster()
        self.start()
        self.produce(message(cluster, "r1", org=9))
        wait_for(lambda: self.is_there(cluster, "r1", 9), "the key", END_S_MAX)
        key = f"organization:9:cluster:{cluster}:request:r1"
        self.assertEqual(self.ask("GET", key), "")
        answer = self.ask("HGETALL", key + ":reports")
        fields = dict(zip(answer[::2], answer[1::2]))
        self.assertRegex(fields.pop("processed_timestamp"), r"^20\d\d-.*Z$")
        self.assertEqual(fields, {
            "request_id": "r1", "cluster_id": cluster, "org_id": "9",
            "received_timestamp": "2026-01-23T16:10:00Z",
            "rule_hits": "ccx_rules_ocp.external.rules.rule_4|RULE_4"})
        self.assertTrue(86_000 < self.ask("TTL", key) <= 86_400)
        self.assertTrue(86_000 < self.ask("TTL", key + ":reports") <= 86_400)
        self.assertEqual(self.redis.ask("EXISTS", key), 0, "it is in its own database")

    def test_nothing_is_lost_while_the_server_is_killed(self):
        cluster = new_cluster()
        self.start()
        requests = [f"load-{number}" for number in range(UNDER_LOAD)]
        quarter = UNDER_LOAD // 4
        for first in range(0, UNDER_LOAD, quarter):
            part = requests[first:first + quarter]
            self.produce(*(message(cluster, request) for request in part))
            wait_for(lambda part=part: self.is_there(cluster, part[0]), "the first", END_S_MAX)
            self.redis.restart(clean=False)
        wait_for(lambda: all(self.is_there(cluster, request) for request in requests[-20:]),
                 "the last", END_S_MAX)
        wait_for(lambda: self.kafka.lag(self.topic, self.topic, 1) == 0, "no lag", END_S_MAX)
        missing = [request for request in requests if not self.is_there(cluster, request)]
        self.assertEqual(missing, [])

    def test_what_is_refused_is_a_dead_letter_and_holds_nothing_up(self):
        cluster = new_cluster()
        self.ask("SET", f"organization:1:cluster:{cluster}:request:taken:reports", "x")
        self.start()
        self.produce("no json", message(cluster, "taken"), message(cluster, "good"))
        wait_for(lambda: self.is_there(cluster, "good"), "the good one", END_S_MAX)
        wait_for(lambda: self.kafka.records(self.letters, 1) == 2, "two letters", END_S_MAX)

    def test_settings_that_cannot_be_are_said_at_start(self):
        for changes, code, text in (
                ({"WRITER__MESSAGES": "both"}, 2, 'writer.messages = "results"'),
                ({"STORE__REDIS": None}, 2, "store.redis"),
                ({"STORE__REDIS": "host:none"}, 2, "host:port"),
                ({"STORE__REDIS_PASSWORD": "wrong"}, 4, "store.redis_password"),
                ({"STORE__REDIS": f"127.0.0.1:{free_port()}"}, 4, "store.redis"),
                ({"STORE__REDIS_DATABASE": "16"}, 2, "store.redis_database")):
            with self.subTest(**changes), tempfile.TemporaryDirectory() as folder:
                log = pathlib.Path(folder) / "log"
                with open(log, "wb") as out:
                    done = subprocess.run(
                        [harness.BINARY, "writer"], stdout=out, stderr=out, check=False,
                        timeout=END_S_MAX, env={"PATH": os.environ["PATH"],
                                                **self.variables(**changes)})
                self.assertEqual(done.returncode, code, log.read_text())
                self.assertIn(text, log.read_text())


if __name__ == "__main__":
    harness.main()
