#!/usr/bin/env python3
"""A message or a row that nobody can take ends as one dead letter, and holds nothing up."""
import json
import random
import subprocess
import unittest

import load
from deployment import ANNOUNCEMENTS, DATABASE, PIPELINE_LETTERS, RESULTS, WRITER_LETTERS
from load import Load, new_deployment


def produce(deployment, topic, value, partition=0):
    # Announcements for other services are none of ours; results know no such header.
    subprocess.run(["kcat", "-b", deployment.kafka.brokers, "-P", "-t", topic, "-p",
                    str(partition), "-H", "service=openshift", "-D", "\x01"],
                   input=value, check=True, timeout=30, stdout=subprocess.DEVNULL)


def consume(deployment, topic, count=1):
    """The last records of a topic, as kcat tells them."""
    out = subprocess.run(["kcat", "-b", deployment.kafka.brokers, "-C", "-t", topic, "-e", "-q",
                          "-J"], check=True, timeout=30, capture_output=True).stdout
    return [json.loads(line) for line in out.splitlines()][-count:]


class PoisonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = new_deployment(pipelines=1)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()

    def rows(self, what, where):
        return self.deployment.postgres.sql(f"select {what} from insightd_dead_letter where "
                                            f"{where}", DATABASE).splitlines()

    def poison(self, topic, letters, value):
        """Into each partition, with load around it; each is set aside once."""
        partitions = self.deployment.partitions
        with Load(self.deployment) as running:
            for partition in range(partitions):
                produce(self.deployment, topic, value, partition)
            load.harness.wait_for(
                lambda: len(self.rows("id", f"topic = '{topic}' and value = '\\x{value.hex()}'"))
                == partitions, f"{partitions} dead letters")
        running.check(self)
        records = [record for record in consume(self.deployment, letters, 100)
                   if record["payload"] == value.decode()]
        self.assertEqual(len(records), partitions)
        print([text[:100] for text in records[0]["headers"]], end=" ", flush=True)

    def test_an_announcement_that_is_no_json(self):
        """an announcement that cannot be read is set aside as it came"""
        self.poison(ANNOUNCEMENTS, PIPELINE_LETTERS, b"{this is no announcement")

    def test_a_result_that_is_no_json(self):
        """a result that cannot be read is set aside as it came"""
        self.poison(RESULTS, WRITER_LETTERS, b'{"OrgID": 1, "broken')

    def test_a_result_with_a_name_that_no_index_takes(self):
        """a result whose request id no index of the database takes is set aside, and kept"""
        # Of random digits, so that the database cannot make it short.
        request_id = "%06000x" % random.Random(1).getrandbits(4 * 6000)
        self.poison(RESULTS, WRITER_LETTERS, json.dumps(
            {"OrgID": 1, "ClusterName": load.harness.new_cluster(), "RequestId": request_id,
             "LastChecked": "2025-01-01T00:00:00Z", "Version": 2,
             "Report": {"system": {}, "fingerprints": [], "reports": [], "skips": [],
                        "info": []}}).encode())
        self.assertEqual(set(self.rows("left(request_id, 100), stage, archive = ''",
                                       f"starts_with(request_id, '{request_id[:100]}')")),
                         {f"{request_id[:100]}|store|t"})

    def test_a_row_that_the_database_refuses(self):
        """a row that the database refuses is found among others; those are stored"""
        poisoned = load.harness.new_cluster()
        sql = self.deployment.postgres.sql
        sql(f"alter table report add constraint poison check (cluster <> '{poisoned}')", DATABASE)
        self.addCleanup(sql, "alter table report drop constraint poison", DATABASE)
        with Load(self.deployment, rate=100) as running:
            doors = running.doors
            answers = [doors.upload(load.harness.archive(poisoned, version=f"4.16.{i}"), poisoned)
                       for i in range(3)]
            ends = [doors.await_end(answer.json()["request_id"]) for answer in answers]
        self.assertEqual([end["end"] for end in ends], ["dead_letter"] * 3)
        running.check(self)
        reasons = self.rows("stage, code, reason", f"cluster = '{poisoned}'")
        self.assertEqual(len(reasons), 3)
        print(reasons[0], end=" ", flush=True)


if __name__ == "__main__":
    load.harness.main()
