"""A PostgreSQL server (Debian's 15) for tests, by root or any user: see class Postgres."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

import certificates
from process import Server, ServerError, free_port

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
SUPERUSER = "insightd"
USER, PASSWORD = "reader", "postgres-password"
# After SIGKILL its children may hold the shared memory for a moment.
START_TRIES_MAX = 40
QUIT_S_MAX = 5


class Postgres(Server):
    """`conninfo(database)` opens it over TCP as superuser without password, `socket` is its folder
    for unix sockets.

    It keeps what it acknowledged when it is killed; it does not sync to disk, so a machine that
    loses power is not what it is for.
    secure: TLS on the same port (`folder/tls/ca.pem`) and a user USER who needs PASSWORD.
    settings: more lines of postgresql.conf.
    """
    name = "postgres"
    death_signal = "QUIT"  # at once, and it leaves no shared memory behind
    stop_signal = signal.SIGINT  # "fast": ends sessions

    def __init__(self, folder=None, data=None, secure=False, settings=None, tls=None):
        super().__init__(folder, data)
        self.port = free_port()
        self.secure = secure
        self.tls = tls or self.folder / "tls"
        self.settings = settings or {}
        self.as_user = "postgres" if os.getuid() == 0 else None

    @property
    def socket(self):
        return self.folder / "socket"

    def conninfo(self, database="postgres", port=None, user=SUPERUSER, more=""):
        text = f"host=127.0.0.1 port={port or self.port} user={user} dbname={database}"
        return text + (" " + more if more else "")

    def tls_conninfo(self, database="postgres"):
        return self.conninfo(database, user=USER, more=f"password={PASSWORD} sslmode=verify-full "
                                                       f"sslrootcert={self.tls}/ca.pem")

    def prepare(self):
        if not BINARIES.is_dir():
            raise ServerError(f"{BINARIES} is not there; `tools/install.sh servers` installs it")
        self.socket.mkdir(exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self._own(self.folder, self.socket, self.data)
        self.log.touch()
        self._run("initdb", "-D", self.data / "db", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync")
        lines = {
            "listen_addresses": "127.0.0.1", "port": self.port,
            "unix_socket_directories": self.socket, "fsync": "off", "full_page_writes": "off",
            "shared_buffers": "64MB", "max_connections": 100, **self.settings}
        if self.secure:
            certificates.make(self.tls)
            lines.update({"ssl": "on", "ssl_key_file": self._copy("server.key"),
                          "ssl_cert_file": self._copy("server.pem")})
        with open(self.data / "db" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{key} = '{value}'\n" for key, value in lines.items())
        (self.data / "db" / "pg_hba.conf").write_text(
            f"local all all trust\nhost all {SUPERUSER} 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n")

    def _copy(self, name):
        """A copy that only the server's user can read: it insists on that."""
        copy = self.folder / f"postgres_{name}"
        shutil.copy(self.tls / name, copy)
        copy.chmod(0o600)
        self._own(copy)
        return copy

    def _own(self, *paths):
        if self.as_user:
            for path in paths:
                shutil.chown(path, self.as_user, self.as_user)

    def _run(self, program, *words):
        wrap = (["setpriv", f"--reuid={self.as_user}", f"--regid={self.as_user}", "--clear-groups"]
                if self.as_user else [])
        done = subprocess.run([*wrap, str(BINARIES / program), *map(str, words)], cwd=self.folder,
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise ServerError(f"{program} ended with {done.returncode}:\n{done.stderr}")

    def command(self):
        return [BINARIES / "postgres", "-D", self.data / "db"]

    def is_ready(self):
        return subprocess.run([BINARIES / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port), "-t", "2"], check=False).returncode == 0

    def start(self):
        first = not self.prepared
        for attempt in range(START_TRIES_MAX):
            try:
                super().start()
                break
            except ServerError as error:
                held = "shared memory block" in str(error) or "postmaster.pid" in str(error)
                if not held or attempt == START_TRIES_MAX - 1:
                    raise
                time.sleep(0.1)
        if first and self.secure:
            self.sql(f"CREATE USER {USER} SUPERUSER PASSWORD '{PASSWORD}'")
        return self

    def end(self):
        """At once, but so that it gives back its shared memory, which a kill leaves behind."""
        if self.alive:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(QUIT_S_MAX)
            except subprocess.TimeoutExpired:
                pass  # killed then
        super().end()

    def sql(self, text, database="postgres"):
        """What psql prints for this text, a row a line, columns parted by `|`."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                               str(self.socket), "-p", str(self.port), "-U", SUPERUSER, "-d",
                               database, "-c", text], capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            raise ServerError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def create_database(self, name):
        self.sql(f'CREATE DATABASE "{name}"')
        return self.conninfo(name)
