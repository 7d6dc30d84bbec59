"""HTTP/1.1 over a plain socket: what is given goes out byte by byte, nothing is made nicer."""
import socket

TIMEOUT_S = 20
HEAD_BYTES_MAX = 64 * 1024


class Answer:
    """`headers` by name in small letters; the values of a name that comes twice are in `all`."""

    def __init__(self, status, lines, body):
        self.status, self.body = status, body
        self.all = [(name.lower(), value) for name, value in lines]
        self.headers = dict(self.all)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"


class Connection:
    """One connection; use as a context."""

    def __init__(self, port, timeout_s=TIMEOUT_S):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False where the other side has closed already; what it said can still be read."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def more(self):
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            part = b""
        self.received += part
        return bool(part)

    def answer(self, method="GET"):
        """The next answer, or None: the connection has ended without one."""
        while b"\r\n\r\n" not in self.received:
            if len(self.received) > HEAD_BYTES_MAX:
                raise AssertionError(f"a head without end: {self.received[:200]!r}")
            if not self.more():
                if self.received:
                    raise AssertionError(f"half an answer: {self.received[:200]!r}")
                return None
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        lines = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
        headers = {name.lower(): value for name, value in lines}
        status = int(first.split(" ")[1])
        if method == "HEAD" or status in (204, 304) or status < 200:
            body = b""
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            body = self.chunks()
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            while self.more():
                pass
            body, self.received = self.received, b""
        return Answer(status, lines, body)

    def take(self, size):
        while len(self.received) < size:
            if not self.more():
                raise AssertionError(f"the body ends after {len(self.received)} of {size} bytes")
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.received:
                if not self.more():
                    raise AssertionError("a chunked body without end")
            line, _, self.received = self.received.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += self.take(size)
            self.take(2)
            if size == 0:
                return body


def request(port, method, target, headers=(), body=None, chunked=False):
    """One request on a connection of its own. `body` None: no length is told."""
    lines = [f"{method} {target} HTTP/1.1", "Host: insightd", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    data = b""
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        half = (len(body) + 1) // 2
        data = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                        for part in (body[:half], body[half:]) if part) + b"0\r\n\r\n"
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
        data = body
    with Connection(port) as connection:
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return connection.answer(method)
