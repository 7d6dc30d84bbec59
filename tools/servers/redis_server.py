"""A Redis server (Debian's) for tests: see class Redis."""
import os
import pathlib
import socket

from process import Server, ServerError, free_port

BINARY = pathlib.Path("/usr/bin/redis-server")
PASSWORD = "redis-password"


class Redis(Server):
    """`ask` sends one command to database 0 and gives its answer; `address` is host:port.

    It asks for PASSWORD, and keeps what it acknowledged when it is stopped or killed.
    """
    name = "redis"

    def __init__(self, folder=None, data=None, secure=True, tls=None):
        super().__init__(folder, data)
        self.port = free_port()
        self.secure = secure
        self.tls = tls

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def prepare(self):
        if not BINARY.exists():
            raise ServerError(f"{BINARY} is not there; `tools/install.sh servers` installs it")
        self.data.mkdir(parents=True, exist_ok=True)

    def command(self):
        words = [BINARY, "--bind", "127.0.0.1", "--port", self.port, "--dir", self.data,
                 "--appendonly", "yes", "--appendfsync", "no", "--save", "",
                 "--daemonize", "no"]
        return [*words, "--requirepass", PASSWORD] if self.secure else words

    def environment(self):
        return {**os.environ, "LC_ALL": "C"}

    def is_ready(self):
        try:
            return self.ask("PING") == "PONG"
        except (OSError, ServerError):
            return False

    def ask(self, *words, database=0):
        """One command: a text, a number, a list, None. ServerError for an error."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            with connection.makefile("rwb") as stream:
                if self.secure:
                    _send(stream, "AUTH", PASSWORD)
                    _read(stream)
                _send(stream, "SELECT", str(database))
                _read(stream)
                _send(stream, *map(str, words))
                return _read(stream)


def _send(stream, *words):
    stream.write(f"*{len(words)}\r\n".encode())
    for word in words:
        data = word.encode()
        stream.write(b"$%d\r\n%s\r\n" % (len(data), data))
    stream.flush()


def _read(stream):
    line = stream.readline().rstrip(b"\r\n")
    if not line:
        raise OSError("the connection was closed")
    kind, rest = line[:1], line[1:].decode()
    if kind == b"-":
        raise ServerError(rest)
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"$":
        size = int(rest)
        return None if size < 0 else stream.read(size + 2)[:-2].decode()
    return [_read(stream) for _ in range(int(rest))]
