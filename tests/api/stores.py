"""The two stores with the rows of seed.yaml, and the binary on either of them.

    with open_store("postgres") as store:     # or "embedded", "upstream"
        with store.serve({"debug": True}) as server:
            server.port                       # of the aggregator's listener

Every `serve` begins with the rows of the seed, whatever was written before.
"""
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import string
import subprocess
import sys
import tempfile
import uuid

import yaml

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "flow"))
sys.path.insert(0, str(HERE.parent.parent / "tools" / "servers"))

import harness  # noqa: E402
from process import free_port  # noqa: E402

SPEC = harness.ROOT / "src" / "api" / "aggregator" / "openapi.json"

# Settings of the binary by the names that the files of cases use.
SETTINGS = {"auth": "aggregator.auth", "debug": "aggregator.debug",
            "close": "aggregator.close_other_organizations", "prefix": "aggregator.api_prefix",
            "feedback_bytes_max": "aggregator.feedback_message_bytes_max",
            "overview_hours": "aggregator.overview_hours_max",
            "body_bytes_max": "aggregator.body_bytes_max"}
DEFAULTS = {"overview_hours": 1_000_000, "auth": False, "close": False, "debug": False,
            "prefix": "/api/v1/"}

TIMES = {"reported_at", "last_checked_at", "gathered_at", "created_at", "impacted_since",
         "disabled_at", "enabled_at", "updated_at", "added_at", "rated_at", "last_updated_at"}
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


class HoursAgo(str):
    """A time as text, told as hours before now."""


class Loader(yaml.SafeLoader):
    """With the tags that seed.yaml explains."""


def _compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _any(loader, node):
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True)


Loader.add_constructor("!json", lambda loader, node: _compact(_any(loader, node)))
Loader.add_constructor("!json_string", lambda loader, node: _compact(_compact(_any(loader, node))))
Loader.add_constructor("!hours_ago", lambda loader, node: HoursAgo(node.value))


def variables():
    return yaml.safe_load((HERE / "vars.yaml").read_text(encoding="utf-8"))


def with_variables(path):
    """The text of a file, its names replaced; lines stay where they are."""
    return string.Template(path.read_text(encoding="utf-8")).safe_substitute(variables())


def seed(store):
    """Rows by table; times are datetime."""
    tables = yaml.load(with_variables(HERE / "seed.yaml"), Loader)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for rows in tables.values():
        rows[:] = [row for row in rows if store in row.pop("stores", (store, "upstream"))]
        for row in rows:
            for name in TIMES & row.keys():
                value = row[name]
                if isinstance(value, HoursAgo):
                    row[name] = now - datetime.timedelta(hours=float(value))
                elif value is not None:
                    row[name] = datetime.datetime.fromisoformat(value.ljust(26, "0")
                                                                if "." in value else value)
    return tables


class Embedded:
    """A data folder with SQLite in it."""
    name = "embedded"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_api_"))
        self.seeded = self.folder / "seeded"
        with harness.Insightd(folder=self.seeded) as first:
            first.stop()
        database = sqlite3.connect(self.seeded / "data" / "store.db")
        with contextlib.closing(database), database:
            self.fill(database)

    def fill(self, database):
        tables = seed(self.name)
        # Our own row beside each report.
        versions = {row["cluster_id"]: row["version_info"] for row in tables["report_info"]}
        tables["insightd_cluster"] = [
            {"org_id": row["org_id"], "cluster": row["cluster"], "request_id": f"seed-{number}",
             "last_checked_at": row["last_checked_at"], "reported_at": row["reported_at"],
             "gathered_at": row["gathered_at"], "version": versions.get(row["cluster"], ""),
             "archive": "", "passes": 0, "skips": 0, "errors": 0,
             "hits": sum(hit["cluster_id"] == row["cluster"] for hit in tables["rule_hit"])}
            for number, row in enumerate(tables["report"])]
        for table, rows in tables.items():
            for row in rows:
                values = [(value - EPOCH) // MICROSECOND if isinstance(value, datetime.datetime)
                          else value for value in row.values()]
                database.execute(f"INSERT INTO {table}({', '.join(row)}) "
                                 f"VALUES ({', '.join('?' * len(row))})", values)

    @contextlib.contextmanager
    def serve(self, options=None):
        folder = self.folder / uuid.uuid4().hex
        shutil.copytree(self.seeded, folder)
        with harness.Insightd(folder=folder, **settings_of(options)) as server:
            yield Serving.of(server)
        shutil.rmtree(folder)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Api(harness.Insightd):
    """The role `api` of the distributed form."""
    role = "api"


