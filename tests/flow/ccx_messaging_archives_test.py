#!/usr/bin/env python3
"""Started as `ccx-messaging` with a broker that has no topics and archives of a foreign server."""
import base64
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

import harness
from ccx_messaging_test import END_S_MAX, OCP_ENGINE, PROGRAM, Program, configuration
from harness import archive, new_cluster, pack, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

import certificates  # noqa: E402
from kafka_server import Kafka  # noqa: E402

ANNOUNCED, LETTERS = "platform.upload.announce", "ccx.data.pipeline.dead.letter.queue"
STATS = "    - {name: ccx_messaging.watchers.stats_watcher.StatsWatcher, kwargs: "


class Archives:
    """A server with TLS, its certificate vouched for by `ca` alone."""

    def __init__(self, folder):
        certificates.make(folder)
        self.ca = str(folder / "ca.pem")
        self.bodies = {}
        bodies = self.bodies

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                body = bodies[self.path.split("?")[0]]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server_chain.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def url(self, name, body):
        self.bodies["/" + name] = body
        return f"https://localhost:{self.server.server_address[1]}/{name}"

    def end(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class WithArchivesOfAForeignServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="insightd_ccx_tls_")
        cls.addClassCleanup(folder.cleanup)
        cls.archives = Archives(pathlib.Path(folder.name))
        cls.addClassCleanup(cls.archives.end)
        cls.kafka = Kafka()
        cls.addClassCleanup(cls.kafka.end)
        cls.kafka.start()

    def setUp(self):
        self.results = "results." + self.id().rsplit(".", 1)[1]

    def text(self):
        return configuration(self.results, OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", self.results, 0
                             ).replace(ANNOUNCED, "in." + self.results).replace(
                                 LETTERS, "dead." + self.results)

    def start(self, text=None, **variables):
        return Program(text or self.text(), KAFKA=self.kafka.brokers, ALLOW_UNSAFE_LINKS="true",
                       **variables)

    def announce(self, name, body):
        identity = {"identity": {"internal": {"org_id": "7"},
                                 "system": {"cluster_id": new_cluster()}}}
        message = json.dumps({
            "url": self.archives.url(name, body), "request_id": name,
            "timestamp": "2026-01-23T09:26:33Z",
            "b64_identity": base64.b64encode(json.dumps(identity).encode()).decode()})
        subprocess.run(["kcat", "-b", self.kafka.brokers, "-P", "-t", "in." + self.results, "-H",
                        "service=openshift"], input=message.encode() + b"\n", timeout=60,
                       check=True)

    def records(self, topic):
        return self.kafka.records(topic, 1)

    def test_missing_topics_and_no_watcher(self):
        """topics are made with one partition; without StatsWatcher nothing listens"""
        text = "\n".join(line for line in self.text().splitlines() if not line.startswith(STATS))
        with self.start(text) as program:
            program.await_line("Consuming topic")
            topics = self.kafka.topics()
            for topic in (self.results, "in." + self.results, "dead." + self.results):
                self.assertEqual(topics[topic], 1, topics)
            listening = subprocess.run(["ss", "-ltnp"], capture_output=True, text=True, check=True)
            self.assertNotIn(f"pid={program.process.pid},", listening.stdout)
            self.assertEqual(program.stop(), 0)

    def test_certificates_of_its_own_authority(self):
        """REQUESTS_CA_BUNDLE counts for archives; without it there is no connection"""
        with self.start(REQUESTS_CA_BUNDLE=self.archives.ca) as program:
            program.await_line("Consuming topic")
            self.announce("trusted", archive(new_cluster()))
            program.await_line("Message has been sent successfully.")
            self.assertEqual(program.stop(), 0)
        # Our own variables count too: how long it is tried again.
        with self.start(INSIGHTD__PIPELINE__ARCHIVE_RETRY_S_MAX="0") as program:
            program.await_line("Consuming topic")
            self.announce("distrusted", archive(new_cluster()))
            program.await_line("Connection error while downloading the file")
            program.await_line("Sending the message to dead letter queue topic")
            self.assertEqual(program.stop(), 0)
        self.assertEqual(self.records(self.results), 1)

    def test_archives_that_say_nothing_of_a_cluster(self):
        """none of them becomes a result without findings"""
        with self.start(REQUESTS_CA_BUNDLE=self.archives.ca) as program:
            program.await_line("Consuming topic")
            self.announce("empty", pack({}))
            self.announce("other", pack({"openshift_lightspeed.json": "{}"}))
            self.announce("good", archive(new_cluster()))
            program.await_line("Cannot detect execution context: No files in path")
            program.await_line("not an archive of an Insights Operator")
            program.await_line("Message has been sent successfully.")
            wait_for(lambda: self.records("dead." + self.results) == 2, "the letters", END_S_MAX)
            self.assertEqual(self.records(self.results), 1)
            self.assertEqual(program.stop(), 0)

    def test_mistakes_in_variables(self):
        """an own variable, or a file of certificates, that cannot be used ends the start"""
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "config.yaml"
            file.write_text(self.text())
            for name, value in (("INSIGHTD__PIPELINE__RETRY_S_MAX", "long"),
                                ("INSIGHTD__PIPELINE__RETRY", "1"),
                                ("REQUESTS_CA_BUNDLE", "/nothing.pem")):
                done = subprocess.run([PROGRAM, file], capture_output=True, text=True, timeout=60,
                                      env={"KAFKA": "127.0.0.1:9", name: value}, check=False)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(name, done.stderr)


if __name__ == "__main__":
    harness.main()
