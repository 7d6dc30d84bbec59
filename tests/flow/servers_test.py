"""The servers that other tests stand on: they start, keep their data, and never outlive a test."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

import s3_server  # noqa: E402
import servers  # noqa: E402
from proxy import Proxy, control  # noqa: E402
from servers import S3, Kafka, Postgres, ServerError, start_all  # noqa: E402

COMMAND = ROOT / "tools" / "servers" / "servers.py"


def wait_until(ask, seconds=20):
    end = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > end:
            raise AssertionError("it did not come")
        time.sleep(0.01)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def kcat(kafka, *words, data=None):
    return subprocess.run(["kcat", "-b", kafka.brokers, *words], input=data, capture_output=True,
                          timeout=30, check=True).stdout


class ServersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka, cls.s3, cls.postgres = Kafka(), S3(), Postgres()
        cls.all = [cls.kafka, cls.s3, cls.postgres]
        for server in cls.all:
            cls.addClassCleanup(server.end)
        start_all(cls.all)

    def test_kafka_keeps_its_records_when_it_is_killed(self):
        self.kafka.create_topics("kept", partitions=3)
        self.assertEqual(self.kafka.topics()["kept"], 3)
        kcat(self.kafka, "-P", "-t", "kept", "-p", "1", data=b"one\ntwo\n")
        self.kafka.restart(clean=False)
        self.assertEqual(kcat(self.kafka, "-C", "-t", "kept", "-e", "-q"), b"one\ntwo\n")
        self.assertEqual(self.kafka.records("kept", 3), 2)
        self.assertEqual(self.kafka.lag("nobody", "kept", 3), 2)

    def test_s3_refuses_a_wrong_signature_and_keeps_its_objects(self):
        self.s3.create_bucket("bucket")
        self.assertEqual(self.s3.request("PUT", "/bucket/a key+ü", b"data")[0], 200)
        self.s3.restart(clean=False)
        self.assertEqual(self.s3.request("GET", "/bucket/a key+ü"), (200, b"data"))
        self.assertEqual(self.s3.keys("bucket"), ["a key+ü"])
        url, headers = s3_server.signed(self.s3.endpoint, "GET", "/bucket/a key+ü", secret="wrong")
        status = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url,
             *(word for item in headers.items() for word in ("-H", ": ".join(item)))],
            capture_output=True, text=True, check=True).stdout
        self.assertEqual(status, "403")

    def test_postgres_keeps_what_it_acknowledged_when_it_is_killed(self):
        self.postgres.create_database("kept")
        self.postgres.sql("create table t as select 7 as n", "kept")
        self.postgres.restart(clean=False)
        self.assertEqual(self.postgres.sql("select n from t", "kept"), "7")

    def test_a_server_that_cannot_start_says_why(self):
        broken = Postgres(settings={"no_such_setting": 1})
        self.addCleanup(broken.end)
        with self.assertRaisesRegex(ServerError, "no_such_setting"):
            broken.start()


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.env = pathlib.Path(folder.name) / "env"

    def start(self, *wrap):
        process = subprocess.Popen([*wrap, str(COMMAND), "run", "--env", str(self.env),
                                    "postgres"], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(self.env.exists)
        return process, servers.read_environment(self.env)

    def test_the_servers_end_with_the_command(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            process, lines = self.start()
            self.assertTrue(is_open(int(lines["POSTGRES_PORT"])))
            process.send_signal(number)
            process.wait()
            wait_until(lambda: not is_open(int(lines["POSTGRES_PORT"])))
            if number == signal.SIGTERM:
                self.assertFalse(pathlib.Path(lines["FOLDER"]).exists())
            else:
                subprocess.run(["rm", "-rf", lines["FOLDER"]], check=True)
            self.env.unlink(missing_ok=True)

    def test_the_servers_end_when_the_parent_is_killed(self):
        # The shell is the parent; `true` keeps it from becoming the command.
        process, lines = self.start("sh", "-c", '"$@"; true', "sh")
        process.kill()
        wait_until(lambda: not is_open(int(lines["POSTGRES_PORT"])))
        wait_until(lambda: not pathlib.Path(lines["FOLDER"]).exists())

    def test_servers_in_the_background_end_with_their_last_user(self):
        first, second = (subprocess.Popen(["sleep", "600"]) for _ in range(2))
        for process in (first, second):
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.assertEqual(servers.up(self.env, ["postgres"], first.pid), 0)
        lines = servers.read_environment(self.env)
        self.assertEqual(servers.up(self.env, ["postgres"], second.pid), 0)
        self.assertEqual(servers.read_environment(self.env), lines)
        first.kill()
        first.wait()
        servers.down(self.env, os.getpid())
        self.assertTrue(is_open(int(lines["POSTGRES_PORT"])))
        second.kill()
        second.wait()
        wait_until(lambda: not is_open(int(lines["POSTGRES_PORT"])))
        wait_until(lambda: not self.env.exists())

    def test_a_wrong_word_is_a_usage_mistake(self):
        done = subprocess.run([str(COMMAND), "run", "--env", str(self.env), "mysql"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("mysql", done.stderr)


class Echo:
    """Answers each connection with what it is sent."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(client,), daemon=True).start()

    @staticmethod
    def _echo(client):
        with client:
            try:
                while data := client.recv(65536):
                    client.sendall(data)
            except OSError:
                pass


