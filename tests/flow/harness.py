"""Runs the built binary on a folder of its own and talks to it through its public doors only.

For the flow and fault tests: Python's standard library, no fixed ports, no sleeps but while asking
again for something that has to come. The binary is $INSIGHTD_BINARY.
"""
import gzip
import io
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import uuid
import zlib

BINARY = os.environ.get("INSIGHTD_BINARY", "build/release/insightd")
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = pathlib.Path(os.environ.get("INSIGHTD_TEST_DATA", ROOT.parent / "shared" / "data"))

PUBLIC = "/api/insights-results-aggregator/v2/"
UPLOAD = "/api/ingress/v1/upload"
TYPE = "application/vnd.redhat.openshift.periodic"
WAIT_S_MAX = 20


def archive(cluster=None, files=None, modified=1_700_000_000, version="4.16.3"):
    """A gzipped tar of a small cluster; `files` are added by name."""
    members = {"config/version.json": json.dumps({
        "spec": {"clusterID": cluster or ""},
        "status": {"desired": {"version": version},
                   "history": [{"state": "Completed", "version": version}]}})}
    if cluster:
        members["config/id"] = cluster
    members.update(files or {})
    return pack(members, modified)


def pack(members, modified=1_700_000_000):
    """A gzipped tar of these texts by name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in members.items():
            data = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), modified, 0o640
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), 6)


def bomb(unpacked_bytes, member_bytes=None, name="config/id"):
    """A gzipped tar of members that are all zeros, without ever holding it: one, whose header says
    what is to come, or such of `member_bytes` (whole MiB), with their number in the `name`.

    A flushed block of deflate does not depend on what came before, so one block is repeated.
    """
    member_bytes = member_bytes or unpacked_bytes
    block_bytes = min(member_bytes, 64 << 20)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(1 << 20)
    block = b"".join(compressor.compress(zeros) for _ in range(block_bytes >> 20))
    block += compressor.flush(zlib.Z_FULL_FLUSH)
    data = block * (member_bytes // block_bytes)
    body = b"".join(_bomb_header(name.format(i), member_bytes) + data
                    for i in range(unpacked_bytes // member_bytes))
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + body + b"\x03\x00" + bytes(8)


def _bomb_header(name, member_bytes):
    """A tar header as a flushed block of deflate."""
    header = bytearray(512)
    header[0:len(name)] = name.encode()
    header[100:108] = b"0000640\0"
    # The size in base 256, since it is more than eleven octal digits hold.
    header[124:136] = b"\x80" + bytes(3) + struct.pack(">Q", member_bytes)
    header[136:148] = b"00000000000\0"
    header[156:157] = b"0"
    header[257:265] = b"ustar\00000"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(bytes(header)) + compressor.flush(zlib.Z_FULL_FLUSH)


def new_cluster():
    return str(uuid.uuid4())


def sample(name):
    """Bytes of a sample archive; skips the test where there are none."""
    path = DATA / "archives" / name
    if not path.exists():
        raise unittest.SkipTest(f"no sample archive {path}")
    return path.read_bytes()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def chunked_form(data, content_type=TYPE, field="file", metadata=None, chunk=64 * 1024):
    """The operator's body: multipart in chunks, no length announced."""
    boundary = b"b0undary" + uuid.uuid4().hex.encode()
    form = (b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + field.encode() +
            b'"; filename="payload.tar.gz"\r\nContent-Type: ' + content_type.encode() +
            b"\r\n\r\n" + data)
    if metadata is not None:
        form += (b"\r\n--" + boundary + b'\r\nContent-Disposition: form-data; name="metadata"; '
                 b'filename="metadata.json"\r\nContent-Type: application/octet-stream\r\n\r\n' +
                 json.dumps(metadata).encode())
    form += b"\r\n--" + boundary + b"--\r\n"
    chunks = [form[i:i + chunk] for i in range(0, len(form), chunk)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in chunks) + b"0\r\n\r\n"
    return boundary.decode(), body


class Doors:
    """What can be done with an installation from outside. Gives: `ports` by setting."""

    @property
    def port(self):
        return self.ports["http.address"]

    def get(self, path, listener="http.address"):
        url = f"http://127.0.0.1:{self.ports[listener]}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def post(self, body, headers):
        """One request over a plain socket, as the operator sends it; the answer."""
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: insightd\r\nConnection: close\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            try:
                connection.sendall(head.encode() + body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all was sent; the answer says why
            return read_answer(connection)

    def upload(self, data, cluster=None, **form):
        boundary, body = chunked_form(data, **form)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}",
                   "Transfer-Encoding": "chunked",
                   "User-Agent": "insights-operator/4.16.3-abc" +
                                 (f" cluster/{cluster}" if cluster else "")}
        return self.post(body, headers)

    def report(self, cluster):
        return self.get(f"{PUBLIC}cluster/{cluster}/reports")

    def end_of(self, request_id):
        """How the upload ended, or None while it is on its way."""
        answer = self.get(f"/api/insightd/v1/uploads/{request_id}")
        return answer.json()["upload"] if answer.status == 200 else None

    def await_end(self, request_id):
        return wait_for(lambda: self.end_of(request_id), f"the end of upload {request_id}")

    def upload_and_await(self, data, cluster=None, **form):
        answer = self.upload(data, cluster, **form)
        if answer.status not in (201, 202):
            raise AssertionError(f"upload was answered {answer}")
        return self.await_end(answer.json()["request_id"])


