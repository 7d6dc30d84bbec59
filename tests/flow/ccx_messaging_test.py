#!/usr/bin/env python3
"""Started as `ccx-messaging`, in the place of each service of the hosted pipeline, on real servers.

The upload service that announces archives by presigned URLs is our own ingress here; the pipeline
under test knows nothing of its store and reads them by these URLs, as it would a foreign one's.
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import harness
from harness import archive, new_cluster, wait_for
from named_program import END_S_MAX, NAMES, NamedProgram, clean

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

import s3_server  # noqa: E402
from deployment import DATABASE, RESULTS, Deployment  # noqa: E402
from process import free_port  # noqa: E402

PROGRAM = NAMES / "ccx-messaging"
WORKLOADS, WORKLOAD_INFO = "ccx.dvo.results", "archive-results"
TRACKER = "platform.payload-status"
DVO = 'deployment_validation_operator_no_anti_affinity' \
      '{kind="Deployment",name="shop",namespace="web",namespace_uid="NS-1",uid="U-1"} 1\n'

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


# The services behind the public pipeline: an archive is copied, the copy judged, its report kept.
INTERNAL = """
plugins:
  packages: [ccx_rules_ocp, ccx_rules_processing]
service:
  consumer:
    name: CONSUMER
    kwargs:
      incoming_topic: FROM
      group.id: GROUP
      bootstrap.servers: ${KAFKA}
      dead_letter_queue_topic: LETTERS
      session.timeout.ms: 6000
      heartbeat.interval.ms: 2000
WORK
  watchers:
    - {name: ccx_messaging.watchers.stats_watcher.StatsWatcher, kwargs: {prometheus_port: PORT}}
    - name: ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher
      kwargs: {bootstrap.servers: "${KAFKA}", topic: platform.payload-status, service_name: NAMED}
  logging:
    version: 1
    handlers:
      default: {level: DEBUG, class: logging.StreamHandler, stream: "ext://sys.stdout", formatter: f}
    formatters:
      f: {format: "%(levelname)s %(name)s %(message)s"}
    root: {handlers: [default]}
    loggers: {ccx_messaging: {level: DEBUG}, insights_messaging: {level: DEBUG}}
"""
S3_ARGUMENTS = ("access_key: \"${S3_KEY}\", secret_key: \"${S3_SECRET}\", "
                "endpoint: \"${S3_ENDPOINT}\"")
ARCHIVE_SYNC = """
  downloader:
    name: ccx_messaging.downloaders.http_downloader.HTTPDownloader
    kwargs: {allow_unsafe_links: true}
  engine:
    name: ccx_messaging.engines.s3_upload_engine.S3UploadEngine
    kwargs: {S3, dest_bucket: internal, archives_path_prefix: archives/compressed,
             s3_acl_enabled: false}
  publisher:
    name: ccx_messaging.publishers.synced_archive_publisher.SyncedArchivePublisher
    kwargs: {outgoing_topic: ccx.archive.synced, bootstrap.servers: "${KAFKA}"}
""".replace("S3,", S3_ARGUMENTS + ",")
RULES_PROCESSING = """
  unpacked_archive_size_limit: 1000000000
  format: insights.formats._json.JsonFormat
  downloader:
    name: ccx_messaging.downloaders.s3_downloader.S3Downloader
    kwargs: {S3, bucket: internal}
  publisher:
    name: ccx_messaging.publishers.idp_rule_processing_publisher.IDPRuleProcessingPublisher
    kwargs: {outgoing_topic: ccx.insights.rules.results, bootstrap.servers: "${KAFKA}"}
""".replace("S3,", S3_ARGUMENTS + ",")
RULES_UPLOADER = """
  downloader: {name: insights_messaging.downloaders.localfs.LocalFS}
  engine:
    name: ccx_messaging.engines.s3_upload_engine.S3UploadEngine
    kwargs: {S3, dest_bucket: internal, archive_name_pattern: "$report_path", s3_acl_enabled: false}
  publisher: {name: insights_messaging.publishers.Publisher}
