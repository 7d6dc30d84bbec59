#!/usr/bin/env python3
"""Many connections, slow ones and idle ones, and TLS, at the listener of the aggregator's API."""
import json
import pathlib
import re
import resource
import socket
import ssl
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "servers"))

import certificates  # noqa: E402
from harness import Insightd, main, read_answer  # noqa: E402

LISTENER = "http.aggregator_address"
CLUSTERS = b"GET /api/v1/organizations/1/clusters HTTP/1.1\r\nHost: x\r\n\r\n"
# A head of its own that does not end.
SLOW = b"GET /api/v1/organizations/1/clusters HTTP/1.1\r\nHost: x\r\nX-Slow: "
# A body of its own that does not end.
BODY = (b"POST /api/v1/recommendations/organizations/1/users/1/list HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 4000\r\n\r\n[")
MANY = 3_000
# With what the allocator keeps; about 5 KiB are measured.
CONNECTION_BYTES_MAX = 12 << 10
SLOW_MS = 1_500
WAIT_S = 20


def resident_bytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


class ManyConnections(unittest.TestCase):
    def setUp(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limits[1] < 3 * MANY:
            self.skipTest(f"a process here may have {limits[1]} open files, {3 * MANY} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))

    def start(self, **settings):
        server = Insightd(**{name.replace("__", "."): value for name, value in settings.items()})
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def connect(self, server):
        connection = socket.create_connection(("127.0.0.1", server.ports[LISTENER]),
                                              timeout=WAIT_S)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, request=CLUSTERS):
        connection.sendall(request)
        return read_answer(connection)

    def test_thousands_of_idle_ones_cost_little(self):
        """each some KiB, whether silent, asked before, or in the middle of a head"""
        server = self.start(http__connections_max=2 * MANY, http__head_time_ms_max=60_000)
        warm = [self.connect(server) for _ in range(200)]
        for connection in warm:
            self.assertEqual(self.ask(connection).status, 200)
        before = resident_bytes(server)
        idle = [self.connect(server) for _ in range(MANY)]
        for connection in idle:
            self.assertEqual(self.ask(connection).status, 200)
        for connection in idle:
            connection.sendall(SLOW)
        self.assertEqual(self.ask(warm[0]).status, 200)
        each = (resident_bytes(server) - before) / MANY
        print(f"{each:.0f} bytes a connection")
        self.assertLess(each, CONNECTION_BYTES_MAX)

    def test_slow_senders_are_ended(self):
        server = self.start(http__connections_max=2 * MANY, http__head_time_ms_max=SLOW_MS,
                            http__body_window_ms=SLOW_MS)
        slow = [self.connect(server) for _ in range(500)]
        for i, connection in enumerate(slow):
            connection.sendall(SLOW if i % 2 else BODY)
        self.assertEqual(self.ask(self.connect(server)).status, 200)
        for connection in slow:
            self.assertEqual(read_answer(connection).status, 408)

    def test_a_path_may_name_many_clusters(self):
        """a thousand by default; a head over the limit is told the setting"""
        def asking_for(clusters):
            path = ",".join(f"{i:08d}-0000-4000-8000-000000000000" for i in range(clusters))
            return (f"GET /api/v1/organizations/1/clusters/{path}/reports HTTP/1.1\r\n"
                    "Host: x\r\n\r\n").encode()

        server = self.start()
        self.assertEqual(self.ask(self.connect(server), asking_for(1000)).status, 200)
        server = self.start(http__head_bytes_max=4096)
        self.assertEqual(self.ask(self.connect(server), asking_for(100)).status, 200)
        answer = self.ask(self.connect(server), asking_for(120))
        self.assertEqual(answer.status, 431)
        self.assertIn("http.head_bytes_max", json.loads(answer.body)["status"])

    def test_where_none_is_idle_who_comes_is_told(self):
        server = self.start(http__connections_max=8, http__body_window_ms=60_000)
        busy = [self.connect(server) for _ in range(8)]
        for connection in busy:
            connection.sendall(BODY)
        answer = self.await_answer(server, 503)
        self.assertEqual(answer.headers["retry-after"], "1")
        self.assertIn("http.connections_max", json.loads(answer.body)["status"])
        busy[0].close()
        self.await_answer(server, 200)

    def test_more_requests_than_may_be_under_way(self):
        server = self.start(http__requests_max=2, http__body_window_ms=60_000)
        busy = [self.connect(server) for _ in range(2)]
        for connection in busy:
            connection.sendall(BODY)
        answer = self.await_answer(server, 503)
        self.assertEqual(answer.headers["retry-after"], "1")
        self.assertIn("http.requests_max", json.loads(answer.body)["status"])
        busy[0].close()
        self.await_answer(server, 200)

    def await_answer(self, server, status):
        """Asks until it is answered so: the server reads the others when it can."""
        until = time.monotonic() + WAIT_S
        while (answer := self.ask(self.connect(server))).status != status:
            self.assertLess(time.monotonic(), until, answer)
        return answer

    def test_a_body_over_the_limit(self):
        server = self.start(aggregator__body_bytes_max=2_000)
        answer = self.ask(self.connect(server), BODY)
        self.assertEqual(answer.status, 413)
        self.assertIn("2000 bytes", json.loads(answer.body)["status"])


class Tls(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.files = certificates.make(pathlib.Path(self.folder.name) / "certificates")

    def ask(self, server, client=True):
        context = ssl.create_default_context(cafile=self.files / "ca.pem")
        if client:
            context.load_cert_chain(self.files / "client.pem", self.files / "client.key")
        with socket.create_connection(("127.0.0.1", server.ports[LISTENER]),
                                      timeout=WAIT_S) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.sendall(CLUSTERS)
            return read_answer(connection)

    def test_the_aggregator_over_tls(self):
        with Insightd(**{"http.aggregator_cert_file": self.files / "server.pem",
                         "http.aggregator_key_file": self.files / "server.key"}) as server:
            self.assertEqual(self.ask(server, client=False).status, 200)

    def test_only_clients_with_a_certificate(self):
        with Insightd(**{"http.aggregator_cert_file": self.files / "server.pem",
                         "http.aggregator_key_file": self.files / "server.key",
                         "http.aggregator_client_ca_file": self.files / "ca.pem"}) as server:
            self.assertEqual(self.ask(server).status, 200)
            with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
                self.ask(server, client=False)

    def test_a_file_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(AssertionError, "http.aggregator_cert_file /nowhere"):
            Insightd(**{"http.aggregator_cert_file": "/nowhere",
                        "http.aggregator_key_file": "/nowhere"}).start()


if __name__ == "__main__":
    main()
