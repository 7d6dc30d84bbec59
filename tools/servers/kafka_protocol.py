"""The few requests of Kafka's protocol that tests need: is the broker there, make a topic, where
does a topic end, what has a group done. Everything else goes through the product or kcat.

One connection a request; errors are KafkaError or OSError.
"""
import socket
import struct

LIST_OFFSETS, METADATA, OFFSET_FETCH, FIND_COORDINATOR, CREATE_TOPICS = 2, 3, 9, 10, 19
CREATE_ACLS = 30
TOPIC_EXISTS = 36
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}
RESOURCES = {"topic": 2, "group": 3}
LITERAL = ALLOW = 3


class KafkaError(RuntimeError):
    pass


def _text(value):
    data = value.encode()
    return struct.pack(">h", len(data)) + data


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        size = struct.calcsize(">" + form)
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += size
        return value

    def text(self):
        size = self.number("h")
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def list(self, read):
        return [read() for _ in range(max(0, self.number("i")))]


def _ask(port, key, version, body, timeout_s):
    request = struct.pack(">hhi", key, version, 1) + _text("insightd_test") + body
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = b""
        while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
            part = connection.recv(1 << 20)
            if not part:
                raise KafkaError("the broker closed the connection")
            answer += part
    return _Reader(answer[8:])


def metadata(port, timeout_s=1):
    """(brokers, controller, {topic: number of partitions}) as the broker on this port knows it."""
    answer = _ask(port, METADATA, 4, struct.pack(">ib", -1, 0), timeout_s)
    answer.number("i")

    def broker():
        found = answer.number("i"), answer.text(), answer.number("i")
        answer.text()
        return found

    def partition():
        answer.number("h"), answer.number("i"), answer.number("i")
        answer.list(lambda: answer.number("i")), answer.list(lambda: answer.number("i"))

    def topic():
        answer.number("h")
        name = answer.text()
        answer.number("b")
        return name, len(answer.list(partition))

    brokers = answer.list(broker)
    answer.text()
    controller = answer.number("i")
    return brokers, controller, dict(answer.list(topic))


def has_coordinator(port, group="none", timeout_s=2):
    """Whether the broker is ready for consumer groups; the first question makes it so, soon."""
    answer = _ask(port, FIND_COORDINATOR, 1, _text(group) + struct.pack(">b", 0), timeout_s)
    answer.number("i")
    return answer.number("h") == 0


def create_topics(port, topics, settings=None, timeout_s=30):
    """Makes topics: {name: partitions}; one that exists is left as it is."""
    body = struct.pack(">i", len(topics))
    for name, partitions in topics.items():
        body += _text(name) + struct.pack(">ihi", partitions, 1, 0)
        body += struct.pack(">i", len(settings or {}))
        for key, value in (settings or {}).items():
            body += _text(key) + _text(str(value))
    answer = _ask(port, CREATE_TOPICS, 2, body + struct.pack(">ib", timeout_s * 1000, 0), timeout_s)
    answer.number("i")
    for name, error, text in answer.list(
            lambda: (answer.text(), answer.number("h"), answer.text())):
        if error not in (0, TOPIC_EXISTS):
            raise KafkaError(f"topic {name}: {error} {text}")


def allow(port, user, operation, kind, name="*", timeout_s=10):
    """Lets a user of the brokers' own authorizer do one of OPERATIONS; `kind` is one of RESOURCES."""
    body = struct.pack(">ib", 1, RESOURCES[kind]) + _text(name) + struct.pack(">b", LITERAL)
    body += _text(f"User:{user}") + _text("*") + struct.pack(">bb", OPERATIONS[operation], ALLOW)
    answer = _ask(port, CREATE_ACLS, 1, body, timeout_s)
    answer.number("i")
    for error, text in answer.list(lambda: (answer.number("h"), answer.text())):
        if error:
            raise KafkaError(f"{operation} of {kind} {name}: {error} {text}")


def end_offsets(port, topic, partitions, timeout_s=5):
    """The offset after the last record, by partition."""
    body = struct.pack(">ibi", -1, 0, 1) + _text(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iq", partition, -1) for partition in range(partitions))
    answer = _ask(port, LIST_OFFSETS, 2, body, timeout_s)
    answer.number("i")
    ends = {}

    def partition():
        number, error = answer.number("i"), answer.number("h")
        answer.number("q")
        offset = answer.number("q")
        if error:
            raise KafkaError(f"{topic}[{number}]: error {error}")
        ends[number] = offset

    answer.list(lambda: (answer.text(), answer.list(partition)))
    return ends


def committed_offsets(port, group, topic, partitions, timeout_s=5):
    """What the group has stored, by partition; -1 where nothing is."""
    body = _text(group) + struct.pack(">i", 1) + _text(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">i", partition) for partition in range(partitions))
    answer = _ask(port, OFFSET_FETCH, 2, body, timeout_s)
    offsets = {}

    def partition():
        number, offset = answer.number("i"), answer.number("q")
        answer.text(), answer.number("h")
        offsets[number] = offset

    answer.list(lambda: (answer.text(), answer.list(partition)))
    error = answer.number("h")
    if error:
        raise KafkaError(f"group {group}: error {error}")
    return offsets
