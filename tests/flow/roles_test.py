#!/usr/bin/env python3
"""The roles as processes of their own on Kafka, S3 and PostgreSQL: start, health, stop, commands.

What happens when servers go away under load is tested in tests/fault/network.
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import harness
from harness import archive, new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

import kafka_protocol  # noqa: E402
import kafka_server  # noqa: E402
from deployment import BUCKET, Deployment, environment_of  # noqa: E402
from s3_server import SECRET_KEY  # noqa: E402

END_S_MAX = 60
NOWHERE = "127.0.0.1:9"  # the port of `discard`: nobody listens


class RightsTest(unittest.TestCase):
    def test_a_user_without_rights_at_the_brokers(self):
        """exit code 4 with the topic, the setting that names it and the right that is missing"""
        kafka = kafka_server.Kafka(secure=True, settings={
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS"})
        kafka.start()
        self.addCleanup(kafka.stop)
        settings = {"bus.kafka_brokers": f"127.0.0.1:{kafka.sasl_port}",
                    "bus.kafka_security": "sasl_plaintext", "bus.kafka_sasl_mechanism": "PLAIN",
                    "bus.kafka_username": kafka_server.USER,
                    "bus.kafka_password": kafka_server.PASSWORD, "bus.kafka_create_topics": "false",
                    "blob.s3_endpoint": f"http://{NOWHERE}", "blob.s3_bucket": "archives",
                    "blob.s3_access_key": "key", "blob.s3_secret_key": "secret",
                    "http.address": "127.0.0.1:0", "http.metrics_address": "127.0.0.1:0",
                    "start_wait_s": 0}

        def said(**more):
            kept = {key: value for key, value in os.environ.items()
                    if not key.startswith("INSIGHTD")}
            done = subprocess.run([harness.BINARY, "ingress"], check=False, timeout=60,
                                  env={**kept, **environment_of({**settings, **more})},
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertNotIn(kafka_server.PASSWORD, done.stderr)
            return done.stderr

        hidden = said()
        self.assertIn("see platform.upload.announce: grant it Describe", hidden)
        self.assertIn("is named by ingress.announce_topic", hidden)
        kafka_protocol.allow(kafka.port, kafka_server.USER, "Describe", "topic")
        self.assertIn("cannot be made (bus.kafka_create_topics)",
                      said(**{"bus.kafka_create_topics": "true"}))
        kafka.create_topics("platform.upload.announce")
        # Now and then the rest is checked before the producer is refused.
        wait_for(lambda: "grant this user Write" in said(), "the refusal", END_S_MAX)
        kafka_protocol.allow(kafka.port, kafka_server.USER, "Write", "topic")
        self.assertIn("blob.s3_endpoint", said())

    def test_a_pipeline_that_may_not_join_its_group(self):
        """it is not ready, and says which right is missing; it goes on once it has it"""
        deployment = Deployment(harness.BINARY, pipelines=0, partitions=1, kafka={
            "secure": True, "settings": {
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS"}})
        self.addCleanup(deployment.end)
        deployment.start_servers()
        kafka = deployment.kafka
        for operation in ("Describe", "Read", "Write"):
            kafka_protocol.allow(kafka.port, kafka_server.USER, operation, "topic")
        pipeline = deployment.role("pipeline", "pipeline", **{
            "bus.kafka_brokers": f"127.0.0.1:{kafka.sasl_port}",
            "bus.kafka_security": "sasl_plaintext", "bus.kafka_sasl_mechanism": "PLAIN",
            "bus.kafka_username": kafka_server.USER, "bus.kafka_password": kafka_server.PASSWORD})
        pipeline.launch()
        self.addCleanup(pipeline.kill)
        missing = "grant this user Read on the group"
        wait_for(lambda: missing in pipeline.readiness()[1], "the reason", END_S_MAX)
        self.assertEqual(pipeline.readiness()[0], 503)
        kafka_protocol.allow(kafka.port, kafka_server.USER, "Read", "group")
        wait_for(lambda: pipeline.readiness()[0] == 200, "the pipeline that is ready", END_S_MAX)


class RolesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment(harness.BINARY, pipelines=1, partitions=4)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()
        cls.ingress = harness.RoleDoors(cls.deployment.ingress)
        cls.api = harness.RoleDoors(cls.deployment.apis[0])
        cls.writer, = cls.deployment.writers
        cls.pipeline, = cls.deployment.pipelines

    def setUp(self):
        for role in self.deployment.roles:
            if not role.alive:
                role.start()

    # ---- what the tests do ----

    def upload(self, data=None):
        cluster = new_cluster()
        answer = self.ingress.upload(data or archive(cluster), cluster)
        self.assertEqual(answer.status, 202, answer)
        return cluster, answer.json()["request_id"]

    def await_end(self, request_id):
        return wait_for(lambda: self.api.end_of(request_id), f"the end of upload {request_id}",
                        END_S_MAX)

    def another(self, role, name, **settings):
        """One more process of a role, ended with the test."""
        made = self.deployment.role(role, name, **settings)
        self.addCleanup(made.kill)
        return made

    def run_to_the_end(self, role, **settings):
        """Exit code and standard error of a process that is not to start."""
        known = {**self.deployment.settings_of(role), "http.metrics_address": "127.0.0.1:0",
                 "http.address": "127.0.0.1:0", "http.aggregator_address": "127.0.0.1:0",
                 **settings}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        done = subprocess.run([harness.BINARY, role], env={**kept, **environment_of(known)},
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def letters(self):
        lines = self.deployment.run("dead-letters", "list", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def letter_of(self, request_id):
        return wait_for(lambda: next((one for one in self.letters()
                                      if one["request_id"] == request_id), None),
                        "the dead letter", END_S_MAX)

    # ---- the way of an upload ----

    def test_an_upload_is_readable_through_all_four(self):
        """ingress, pipeline, writer and api do together what `all` does alone"""
        cluster, request_id = self.upload()
        self.assertEqual(self.await_end(request_id)["end"], "stored")
        self.assertEqual(self.api.report(cluster).status, 200)
        answer = self.api.get(f"/api/v1/organizations/1/clusters/{cluster}/reports",
                              "http.aggregator_address")
        self.assertIn(answer.status, (200, 404), answer)

    def test_each_opens_only_its_own_doors(self):
        """the ingress answers no API, the api takes no uploads, the others have metrics alone"""
        cluster = new_cluster()
        self.assertEqual(self.ingress.report(cluster).status, 404)
        self.assertIn(self.api.upload(archive(cluster), cluster).status, (404, 405))
        for role in (self.pipeline, self.writer):
            log = role.log.read_text()
            listening = {json.loads(line)["setting"] for line in log.splitlines()
                         if '"msg":"listening"' in line}
            self.assertEqual(listening, {"http.metrics_address"})

    def test_metrics_tell_lag_and_the_process(self):
        """lag by group, topic and partition; memory, files, threads"""
        _, request_id = self.upload()
        self.await_end(request_id)
        lag = 'kafka_consumer_lag_records{group="ccx_data_pipeline_app",partition="0",' \
              'topic="platform.upload.announce"}'
        wait_for(lambda: lag in self.pipeline.metrics(), "the lag", END_S_MAX)
        for role in self.deployment.roles:
            metrics = role.metrics()
            self.assertGreater(metrics["process_resident_memory_bytes"], 1e6, role.name)
            self.assertLess(metrics["process_resident_memory_bytes"], 128 << 20, role.name)
            self.assertGreater(metrics["process_threads"], 1, role.name)
            self.assertGreater(metrics["process_open_fds"], 5, role.name)
            self.assertLess(abs(metrics["process_start_time_seconds"] - time.time()), 3600)

    def test_lag_is_told_while_the_writer_has_lost_its_duty(self):
        """the database is stopped: results pile up, which nobody is a member to read; the writer says so"""
        def waiting():
            return [(name.split("{")[0], value) for name, value in self.writer.metrics().items()
                    if name.startswith("kafka_consumer_") and "ocp.results" in name]
        _, request_id = self.upload()
        self.await_end(request_id)
        self.deployment.postgres.stop()
        try:
            _, request_id = self.upload()
            wait_for(lambda: ("kafka_consumer_lag_records", 1) in waiting(), "the lag", END_S_MAX)
            wait_for(lambda: any(value > 2 for name, value in waiting() if "oldest" in name),
                     "its age", END_S_MAX)
        finally:
            self.deployment.postgres.start()
        self.await_end(request_id)
        wait_for(lambda: not any(value for _, value in waiting()), "no lag", END_S_MAX)

    # ---- health ----

    def test_health_names_what_is_away_and_livez_does_not(self):
        """with the database stopped /readyz is 503 with its name and since when, /livez 200"""
        role = self.deployment.apis[0]
        self.assertEqual(role.readiness(), (200, "store: ok\n"))
        self.deployment.postgres.stop()
        try:
            wait_for(lambda: role.readiness()[0] == 503, "the probe that fails", END_S_MAX)
            self.assertRegex(role.readiness()[1], r"store: away since 20.*Z: ")
            begun = time.monotonic()
            self.assertEqual(self.api.get("/livez", "http.metrics_address").status, 200)
            self.assertLess(time.monotonic() - begun, 2)
        finally:
            self.deployment.postgres.start()
        wait_for(lambda: role.readiness()[0] == 200, "the probe that passes", END_S_MAX)
        wait_for(lambda: self.writer.readiness()[0] == 200, "the writer", END_S_MAX)

    def test_health_as_json(self):
        """the same for programs"""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.writer.ports['http.metrics_address']}/readyz",
            headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = json.load(answer)
        self.assertTrue(said["ready"])
        self.assertEqual(said["phase"], "serving")
        self.assertLessEqual({"bus", "store", "results", "upkeep"},
                             {check["name"] for check in said["checks"]})

    # ---- start ----

    def test_a_server_that_is_away_at_start(self):
        """without patience: exit code 4, with the server, the setting and what was tried"""
        for role, setting, value, words in (
                ("ingress", "bus.kafka_brokers", NOWHERE, (NOWHERE, "bus.kafka_brokers")),
                ("ingress", "blob.s3_endpoint", f"http://{NOWHERE}", (NOWHERE, "blob.s3_endpoint")),
                ("api", "store.postgres", "host=127.0.0.1 port=9 dbname=x user=x connect_timeout=2",
                 ("port 9", "store.postgres"))):
            with self.subTest(setting):
                code, said = self.run_to_the_end(role, **{setting: value, "start_wait_s": 0})
                self.assertEqual(code, 4, said)
                for word in words:
                    self.assertIn(word, said)

    def test_the_start_waits_as_long_as_is_set(self):
        """it waits start_wait_s, then ends with exit code 4 and says how long it tried"""
        begun = time.monotonic()
        code, said = self.run_to_the_end("api", **{
            "store.postgres": "host=127.0.0.1 port=9 dbname=x user=x", "start_wait_s": 2})
        self.assertEqual(code, 4, said)
        self.assertIn("start_wait_s", said)
        self.assertGreaterEqual(time.monotonic() - begun, 2)

    def test_health_is_answered_while_the_start_waits(self):
        """not ready, with the reason; alive; ready when the server has come; SIGTERM ends it"""
        self.deployment.postgres.stop()
        try:
            waiting = self.another("api", "api-waiting")
            waiting.launch()
            wait_for(lambda: "store: away" in waiting.readiness()[1], "the probe", END_S_MAX)
            status, text = waiting.readiness()
            self.assertEqual(status, 503)
            self.assertIn("process: starting", text)
            livez = harness.RoleDoors(waiting).get("/livez", "http.metrics_address")
            self.assertEqual(livez.status, 200)
            ended = self.another("api", "api-ended")
            ended.launch()
            wait_for(lambda: ended.readiness()[0] == 503, "the probe", END_S_MAX)
            ended.stop()
            self.assertEqual(ended.process.returncode, 0, ended.log_tail())
        finally:
            self.deployment.postgres.start()
        waiting.await_ready()

    def test_servers_that_are_set_up_wrong(self):
        """a bucket, a topic, a database or a secret that is wrong: exit code 4 and its name"""
        for role, settings, words in (
                ("ingress", {"blob.s3_bucket": "no-such-bucket"}, ("no-such-bucket",)),
                ("ingress", {"blob.s3_secret_key": "wrong-secret-key"}, ("blob.s3_secret_key",)),
                ("pipeline", {"pipeline.announce_topic": "no.such.topic"}, ("no.such.topic",)),
                ("api", {"store.postgres": self.deployment.postgres.conninfo("no_such_database")},
                 ("no_such_database",)),
                ("api", {"store.postgres": self.deployment.postgres.conninfo()}, ("migrate",))):
            with self.subTest(str(words)):
                code, said = self.run_to_the_end(role, **settings, start_wait_s=0)
                self.assertEqual(code, 4, said)
                for word in words:
                    self.assertIn(word, said)
                self.assertNotIn("wrong-secret-key", said)

    def test_mistakes_are_found_beforehand(self):
        """what no server is needed for: `config check` and the role say the same, exit code 2"""
        garbage = pathlib.Path(self.deployment.folder) / "garbage.pem"
        garbage.write_text("nonsense\n")
        for role, settings, word in (
                ("ingress", {"bus.kafka_properties": "no.such.property=1"}, "bus.kafka_properties"),
                ("pipeline", {"bus.kafka_properties": "max.poll.interval.ms=1000"},
                 "bus.kafka_properties"),
                ("ingress", {"bus.kafka_brokers": "127.0.0.1:99999"}, "bus.kafka_brokers"),
                ("ingress", {"bus.kafka_username": "me"}, "bus.kafka_security"),
                ("ingress", {"bus.kafka_security": "ssl", "bus.kafka_ca_file": garbage},
                 "bus.kafka_ca_file"),
                ("ingress", {"ingress.announce_topic": ""}, "ingress.announce_topic"),
                ("pipeline", {"blob.s3_endpoint": "127.0.0.1:9000"}, "blob.s3_endpoint"),
                ("pipeline", {"blob.s3_ca_file": garbage}, "blob.s3_ca_file"),
                ("writer", {"blob.s3_secret_key": ""}, "blob.s3_secret_key"),
                ("writer", {"store.postgres": "nonsense"}, "store.postgres"),
                ("api", {"store.postgres_read": "host=db port=99999"}, "store.postgres_read")):
            with self.subTest(str(settings)):
                code, said = self.run_to_the_end(role, **settings)
                self.assertEqual(code, 2, said)
                self.assertIn(word, said)
                known = {**self.deployment.settings_of(role), **settings}
                kept = {k: v for k, v in os.environ.items() if not k.startswith("INSIGHTD")}
                checked = subprocess.run([harness.BINARY, "config", "check", role],
                                         env={**kept, **environment_of(known)},
                                         capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(checked.returncode, 2, checked.stdout)
                self.assertIn(checked.stdout.strip(), said)

    def test_without_patience_one_try_is_enough(self):
        """S3 that refuses connections ends the start at once, not after blob.s3_retry_ms_max"""
        begun = time.monotonic()
        code, said = self.run_to_the_end("ingress", **{"blob.s3_endpoint": f"http://{NOWHERE}",
                                                       "start_wait_s": 0})
        self.assertEqual(code, 4, said)
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_topic_that_is_missing_is_told_with_its_setting(self):
        """the name alone does not say where it stands"""
        code, said = self.run_to_the_end("pipeline", **{"pipeline.results_topic": "no.such.topic",
                                                        "start_wait_s": 0})
        self.assertEqual(code, 4, said)
        self.assertIn("no.such.topic is named by pipeline.results_topic", said)

    def test_settings_of_the_other_form(self):
        """a role without its servers, and `all` with some: exit code 2, with all the settings"""
        code, said = self.run_to_the_end("ingress", **{"bus.kafka_brokers": "",
                                                       "blob.s3_bucket": ""})
        self.assertEqual(code, 2, said)
        self.assertIn("bus.kafka_brokers, blob.s3_bucket", said)
        server = harness.Insightd(**self.deployment.settings_of("writer"))
        self.addCleanup(server.__exit__)
        done = server.command("all", check=2)
        for name in ("bus.kafka_brokers", "blob.s3_endpoint", "store.postgres"):
            self.assertIn(name, done.stderr)

    def test_settings_can_be_checked_and_shown(self):
        """`config check` judges one file for all roles; `config print` hides what is secret"""
        self.assertEqual(self.deployment.run("config", "check").strip(), "good")
        self.assertEqual(self.deployment.run("config", "check", "writer").strip(), "good")
        said = self.deployment.run("config", "check", "pipeline", role="api", check=2)
        self.assertIn("bus.kafka_brokers", said)
        printed = self.deployment.run("config", "print")
        secret = self.deployment.settings_of("writer")["blob.s3_secret_key"]
        self.assertNotIn(secret, printed)
        self.assertIn('s3_secret_key = "(secret)"', printed)
        self.assertIn('postgres = "(secret)"', printed)

    def test_no_secret_of_the_servers_comes_into_the_logs(self):
        """keys, passwords and presigned queries; at level debug, by good calls and refused ones"""
        password = "s3cr3t-" + new_cluster()
        conninfo = self.deployment.settings_of("api")["store.postgres"]
        talkative = [self.another("ingress", "ingress-talks", **{"log.level": "debug"}),
                     self.another("pipeline", "pipeline-talks", **{"log.level": "debug"}),
                     self.another("api", "api-talks", **{
                         "log.level": "debug",
                         "store.postgres": f"{conninfo} password={password}"})]
        for role in talkative:
            role.start()
        cluster = new_cluster()
        answer = harness.RoleDoors(talkative[0]).upload(archive(cluster), cluster)
        self.await_end(answer.json()["request_id"])
        self.assertEqual(harness.RoleDoors(talkative[2]).report(cluster).status, 200)
        refused = self.another("api", "api-refused", **{
            "log.level": "debug", "start_wait_s": 0,
            "store.postgres": f"host=127.0.0.1 port=9 user=x dbname=x password={password}"})
        refused.launch()
        self.assertEqual(refused.process.wait(END_S_MAX), 4)
        for role in (*talkative, refused, *self.deployment.roles):
            text = role.log.read_text()
            for secret in (SECRET_KEY, password, "X-Amz-Signature", "X-Amz-Credential"):
                self.assertNotIn(secret, text, role.name)

    def test_a_port_that_another_role_has(self):
        """on one machine: the second ends with exit code 4 and names the setting"""
        code, said = self.run_to_the_end("api", **{
            "http.metrics_address": f"127.0.0.1:{self.writer.ports['http.metrics_address']}"})
        self.assertEqual(code, 4, said)
        self.assertIn("http.metrics_address", said)

    # ---- one at a time ----

    def test_the_second_writer_waits_and_takes_over(self):
        """it says for whom it waits, holds no partitions, and goes on when the first is killed"""
        second = self.another("writer", "writer-second")
        second.launch()
        wait_for(lambda: "results: waits" in second.readiness()[1], "the waiting writer", END_S_MAX)
        self.assertEqual(second.readiness()[0], 503)
        self.assertRegex(second.readiness()[1], r"results: waits since .*: .*\d")
        self.assertEqual(self.writer.readiness()[0], 200)
        _, request_id = self.upload()
        self.assertEqual(self.await_end(request_id)["end"], "stored")
        self.writer.kill()
        _, request_id = self.upload()
        self.assertEqual(self.await_end(request_id)["end"], "stored")
        wait_for(lambda: second.readiness()[0] == 200, "the second writer", END_S_MAX)

    def test_archives_are_cleaned_where_the_writer_knows_the_bucket(self):
        """a replaced archive goes from S3, the newest stays; without S3 a writer stores as well"""
        self.writer.stop()
        without = {name: "" for name in self.deployment.settings_of("writer")
                   if name.startswith("blob.s3_")}
        storing = self.another("writer", "writer-without-s3", **without)
        storing.start()
        self.assertNotIn("blob", storing.readiness()[1])
        cluster = new_cluster()
        ids = []
        for modified in (1_700_000_000, 1_700_000_001):
            answer = self.ingress.upload(archive(cluster, modified=modified), cluster)
            ids.append(answer.json()["request_id"])
            self.await_end(ids[-1])
        self.assertEqual(self.api.end_of(ids[0])["end"], "replaced")
        self.assertLessEqual(set(ids), set(self.deployment.s3.keys(BUCKET)))
        storing.stop()
        cleaning = self.another("writer", "writer-cleans", **{"upkeep.archive_kept_s": 0,
                                                              "upkeep.clean_interval_s": 1})
        cleaning.start()
        wait_for(lambda: ids[0] not in self.deployment.s3.keys(BUCKET), "the removal", END_S_MAX)
        self.assertIn(ids[1], self.deployment.s3.keys(BUCKET))

    # ---- stop ----

    def test_sigterm_finishes_what_is_in_work(self):
        """not ready at once, exit code 0, nothing lost: each role in turn"""
        for role in self.deployment.roles:
            with self.subTest(role.name):
                ids = [self.upload()[1] for _ in range(5)]
                role.stop()
                self.assertEqual(role.process.returncode, 0, role.log_tail())
                role.start()
                for request_id in ids:
                    self.assertEqual(self.await_end(request_id)["end"], "stored")

    def test_each_role_killed(self):
        """nothing that was accepted is lost when a role is killed"""
        for role in self.deployment.roles:
            with self.subTest(role.name):
                ids = [self.upload()[1] for _ in range(5)]
                role.restart(clean=False)
                for request_id in ids:
                    self.assertEqual(self.await_end(request_id)["end"], "stored")

    def test_requests_under_way_are_finished(self):
        """an upload whose body still comes in at SIGTERM is taken, while /readyz is red"""
        cluster = new_cluster()
        boundary, body = harness.chunked_form(archive(cluster))
        head = (f"POST {harness.UPLOAD} HTTP/1.1\r\nHost: insightd\r\nConnection: close\r\n"
                f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
                f"Transfer-Encoding: chunked\r\nUser-Agent: insights-operator/4.16 "
                f"cluster/{cluster}\r\n\r\n").encode()
        role = self.deployment.ingress
        with socket.create_connection(("127.0.0.1", role.port), timeout=20) as connection:
            connection.sendall(head + body[:len(body) // 2])
            wait_for(lambda: role.metrics()["insightd_http_connections"] >= 1, "the connection")
            role.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "process: stopping" in role.readiness()[1], "the red probe")
            self.assertEqual(role.readiness()[0], 503)
            connection.sendall(body[len(body) // 2:])
            answer = harness.read_answer(connection)
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(role.process.wait(END_S_MAX), 0, role.log_tail())
        role.start()
        self.assertEqual(self.await_end(answer.json()["request_id"])["end"], "stored")

    def test_a_second_signal_ends_at_once(self):
        """whoever asks twice does not want to wait"""
        role = self.another("ingress", "ingress-stuck")
        role.start()
        with socket.create_connection(("127.0.0.1", role.port), timeout=20) as connection:
            connection.sendall(f"POST {harness.UPLOAD} HTTP/1.1\r\nHost: insightd\r\n"
                               "Transfer-Encoding: chunked\r\n"
                               "Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
            wait_for(lambda: role.metrics()["insightd_http_connections"] >= 1, "the connection")
            role.process.send_signal(signal.SIGTERM)
            wait_for(lambda: "process: stopping" in role.readiness()[1], "the red probe")
            begun = time.monotonic()
            role.process.send_signal(signal.SIGTERM)
            self.assertEqual(role.process.wait(END_S_MAX), -signal.SIGTERM)
            self.assertLess(time.monotonic() - begun, 5)

    def test_systemd_is_told(self):
        """READY, STATUS, WATCHDOG and STOPPING come over the socket of Type=notify"""
        folder = tempfile.TemporaryDirectory(prefix="insightd_notify_")
        self.addCleanup(folder.cleanup)
        path = str(pathlib.Path(folder.name) / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(END_S_MAX)
            role = self.another("api", "api-notify")
            role.variables = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
            role.start()
            said = b""
            while said.count(b"WATCHDOG=1") < 3:
                said += manager.recv(4096) + b"\n"
            self.assertIn(b"READY=1\nSTATUS=ready", said)
            role.process.send_signal(signal.SIGTERM)
            while b"STOPPING=1" not in said:
                said += manager.recv(4096) + b"\n"
            self.assertEqual(role.process.wait(END_S_MAX), 0)

    # ---- dead letters ----

    def test_dead_letters_are_listed_replayed_and_dropped(self):
        """the command connects to the database, and to the broker to replay"""
        _, request_id = self.upload(b"\x1f\x8b\x08\x00 no archive")
        end = self.await_end(request_id)
        self.assertEqual(end["end"], "dead_letter")
        letter = self.letter_of(request_id)
        number = str(letter["id"])
        shown = json.loads(self.deployment.run("dead-letters", "show", number, "--json"))
        self.assertEqual(json.loads(shown["value"])["request_id"], request_id)

        # It fails again, as a letter of its own.
        self.assertIn("on its way again: platform.upload.announce/",
                      self.deployment.run("dead-letters", "replay", number))
        again = wait_for(lambda: next((one for one in self.letters()
                                       if one["request_id"] == request_id
                                       and one["id"] != letter["id"]), None),
                         "the replayed letter", END_S_MAX)
        self.deployment.run("dead-letters", "drop", str(again["id"]))
        self.assertFalse([one for one in self.letters() if one["request_id"] == request_id])
        self.deployment.run("dead-letters", "drop", str(again["id"]), check=1)

    def test_a_dropped_letter_stays_dropped(self):
        """also when its record is read again from the topic"""
        _, request_id = self.upload(b"\x1f\x8b\x08\x00 no archive")
        letter = self.letter_of(request_id)
        self.deployment.run("dead-letters", "drop", str(letter["id"]))
        self.writer.stop()
        # A new group reads every dead letter from the first.
        again = self.another("writer", "writer-again", **{"upkeep.group": "reads-all-again"})
        again.start()
        _, other = self.upload(b"\x1f\x8b\x08\x00 no archive")
        self.letter_of(other)  # behind the dropped one on the same topic
        self.assertFalse([one for one in self.letters() if one["request_id"] == request_id])


if __name__ == "__main__":
    harness.main()
