#!/usr/bin/env python3
"""Started as `ccx-messaging`, in the place of each service of the hosted pipeline, on real servers.

The upload service that announces archives by presigned URLs is our own ingress here; the pipeline
under test knows nothing of its store and reads them by these URLs, as it would a foreign one's.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

import harness
from harness import archive, new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from deployment import RESULTS, Deployment  # noqa: E402
from process import free_port  # noqa: E402

PROGRAM = pathlib.Path(harness.BINARY).resolve().parent / "compat" / "ccx-messaging"
END_S_MAX = 60
WORKLOADS, WORKLOAD_INFO = "ccx.dvo.results", "archive-results"
TRACKER = "platform.payload-status"

CONFIGURATION = """
plugins:
  packages: [ccx_rules_ocp.external, ccx_rules_processing]
service:
  extract_timeout:
  consumer:
    name: ccx_messaging.consumers.kafka_consumer.KafkaConsumer
    kwargs:
      incoming_topic: ${CDP_INCOMING_TOPIC:platform.upload.announce}
      platform_service: openshift
      group.id: GROUP
      bootstrap.servers: ${KAFKA}
      dead_letter_queue_topic: ccx.data.pipeline.dead.letter.queue
      max.poll.interval.ms: 600000
      heartbeat.interval.ms: 50000
      session.timeout.ms: 10000
      security.protocol: PLAINTEXT
  downloader:
    name: ccx_messaging.downloaders.http_downloader.HTTPDownloader
    kwargs: {max_archive_size: 100MiB, allow_unsafe_links: "${ALLOW_UNSAFE_LINKS:false}"}
  engine: {name: ENGINE}
  publisher:
    name: PUBLISHER
    kwargs: {outgoing_topic: TOPIC, bootstrap.servers: "${KAFKA}"MORE}
  watchers:
    - {name: ccx_messaging.watchers.stats_watcher.StatsWatcher, kwargs: {prometheus_port: PORT}}
    - name: ccx_messaging.watchers.cluster_id_watcher.ClusterIdWatcher
    - name: ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher
      kwargs: {bootstrap.servers: "${KAFKA}", topic: platform.payload-status}
  logging:
    version: 1
    handlers:
      default: {level: DEBUG, class: logging.StreamHandler, stream: "ext://sys.stdout", formatter: f}
    formatters:
      f: {format: "%(levelname)s %(name)s %(message)s"}
    root: {handlers: [default]}
    loggers: {ccx_messaging: {level: DEBUG}, insights_messaging: {level: DEBUG}}
