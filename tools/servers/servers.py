#!/usr/bin/env python3
"""Starts real servers (Kafka, S3, PostgreSQL, Redis) for tests and the demo, without containers.

  tools/servers/servers.py run --env FILE [SERVER…]   until SIGTERM or its parent goes
  tools/servers/servers.py up --env FILE [SERVER…]    the same in the background, until the caller's
                                                      process goes
  tools/servers/servers.py down --env FILE            ends what `up` started
  tools/servers/servers.py install                    downloads, no server is started

FILE gets a line KEY=value for each address and password, when all are ready. A SERVER is kafka, s3,
postgres or redis; none named: all of them. All listen on free ports of 127.0.0.1; their data is in a
temporary folder and gone with them. `up` for a FILE whose servers run joins in; they end when the
last user is gone.

From Python: `from servers import Kafka, S3, Postgres, Redis, start_all`; their classes say more.
"""
import argparse
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import certificates  # noqa: E402
import kafka_server  # noqa: E402
import postgres_server  # noqa: E402
import redis_server  # noqa: E402
import s3_server  # noqa: E402
from jars import share_classes  # noqa: E402
from kafka_server import Kafka  # noqa: E402, F401
from postgres_server import Postgres  # noqa: E402, F401
from process import ServerError, free_port, start_all  # noqa: E402, F401
from redis_server import Redis  # noqa: E402, F401
from s3_server import S3  # noqa: E402, F401

KINDS = {"kafka": Kafka, "s3": S3, "postgres": Postgres, "redis": Redis}
WATCH_S = 0.5
UP_S_MAX = 900  # with the first download
DOWN_S_MAX = 30
PR_SET_PDEATHSIG = 1


def environment(servers):
    """The lines of the file: what a test needs to know about each server."""
    lines = {}
    if "kafka" in servers:
        kafka = servers["kafka"]
        lines.update({
            "KAFKA_BROKERS": kafka.brokers,
            "KAFKA_SASL_BROKERS": f"127.0.0.1:{kafka.sasl_port}",
            "KAFKA_TLS_BROKERS": f"127.0.0.1:{kafka.tls_port}",
            "KAFKA_SASL_TLS_BROKERS": f"127.0.0.1:{kafka.sasl_tls_port}",
            "KAFKA_CERT_BROKERS": f"127.0.0.1:{kafka.cert_port}",
            "TLS_CLIENT_CERT": str(kafka.tls / "client.pem"),
            "TLS_CLIENT_KEY": str(kafka.tls / "client.key"),
            "KAFKA_USER": kafka_server.USER, "KAFKA_PASSWORD": kafka_server.PASSWORD})
    if "s3" in servers:
        lines.update({
            "S3_ENDPOINT": servers["s3"].endpoint, "S3_TLS_ENDPOINT": servers["s3"].tls_endpoint,
            "S3_VIRTUAL_ENDPOINT": servers["s3"].virtual_endpoint,
            "S3_ACCESS_KEY": s3_server.ACCESS_KEY, "S3_SECRET_KEY": s3_server.SECRET_KEY,
            "S3_REGION": s3_server.REGION})
    if "postgres" in servers:
        postgres = servers["postgres"]
        lines.update({
            "POSTGRES": postgres.conninfo(), "POSTGRES_TLS": postgres.tls_conninfo(),
            "POSTGRES_SOCKET": str(postgres.socket), "POSTGRES_PORT": str(postgres.port),
            "POSTGRES_USER": postgres_server.USER, "POSTGRES_PASSWORD": postgres_server.PASSWORD})
    if "redis" in servers:
        lines.update({"REDIS": servers["redis"].address,
                      "REDIS_PASSWORD": redis_server.PASSWORD})
    lines["TLS_CA"] = str(next(iter(servers.values())).tls / "ca.pem")
    return lines


def read_environment(path):
    """The file as a dictionary."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write_whole(path, text):
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.rename(path)


# ---- users of servers in the background: a file for each, PID with the time it began ----


def _began(pid):
    """When the process began, in ticks since boot; None: it is gone."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _users(env):
    return env.with_name(env.name + ".users")


def add_user(env, pid):
    _users(env).mkdir(parents=True, exist_ok=True)
    (_users(env) / str(pid)).write_text(_began(pid) or "", encoding="ascii")


def remove_user(env, pid):
    (_users(env) / str(pid)).unlink(missing_ok=True)