""".replace("S3,", S3_ARGUMENTS + ",")
CONSUMERS = "ccx_messaging.consumers."
SYNCED, RULES_RESULTS, INTERNAL_LETTERS = ("ccx.archive.synced", "ccx.insights.rules.results",
                                           "internal.dead.letters")


def internal(consumer, topic, group, work, name):
    text = INTERNAL.replace("WORK", work)
    for word, value in {"CONSUMER": CONSUMERS + consumer, "FROM": topic, "GROUP": group,
                        "LETTERS": INTERNAL_LETTERS, "PORT": str(free_port()),
                        "NAMED": name}.items():
        text = text.replace(word, value)
    return text


def archive_sync():
    return internal("kafka_consumer.KafkaConsumer", "platform.upload.announce", "multiplexor_app",
                    "      platform_service: openshift" + ARCHIVE_SYNC, "archive-sync")


def rules_processing():
    return internal("synced_archive_consumer.SyncedArchiveConsumer", SYNCED,
                    "ccx-rules-processing-service", RULES_PROCESSING, "rules-processing")


def rules_uploader():
    return internal("rules_results_consumer.RulesResultsConsumer", RULES_RESULTS,
                    "rules_uploader_app", RULES_UPLOADER, "rules-uploader")


class Program(NamedProgram):
    """With its file of settings, in a folder of its own."""

    def __init__(self, text, **variables):
        self.home = tempfile.TemporaryDirectory(prefix="insightd_ccx_")
        file = pathlib.Path(self.home.name) / "config.yaml"
        file.write_text(text)
        super().__init__(PROGRAM, self.home.name, file, **variables)

    def __exit__(self, *of):
        super().__exit__(*of)
        self.home.cleanup()


class InThePlaceOfEachService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment(harness.BINARY, pipelines=0, partitions=1)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()
        cls.deployment.kafka.create_topics(WORKLOAD_INFO, TRACKER)
        cls.ingress = harness.RoleDoors(cls.deployment.ingress)
        cls.api = harness.RoleDoors(cls.deployment.apis[0])

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
            program.await_line("Configured max_archive_size to 104857600 bytes")
            program.await_line("Message has been sent successfully.")
            # As behavioural tests look for them: each behind the one before.
            lines = iter([line for line in list(program.lines) if request in line])
            for part in ("Deserializing incoming message(topic: platform.upload.announce, group",
                         "JSON schema validated", "'identity': {'identity':",
                         "Extracted URL from input message", "Downloading", "Saved"):
                self.assertTrue(any(part in line for line in lines), (part, program.lines))
            self.assertFalse([line for line in program.lines if "X-Amz" in line])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                metrics = answer.read().decode()
            self.assertRegex(metrics, r"ccx_consumer_received_total [1-9]")
            self.assertRegex(metrics, r"ccx_published_total.archive=.ocp.. [1-9]")
            self.assertRegex(metrics, r"ccx_broker_instances_size 0")
            self.assertGreaterEqual(self.records(TRACKER) - told, 3)
            self.assertEqual(program.stop(), 0)

    def test_metrics_are_there_while_kafka_is_away(self):
        """at 0, and at any path as the client library of Python answers"""
        port = free_port()
        text = configuration("waiting", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS, port)

        def scraped():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    return answer.read().decode()
            except OSError:  # it does not listen yet
                return ""

        with Program(text, **self.variables(KAFKA=f"127.0.0.1:{free_port()}")):
            wait_for(lambda: "\nccx_consumer_received_total 0\n" in scraped(), "the metrics",
                     END_S_MAX)

    def test_what_means_nothing_here_is_told(self):
        """one line at the start for each thing that the file or the environment asks for in vain"""
        text = configuration("told", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS,
                             free_port(), ", client.id: theirs")
        for what, instead in (
                ("  extract_timeout:", "  target_components: [some.rule]\n"
                 "  extract_tmp_dir: /scratch\n  requeuer: {name: some.Requeuer}\n"
                 "  logging_configurator: {name: some.Configurator}"),
                ("ccx_rules_processing]",
                 "ccx_rules_processing]\n  default_component_enabled: false\n"
                 "  configs: [{name: some.Config, enabled: false}]"),
                (OCP_ENGINE + "}", OCP_ENGINE + ", kwargs: {what: 1}}"),
                ("max_archive_size: 100MiB, ", ""),
                ("security.protocol: PLAINTEXT", "client.id: ours"),
                ("    formatters:",
                 "      other: {class: logging.FileHandler, filename: /x.log}\n    formatters:"),
                ("handlers: [default]", "handlers: [default, other]")):
            self.assertIn(what, text)
            text = text.replace(what, instead)
        with Program(text, **self.variables(SENTRY_ENABLED="true", LOGGING_TO_CW_ENABLED="1",
                                            EXTRA_PACKAGES="more_rules")) as program:
            program.await_line("Consuming topic")
            for told in ("target_components (some.rule)", "extract_tmp_dir (/scratch)",
                         "service.requeuer (some.Requeuer)", "plugins.configs",
                         "service.logging_configurator (some.Configurator)",
                         "plugins.default_component_enabled",
                         "service.engine: the argument what", "no max_archive_size",
                         "no unpacked_archive_size_limit", 'client.id "theirs" is not used',
                         "(logging.FileHandler, /x.log) of root is not used", "SENTRY_ENABLED",
                         "LOGGING_TO_CW_ENABLED", "EXTRA_PACKAGES: more_rules"):
                self.assertEqual(len([line for line in program.lines if told in line]), 1, told)
            self.assertEqual(program.stop(), 0)

    def test_hosts_that_are_no_object_store_are_refused(self):
        """without allow_unsafe_links a URL of another host becomes a dead letter"""
        text = configuration("careful", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS,
                             free_port())
        letters = self.deployment.letters()
        with Program(text, **self.variables(ALLOW_UNSAFE_LINKS="false")) as program:
            _, request = self.upload()
            program.await_line("Sending the message to dead letter queue topic")
            self.assertGreater(self.deployment.letters(), letters)
            for line in ("WARNING ccx_messaging.downloaders.http_downloader Invalid URL format: ",
                         "WARNING ccx_messaging.publishers.kafka_publisher An error has ocurred "
                         f"during the processing of request {request}: ",
                         "WARNING ccx_messaging.consumers.kafka_consumer Unexpected error "
                         "processing incoming message. (topic: platform.upload.announce, group.id: "
                         f"careful): request {request}. Error: "):
                program.await_line(line)
            self.assertFalse([line for line in program.lines if "X-Amz" in line])

    def test_messages_that_cannot_be_read(self):
        """each says in the words that are known what is wrong with it"""
        text = configuration("strict", OCP_ENGINE,
                             "rule_processing_publisher.RuleProcessingPublisher", RESULTS,
                             free_port()).replace("      platform_service: openshift\n", "")
        with Program(text, **self.variables()) as program:
            program.await_line("Consuming topic")
            for value in ("no json", '{"url": "u"}', json.dumps(
                    {"url": "u", "timestamp": "2026-01-23T09:26:33Z", "b64_identity": "abcde"})):
                self.send("platform.upload.announce", value + "\n")
            for line in ("Unable to decode received message: ",
                         "Invalid input message JSON schema: ",
                         "Base64 encoded identity could not be parsed: "):
                program.await_line("WARNING ccx_messaging.ingress " + line)
            self.assertEqual(program.stop(), 0)

    def test_the_dvo_extractor(self):
        """data on workloads comes to its topic, and from there into the database"""
        text = configuration("dvo_extractor_app", OCP_ENGINE,
                             "dvo_metrics_publisher.DVOMetricsPublisher", WORKLOADS, free_port(),
                             ", compression: gzip")
        before, results = self.records(WORKLOADS), self.records(RESULTS)
        with Program(text, **self.variables()) as program:
            program.await_line("Consuming topic")
            self.upload()
            program.await_line("Report does not contain DVO related results; skipping")
            cluster, request = self.upload({"config/dvo_metrics": DVO})
            wait_for(lambda: self.records(WORKLOADS) > before, "a message on workloads", END_S_MAX)
            self.assertEqual(self.records(RESULTS), results)
            self.assertEqual(program.stop(), 0)
        message = json.loads(gzip.decompress(self.raw_values(WORKLOADS)[-1]))
        self.assertEqual((message["OrgID"], message["ClusterName"], message["RequestId"]),
                         (1, cluster, request))
        found, = message["Metrics"]["workload_recommendations"]
        self.assertEqual(found["key"], "DVO_NO_ANTI_AFFINITY")
        self.assertEqual([(of["namespace"], of["name"]) for of in found["workloads"]],
                         [("web", "shop")])
        wait_for(lambda: self.deployment.postgres.sql(
            f"select namespace_id from dvo.dvo_report where cluster_id = '{cluster}'",
            DATABASE).split() == ["NS-1"], "the workloads in the database", END_S_MAX)

    def test_the_sha_extractor(self):
        """workload info is passed on, gzipped where that is set; an archive without is passed over"""
        info = {"pods": 1, "images": {}}
        for compression, read in ((", compression: gzip", gzip.decompress), ("", bytes)):
            with self.subTest(compression):
                text = configuration("insights_sha_extractor_app", SHA_ENGINE,
                                     "workloads_info_publisher.WorkloadInfoPublisher",
                                     WORKLOAD_INFO, free_port(), compression)
                before = self.records(WORKLOAD_INFO)
                with Program(text, **self.variables()) as program:
                    program.await_line("Consuming topic")
                    self.upload()
                    program.await_line("archive does not contain workload info; skipping")
                    cluster, request = self.upload(
                        {"config/workload_info.json": json.dumps(info)})
                    program.await_line("workload info found, starting publishing process")
                    program.await_line("Message has been sent successfully.")
                    self.assertEqual(self.records(WORKLOAD_INFO) - before, 1)
                    self.assertEqual(program.stop(), 0)
                message = json.loads(read(self.raw_values(WORKLOAD_INFO)[-1]))
                self.assertEqual((message["OrgID"], message["ClusterName"], message["RequestId"],
                                  message["Images"]), (1, cluster, request, info))

    def raw_values(self, topic):
        """All values of a topic as they lie there."""
        out = subprocess.run(
            ["kcat", "-b", self.deployment.kafka.brokers, "-C", "-t", topic, "-e", "-q",
             "-f", "%R%s"], capture_output=True, timeout=60, check=True).stdout
        values = []
        while out:
            size, = struct.unpack(">i", out[:4])
            values.append(out[4:4 + size])
            out = out[4 + size:]
        return values

    def values(self, topic):
        done = subprocess.run(
            ["kcat", "-b", self.deployment.kafka.brokers, "-C", "-t", topic, "-e", "-q"],
            capture_output=True, text=True, timeout=60, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def send(self, topic, value):
        subprocess.run(["kcat", "-b", self.deployment.kafka.brokers, "-P", "-t", topic],
                       input=value.encode(), timeout=60, check=True)

    def internal_variables(self):
        return self.variables(S3_KEY=s3_server.ACCESS_KEY, S3_SECRET=s3_server.SECRET_KEY,
                              S3_ENDPOINT=self.deployment.s3.endpoint)

    def test_the_internal_services(self):
        """archive-sync, rules-processing and rules-uploader: each archive has one copy, one report

        though each of them is killed, S3 goes away and bad messages come meanwhile
        """
        self.deployment.s3.create_bucket("internal")
        self.deployment.kafka.create_topics(SYNCED, RULES_RESULTS, INTERNAL_LETTERS)
        variables = self.internal_variables()
        requests = {}
        for number in range(10):
            cluster, request = self.upload({"config/n": str(number)})
            requests[request] = cluster
        for topic, bad in ((SYNCED, "no json"), (SYNCED, json.dumps(
                {"path": "archives/gone.tar.gz", "metadata": {"cluster_id": "c"}})),
                           (RULES_RESULTS, json.dumps({"path": "p", "metadata": {}}))):
            self.send(topic, bad + "\n")
        # Killed at their first message, and S3 with them; then all three to the end.
        for text, line in ((archive_sync(), "JSON schema validated"),
                           (rules_processing(), "JSON schema validated"),
                           (rules_uploader(), "dead letter queue")):
            with Program(text, **variables) as program:
                program.await_line(line)
                program.kill()
        self.deployment.s3.kill()
        with Program(archive_sync(), **variables) as sync, \
                Program(rules_processing(), **variables) as processing, \
                Program(rules_uploader(), **variables) as uploader:
            self.deployment.s3.start()
            sync.await_line("Consuming topic 'platform.upload.announce'")
            uploader.await_line("Consuming topic 'ccx.insights.rules.results'")
            keys = wait_for(lambda: self.kept_reports(requests.values()), "all reports", END_S_MAX)
            for program in (sync, processing, uploader):
                self.assertEqual(program.stop(), 0, program.lines[-5:])
        for cluster in requests.values():
            path = next(key for key in keys if key.startswith("archives/") and cluster in key)
            self.assertRegex(path, rf"^archives/compressed/{cluster[:2]}/{cluster}"
                                   r"/[0-9]{6}/[0-9]{2}/[0-9]{6}\.tar\.gz$")
            report = path.replace("archives/compressed", "insights").replace(
                ".tar.gz", "/insights.json")
            self.assertIn(report, keys)
            kept = json.loads(self.deployment.s3.request("GET", f"/internal/{report}")[1])
            self.assertEqual(kept["path"], path)
            self.assertEqual(kept["metadata"]["cluster_id"], cluster)
            self.assertEqual(requests[kept["request_id"]], cluster)
            self.assertIn("reports", kept["report"])
        self.assertEqual(len(keys), len(set(keys)))
        ours = {value.get("request_id") for value in self.values(RULES_RESULTS)}
        self.assertLessEqual(requests.keys(), ours)
        self.assertGreaterEqual(self.records(INTERNAL_LETTERS), 3)

    def kept_reports(self, clusters):
        # The test's S3 server lists an object that is being written, under a name with more behind.
        keys = [key for key in self.deployment.s3.keys("internal")
                if key.endswith((".tar.gz", ".json"))]
        reports = [key for key in keys if key.startswith("insights/")]
        return keys if all(any(cluster in key for key in reports) for cluster in clusters) else None

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
                              env=clean(variables), check=False)

    def test_wrong_words_and_files(self):
        """each ends with 1, or 2 for words that are unknown, and says what is wrong"""
        done = self.run_with()
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("Application configuration not provided."), done)
        done = self.run_with("--what")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.splitlines(),
                         ["usage: ccx-messaging [-h] [--version] [config]",
                          "ccx-messaging: error: unrecognized arguments: --what"])
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
                ('kwargs: {bootstrap.servers: "${KAFKA}", topic',
                 'kwargs: {bootstrap.servers: "elsewhere:1", topic', "same brokers"),
                ('bootstrap.servers: "${KAFKA}"}\n  watchers',
                 'bootstrap.servers: "elsewhere:1"}\n  watchers', "same brokers"),
                ("service:", "service: [", "config.yaml:")):
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "config.yaml"
                self.assertIn(what, good)
                file.write_text(good.replace(what, instead))
                done = self.run_with(file, KAFKA="127.0.0.1:9")
            self.assertEqual(done.returncode, 1, done)
            self.assertIn(said, done.stderr)


if __name__ == "__main__":
    harness.main()