"""
OCP_ENGINE = "ccx_messaging.engines.ocp_engine.OCPEngine"
SHA_ENGINE = "ccx_messaging.engines.sha_extractor_engine.SHAExtractorEngine"
PUBLISHERS = "ccx_messaging.publishers."


def configuration(group, engine, publisher, topic, port, more=""):
    text = CONFIGURATION
    for name, value in {"GROUP": group, "ENGINE": engine, "PUBLISHER": PUBLISHERS + publisher,
                        "TOPIC": topic, "PORT": str(port), "MORE": more}.items():
        text = text.replace(name, value) if name != "TOPIC" else text.replace(" TOPIC", " " + value)
    return text


class Program:
    """One process of it; what it prints is in `lines`."""

    def __init__(self, text, **variables):
        self.folder = tempfile.TemporaryDirectory(prefix="insightd_ccx_")
        self.file = pathlib.Path(self.folder.name) / "config.yaml"
        self.file.write_text(text)
        self.environment = {**{key: value for key, value in os.environ.items()
                               if not key.startswith("INSIGHTD")}, **variables}
        self.lines = []

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, self.file], env=self.environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
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
        self.folder.cleanup()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=END_S_MAX)

    def await_line(self, part):
        return wait_for(lambda: [line for line in list(self.lines) if part in line],
                        f"a line with {part!r} (there are: {self.lines[-20:]})", END_S_MAX)


class Door(harness.Doors):
    def __init__(self, role):
        self.ports = role.ports


class InThePlaceOfEachService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment(harness.BINARY, pipelines=0, partitions=1)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()
        cls.deployment.kafka.create_topics(WORKLOAD_INFO, TRACKER)
        cls.ingress, cls.api = Door(cls.deployment.ingress), Door(cls.deployment.apis[0])

    def variables(self, **more):
        return {"KAFKA": f"127.0.0.1:{self.deployment.kafka.port}", "ALLOW_UNSAFE_LINKS": "true",
                **more}

    def upload(self, files=None):
        cluster = new_cluster()
        answer = self.ingress.upload(archive(cluster, files), cluster)
        self.assertEqual(answer.status, 202, answer)
        return cluster, answer.json()["request_id"]

    def records(self, topic):
        return self.deployment.kafka.records(topic, 1)

    def test_the_external_pipeline(self):
        """an archive goes all the way, with the lines, metrics and tracker that are known"""
        port = free_port()
        text = configuration("ccx_data_pipeline_app", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS, port)
        told = self.records(TRACKER)
        with Program(text, **self.variables()) as program:
            program.await_line("Consuming topic 'platform.upload.announce' from brokers "
                               f"127.0.0.1:{self.deployment.kafka.port} as group "
                               "'ccx_data_pipeline_app'")
            program.await_line("ccx_rules_ocp.external, ccx_rules_processing are Python packages")
            cluster, request = self.upload()
            end = wait_for(lambda: self.api.end_of(request), "the end of the upload", END_S_MAX)
            self.assertEqual(end["end"], "stored")
            self.assertEqual(self.api.report(cluster).status, 200)
            for line in ("Deserializing incoming message", "JSON schema validated",
                         "Extracted URL from input message", "Downloading",
                         "Message has been sent successfully."):
                program.await_line(line)
            self.assertFalse([line for line in program.lines if "X-Amz" in line])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
            self.assertRegex(metrics, r"ccx_consumer_received_total [1-9]")
            self.assertRegex(metrics, r"ccx_published_total.archive=.ocp.. [1-9]")
            self.assertGreaterEqual(self.records(TRACKER) - told, 3)
            self.assertEqual(program.stop(), 0)

    def test_hosts_that_are_no_object_store_are_refused(self):
        """without allow_unsafe_links a URL of another host becomes a dead letter"""
        text = configuration("careful", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS,
                             free_port())
        letters = self.deployment.letters()
        with Program(text, **self.variables(ALLOW_UNSAFE_LINKS="false")) as program:
            self.upload()
            program.await_line("Sending the message to dead letter queue topic")
            self.assertGreater(self.deployment.letters(), letters)

    def test_the_dvo_extractor(self):
        """data on workloads comes to its topic, and from there into the database"""
        text = configuration("dvo_extractor_app", OCP_ENGINE,
                             "dvo_metrics_publisher.DVOMetricsPublisher", WORKLOADS, free_port(),
                             ", compression: gzip")
        before, results = self.records(WORKLOADS), self.records(RESULTS)
        with Program(text, **self.variables()) as program:
            program.await_line("Consuming topic")
            self.upload({"config/dvo_metrics": "# TYPE deployment_validation_operator gauge\n"})
            wait_for(lambda: self.records(WORKLOADS) > before, "a message on workloads", END_S_MAX)
            self.assertEqual(self.records(RESULTS), results)
            self.assertEqual(program.stop(), 0)

    def test_the_sha_extractor(self):
        """workload info is passed on; an archive without any is passed over"""
        text = configuration("insights_sha_extractor_app", SHA_ENGINE,
                             "workloads_info_publisher.WorkloadInfoPublisher", WORKLOAD_INFO,
                             free_port())
        before = self.records(WORKLOAD_INFO)
        with Program(text, **self.variables()) as program:
            program.await_line("Consuming topic")
            self.upload()
            program.await_line("archive does not contain workload info; skipping")
            self.upload({"config/workload_info.json": json.dumps({"pods": 1, "images": {}})})
            program.await_line("workload info found, starting publishing process")
            program.await_line("Message has been sent successfully.")
            self.assertEqual(self.records(WORKLOAD_INFO) - before, 1)
            self.assertEqual(program.stop(), 0)

    def test_a_clowder_file(self):
        """brokers and names of topics come from the file that ACG_CONFIG names"""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as clowder:
            json.dump({"kafka": {
                "brokers": [{"hostname": "127.0.0.1", "port": self.deployment.kafka.port}],
                "topics": [{"requestedName": name, "name": name}
                           for name in ("ccx.ocp.results", TRACKER,
                                        "ccx.data.pipeline.dead.letter.queue")]}}, clowder)
            clowder.flush()
            text = configuration("clowder", OCP_ENGINE,
                                 "rule_processing_publisher.RuleProcessingPublisher", RESULTS,
                                 free_port())
            with Program(text, KAFKA="nowhere:1", ACG_CONFIG=clowder.name,
                         CLOWDER_ENABLED="true") as program:
                program.await_line(f"from brokers 127.0.0.1:{self.deployment.kafka.port}")
                self.assertEqual(program.stop(), 0)


class Mistakes(unittest.TestCase):
    def run_with(self, *words, **variables):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **variables}, check=False)

    def test_wrong_words_and_files(self):
        """each ends with 1 and says what is wrong"""
        done = self.run_with()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Application configuration not provided.", done.stderr)
        done = self.run_with("--version")
        self.assertEqual(done.returncode, 0)
        self.assertIn("ccx-messaging version: ", done.stderr)
        done = self.run_with("/nothing.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nothing.yaml", done.stderr)
        good = configuration("g", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS, 1)
        for what, instead, said in (
                ("RuleProcessingPublisher", "Publisher2", "Couldn't find"),
                ("100MiB", "100kB", "max_archive_size"),
                (OCP_ENGINE, "ccx_messaging.engines.s3_upload_engine.S3UploadEngine",
                 "environment variable not set"),
                ("service:", "service: [", "config.yaml:")):
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "config.yaml"
                file.write_text(good.replace(what, instead))
                done = self.run_with(file, KAFKA="127.0.0.1:9")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    harness.main()