def any_user(env):
    found = False
    for file in _users(env).glob("*"):
        with contextlib.suppress(OSError):
            if _began(file.name) == file.read_text(encoding="ascii"):
                found = True
            else:
                file.unlink()
    return found


@contextlib.contextmanager
def locked(env):
    env.parent.mkdir(parents=True, exist_ok=True)
    with open(env.with_name(env.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def supervisor_of(env):
    """The PID of the process that keeps the servers of this file, or None."""
    try:
        lines = read_environment(env)
        pid, began = lines["SUPERVISOR"].split(".")
    except (OSError, KeyError, ValueError):
        return None
    return int(pid) if _began(pid) == began else None


# ---- commands ----


def run(env, names, for_users):
    """Starts the servers and stays. Gives the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))
    if not for_users:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            return 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_servers_"))
    folder.chmod(0o755)  # the database runs as another user
    servers = {}
    mine = f"{os.getpid()}.{_began(os.getpid())}"
    try:
        tls = certificates.make(folder / "tls")
        servers = {name: KINDS[name](folder / name, secure=True, tls=tls) for name in names}
        start_all(servers.values())
        lines = {**environment(servers), "SUPERVISOR": mine, "FOLDER": folder}
        write_whole(env, "".join(f"{key}={value}\n" for key, value in lines.items()))
        print("ready: " + ", ".join(f"{name} after {server.ready_s:.1f} s"
                                    for name, server in servers.items()), flush=True)
        while all(server.alive for server in servers.values()):
            time.sleep(WATCH_S)
            if for_users:
                with locked(env):
                    if not any_user(env):
                        return 0
        gone = next(server for server in servers.values() if not server.alive)
        print(f"{gone.name} ended by itself with {gone.process.returncode}:\n{gone.log_tail()}",
              file=sys.stderr, flush=True)
        return 1
    finally:
        for server in servers.values():
            server.end()
        with contextlib.suppress(OSError, KeyError):
            if read_environment(env)["SUPERVISOR"] == mine:
                env.unlink()
        shutil.rmtree(folder, ignore_errors=True)


def up(env, names, user):
    """Returns when the servers are there, for the process `user` and as long as it lives."""
    with locked(env):
        add_user(env, user)
        if supervisor_of(env) and _has_all(env, names):
            return 0
        old = supervisor_of(env)
        if old:
            os.kill(old, signal.SIGTERM)
        env.unlink(missing_ok=True)
        log = env.with_name(env.name + ".log")
        with open(log, "wb") as out:
            child = subprocess.Popen(
                [sys.executable, __file__, "run", "--users", "--env", str(env), *names],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    # Not under the lock: the child takes it too.
    end = time.monotonic() + UP_S_MAX
    while not env.exists():
        if child.poll() is not None or time.monotonic() > end:
            child.terminate()
            print(f"the servers did not start ({log}):\n{log.read_text(errors='replace')}",
                  file=sys.stderr)
            return 1
        time.sleep(0.02)
    print(log.read_text(errors="replace").strip())
    child.returncode = 0  # it lives on without us
    return 0


def _has_all(env, names):
    keys = {"kafka": "KAFKA_BROKERS", "s3": "S3_ENDPOINT", "postgres": "POSTGRES",
            "redis": "REDIS"}
    lines = read_environment(env)
    return all(keys[name] in lines for name in names)


def down(env, user):
    with locked(env):
        remove_user(env, user)
        if any_user(env):
            return 0
        pid = supervisor_of(env)
        if pid:
            os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + DOWN_S_MAX
    while pid and _began(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["run", "up", "down", "install"])
    parser.add_argument("--env", type=pathlib.Path)
    parser.add_argument("--users", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="|".join(KINDS))
    options = parser.parse_intermixed_args()
    unknown = set(options.names) - set(KINDS)
    if unknown or (options.env is None and options.command != "install"):
        parser.error(f"no server is called {', '.join(sorted(unknown))}" if unknown
                     else "--env FILE is missing")
    names = options.names or list(KINDS)
    env = options.env and options.env.absolute()
    try:
        if options.command == "install":
            for name in ("kafka", "s3"):
                if name in names:
                    share_classes(KINDS[name]())
            return 0
        if options.command == "run":
            return run(env, names, options.users)
        if options.command == "up":
            return up(env, names, os.getppid())
        return down(env, os.getppid())
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