class RoleDoors(Doors):
    """Those of one role of a deployment (tools/servers/deployment.py)."""

    def __init__(self, role):
        self.ports = role.ports


class Insightd(Doors):
    """One `insightd all`. Use as a context; `settings` are keys of the settings file.

    Its log records are in `records`, unless they go to `log_file`, which is for load.
    """
    role = "all"

    def __init__(self, folder=None, log_file=None, **settings):
        self.own_folder = folder is None
        self.log_file = log_file
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="insightd_test_"))
        self.settings = {"http.address": "127.0.0.1:0", "http.metrics_address": "127.0.0.1:0",
                         "http.aggregator_address": "127.0.0.1:0", "blob.free_bytes_min": 0,
                         "data_dir": str(self.folder / "data"), **settings}
        self.process = None
        self.records = []
        self.ports = {}

    def environment(self):
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("INSIGHTD")}
        for key, value in self.settings.items():
            environment["INSIGHTD__" + key.upper().replace(".", "__")] = str(value)
        return environment

    def command(self, *words, check=None, given=None):
        """Runs another command of the binary with the same settings; it may read what is given."""
        done = subprocess.run([BINARY, *words], env=self.environment(), capture_output=True,
                              text=True, timeout=60, input=given)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done

    def start(self):
        self.ports = {}
        out = open(self.log_file, "wb") if self.log_file else subprocess.PIPE
        self.process = subprocess.Popen([BINARY, self.role], env=self.environment(),
                                        stdin=subprocess.DEVNULL, stdout=out,
                                        stderr=subprocess.PIPE)
        lines = queue.Queue()
        if self.log_file:
            out.close()
            self.reader = threading.Thread(target=self._follow, args=(lines,))
        else:
            self.reader = threading.Thread(target=self._read, args=(self.process.stdout, lines))
        self.reader.start()
        try:
            self._await_started(lines)
        except BaseException:
            self.kill()
            raise
        return self

    def _await_started(self, lines):
        while True:
            try:
                record = lines.get(timeout=WAIT_S_MAX)
            except queue.Empty:
                raise AssertionError(f"insightd is not ready after {WAIT_S_MAX} s") from None
            if record is None:
                error = self.process.stderr.read().decode()
                self._ended()
                raise AssertionError(f"insightd ended with {self.process.returncode}: {error}")
            if record.get("msg") == "listening":
                self.ports[record["setting"]] = record["port"]
            if record.get("event") == "process.started":
                return

    def _follow(self, lines):
        """Reads the log file until the start is told; what comes then is nobody's to read."""
        with open(self.log_file, "rb") as stream:
            while True:
                line = stream.readline()
                if line.endswith(b"\n"):
                    record = json.loads(line)
                    lines.put(record)
                    if record.get("event") == "process.started":
                        return
                elif self.process.poll() is not None:
                    lines.put(None)
                    return
                else:
                    time.sleep(0.002)

    def _read(self, stream, lines):
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"unreadable": line}
            self.records.append(record)
            lines.put(record)
        lines.put(None)

    def _ended(self):
        self.process.wait(timeout=WAIT_S_MAX)
        self.reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        self.process.stderr.close()

    def stop(self, signal_number=signal.SIGTERM):
        """Ends the process; gives its exit code."""
        if self.process is None or self.process.returncode is not None:
            return None
        self.process.send_signal(signal_number)
        self._ended()
        return self.process.returncode

    def kill(self):
        return self.stop(signal.SIGKILL)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def letters(self):
        done = self.command("dead-letters", "list", "--json", "--limit", "1000000", check=0)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def events(self, name):
        return [record for record in list(self.records) if record.get("event") == name]


def read_answer(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("the connection ended without an answer")
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in
               (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        part = connection.recv(65536)
        if not part:
            break
        body += part
    return Answer(int(lines[0].split()[1]), headers, body)


def wait_for(ask, what, seconds=WAIT_S_MAX):
    """Asks again until the answer is true."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.005)


def main():
    unittest.main(verbosity=2)
