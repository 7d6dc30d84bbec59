#!/usr/bin/env python3
"""The messages beside the result, over real servers: workloads, workload info, payload status; and
messages that others have written (each class of them: message_classes_test.py)."""
import gzip
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import harness
from harness import archive, new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from deployment import DATABASE, RESULTS, WRITER_LETTERS, Deployment  # noqa: E402

WORKLOADS, WORKLOADS_LETTERS = "ccx.dvo.results", "ccx.dvowriter.dead.letter.queue"
TRACKER, INFO = "platform.payload-status", "archive-results"
END_S_MAX = 60

DVO = 'deployment_validation_operator_no_anti_affinity' \
      '{kind="Deployment",name="shop",namespace="web",namespace_uid="NS-1",uid="U-1"} 1\n'


class MessagesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tracker = {"pipeline.payload_tracker_topic": TRACKER,
                   "writer.payload_tracker_topic": TRACKER}
        cls.deployment = Deployment(
            harness.BINARY, pipelines=1, partitions=4,
            settings={**tracker, "pipeline.workloads_gzip": True,
                      "pipeline.workload_info_topic": INFO, "pipeline.workload_info_gzip": True})
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start_servers()
        cls.deployment.kafka.create_topics(TRACKER, INFO)
        cls.deployment.start_roles()
        cls.ingress = harness.RoleDoors(cls.deployment.ingress)
        cls.api = harness.RoleDoors(cls.deployment.apis[0])

    def kcat(self, *words, given=None):
        return subprocess.run(["kcat", "-b", self.deployment.kafka.brokers, *words], input=given,
                              capture_output=True, check=True, timeout=60).stdout

    def values(self, topic):
        """All values of a topic as they lie there."""
        out, values = self.kcat("-C", "-t", topic, "-e", "-q", "-f", "%R%s"), []
        while out:
            size, = struct.unpack(">i", out[:4])
            values.append(out[4:4 + size])
            out = out[4 + size:]
        return values

    def unzipped(self, topic):
        """Of the values that are gzipped."""
        return [gzip.decompress(value) for value in self.values(topic) if value[:2] == b"\x1f\x8b"]

    def produce(self, topic, values):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, value in enumerate(values):
                paths.append(pathlib.Path(folder) / str(number))
                paths[-1].write_bytes(value)
            self.kcat("-P", "-t", topic, "-p", "0", *map(str, paths))

    def rows(self, sql):
        return self.deployment.postgres.sql(sql, DATABASE).splitlines()

    def upload(self, files):
        cluster = new_cluster()
        answer = self.ingress.upload(archive(cluster, files), cluster)
        self.assertEqual(answer.status, 202, answer)
        request_id = answer.json()["request_id"]
        end = wait_for(lambda: self.api.end_of(request_id), "the end of the upload", END_S_MAX)
        self.assertEqual(end["end"], "stored")
        return cluster, request_id

    def letters(self, topic):
        """Reasons of dead letters by the value that was refused."""
        return dict(row.split("|", 1) for row in self.rows(
            f"select md5(value), reason from insightd_dead_letter where topic = '{topic}'"))

    # ---- what an upload makes beside its result ----

    def test_workloads_end_in_their_table(self):
        """one row a namespace, as the hosted writer keeps them; the message is gzipped"""
        cluster, request_id = self.upload({"config/dvo_metrics": DVO})
        row = wait_for(lambda: self.rows(
            "select org_id, namespace_id, namespace_name, recommendations, objects, "
            "rule_hits_count, left(report, 2), reported_at = last_checked_at "
            f"from dvo.dvo_report where cluster_id = '{cluster}'"), "the workloads", END_S_MAX)
        self.assertEqual(row, ['1|NS-1|web|1|1|{"ccx_rules_ocp.external.dvo.dvo_no_anti_affinity|'
                               'DVO_NO_ANTI_AFFINITY": 1}|"{|t'])
        sent, = [text for text in self.unzipped(WORKLOADS) if cluster.encode() in text]
        self.assertTrue(sent.endswith(b"}\n"))
        message = json.loads(sent)
        self.assertEqual(list(message)[:6], ["OrgID", "ClusterName", "Metrics", "RequestId",
                                             "LastChecked", "Version"])
        self.assertEqual(message["RequestId"], request_id)
        # The next upload finds nothing: the rows go.
        again = self.ingress.upload(archive(cluster, {"config/dvo_metrics": "# none\n"}), cluster)
        self.assertEqual(again.status, 202)
        wait_for(lambda: not self.rows("select 1 from dvo.dvo_report where "
                                       f"cluster_id = '{cluster}'"), "no workloads", END_S_MAX)

    def test_workload_info_is_passed_on(self):
        """unread, under the name that its readers know"""
        info = {"pods": 2, "imageCount": 1, "images": {"sha256:1": {"layerIDs": ["a"]}}}
        cluster, _ = self.upload({"config/workload_info.json": json.dumps(info)})
        message, = [json.loads(text) for text in self.unzipped(INFO) if cluster.encode() in text]
        self.assertEqual(message["Images"], info)
        self.assertEqual(message["Version"], 2)

    def test_the_payload_tracker_hears_of_each_step(self):
        """pipeline and both writers tell under the names of the hosted services"""
        cluster, request_id = self.upload({"config/dvo_metrics": DVO})
        wanted = {("ccx-data-pipeline", "received"), ("ccx-data-pipeline", "processing"),
                  ("ccx-data-pipeline", "success")}
        for service in ("insights-results-db-writer", "dvo-writer"):
            wanted |= {(service, status) for status in ("received", "processed", "success")}

        def told():
            statuses = [json.loads(value) for value in self.values(TRACKER)]
            return {(one["service"], one["status"]) for one in statuses
                    if one["request_id"] == request_id and one["org_id"] == "1"}
        wait_for(lambda: told() == wanted, f"statuses of {cluster}: {told()}", END_S_MAX)

    # ---- messages of others ----

    def test_gzipped_results_are_read_up_to_the_limit(self):
        """a good one is stored, a bomb is a dead letter as it came"""
        cluster = new_cluster()
        good = gzip.compress(json.dumps(
            {"OrgID": 1, "ClusterName": cluster, "Version": 2, "LastChecked": "2024-01-01T00:00:00Z",
             "Report": {"fingerprints": [], "reports": [], "system": {}}}).encode(), mtime=0)
        bomb = gzip.compress(b" " * (80 << 20), mtime=0)
        names = {value: hashlib.md5(value).hexdigest() for value in (good, bomb)}
        self.produce(RESULTS, [good, bomb])
        wait_for(lambda: names[bomb] in self.letters(RESULTS), "the letter", END_S_MAX)
        self.assertIn("writer.message_bytes_max", self.letters(RESULTS)[names[bomb]])
        self.assertIn(bomb, self.values(WRITER_LETTERS))
        wait_for(lambda: self.rows(f"select 1 from report where cluster = '{cluster}'"),
                 "the good one", END_S_MAX)
        self.assertNotIn(names[good], self.letters(RESULTS))

    def test_half_of_a_surrogate_pair_is_stored_as_another_sign(self):
        """as U+FFFD, which is what the original reads in it"""
        cluster = new_cluster()
        value = json.dumps(
            {"OrgID": 1, "ClusterName": cluster, "Version": 2, "LastChecked": "2024-01-01T00:00:00Z",
             "RequestId": "half \ud800",
             "Report": {"fingerprints": [], "system": {}, "reports": [
                 {"component": "a.b.report", "key": "K", "details": {"x\udc00": "\ud83d\ude00\ud800"}}]}
             }).encode()
        self.assertIn(rb"\ud800", value)
        self.produce(RESULTS, [value])
        row = wait_for(lambda: self.rows(
            "select h.template_data::jsonb, c.request_id, r.report::jsonb #> '{reports,0,details}' "
            "from report r join rule_hit h on h.cluster_id = r.cluster "
            "join insightd_cluster c on c.cluster = r.cluster "
            f"where r.cluster = '{cluster}'"), "the result", END_S_MAX)
        details = '{"x\ufffd": "\U0001f600\ufffd"}'
        self.assertEqual(row, [f"{details}|half \ufffd|{details}"])
        self.assertNotIn(hashlib.md5(value).hexdigest(), self.letters(RESULTS))

    def test_what_is_not_on_workloads_is_set_aside(self):
        """into a topic of its own, and among the dead letters"""
        value = json.dumps({"OrgID": 1, "ClusterName": new_cluster(), "Report": {}}).encode()
        self.produce(WORKLOADS, [value])
        wait_for(lambda: any("Metrics" in reason for reason in self.letters(WORKLOADS).values()),
                 "the letter", END_S_MAX)
        self.assertIn(value, self.values(WORKLOADS_LETTERS))

    def test_metrics_have_the_names_of_the_hosted_services(self):
        """for their dashboards"""
        self.upload({})
        pipeline = self.deployment.pipelines[0].metrics()
        self.assertGreater(sum(value for name, value in pipeline.items()
                               if name.startswith("ccx_published_total")), 0)
        writer = self.deployment.writers[0].metrics()
        for name in ("consumed_messages", "written_reports", "produced_messages"):
            self.assertGreater(writer[name], 0, name)


if __name__ == "__main__":
    harness.main()
