#!/usr/bin/env python3
"""Every class of test messages through the real writers: what is stored, what is refused and how
that is told (consumer_error, dead letter, payload tracker); the same for workloads."""
import collections
import gzip
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest

import harness
from harness import new_cluster, wait_for
from message_judge import EMPTY, STORED, Refused, judge

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from deployment import DATABASE, RESULTS, WRITER_GROUP, WRITER_LETTERS, Deployment  # noqa: E402
from process import start_all  # noqa: E402

WORKLOADS, WORKLOADS_GROUP = "ccx.dvo.results", "dvo_writer_app"
WORKLOADS_LETTERS = "ccx.dvowriter.dead.letter.queue"
TRACKER = "platform.payload-status"
END_S_MAX = 120

# What the README of the messages expects of each class; None: each is to be judged.
EXPECTED = {"benchmarks_every_tenth": STORED, "broken": None, "invalid": Refused,
            "invalid_no_account_number": STORED, "invalid_no_cluster_name": Refused,
            "invalid_no_last_checked": Refused, "invalid_no_organization_id": Refused,
            "invalid_no_report": Refused, "invalid_no_version": STORED,
            "invalid_string_version": Refused, "invalid_wrong_cluster_name": Refused,
            "invalid_wrong_last_checked": Refused, "invalid_wrong_org_id": Refused,
            "invalid_wrong_report": Refused, "normal": STORED,
            "normal_for_notification_tests": STORED, "normal_no_version": STORED,
            "normal_wrong_version": STORED}


def samples():
    """(class, name, bytes) of each message; a class that has no JSON is taken as it is."""
    for name in EXPECTED:
        with tarfile.open(harness.DATA / "messages" / f"{name}.tar.gz") as packed:
            members = [member for member in packed if member.name.endswith((".json", ".clj"))]
            found = [member for member in members if member.name.endswith(".json")]
            for member in found or members:
                yield name, member.name, packed.extractfile(member).read()


def workloads(cluster, **changes):
    """A good message; `changes` of members, ... takes one out."""
    metrics = {"system": {"metadata": {}, "hostname": None}, "fingerprints": [], "version": 1,
               "workload_recommendations": [
                   {"response_id": "a|A", "component": "x.y.dvo.an_issue.recommendation", "key": "A",
                    "details": {"check_name": ""}, "tags": [], "links": {"docs": ["l"]},
                    "workloads": [{"namespace": "ns", "namespace_uid": "NS-1", "kind": "Pod",
                                   "name": "n", "uid": "U-1"}]}]}
    message = {"OrgID": 1, "AccountNumber": 2, "ClusterName": cluster, "Metrics": metrics,
               "RequestId": f"request-{cluster}", "LastChecked": "2024-01-23T16:15:59Z",
               "Version": 2, **changes}
    return json.dumps({name: one for name, one in message.items() if one is not ...}).encode()


def one_recommendation(**changes):
    return {"workload_recommendations": [
        {"component": "x", "key": "K", "details": {}, "tags": [], "links": {},
         "workloads": [{"namespace": "n", "namespace_uid": "u", "kind": "Pod", "name": "n",
                        "uid": "1"}], **changes}]}


class MessageClassesTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not (harness.DATA / "messages").exists():
            raise unittest.SkipTest(f"no {harness.DATA / 'messages'}")
        cls.deployment = Deployment(harness.BINARY, pipelines=0, apis=0, partitions=2,
                                    settings={"writer.payload_tracker_topic": TRACKER})
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start_servers()
        # As deployments make it: the order of statuses, which have no key, is one of a partition.
        cls.deployment.kafka.create_topics(TRACKER, partitions=1)
        start_all(cls.deployment.writers)

    def kcat(self, *words):
        return subprocess.run(["kcat", "-b", self.deployment.kafka.brokers, *words],
                              capture_output=True, check=True, timeout=60).stdout

    def values(self, topic):
        out, values = self.kcat("-C", "-t", topic, "-e", "-q", "-f", "%R%s"), []
        while out:
            size, = struct.unpack(">i", out[:4])
            values.append(out[4:4 + size])
            out = out[4 + size:]
        return values

    def produce(self, topic, values, group):
        """Into partition 0, in this order; gives the offset of the first when all were consumed."""
        before = len([line for line in self.kcat("-C", "-t", topic, "-p", "0", "-e", "-q", "-f",
                                                 "%o\n").splitlines() if line])
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number, value in enumerate(values):
                paths.append(pathlib.Path(folder) / f"{number:06}")
                paths[-1].write_bytes(value)
            self.kcat("-P", "-t", topic, "-p", "0", *map(str, paths))
        wait_for(lambda: self.deployment.kafka.lag(group, topic, 2) == 0, "the writer", END_S_MAX)
        return before

    def rows(self, sql):
        """All rows of a query as lists."""
        text = self.deployment.postgres.sql(
            f"select json_agg(t) from (select * from ({sql}) q) t", DATABASE).strip()
        return [list(row.values()) for row in json.loads(text or "[]") or []]

    def told(self, service):
        """Statuses by request, in the order in which they were told."""
        statuses = collections.defaultdict(list)
        for value in self.values(TRACKER):
            status = json.loads(value)
            if status["service"] == service:
                statuses[status["request_id"]].append(status["status"])
        return statuses

    def test_results_of_each_class(self):
        """as the README of the messages says, and message by message as the rules say"""
        messages, values, seen = [], [], set()
        for class_, name, value in samples():
            verdict = judge(value)
            expected = EXPECTED[class_]
            if expected is Refused:
                self.assertIsInstance(verdict, Refused, f"{class_}/{name}")
            elif expected is not None:
                self.assertEqual(verdict, expected, f"{class_}/{name}")
            if hashlib.md5(value).digest() in seen:
                continue  # a letter is told apart by its bytes
            seen.add(hashlib.md5(value).digest())
            messages.append((f"{class_}/{name}", value, verdict))
            values.append(value)
        first = self.produce(RESULTS, values, WRITER_GROUP)
        refused = {first + number: (name, value, verdict)
                   for number, (name, value, verdict) in enumerate(messages)
                   if isinstance(verdict, Refused)}

        errors = {row[0]: row[1:] for row in self.rows(
            "select topic_offset, topic, partition, key, message, error, "
            f"consumed_at >= produced_at from consumer_error where topic = '{RESULTS}'")}
        for offset, (name, value, verdict) in refused.items():
            self.assertIn(offset, errors, f"{name} has no row in consumer_error")
            topic, partition, key, message, error, in_order = errors[offset]
            self.assertEqual((topic, partition, key, in_order), (RESULTS, 0, None, True), name)
            self.assertEqual(message.encode(), value, name)
            if verdict.text == 'parsing time "':
                self.assertTrue(error.startswith(verdict.text), f"{name}: {error}")
            elif verdict.text:
                self.assertEqual(error, verdict.text, name)
            else:
                self.assertTrue(error, name)
        self.assertEqual([messages[offset - first][0] for offset in errors.keys() - refused.keys()],
                         [], "have a row in consumer_error")
        letters = self.values(WRITER_LETTERS)
        self.assertEqual(len(letters), len(refused))
        self.assertEqual(set(letters), {value for _, value, _ in refused.values()})
        self.assertEqual(self.rows("select count(*) from insightd_dead_letter "
                                   f"where topic = '{RESULTS}'"), [[len(refused)]])
        self.check_stored([json.loads(value) for _, value, verdict in messages if verdict == STORED])
        counts = collections.Counter(type(verdict).__name__ if isinstance(verdict, Refused) else
                                     verdict for _, _, verdict in messages)
        print(f"{len(messages)} messages: {dict(counts)}")

    def check_stored(self, stored):
        """Each cluster has its newest result, its hits and its recommendations."""
        newest = {}
        for message in stored:
            cluster = message["ClusterName"]
            if cluster not in newest or message["LastChecked"] > newest[cluster]["LastChecked"]:
                newest[cluster] = message
        rows = {row[0]: row[1:] for row in self.rows(
            "select r.cluster, r.org_id, to_char(r.last_checked_at, 'YYYY-MM-DD\"T\"HH24:MI:SS'), "
            "(select count(*) from rule_hit h where h.cluster_id = r.cluster and h.org_id = r.org_id) hits, "
            "(select count(*) from recommendation c where c.cluster_id = r.cluster and c.org_id = r.org_id) "
            "recommendations from report r")}
        for cluster, message in newest.items():
            hits = {(hit["component"], hit["key"]) for hit in message["Report"]["reports"]}
            self.assertEqual(rows.get(cluster), [message["OrgID"], message["LastChecked"][:19],
                                                 len(hits), len(hits)], cluster)

    def test_the_tracker_hears_of_results_as_far_as_they_were_read(self):
        """received once the envelope is good, processed always, then success or error"""
        wanted, values = {}, []
        for class_, name, value in samples():
            request = f"tracked {class_}"
            if request in wanted:
                continue
            try:
                message = json.loads(value)
            except ValueError:
                continue
            message["RequestId"] = request
            verdict = judge(json.dumps(message).encode())
            refused = isinstance(verdict, Refused)
            wanted[request] = [*(["received"] if not refused or verdict.received else []),
                               "processed", "error" if refused else "success"]
            values.append(json.dumps(message).encode())
        empty = {"OrgID": 1, "ClusterName": new_cluster(), "LastChecked": "2024-01-01T00:00:00Z"}
        values.append(json.dumps({**empty, "Report": {}, "RequestId": "tracked empty"}).encode())
        wanted["tracked empty"] = ["received", "processed", "success"]
        self.assertEqual(judge(values[-1]), EMPTY)
        whole = {"fingerprints": [], "system": {}, "reports": []}
        values.append(json.dumps({**empty, "Report": {"system": {"hostname": "h"}},
                                  "RequestId": "tracked incomplete"}).encode())
        wanted["tracked incomplete"] = ["received", "processed", "error"]
        values.append(json.dumps({**empty, "Report": {**whole, "reports": None},
                                  "RequestId": "tracked null"}).encode())
        wanted["tracked null"] = ["received", "processed", "error"]
        values.append(json.dumps({**empty, "Report": {**whole, "info": None},
                                  "RequestId": "tracked null info"}).encode())
        wanted["tracked null info"] = ["received", "processed", "success"]
        # Older than what is stored: a success that changes nothing.
        values.append(json.dumps({**empty, "LastChecked": "2023-01-01T00:00:00Z", "Report": whole,
                                  "RequestId": "tracked old"}).encode())
        wanted["tracked old"] = ["received", "processed", "success"]
        self.produce(RESULTS, values, WRITER_GROUP)

        def all_told():
            statuses = self.told("insights-results-db-writer")
            return {request: statuses[request] for request in wanted} == wanted
        try:
            wait_for(all_told, "all statuses")
        except AssertionError:
            statuses = self.told("insights-results-db-writer")
            self.assertEqual({request: statuses[request] for request in wanted}, wanted)
        self.assertEqual(self.rows("select to_char(last_checked_at, 'YYYY') from report where "
                                   f"cluster = '{empty['ClusterName']}'"), [["2024"]])

    def test_workloads_of_each_kind(self):
        """good, gzipped and empty ones; bad ones with reason and bytes; nothing in consumer_error"""
        good = {"stored": workloads(new_cluster()),
                "gzipped": gzip.compress(workloads(new_cluster()), mtime=0),
                "another version": workloads(new_cluster(), Version=41),
                "no version": workloads(new_cluster(), Version=...),
                "no account": workloads(new_cluster(), AccountNumber=...)}
        nothing = {"empty": workloads(new_cluster(), Metrics={}),
                   "no recommendations": workloads(new_cluster(),
                                                   Metrics={"workload_recommendations": []})}
        bad = {"missing required attribute 'OrgID'": workloads(new_cluster(), OrgID=...),
               "missing required attribute 'ClusterName'": workloads(new_cluster(), ClusterName=None),
               "missing required attribute 'Metrics'": workloads(new_cluster(), Metrics=...),
               "cluster name is not a UUID": workloads("no-uuid"),
               "improper report structure, missing key with name 'workload_recommendations'":
                   workloads(new_cluster(), Metrics={"version": 1}),
               'parsing time "': workloads(new_cluster(), LastChecked="yesterday")}
        unnamed = [b"not JSON", b"\x1f\x8bnot gzip", gzip.compress(b"[" * 10, mtime=0),
                   gzip.compress(workloads(new_cluster()), mtime=0)[:-9],
                   workloads(new_cluster(), OrgID="1"), workloads(new_cluster(), OrgID=-1),
                   workloads(new_cluster(), OrgID=2 ** 32), workloads(new_cluster(), Version="2"),
                   workloads(new_cluster(), Metrics=[]), workloads(new_cluster(), Metrics="{}"),
                   workloads(new_cluster(), LastChecked=...),
                   *(workloads(new_cluster(), Metrics={"workload_recommendations": one})
                     for one in (None, {}, "x", 7, [7], ["x"])),
                   *(workloads(new_cluster(), Metrics=one_recommendation(**one)) for one in (
                       {"component": 1}, {"key": []}, {"details": []}, {"tags": "x"}, {"tags": [1]},
                       {"links": {"x": "y"}}, {"links": []}, {"workloads": {}}, {"workloads": [1]},
                       {"workloads": [{"uid": 1}]}))]
        self.produce(WORKLOADS, [*good.values(), *nothing.values(), *bad.values(), *unnamed],
                     WORKLOADS_GROUP)
        reasons = dict(self.rows("select md5(value), reason from insightd_dead_letter where "
                                 f"topic = '{WORKLOADS}'"))
        md5 = hashlib.md5
        for name, value in {**good, **nothing}.items():
            self.assertNotIn(md5(value).hexdigest(), reasons, name)
        for text, value in bad.items():
            self.assertIn(text, reasons.get(md5(value).hexdigest(), "not refused"), text)
        for value in unnamed:
            self.assertTrue(reasons.get(md5(value).hexdigest()), f"not refused: {value[:200]}")
        self.assertEqual(sorted(self.values(WORKLOADS_LETTERS)), sorted([*bad.values(), *unnamed]))
        self.assertEqual(self.rows(f"select * from consumer_error where topic = '{WORKLOADS}'"), [])
        rows = {row[0] for row in self.rows("select cluster_id from dvo.dvo_report")}
        for name, value in good.items():
            text = gzip.decompress(value) if value[:2] == b"\x1f\x8b" else value
            self.assertIn(json.loads(text)["ClusterName"], rows, name)
        for value in [*nothing.values(), *bad.values()]:
            self.assertNotIn(json.loads(value).get("ClusterName"), rows)

        def status_of(value):
            return self.told("dvo-writer")[json.loads(value)["RequestId"]]
        for value in (good["stored"], *nothing.values()):
            wait_for(lambda value=value: status_of(value) == ["received", "processed", "success"],
                     "the statuses of a good one")
        for text, value in bad.items():
            received = [] if "required" in text or "UUID" in text else ["received"]
            wait_for(lambda value=value, wanted=[*received, "processed", "error"]:
                     status_of(value) == wanted, f"the statuses of: {text}: {status_of(value)}")


if __name__ == "__main__":
    harness.main()
