#!/usr/bin/env python3
"""What an attacker who reaches the ports may try, against the running program: docs/security.md."""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import unittest
import unittest.mock

from harness import (BINARY, PUBLIC, ROOT, TYPE, UPLOAD, Insightd, archive, bomb, chunked_form, main,
                     new_cluster, read_answer, wait_for)

MIB = 1 << 20
CONNECTIONS_MAX = 200
UPLOADS_MAX = 4
# The head and the bodies of the slow clients may take this long here.
HEAD_MS = 1_000
# Others meanwhile.
ANSWER_S_MAX = 2
# About what an expression may be long, through a regular expression beside other work.
LONG, LINEAR_S_MAX = 60_000, 20


def resident_bytes(process, field="VmRSS"):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


def written_bytes(process):
    """What it has handed to files and sockets so far."""
    return int(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{process.pid}/io").read_text())[1])


class HostileArchives(unittest.TestCase):
    def test_a_bomb_of_ten_gigabytes(self):
        """10 GB in 10 MB: refused at the limit, in the memory that the limit allows, never on disk"""
        data = bomb(10_000 * MIB)
        self.assertLess(len(data), 12 * MIB)
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            before, wrote = resident_bytes(server.process), written_bytes(server.process)
            end = server.upload_and_await(data, cluster)
            grown = resident_bytes(server.process, "VmHWM") - before
            wrote = written_bytes(server.process) - wrote
            self.assertEqual(end["end"], "dead_letter")
            self.assertIn("pipeline.", server.letters()[0]["reason"])
            self.assertLess(grown, 100 * MIB)
            # The archive as it came, and little about it.
            self.assertLess(wrote, len(data) + MIB)
            print(f"bomb: {len(data) / MIB:.1f} MiB, {grown / MIB:.0f} MiB more memory at its peak")

    def test_markup_in_the_data_of_a_cluster_stays_text(self):
        """names with HTML and links of their own come out as text, in API and rendered texts"""
        cluster = new_cluster()
        evil = "<img src=x onerror=alert(1)>[a](javascript:alert(1))`${1}{{=1}}"
        files = {"config/clusteroperator/etcd.json": json.dumps({
            "apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator",
            "metadata": {"name": evil},
            "status": {"conditions": [
                {"type": "Degraded", "status": "True", "reason": evil, "message": evil,
                 "lastTransitionTime": "2024-01-01T00:00:00Z"},
                {"type": "Available", "status": "False", "reason": evil, "message": evil,
                 "lastTransitionTime": "2024-01-01T00:00:00Z"}]}})}
        with Insightd() as server:
            server.upload_and_await(archive(cluster, files), cluster)
            answer = server.get(f"{PUBLIC}cluster/{cluster}/reports?rendered=true")
            self.assertEqual(answer.status, 200, answer)
            self.assertIn("application/json", answer.headers["Content-Type"])
            texts = [text for rule in answer.json()["report"]["data"]
                     for name, text in rule.items()
                     if name in ("description", "reason", "resolution", "more_info", "details")
                     and isinstance(text, str)]
            self.assertTrue(texts, "no rule has hit: the archive of this test lacks something")
            for text in texts:
                # What stands between backticks is shown as it is.
                text = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
                self.assertNotRegex(text, r"(?<!\\)<img")
                self.assertNotRegex(text, r"(?<!\\)\]\(javascript:")

    def test_an_expression_that_tracks_back_takes_linear_time(self):
        """regular expressions that take ages elsewhere, on a long text that does not match"""
        with Insightd() as server:
            begin = time.monotonic()
            done = server.command("rules", "eval", "-", check=0, given=(
                f"'{'a' * LONG}!'.matches('^(a+)+$')\n"
                f"'{'a' * LONG}!'.matches('^(a|a)*$')\n"))
            self.assertEqual(done.stdout.split(), ["false", "false"])
            self.assertLess(time.monotonic() - begin, LINEAR_S_MAX)

    def test_no_content_of_an_archive_comes_into_the_log(self):
        """neither of good files nor of broken ones, nor by a rule that fails on it; at level debug"""
        secret = "s3cr3t" + new_cluster().replace("-", "")
        named = {"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator",
                 "metadata": {"name": secret}, "status": {"conditions": [
                     {"type": "Degraded", "status": "True", "reason": secret, "message": secret,
                      "lastTransitionTime": secret}]}}
        files = {"config/clusteroperator/etcd.json": json.dumps(named),
                 "config/clusteroperator/dns.json": json.dumps(named)[:-9],
                 "config/node/a.json": f'{{"{secret}": {secret}}}',
                 "config/node/b.json": f'{{"metadata": {{"name": "{secret}", "name": "x"}}}}',
                 "config/pod/openshift-etcd/etcd.json": '["' + secret + "\\ud800",
                 "config/configmaps/kube-system/cluster-config-v1/install-config":
                     f"a: *{secret}\n",
                 "config/metrics": f'ALERTS{{alertname="{secret}"}} {secret}\n{secret} 1',
                 "config/dvo_metrics": f'deployment_validation_operator_{secret}{{kind="{secret}"}} x'}
        rule = """
- module: external.rules.fails_on_purpose
  key: FAILS_ON_PURPOSE
  title: A rule that takes a name for a number
  needs: [cos]
  when: "cos.exists(o, int(o.metadata.name) > 0)"
  tags: [service_availability]
  impact: Best Practice
  likelihood: 1
"""
        cluster = new_cluster()
        with tempfile.TemporaryDirectory(prefix="insightd_pack_") as folder:
            pack = pathlib.Path(folder) / "pack"
            shutil.copytree(ROOT / "rulepacks" / "base", pack)
            with sorted((pack / "rules").rglob("*.yaml"))[0].open("a") as rules:
                rules.write(rule)
            with Insightd(**{"log.level": "debug", "rules.packs": str(pack)}) as server:
                end = server.upload_and_await(archive(cluster, files), cluster)
                self.assertEqual(end["end"], "stored")
                server.upload_and_await(archive(None, files, version=secret))
                server.upload_and_await(archive(None, {**files, "config/id": secret}))
                server.upload_and_await(archive(cluster, files)[:-40], cluster)
                failed = server.get(f"/api/insightd/v1/clusters/{cluster}/outcomes").body.decode()
                self.assertIn("fails_on_purpose", failed)
                self.assertEqual(server.stop(), 0)
                told = " ".join(record.get("msg", "") for record in server.records)
                self.assertIn("FAILS_ON_PURPOSE failed", told)
                self.assertRegex(told, "file config/configmaps/\\S+/install-config not read")
                self.assertEqual([r for r in server.records if secret in json.dumps(r)], [])


class HostileRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Insightd(**{"http.head_time_ms_max": HEAD_MS, "http.body_window_ms": HEAD_MS,
                                 "http.connections_max": CONNECTIONS_MAX})
        cls.server.start()
        cls.cluster = new_cluster()
        cls.server.upload_and_await(archive(cls.cluster), cls.cluster)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def connect(self, server=None):
        connection = socket.create_connection(("127.0.0.1", (server or self.server).port), timeout=20)
        self.addCleanup(connection.close)
        return connection

    def all_that_comes(self, connection):
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
        return received

    def test_slow_clients_do_not_hold_others_up(self):
        """more slow senders than connections: others are answered, the slow ones are ended"""
        heads, bodies = 3 * CONNECTIONS_MAX, CONNECTIONS_MAX // 2
        slow = []
        for i in range(heads + bodies):
            slow.append(self.connect())
            slow[-1].sendall(b"GET / HTTP/1.1\r\nX" if i < heads else
                             f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
                             "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b".encode())
            if i % 50 == 0:
                self.assertEqual(self.server.report(self.cluster).status, 200)
        begin = time.monotonic()
        self.assertEqual(self.server.report(self.cluster).status, 200)
        self.assertLess(time.monotonic() - begin, ANSWER_S_MAX)
        for connection in slow:
            self.assertIn(self.all_that_comes(connection)[:12].split(b" ")[1:2], ([b"408"], []))

    def test_trickled_uploads_do_not_keep_the_places_of_others(self):
        """more than half of them in use: an upload gets on, or gives its place to another"""
        with Insightd(**{"ingress.uploads_max": UPLOADS_MAX, "http.body_window_ms": HEAD_MS,
                         "http.body_window_bytes_min": 1}) as server:
            trickled = []
            for _ in range(2 * UPLOADS_MAX):
                trickled.append(self.connect(server))
                trickled[-1].sendall(
                    (f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n"
                     "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
                     "Content-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n"
                     f"Content-Type: {TYPE}\r\n\r\n").encode() + b"\x1f\x8b\x08\0\0\0\0\0\0\3")

            def upload_status():
                for connection in trickled:
                    with contextlib.suppress(OSError):
                        connection.sendall(b"x")
                return server.upload(archive(self.cluster), self.cluster).status

            wait_for(lambda: upload_status() == 503, "a refusal while all places are in use")
            wait_for(lambda: upload_status() == 202, "a place")

    def test_a_request_in_another_is_not_answered(self):
        """what two readers could take for two different requests is refused, and all behind it"""
        inner = f"GET {PUBLIC}clusters HTTP/1.1\r\nHost: x\r\n\r\n"
        size = len(inner)
        heads = [f"Content-Length: {size}\r\nTransfer-Encoding: chunked",
                 f"Transfer-Encoding: chunked\r\nContent-Length: {size}",
                 f"Content-Length: 0\r\nContent-Length: {size}",
                 "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
                 "Transfer-Encoding : chunked", f"Content-Length: +{size}",
                 f"Content-Length: 0, {size}", f"Content-Length: {size}\r\n Folded: x",
                 f"Content-Length: {size}\r\nContent-Length: {size}",
                 "Transfer-Encoding:\r\n chunked", f" Content-Length: {size}",
                 f"A: b\r\n\tContent-Length: {size}",
                 "Transfer-Encoding: identity, chunked\r\nTransfer-Encoding: x"]
        for head in heads:
            with self.subTest(head=head):
                connection = self.connect()
                connection.sendall(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n"
                                   f"0\r\n\r\n{inner}".encode())
                connection.shutdown(socket.SHUT_WR)
                answers = re.findall(rb"HTTP/1\.1 (\d+)", self.all_that_comes(connection))
                self.assertEqual(len(answers), 1, answers)
                self.assertRegex(answers[0], rb"400")

    def test_bare_line_ends_and_rubbish_are_refused(self):
        for text in (b"GET / HTTP/1.1\nHost: x\n\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x\r\nA: \x00b\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                     b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: x,y\r\n\r\n",
                     b"GET http://x/ y HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            with self.subTest(text=text):
                connection = self.connect()
                connection.sendall(text)
                connection.shutdown(socket.SHUT_WR)
                self.assertNotIn(b"HTTP/1.1 2", self.all_that_comes(connection)[:12])
        self.assertEqual(self.server.report(self.cluster).status, 200)

    def test_bytes_one_by_one_are_read_as_well(self):
        """every way to cut a request into pieces, the end of an empty body too"""
        for body in (b"0\r\n\r\n", b"0\r\nabc\r\n\r\n", b"1\r\na\r\n0\r\nX: y\r\n\r\n", b"0"):
            connection = self.connect()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n".encode())
            for byte in body:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    break  # answered before the end
                self.assertEqual(self.server.get("/livez", "http.metrics_address").status, 200)
            self.assertIsNone(self.server.process.poll())

    def raw(self, target, *headers, method="GET", server=None):
        connection = self.connect(server)
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        connection.sendall((head + "".join(f"{line}\r\n" for line in headers) + "\r\n").encode())
        return read_answer(connection)

    def test_no_path_leads_to_a_file_of_the_machine(self):
        for target in ("/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd",
                       "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%5c..%5cetc%5cpasswd", "//etc/passwd",
                       "/assets//../../etc/passwd", "/%00/etc/passwd", "/etc/passwd%00.js",
                       "/%c0%ae%c0%ae/etc/passwd", "/....//....//etc/passwd"):
            with self.subTest(target=target):
                answer = self.raw(target)
                self.assertNotIn(b"root:", answer.body)
                self.assertLess(answer.status, 500)

    def test_no_header_is_made_of_what_was_sent(self):
        """line ends in paths and parameters do not become headers of the answer"""
        for target in ("/%0d%0aX-Evil:%201", f"{PUBLIC}cluster/%0d%0aX-Evil:1/reports",
                       f"{PUBLIC}//cluster%0d%0aX-Evil:1", "/a%0aX-Evil:1//b/"):
            with self.subTest(target=target):
                answer = self.raw(target)
                self.assertNotIn("x-evil", answer.headers)
        answer = self.raw("/", "X-Request-Id: a\tb", "X-Forwarded-Host: evil.example")
        self.assertNotIn("evil.example", str(answer.headers))

    def test_sql_in_parameters_is_only_text(self):
        for text in ("%27%20OR%20%271%27=%271", "1;DROP%20TABLE%20report", "%27)--"):
            for path in (f"{PUBLIC}cluster/{text}/reports",
                         f"{PUBLIC}rule/{text}%7C{text}/clusters_detail",
                         f"/api/insightd/v1/uploads/{text}"):
                with self.subTest(path=path):
                    self.assertIn(self.raw(path).status, range(400, 500))
        self.assertEqual(self.server.report(self.cluster).status, 200)

    def test_an_identity_of_ones_own_counts_for_nothing(self):
        """the header of a trusted proxy, sent by somebody else, changes nothing"""
        identity = base64.b64encode(json.dumps({"identity": {
            "org_id": "77", "internal": {"org_id": "77"}, "type": "User",
            "user": {"is_org_admin": True}}}).encode()).decode()
        path = f"{PUBLIC}cluster/{self.cluster}/reports"
        plain = self.raw(path)
        for headers in ([f"x-rh-identity: {identity}"],
                        [f"x-rh-identity: {identity}", "X-Forwarded-For: 127.0.0.1",
                         "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1"]):
            answer = self.raw(path, *headers)
            self.assertEqual((answer.status, answer.body), (plain.status, plain.body))

    def test_two_identities_are_none(self):
        """from a trusted proxy: refused as a malformed one, by API and upload, whichever is first"""
        one, other = (base64.b64encode(json.dumps({"identity": {
            "org_id": org, "internal": {"org_id": org}, "type": "User"}}).encode()).decode()
            for org in ("7", "8"))
        with Insightd(**{"identity.trusted_proxies": "127.0.0.1",
                         "identity.single_tenant": "false"}) as server:
            for method, path in (("GET", f"{PUBLIC}clusters"), ("POST", UPLOAD)):
                malformed = self.raw(path, "x-rh-identity: !", method=method, server=server)
                self.assertGreaterEqual(malformed.status, 400)
                for first, second in ((one, other), (other, one), (one, one), ("", one), (one, "")):
                    with self.subTest(path=path, first=first, second=second):
                        answer = self.raw(path, f"x-rh-identity: {first}",
                                          f"X-RH-Identity: {second}", method=method, server=server)
                        self.assertEqual(answer.status, malformed.status, answer)
            self.assertEqual(self.raw(f"{PUBLIC}clusters", f"x-rh-identity: {one}",
                                      server=server).status, 200)

    def test_no_secret_comes_into_the_log(self):
        """tokens, identities and cookies of a request are in no record, good or refused"""
        secret = "s3cr3t-" + new_cluster()
        boundary, body = chunked_form(archive(self.cluster))
        for cut in (body, body[:40] + b"0\r\n\r\n"):
            self.server.post(cut, {"Content-Type": f"multipart/form-data; boundary={boundary}",
                                   "Transfer-Encoding": "chunked",
                                   "Authorization": f"Bearer {secret}",
                                   "Cookie": f"session={secret}",
                                   "x-rh-identity": secret})
        self.raw(f"/nothing?token={secret}", f"Authorization: Bearer {secret}")
        self.raw(f"{PUBLIC}cluster/x/reports?X-Amz-Signature={secret}")
        self.assertFalse([r for r in list(self.server.records) if secret in json.dumps(r)])

    def test_figures_name_no_cluster(self):
        """whoever reads metrics and probes learns no cluster, organisation or name out of an archive"""
        name = "n4me-" + new_cluster()
        self.server.upload_and_await(archive(self.cluster, {"config/node/a.json": json.dumps(
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})}), self.cluster)
        self.server.upload_and_await(archive(None, version=name))  # a dead letter
        for path in ("/metrics", "/readyz", "/livez", "/healthz", "/", "/api/", PUBLIC + "clusters"):
            with self.subTest(path=path):
                body = self.server.get(path, "http.metrics_address").body.decode()
                self.assertNotIn(self.cluster, body)
                self.assertNotIn(name, body)
        self.assertIn("insightd_uploads_total",
                      self.server.get("/metrics", "http.metrics_address").body.decode())

    def test_the_door_of_metrics_leads_nowhere_else(self):
        """no report, no upload, nothing of the aggregator's API"""
        for path in (f"{PUBLIC}cluster/{self.cluster}/reports", "/api/v1/organizations",
                     f"/api/insightd/v1/clusters/{self.cluster}/outcomes", UPLOAD):
            with self.subTest(path=path):
                self.assertIn(self.server.get(path, "http.metrics_address").status, (404, 405))


class TheMachine(unittest.TestCase):
    def test_who_believes_everybody_listens_on_loopback_by_default(self):
        server = Insightd()
        del server.settings["http.aggregator_address"]
        printed = server.command("config", "print", check=0).stdout
        self.assertRegex(printed, r'(?m)^aggregator_address = "127\.0\.0\.1:\d+"$')
        shutil.rmtree(server.folder)

    @staticmethod
    def open_to_others(folder, allowed):
        """Files and folders below it on which others, or the group, have a right beyond `allowed`."""
        modes = {path: path.lstat().st_mode for path in pathlib.Path(folder).rglob("*")}
        return [f"{stat.filemode(mode)} {path}" for path, mode in modes.items()
                if stat.S_IMODE(mode) & ~allowed]

    def test_no_file_of_the_data_folder_is_anothers_to_read(self):
        """databases, their logs, archives, the socket: whatever the umask, running and stopped"""
        before = os.umask(0)
        try:
            with Insightd() as server:
                folder = pathlib.Path(server.settings["data_dir"])
                cluster = new_cluster()
                server.upload_and_await(archive(cluster), cluster)
                server.upload_and_await(archive(None))  # a dead letter, which keeps its archive
                there = {path.name for path in folder.iterdir()}
                self.assertLessEqual({"admin.sock", "bus.db", "bus.db-wal", "bus.db-shm", "store.db",
                                      "store.db-wal", "store.db-shm", "lock", "version"}, there)
                self.assertEqual(sum(path.is_file() for path in (folder / "blob").rglob("*")), 2)
                self.assertEqual(self.open_to_others(folder, 0o700), [])
                server.stop()
                self.assertEqual(self.open_to_others(folder, 0o700), [])
        finally:
            os.umask(before)

    def test_others_are_shut_out_of_databases_that_were_there(self):
        """of a version that made them for all to read, or restored so"""
        with Insightd() as server:
            server.stop()
            folder = pathlib.Path(server.settings["data_dir"])
            for name in ("bus.db", "store.db"):
                (folder / name).chmod(0o644)
            server.start()
            cluster = new_cluster()
            server.upload_and_await(archive(cluster), cluster)
            self.assertEqual(self.open_to_others(folder, 0o740), [])

    def test_others_cannot_enter_the_data_folder(self):
        """whatever the umask, and also where the folder was there before"""
        before = os.umask(0)
        try:
            with Insightd() as server:
                mode = stat.S_IMODE(os.stat(server.settings["data_dir"]).st_mode)
                self.assertEqual(mode & 0o007, 0, oct(mode))
                os.chmod(server.settings["data_dir"], 0o777)
                server.stop()
                server.start()
                mode = stat.S_IMODE(os.stat(server.settings["data_dir"]).st_mode)
                self.assertEqual(mode & 0o007, 0, oct(mode))
        finally:
            os.umask(before)

    @unittest.skipUnless(os.geteuid() == 0, "another user is tried by root alone")
    def test_an_unprivileged_user_is_enough(self):
        """the whole way, as nobody and without any capability"""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_user_"))
        try:
            binary = folder / "insightd"
            shutil.copy(BINARY, binary)
            binary.chmod(0o755)
            folder.chmod(0o711)
            home = folder / "home"
            home.mkdir()
            shutil.chown(home, "nobody", "nogroup")
            wrapper = folder / "run"
            wrapper.write_text("#!/bin/sh\nexec setpriv --reuid=nobody --regid=nogroup "
                               "--clear-groups --bounding-set=-all --no-new-privs "
                               f"{binary} \"$@\"\n")
            wrapper.chmod(0o755)
            cluster = new_cluster()
            with unittest.mock.patch("harness.BINARY", str(wrapper)), \
                    Insightd(folder=home) as server:
                end = server.upload_and_await(archive(cluster), cluster)
                self.assertEqual(end["end"], "stored")
                status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
                self.assertRegex(status, r"CapEff:\s+0000000000000000")
                self.assertEqual(server.stop(), 0)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
