#!/usr/bin/env python3
"""Archives in S3, by the roles on real servers: retention, foreign services' URLs, a slow S3."""
import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest
import uuid

import harness
from harness import archive, new_cluster, wait_for

sys.path.insert(0, str(harness.ROOT / "tools" / "servers"))

from deployment import ANNOUNCEMENTS, BUCKET, Deployment  # noqa: E402

END_S_MAX = 60
FOREIGN_BUCKET = "foreign-archives"
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
LARGE_BYTES = 30_000_000
MEMORY_BYTES_MAX = 96 << 20


class ArchivesInS3Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = Deployment(
            harness.BINARY, pipelines=1, partitions=4, proxied=True,
            settings={"upkeep.archive_kept_s": 0, "upkeep.clean_interval_s": 1,
                      "pipeline.archive_hosts": "127.0.0.1", "blob.s3_slow_s_max": 2,
                      "blob.s3_retry_ms_max": 3000})
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()
        cls.deployment.s3.create_bucket(FOREIGN_BUCKET)
        cls.api = harness.RoleDoors(cls.deployment.apis[0])
        cls.ingress = harness.RoleDoors(cls.deployment.ingress)

    def setUp(self):
        self.s3_network = self.deployment.proxies["s3"]
        self.addCleanup(self.s3_network.pass_)

    def keys(self, bucket=BUCKET):
        return set(self.deployment.s3.keys(bucket))

    def upload(self, cluster, doors=None):
        answer = (doors or self.ingress).upload(archive(cluster), cluster)
        self.assertEqual(answer.status, 202, answer)
        return answer.json()["request_id"]

    def await_end(self, request_id):
        return wait_for(lambda: self.api.end_of(request_id), f"the end of upload {request_id}",
                        END_S_MAX)

    def foreign_ingress(self, name, **more):
        """Another installation's: its archives are in a bucket that is not ours."""
        role = self.deployment.role(
            "ingress", name, **more,
            **{"blob.s3_bucket": FOREIGN_BUCKET, "ingress.url_validity_s": 60,
               "blob.s3_endpoint": self.deployment.s3.endpoint})
        self.addCleanup(role.kill)
        role.start()
        return harness.RoleDoors(role)

    def test_only_the_newest_archive_of_a_cluster_is_kept(self):
        """its older one is removed from the bucket by the writer's upkeep"""
        cluster = new_cluster()
        first = self.upload(cluster)
        self.await_end(first)
        second = self.upload(cluster)
        self.await_end(second)
        wait_for(lambda: first not in self.keys(), "the removal of the first archive", END_S_MAX)
        self.assertIn(second, self.keys())

    def test_over_their_limit_archives_go_and_uploads_are_refused_when_none_can(self):
        """a writer's upkeep counts the bucket and tells the ingress; reading goes on"""
        writer, pipeline = self.deployment.writers[0], self.deployment.pipelines[0]
        limited = self.deployment.role("writer", "limited", **{
            "blob.bytes_max": 4_000_000, "upkeep.count_interval_s": 1})
        writer.stop()
        self.addCleanup(writer.start)
        self.addCleanup(limited.kill)
        limited.start()
        cluster = new_cluster()
        request_id = self.upload(cluster)
        self.await_end(request_id)
        pipeline.stop()
        noise = {"config/noise": os.urandom(1_000_000)}
        waiting = []

        def try_upload():
            name = new_cluster()
            answer = self.ingress.upload(archive(name, noise), name)
            if answer.status == 202:
                waiting.append(answer.json()["request_id"])
                time.sleep(1)
            return answer

        try:
            refused = wait_for(lambda: next((answer for answer in [try_upload()]
                                             if answer.status != 202), None),
                               "a refusal", END_S_MAX)
            self.assertEqual(refused.status, 507, refused)
            self.assertIn("blob.bytes_max is 4000000", refused.body.decode())
            self.assertNotIn(request_id, self.keys(), "judged: it could go")
            self.assertEqual(self.api.report(cluster).status, 200, "reading goes on")
            self.assertLessEqual(set(waiting), self.keys(), "what waits stays")
        finally:
            pipeline.start()
        for one in waiting:
            self.assertEqual(self.await_end(one)["end"], "stored")
        wait_for(lambda: try_upload().status == 202, "room again", END_S_MAX)
        wait_for(lambda: len(self.keys() & set(waiting)) <= 3, "the oldest of them to go",
                 END_S_MAX)

    def test_an_archive_of_a_foreign_service_is_read_by_its_url(self):
        """and stays where it is: it is not ours to remove"""
        cluster = new_cluster()
        doors = self.foreign_ingress("foreign")
        first = self.upload(cluster, doors)
        self.assertEqual(self.await_end(first)["end"], "stored")
        self.assertEqual(self.await_end(self.upload(cluster, doors))["end"], "stored")
        self.assertEqual(self.api.report(cluster).status, 200)
        self.assertIn(first, self.keys(FOREIGN_BUCKET))

    def test_an_announcement_reaches_no_host_that_is_not_listed(self):
        """however its URL is written: nobody is spoken to, and its dead letter names the setting"""
        with socket.create_server(("127.0.0.1", 0)) as inside:
            inside.settimeout(0)
            port = inside.getsockname()[1]
            urls = (f"http://localhost:{port}/", f"http://localhost.:{port}/",
                    f"http://LOCALHOST:{port}/", f"http://127.0.0.1@localhost:{port}/",
                    f"http://localhost:{port}#@127.0.0.1/", f"http://localhost:{port}?@127.0.0.1/",
                    f"http://localhost:{port}\\@127.0.0.1/", f"http://127.0.0.1.localhost:{port}/",
                    f"http://[::ffff:127.0.0.1]:{port}/", f"http://[::1]:{port}/",
                    f"gopher://127.0.0.1:{port}/", f"//127.0.0.1:{port}/", "file:///etc/passwd")
            ids = [uuid.uuid4().hex for _ in urls]
            for request_id, url in zip(ids, urls):
                self.announce(request_id, url)
            for request_id, url in zip(ids, urls):
                with self.subTest(url=url):
                    self.assertIn("archive_hosts", self.await_letter(request_id))
            with self.assertRaises(BlockingIOError):
                inside.accept()

    def announce(self, request_id, url):
        """As another service does it."""
        cluster = new_cluster()
        identity = {"identity": {"org_id": "1", "account_number": "1", "type": "System",
                                 "internal": {"org_id": "1"}, "system": {"cluster_id": cluster}}}
        value = {"account": "1", "category": "archive", "service": "openshift", "org_id": "1",
                 "content_type": "application/vnd.redhat.openshift.periodic+tar", "size": 1,
                 "request_id": request_id, "timestamp": "2026-01-23T16:15:59Z", "url": url,
                 "b64_identity": base64.b64encode(json.dumps(identity).encode()).decode(),
                 "metadata": {"reporter": "", "stale_timestamp": "0001-01-01T00:00:00Z"}}
        subprocess.run(["kcat", "-P", "-b", self.deployment.kafka.brokers, "-t", ANNOUNCEMENTS,
                        "-H", "service=openshift"], input=json.dumps(value).encode(), check=True,
                       timeout=END_S_MAX)

    def await_letter(self, request_id):
        return wait_for(lambda: next(
            (line for line in self.deployment.run("dead-letters", "list", "--json").splitlines()
             if request_id in line), None), f"the letter of {request_id}", END_S_MAX)

    @unittest.skipUnless(FAKETIME, "faketime is not installed")
    def test_an_expired_url_is_a_dead_letter_that_says_so(self):
        """with S3's words and the time, without the signature"""
        clock = self.deployment.folder / "clock"
        clock.write_text("+0")
        doors = self.foreign_ingress("late", variables={
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        late = clock.with_suffix(".late")
        late.write_text("-5m")
        late.rename(clock)  # what it signs from now on is over its time
        request_id = self.upload(new_cluster(), doors)
        end = self.await_end(request_id)
        self.assertEqual(end["end"], "dead_letter", end)
        letter = self.await_letter(request_id)
        self.assertIn("status 403", letter)
        self.assertIn("the URL was signed to be good until", letter)
        self.assertNotIn("X-Amz-Signature", letter)

    def test_a_large_upload_is_held_up_by_a_slow_s3_and_memory_is_not_filled(self):
        """the client is slowed down; others are answered meanwhile"""
        self.s3_network.rate(20_000_000)
        cluster = new_cluster()
        data = archive(cluster, {"config/noise": os.urandom(LARGE_BYTES)})
        most, answers = [0], []
        upload = threading.Thread(target=lambda: answers.append(self.ingress.upload(data, cluster)))
        upload.start()
        while upload.is_alive():
            begun = time.monotonic()
            metrics = self.deployment.ingress.metrics()
            self.assertLess(time.monotonic() - begun, 1)
            most[0] = max(most[0], metrics.get("process_resident_memory_bytes", 0))
            upload.join(0.05)
        self.assertEqual(answers[0].status, 202, answers[0])
        self.assertLess(most[0], MEMORY_BYTES_MAX)

    def test_a_silent_s3_is_told_and_holds_up_nobody_else(self):
        """uploads are answered 503 in time, /readyz says it, and it goes on by itself"""
        self.s3_network.freeze()
        answers = []

        def upload():
            cluster = new_cluster()
            answers.append(self.ingress.upload(archive(cluster), cluster).status)

        uploads = [threading.Thread(target=upload) for _ in range(20)]
        for thread in uploads:
            thread.start()
        while any(thread.is_alive() for thread in uploads):
            begun = time.monotonic()
            self.assertEqual(self.ingress.get("/livez", "http.metrics_address").status, 200)
            self.assertLess(time.monotonic() - begun, 1)
            time.sleep(0.05)
        self.assertEqual(set(answers), {503})
        wait_for(lambda: self.deployment.ingress.readiness()[0] == 503, "/readyz to tell",
                 END_S_MAX)
        self.s3_network.pass_()
        wait_for(lambda: self.deployment.ingress.readiness()[0] == 200, "/readyz to pass",
                 END_S_MAX)
        self.assertEqual(self.await_end(self.upload(new_cluster()))["end"], "stored")


if __name__ == "__main__":
    harness.main()
