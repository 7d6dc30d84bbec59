"""A Kafka broker in KRaft mode, alone, for tests: see class Kafka."""
import hashlib
import shutil
import subprocess
import time

import certificates
import kafka_protocol
from jars import cache, java, jars, once
from process import Server, ServerError, free_port

CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
# What upstream's brokers take.
MESSAGE_BYTES_MAX = 20_000_000
USER, PASSWORD = "insightd", "kafka-password"

LOG4J = """log4j.rootLogger=WARN, out
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c: %m%n
"""


class Kafka(Server):
    """`brokers` is its address. Topics are not made by using them: `create_topics`.

    advertised_port: a second listener, `proxied_port`, tells its clients that the broker is at this
    port: where a proxy stands. `brokers` stays direct.
    secure: listeners with SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; USER, PASSWORD), TLS, both, and
    TLS with a certificate of the client: `sasl_port`, `tls_port`, `sasl_tls_port`, `cert_port`; the
    authority is `folder/tls/ca.pem`. librdkafka before 2.6.1 (Debian 12 has 2.0.2) cannot do SCRAM
    with brokers of 4.x, which check the whole nonce: OldKafka is one that it can do it with.
    settings: more lines of server.properties.
    """
    name = "kafka"

    def __init__(self, folder=None, data=None, advertised_port=None, secure=False, partitions=1,
                 message_bytes_max=MESSAGE_BYTES_MAX, settings=None, tls=None):
        super().__init__(folder, data)
        self.port, self.controller_port = free_port(), free_port()
        self.advertised_port = advertised_port
        self.proxied_port = free_port() if advertised_port else None
        self.secure = secure
        self.sasl_port, self.tls_port, self.sasl_tls_port, self.cert_port = (
            [free_port() for _ in range(4)] if secure else [None] * 4)
        self.tls = tls or self.folder / "tls"
        self.partitions = partitions
        self.message_bytes_max = message_bytes_max
        self.settings = settings or {}

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    def create_topics(self, *names, partitions=None, settings=None):
        topics = {name: partitions or self.partitions for name in names}
        kafka_protocol.create_topics(self.port, topics, settings)
        while not topics.keys() <= self.topics().keys():  # answered before it is known to all
            time.sleep(0.01)

    def topics(self):
        return kafka_protocol.metadata(self.port)[2]

    def lag(self, group, topic, partitions):
        """Records that the group has not done yet; those before its first commit count."""
        ends = kafka_protocol.end_offsets(self.port, topic, partitions)
        done = kafka_protocol.committed_offsets(self.port, group, topic, partitions)
        return sum(end - max(0, done.get(number, -1)) for number, end in ends.items())

    def records(self, topic, partitions):
        """How many records were ever written to the topic."""
        return sum(kafka_protocol.end_offsets(self.port, topic, partitions).values())

    def prepare(self):
        jars(self.name)
        (self.folder / "log4j.properties").write_text(LOG4J)
        (self.folder / "server.properties").write_text(self._properties())
        self.data.mkdir(parents=True, exist_ok=True)
        if self.secure:
            certificates.make(self.tls)
        shutil.copytree(empty_folder(self.name), self.data / "log", dirs_exist_ok=True)

    def _properties(self):
        listeners = {"PLAINTEXT": (self.port, self.port, "PLAINTEXT")}
        if self.advertised_port:
            listeners["PROXIED"] = (self.proxied_port, self.advertised_port, "PLAINTEXT")
        if self.secure:
            listeners["SASL"] = (self.sasl_port, self.sasl_port, "SASL_PLAINTEXT")
            listeners["TLS"] = (self.tls_port, self.tls_port, "SSL")
            listeners["SASLTLS"] = (self.sasl_tls_port, self.sasl_tls_port, "SASL_SSL")
            listeners["CERT"] = (self.cert_port, self.cert_port, "SSL")
        listen = [f"{name}://127.0.0.1:{port}" for name, (port, _, _) in listeners.items()]
        lines = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": ",".join([*listen, f"CONTROLLER://127.0.0.1:{self.controller_port}"]),
            "advertised.listeners": ",".join(
                f"{name}://127.0.0.1:{port}" for name, (_, port, _) in listeners.items()),
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT," + ",".join(
                f"{name}:{kind}" for name, (_, _, kind) in listeners.items()),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.data / "log",
            "auto.create.topics.enable": "false",
            "num.partitions": self.partitions,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # A broker that was killed may come back at once.
            "broker.session.timeout.ms": 1000,
            "broker.heartbeat.interval.ms": 200,
            "group.initial.rebalance.delay.ms": 0,
            "message.max.bytes": self.message_bytes_max,
            "replica.fetch.max.bytes": self.message_bytes_max,
        }
        if self.secure:
            lines.update(self._secure_properties())
        lines.update(self.settings)
        return "".join(f"{key}={value}\n" for key, value in lines.items())

    def _secure_properties(self):
        lines = {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.tls / "server_chain.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.tls / "ca.pem",
            "listener.name.cert.ssl.client.auth": "required",
        }
        security = "org.apache.kafka.common.security"
        for listener in ("sasl", "sasltls"):
            lines[f"listener.name.{listener}.plain.sasl.jaas.config"] = (
                f"{security}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";")
            for size in (256, 512):
                lines[f"listener.name.{listener}.scram-sha-{size}.sasl.jaas.config"] = (
                    f"{security}.scram.ScramLoginModule required;")
        return lines

    def command(self):
        return [*java(self.name, "-Xms128m", "-Xmx512m",
                      f"-Dlog4j.configuration=file:{self.folder}/log4j.properties"),
                "kafka.Kafka", self.folder / "server.properties"]

    def is_ready(self):
        try:
            brokers, controller, _ = kafka_protocol.metadata(self.port)
            return bool(brokers) and controller >= 0 and kafka_protocol.has_coordinator(self.port)
        except (OSError, kafka_protocol.KafkaError):
            return False


class OldKafka(Kafka):
    """The last release before 4.0."""
    name = "kafka39"


def empty_folder(name="kafka"):
    """An empty data folder, formatted once and kept: formatting takes half as long as starting."""
    contents = hashlib.sha256(f"{CLUSTER} {USER} {PASSWORD}".encode()).hexdigest()[:6]
    return once(cache() / f"{jars(name).name}-empty-{contents}",
                lambda folder: _format(name, folder)) / "log"


def _format(name, folder):
    properties = folder / "server.properties"
    properties.write_text(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:1\n"
        "listeners=CONTROLLER://127.0.0.1:1,PLAINTEXT://127.0.0.1:2\n"
        "controller.listener.names=CONTROLLER\n"
        f"log.dirs={folder}/log\n")
    users = [word for size in (256, 512) for word in (
        "--add-scram", f"SCRAM-SHA-{size}=[name={USER},password={PASSWORD}]")]
    done = subprocess.run(
        [*java(name, "-Xmx128m"), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c",
         str(properties), *users],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ServerError(f"the format of Kafka's folder ended with {done.returncode}:\n"
                          f"{done.stdout}{done.stderr}")
