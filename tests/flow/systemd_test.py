"""What a process tells systemd: ready when it is, alive while it is, stopping when asked to."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from harness import BINARY, WAIT_S_MAX


class Notified(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.folder / "notify"))
        self.socket.settimeout(WAIT_S_MAX)

    def start(self, **variables):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        addresses = {f"INSIGHTD__HTTP__{name}ADDRESS": "127.0.0.1:0"
                     for name in ("", "METRICS_", "AGGREGATOR_")}
        process = subprocess.Popen(
            [BINARY, "all"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**kept, **addresses, "INSIGHTD__DATA_DIR": str(self.folder / "data"),
                 "NOTIFY_SOCKET": str(self.folder / "notify"), **variables})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def told(self, wanted):
        """The first datagram that has this line."""
        until = time.monotonic() + WAIT_S_MAX
        while time.monotonic() < until:
            lines = self.socket.recv(4096).decode().splitlines()
            if wanted in lines:
                return lines
        self.fail(f"not told: {wanted}")

    def test_it_is_ready_alive_and_stopping(self):
        process = self.start(WATCHDOG_USEC="400000")
        ready = self.told("READY=1")
        self.assertTrue(any(line.startswith("STATUS=ready") for line in ready), ready)
        for _ in range(3):
            self.told("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        self.told("STOPPING=1")
        self.assertEqual(process.wait(WAIT_S_MAX), 0)

    def test_it_answers_on_a_socket_that_was_handed_over(self):
        """as from a socket unit: the client that came first is answered once it is ready"""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname(), timeout=WAIT_S_MAX)
        self.addCleanup(client.close)
        client.sendall(b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        start = ("import os, sys; os.dup2(int(sys.argv[1]), 3); "
                 "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        process = subprocess.Popen(
            [sys.executable, "-c", start, str(listener.fileno()), BINARY, "all"],
            pass_fds=[listener.fileno()],
            close_fds=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**kept, "INSIGHTD__HTTP__ADDRESS": "127.0.0.1:1",
                 "INSIGHTD__HTTP__METRICS_ADDRESS": "127.0.0.1:0",
                 "INSIGHTD__HTTP__AGGREGATOR_ADDRESS": "127.0.0.1:0",
                 "INSIGHTD__DATA_DIR": str(self.folder / "data"),
                 "LISTEN_FDS": "1", "LISTEN_FDNAMES": "public"})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        answer = client.recv(4096).decode()
        self.assertRegex(answer, r"^HTTP/1\.1 [0-9]{3} ")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(WAIT_S_MAX), 0)


if __name__ == "__main__":
    unittest.main()
