"""insightd on many machines, on this one: each role a process, on Kafka, S3 and PostgreSQL.

For tests of that form and `make demo-distributed`. All ports are free ones of 127.0.0.1; a role
keeps its ports, as a server does, over stop, kill and start. What a role logs is in `role.log`.

    with Deployment(binary, pipelines=2) as deployment:
        deployment.ingress.port, deployment.apis[0].port
        deployment.pipelines[0].restart(clean=False)

With `proxied=True` every connection from a role to a server goes through one of `proxies`
("kafka", "s3", "postgres"), which can be told to misbehave. With `static_members=True` each role has
a name of its own in its groups, which it keeps over restarts, as the shipped unit of pipelines has it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import s3_server
from kafka_server import Kafka
from postgres_server import Postgres
from process import Server, ServerError, free_port, start_all
from proxy import Proxy
from s3_server import S3

ANNOUNCEMENTS, RESULTS = "platform.upload.announce", "ccx.ocp.results"
PIPELINE_LETTERS = "ccx.data.pipeline.dead.letter.queue"
WRITER_LETTERS = "ccx.aggregator.dead.letter.queue"
WORKLOADS, WORKLOADS_LETTERS = "ccx.dvo.results", "ccx.dvowriter.dead.letter.queue"
OTHER_TOPICS = (WORKLOADS, WORKLOADS_LETTERS)
PIPELINE_GROUP, WRITER_GROUP, WORKLOADS_GROUP = ("ccx_data_pipeline_app", "aggregator",
                                                 "dvo_writer_app")
BUCKET = "insightd-archives"
DATABASE = "insightd"

# The doors that a role has beside its metrics.
DOORS = {"ingress": ("http.address",), "pipeline": (), "writer": (),
         "api": ("http.address", "http.aggregator_address")}
# The counter that tells how much a role has done.
WORK = {"ingress": 'insightd_uploads_total{outcome="accepted"}', "pipeline": "insightd_archives_total",
        "writer": "insightd_results_total", "api": "insightd_http_requests_total"}


class Role(Server):
    """One process of the binary; `settings` are keys of the settings file."""

    def __init__(self, binary, role, name, folder, settings, wrap=(), variables=None):
        super().__init__(folder / name)
        self.binary, self.role, self.name = binary, role, name
        self.wrap, self.variables = list(wrap), variables or {}
        self.ports = {door: free_port() for door in ("http.metrics_address", *DOORS[role])}
        self.settings = {**settings, **{door: f"127.0.0.1:{port}"
                                        for door, port in self.ports.items()}}
        self.starts = 0
        self.started_at = None

    def command(self):
        return [*self.wrap, self.binary, self.role]

    def environment(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        return {**kept, **environment_of(self.settings), **self.variables}

    def launch(self):
        super().launch()
        self.starts += 1
        self.started_at = time.monotonic()

    def is_ready(self):
        return self.readiness()[0] == 200

    @property
    def port(self):
        return self.ports["http.address"]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def restarts(self):
        return max(0, self.starts - 1)

    def readiness(self):
        """(status, text) of its probe; status 0: it does not answer."""
        return self._metrics_door("/readyz")

    def metrics(self):
        """All values by name and labels as they stand there; empty: it does not answer."""
        status, text = self._metrics_door("/metrics")
        values = {}
        if status == 200:
            for line in text.splitlines():
                if line and line[0] != "#":
                    name, _, value = line.rpartition(" ")
                    values[name] = float(value)
        return values

    def _metrics_door(self, path):
        url = f"http://127.0.0.1:{self.ports['http.metrics_address']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
        except (OSError, ValueError):
            return 0, ""


def environment_of(settings):
    return {"INSIGHTD__" + key.upper().replace(".", "__"): str(value).lower()
            if isinstance(value, bool) else str(value) for key, value in settings.items()}


def total(metrics, name):
    """The sum over all labels; a name with a label counts that series and those with more labels."""
    base, _, labels = name.partition("{")
    wanted = labels.rstrip("}")
    return sum(value for key, value in metrics.items()
               if re.split(r"[{ ]", key, maxsplit=1)[0] == base and wanted in key)


class Deployment:
    """See above. `settings` go to every role that knows them by its sections."""

    def __init__(self, binary, pipelines=2, apis=1, writers=1, partitions=8, proxied=False,
                 static_members=False, folder=None, settings=None, kafka=None, s3=None,
                 postgres=None):
        self.binary = pathlib.Path(binary).resolve()
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="insightd_deployment_"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # the database runs as another user
        self.partitions = partitions
        self.static_members = static_members
        self.proxies = {name: Proxy() for name in ("kafka", "s3", "postgres")} if proxied else {}
        self.kafka = Kafka(self.folder / "kafka", partitions=partitions,
                           advertised_port=proxied and self.proxies["kafka"].port, **kafka or {})
        self.s3 = S3(self.folder / "s3", **s3 or {})
        self.postgres = Postgres(self.folder / "postgres", **postgres or {})
        self.servers = [self.kafka, self.s3, self.postgres]
        self.settings = settings or {}
        self.ingress = self.role("ingress", "ingress")
        self.pipelines = [self.role("pipeline", f"pipeline-{i}") for i in range(pipelines)]
        self.writers = [self.role("writer", "writer" if writers == 1 else f"writer-{i}")
                        for i in range(writers)]
        self.apis = [self.role("api", f"api-{i}") for i in range(apis)]

    # The roles.

    @property
    def roles(self):
        return [self.ingress, *self.pipelines, *self.writers, *self.apis]

    def role(self, role, name, wrap=(), variables=None, **settings):
        """A further process; it is not started yet and not among `roles`."""
        named = {"bus.kafka_group_instance": name} \
            if self.static_members and role in ("pipeline", "writer") else {}
        return Role(self.binary, role, name, self.folder,
                    {**self.settings_of(role), **named, **self.settings, **settings}, wrap,
                    variables)

    def settings_of(self, role):
        """Only what the role needs: it connects to nothing else."""
        ports = {name: proxy.port for name, proxy in self.proxies.items()}
        bus = {"bus.kafka_brokers": f"127.0.0.1:{ports.get('kafka', self.kafka.port)}",
               "bus.partitions": self.partitions}
        blob = {"blob.s3_endpoint": f"http://127.0.0.1:{ports.get('s3', self.s3.port)}",
                "blob.s3_bucket": BUCKET, "blob.s3_region": s3_server.REGION,
                "blob.s3_access_key": s3_server.ACCESS_KEY,
                "blob.s3_secret_key": s3_server.SECRET_KEY}
        store = {"store.postgres": self.postgres.conninfo(DATABASE, ports.get("postgres"))}
        return {"ingress": {**bus, **blob}, "pipeline": {**bus, **blob},
                "writer": {**bus, **blob, **store}, "api": store}[role]

    def run(self, *words, role="writer", check=0):
        """Another command of the binary with the settings of a role; what it prints."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD")}
        done = subprocess.run([self.binary, *words],
                              env={**kept, **environment_of(self.settings_of(role))},
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != check:
            raise ServerError(f"insightd {' '.join(words)} ended with {done.returncode}:\n"
                              f"{done.stderr}{done.stdout}")
        return done.stdout

    # Start and end.

    def start_servers(self):
        targets = {"kafka": self.kafka.proxied_port, "s3": self.s3.port,
                   "postgres": self.postgres.port}
        for name, proxy in self.proxies.items():
            proxy.target = ("127.0.0.1", targets[name])
            proxy.start()
        start_all(self.servers)
        self.kafka.create_topics(ANNOUNCEMENTS, RESULTS, PIPELINE_LETTERS, WRITER_LETTERS,
                                 *OTHER_TOPICS)
        self.s3.create_bucket(BUCKET)
        self.postgres.create_database(DATABASE)
        self.run("migrate")
        return self

    def start_roles(self):
        start_all(self.roles)
        return self

    def start(self):
        try:
            return self.start_servers().start_roles()
        except BaseException:
            self.end()
            raise

    def end(self):
        for role in self.roles:
            role.kill()
        for server in self.servers:
            server.end()
        for proxy in self.proxies.values():
            proxy.end()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()

    # How far it is.

    def backlog(self):
        """Announcements and results that nobody has finished yet."""
        return (self.kafka.lag(PIPELINE_GROUP, ANNOUNCEMENTS, self.partitions) +
                self.kafka.lag(WRITER_GROUP, RESULTS, self.partitions))

    def workloads_backlog(self):
        """Messages on workloads that the writer has not finished yet."""
        return self.kafka.lag(WORKLOADS_GROUP, WORKLOADS, self.partitions)

    def letters(self):
        """How many dead letters there are on their topics."""
        return sum(self.kafka.records(topic, self.partitions)
                   for topic in (PIPELINE_LETTERS, WRITER_LETTERS))