class ProxyTest(unittest.TestCase):
    def setUp(self):
        echo = Echo()
        self.addCleanup(echo.server.close)
        self.proxy = Proxy(("127.0.0.1", echo.port)).start()
        self.addCleanup(self.proxy.end)

    def connect(self):
        client = socket.create_connection(("127.0.0.1", self.proxy.port), timeout=5)
        self.addCleanup(client.close)
        return client

    def echo(self, client, data=b"hello"):
        """What comes back before the connection is closed."""
        answer = b""
        try:
            client.sendall(data)
            while len(answer) < len(data):
                part = client.recv(65536)
                if not part:
                    break
                answer += part
        except ConnectionError:
            pass
        return answer

    def test_it_passes_all_through(self):
        data = os.urandom(3_000_000)
        client = self.connect()
        threading.Thread(target=client.sendall, args=(data,), daemon=True).start()
        answer = b""
        while len(answer) < len(data):
            answer += client.recv(1 << 20)
        self.assertEqual(answer, data)

    def test_refuse_closes_open_and_new_connections_until_pass(self):
        client = self.connect()
        self.assertEqual(self.echo(client), b"hello")
        self.proxy.refuse()
        self.assertEqual(client.recv(1), b"")
        self.assertEqual(self.echo(self.connect()), b"")
        self.proxy.pass_()
        self.assertEqual(self.echo(self.connect()), b"hello")

    def test_frozen_data_follows_on_pass(self):
        client = self.connect()
        self.assertEqual(self.echo(client), b"hello")
        self.proxy.freeze()
        client.sendall(b"late")
        client.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            client.recv(4)
        new = self.connect()
        client.settimeout(5)
        self.proxy.pass_()
        self.assertEqual(client.recv(4), b"late")
        self.assertEqual(self.echo(new), b"hello")

    def test_cut_ends_a_connection_in_the_middle_of_an_answer(self):
        self.proxy.cut(3)
        client = self.connect()
        self.assertEqual(self.echo(client), b"hel")

    def test_rst_resets(self):
        client = self.connect()
        self.assertEqual(self.echo(client), b"hello")
        self.proxy.rst()
        with self.assertRaises(ConnectionResetError):
            client.recv(1)

    def test_delay_and_rate_slow_it_down(self):
        client = self.connect()
        for word, data in (("delay 100", b"x"), ("rate 10000", b"x" * 1000)):
            self.assertEqual(control(self.proxy, word), "ok")
            begun = time.monotonic()
            self.assertEqual(self.echo(client, data), data)
            self.assertGreaterEqual(time.monotonic() - begun, 0.19)

    def test_the_control_port_says_what_it_takes(self):
        self.assertIn("delay NUMBER", control(self.proxy, "delay"))
        self.assertIn("freeze", control(self.proxy, "what"))
        self.assertIn("not a number", control(self.proxy, "cut x"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
