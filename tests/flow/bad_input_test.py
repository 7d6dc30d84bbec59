#!/usr/bin/env python3
"""Bad input: a clear answer, and everything that was accepted before is still there."""
import base64
import gzip
import io
import json
import os
import re
import socket
import tarfile
import time
import unittest
import zlib

import harness
from harness import Insightd, archive, new_cluster
from security_test import MIB, resident_bytes

UNPACKED_BYTES_MAX = 96 * MIB  # the default of pipeline.unpacked_bytes_max
BOMB_MEMBER_BYTES = 4 * MIB


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Insightd(**{"ingress.body_bytes_max": 1_000_000,
                                 "pipeline.unpacked_bytes_max": 4_000_000,
                                 "pipeline.member_bytes_max": 2_000_000,
                                 "pipeline.members_max": 1_000})
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        self.kept = new_cluster()
        self.kept_end = self.server.upload_and_await(archive(self.kept), self.kept)
        self.kept_report = self.server.report(self.kept).body
        self.letters_before = len(self.server.letters())

    def tearDown(self):
        self.assertEqual(self.server.report(self.kept).body, self.kept_report)
        self.assertEqual(self.server.end_of(self.kept_end["request_id"]), self.kept_end)

    def refused(self, status, words, data, cluster=None, **form):
        answer = self.server.upload(data, cluster or new_cluster(), **form)
        self.assertEqual(answer.status, status, answer)
        self.assertIn(words, answer.body.decode())
        self.assertEqual(len(self.server.letters()), self.letters_before)

    def set_aside(self, code, words, data, cluster=None, named=True):
        """Taken with 202, ends as a dead letter with this code and reason."""
        cluster = cluster or new_cluster()
        end = self.server.upload_and_await(data, cluster if named else None)
        self.assertEqual(end["end"], "dead_letter", end)
        letter, = [one for one in self.server.letters() if one["id"] == end["dead_letter_id"]]
        self.assertEqual(letter["code"], code, letter)
        self.assertIn(words, letter["reason"])
        self.assertEqual(letter["request_id"], end["request_id"])
        if named:
            self.assertEqual(self.server.report(cluster).status, 404)

    def test_neither_gzip_nor_tar(self):
        """neither gzip nor tar: 400 that says so"""
        self.refused(400, "gzip", b"no archive at all" * 100)

    def test_an_empty_body(self):
        """an empty archive and an empty request: 400"""
        self.refused(400, "empty", b"")
        answer = self.server.post(b"", {"Content-Length": "0",
                                        "Content-Type": "multipart/form-data; boundary=x"})
        self.assertEqual(answer.status, 400, answer)

    def test_no_such_part(self):
        """a form without an archive: 400 that names the fields"""
        self.refused(400, "upload", archive(self.kept), field="something")

    def test_over_the_limit(self):
        """more than ingress.body_bytes_max: 413 that names the setting"""
        noise = bytes(range(256)) * 5_000
        self.refused(413, "ingress.body_bytes_max", gzip.compress(noise, 0))

    def test_a_wrong_content_type(self):
        """a type of no service that is taken: 415 that says which are"""
        self.refused(415, "openshift", archive(self.kept), content_type="text/plain")
        self.refused(415, "qpc", archive(self.kept),
                     content_type="application/vnd.redhat.qpc.tar+tgz")

    def test_a_cut_upload(self):
        """a connection that ends in the middle leaves nothing behind"""
        cluster = new_cluster()
        boundary, body = harness.chunked_form(archive(cluster))
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall((f"POST {harness.UPLOAD} HTTP/1.1\r\nHost: x\r\n"
                                f"User-Agent: insights-operator/1 cluster/{cluster}\r\n"
                                "Transfer-Encoding: chunked\r\n"
                                f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n"
                                ).encode() + body[:len(body) // 2])
        # What is uploaded behind it has its end: so the cut one would have had its own.
        self.server.upload_and_await(archive(self.kept), new_cluster())
        self.assertEqual(self.server.report(cluster).status, 404)
        self.assertEqual(len(self.server.letters()), self.letters_before)

    def test_a_cut_archive(self):
        """an archive that is cut short: taken, then a dead letter `corrupt`"""
        data = archive(self.kept)
        self.set_aside("corrupt", "cut short", data[:len(data) // 2])

    def test_a_damaged_archive(self):
        """a wrong checksum behind the data: a dead letter `corrupt`"""
        data = bytearray(archive(self.kept))
        data[-8] ^= 0xFF
        self.set_aside("corrupt", "", bytes(data))

    def test_a_name_that_leaves_the_root(self):
        """a member ../x or /x: a dead letter `corrupt`"""
        self.set_aside("corrupt", "", archive(self.kept, {"../etc/passwd": "x"}))
        self.set_aside("corrupt", "", archive(self.kept, {"/etc/passwd": "x"}))

    def test_a_bomb(self):
        """more than the limits when unpacked: a dead letter that names the setting"""
        big = {f"config/pod/a{i}.json": b" " * 1_000_000 for i in range(6)}
        self.set_aside("too_large", "pipeline.unpacked_bytes_max", archive(self.kept, big))
        self.set_aside("too_large", "pipeline.member_bytes_max",
                       archive(self.kept, {"config/version": b" " * 2_500_000}))
        self.set_aside("too_large", "pipeline.members_max",
                       archive(self.kept, {f"a/{i}": "" for i in range(1_001)}))

    def test_no_cluster_id_anywhere(self):
        """no cluster id in user agent and archive: never 4xx, a dead letter"""
        self.set_aside("invalid", "no cluster id", archive(None), named=False)
        self.set_aside("invalid", "not a UUID", archive(None, {"config/id": "mine"}), named=False)

    def test_a_config_id_that_differs_from_the_user_agents(self):
        """the user agent names another cluster than the archive: judged, and logged"""
        said, archived = new_cluster(), new_cluster()
        end = self.server.upload_and_await(archive(archived), said)
        self.assertEqual((end["end"], end["cluster"]), ("stored", said))
        harness.wait_for(lambda: [record for record in list(self.server.records)
                                  if record.get("level") == "warn" and archived in record["msg"]],
                         "the warning that names the archive's cluster")

    def test_a_config_id_that_differs_from_a_certificates(self):
        """the client certificate names another cluster than the archive: a dead letter"""
        proven, archived = new_cluster(), new_cluster()
        identity = {"identity": {"org_id": "7", "type": "System", "auth_type": "cert-auth",
                                 "internal": {"org_id": "7"},
                                 "system": {"cluster_id": proven, "cert_type": "system"}}}
        header = base64.b64encode(json.dumps(identity).encode()).decode()
        with Insightd(**{"identity.trusted_proxies": "127.0.0.1"}) as server:
            for cluster in (archived, proven):
                boundary, body = harness.chunked_form(archive(cluster))
                answer = server.post(body, {
                    "Content-Type": f"multipart/form-data; boundary={boundary}",
                    "Transfer-Encoding": "chunked", "x-rh-identity": header})
                self.assertEqual(answer.status, 202, answer)
                request_id = answer.json()["request_id"]
                record = harness.wait_for(
                    lambda: [one for name in ("dlq.produced", "db.stored")
                             for one in server.events(name) if one["request_id"] == request_id],
                    "the end of the upload")[0]
                self.assertEqual(record["event"],
                                 "db.stored" if cluster == proven else "dlq.produced")
            letter, = harness.wait_for(server.letters, "the letter")
            self.assertEqual((letter["code"], letter["org_id"]), ("invalid", "7"))
            self.assertIn(proven, letter["reason"])
            self.assertIn(archived, letter["reason"])

    def test_invalid_json_in_one_file(self):
        """invalid JSON in one file: the file is noted, the rest is judged"""
        cluster = new_cluster()
        end = self.server.upload_and_await(
            archive(cluster, {"config/node/broken.json": "{not JSON"}), cluster)
        self.assertEqual(end["end"], "stored")
        self.assertEqual(self.server.report(cluster).status, 200)
        self.assertTrue([record for record in self.server.records
                         if "config/node/broken.json" in record.get("msg", "")])

    def test_links_and_doubled_names_are_put_up_with(self):
        """links are passed over, of two members with one name the later counts"""
        cluster = new_cluster()
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            version = '{"status": {"desired": {"version": "4.16.3"}}}'
            for name, text in (("config/id", new_cluster()), ("config/id", cluster),
                               ("config/version.json", version)):
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            link = tarfile.TarInfo("config/link")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
        end = self.server.upload_and_await(out.getvalue())
        self.assertEqual((end["end"], end["cluster"]), ("stored", cluster))

    def test_a_request_that_is_no_form(self):
        """a body that is no form: 4xx with a reason"""
        answer = self.server.post(b'{"a":1}', {"Content-Length": "7",
                                               "Content-Type": "application/json"})
        self.assertIn(answer.status, (400, 415), answer)
        self.assertTrue(json.loads(answer.body)["status"])


class BombTest(unittest.TestCase):
    @staticmethod
    def inflating_s(data, limit):
        """How long Python's zlib takes for so many bytes, which it does not keep."""
        begun = time.monotonic()
        inflater, inflated, at = zlib.decompressobj(31), 0, 0
        while inflated < limit:
            inflated += len(inflater.decompress(data[at:at + 1024]))
            at += 1024
        return time.monotonic() - begun

    def blow(self, name):
        """10 GB in members of this name end at the limit, and memory grows little."""
        data = harness.bomb(10_000 * MIB, BOMB_MEMBER_BYTES, name)
        self.assertLess(len(data), 12 * MIB)
        zlib_s = self.inflating_s(data, UNPACKED_BYTES_MAX)
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            before = resident_bytes(server.process)
            begun = time.monotonic()
            end = server.upload_and_await(data, cluster)
            took_s = time.monotonic() - begun
            grown = resident_bytes(server.process, "VmHWM") - before
            self.assertEqual(end["end"], "dead_letter")
            letter, = server.letters()
        self.assertEqual(letter["code"], "too_large")
        self.assertIn("pipeline.unpacked_bytes_max", letter["reason"])
        # How far it came before a header promised what is over the limit.
        walked = int(re.search(r"behind (\d+) others", letter["reason"]).group(1))
        self.assertGreater(walked, UNPACKED_BYTES_MAX - 2 * BOMB_MEMBER_BYTES)
        self.assertLessEqual(walked, UNPACKED_BYTES_MAX)
        print(f"{len(data) / MIB:.1f} MiB, {walked / MIB:.0f} MiB inflated, {took_s:.2f} s to its "
              f"end, {zlib_s:.2f} s to inflate the limit in Python, {grown / MIB:.0f} MiB more memory "
              "at its peak", end=" ", flush=True)
        if "INSIGHTD_SANITIZER" not in os.environ:
            self.assertLess(grown, 100 * MIB)

    def test_a_bomb_of_members_that_no_rule_reads(self):
        """10 GB in 10 MB, each member within its limit: inflated up to the limit of all, not kept"""
        self.blow("nobody/reads/{}")

    def test_a_bomb_of_members_that_rules_read(self):
        """the same under names that rules read, so that all of it is kept"""
        self.blow("config/node/{}.json")


if __name__ == "__main__":
    harness.main()