class Postgres:
    """A database with the rows, and a copy of it for each server."""
    name = "postgres"

    def __init__(self, conninfo):
        self.server = conninfo
        self.template = "api_" + uuid.uuid4().hex
        self.sql(f"CREATE DATABASE {self.template}")
        self.run("migrate", INSIGHTD__STORE__POSTGRES=self.conninfo(self.template))
        self.sql(self.rows(), self.template)

    def conninfo(self, database):
        return f"{self.server} dbname={database}"

    def sql(self, text, database=None):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d",
                               self.conninfo(database) if database else self.server, "-f", "-"],
                              input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{text[:200]}: {done.stderr}")
        return done.stdout

    @staticmethod
    def run(*words, **variables_):
        done = subprocess.run([harness.BINARY, *words], env={**os.environ, **variables_},
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stderr}")

    def rows(self):
        def literal(value):
            if value is None:
                return "NULL"
            if isinstance(value, int):
                return str(value)
            return "'" + str(value).replace("'", "''") + "'"
        statements = []
        for table, rows in seed(self.name).items():
            name = "dvo.dvo_report" if table == "dvo_report" else table
            statements += [f"INSERT INTO {name}({', '.join(row)}) "
                           f"VALUES ({', '.join(map(literal, row.values()))});" for row in rows]
        return "\n".join(statements)

    @contextlib.contextmanager
    def serve(self, options=None):
        database = "api_" + uuid.uuid4().hex
        self.sql(f"CREATE DATABASE {database} TEMPLATE {self.template}")
        try:
            with self.serve_on(database, options) as serving:
                yield serving
        finally:
            self.sql(f"DROP DATABASE {database} WITH (FORCE)")

    @contextlib.contextmanager
    def serve_on(self, database, options):
        with Api(**{"store.postgres": self.conninfo(database)}, **settings_of(options)) as server:
            yield Serving.of(server)

    def end(self):
        self.sql(f"DROP DATABASE {self.template} WITH (FORCE)")


class Upstream(Postgres):
    """The same database, the binary under the name of the original with its configuration.

    Two options more: `storages`, which of them are configured, and `auth_type`.
    """
    name = "upstream"

    @contextlib.contextmanager
    def serve_on(self, database, options):
        chosen = {"auth_type": "xrh", "storages": ["ocp", "dvo"], "feedback_bytes_max": 255,
                  **DEFAULTS, **(options or {})}
        place = dict(word.split("=", 1) for word in self.conninfo(database).split())
        port = free_port()
        storage = {"type": "sql", "db_driver": "postgres", "pg_username": place["user"],
                   "pg_password": place.get("password", ""), "pg_host": place["host"],
                   "pg_port": int(place["port"]), "pg_db_name": database,
                   "pg_params": "sslmode=disable", "log_sql_queries": False}
        sections = {
            "broker": {"enabled": False},
            "server": {"address": f"127.0.0.1:{port}", "api_prefix": chosen["prefix"],
                       "api_spec_file": str(SPEC), "debug": chosen["debug"], "auth": chosen["auth"],
                       "auth_type": chosen["auth_type"],
                       "maximum_feedback_message_length": chosen["feedback_bytes_max"],
                       "org_overview_limit_hours": chosen["overview_hours"]},
            **{f"{name}_recommendations_storage": storage if name in chosen["storages"] else {}
               for name in ("ocp", "dvo")},
            "metrics": {"namespace": "aggregator"}}
        with tempfile.TemporaryDirectory(prefix="insightd_api_") as folder:
            folder = pathlib.Path(folder)
            config = folder / "config.toml"
            config.write_text("".join(
                f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n"
                                        for key, value in section.items())
                for name, section in sections.items()), encoding="utf-8")
            program = folder / "insights-results-aggregator"
            program.symlink_to(pathlib.Path(harness.BINARY).resolve())
            with open(folder / "log", "wb") as log:
                process = subprocess.Popen([program], cwd=folder, stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=subprocess.STDOUT)
            try:
                harness.wait_for(lambda: process.poll() is not None or is_open(port), "the listener")
                if process.poll() is not None:
                    raise AssertionError((folder / "log").read_text(errors="replace"))
                yield Serving(process, port)
            finally:
                process.kill()
                process.wait()


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Serving:
    def __init__(self, process, port):
        self.process, self.port = process, port

    @classmethod
    def of(cls, server):
        return cls(server.process, server.ports["http.aggregator_address"])


def settings_of(options):
    chosen = {**DEFAULTS, **(options or {})}
    return {SETTINGS.get(name, name): str(value).lower() if isinstance(value, bool) else value
            for name, value in chosen.items()}


def postgres_server():
    path = os.environ.get("INSIGHTD_TEST_SERVERS", "")
    text = pathlib.Path(path).read_text(encoding="utf-8") if path and os.path.exists(path) else ""
    found = re.search(r"(?m)^POSTGRES=(.*)$", text)
    return found[1] if found else ""


@contextlib.contextmanager
def open_store(name):
    """Skips the test where the server that it needs is not there."""
    if name == "embedded":
        store = Embedded()
    elif not postgres_server():
        raise SkipStore("no PostgreSQL server: INSIGHTD_TEST_SERVERS names none")
    else:
        store = {"postgres": Postgres, "upstream": Upstream}[name](postgres_server())
    try:
        yield store
    finally:
        store.end()


class SkipStore(Exception):
    pass
