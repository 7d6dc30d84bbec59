"""What all servers for tests share: a child process that never outlives us, its ports, its log.

For kafka_server.py, s3_server.py, postgres_server.py. Standard library only, Linux only.

A caller can get wrong: a `Server` owns its folder and removes it in `end`; `stop`, `kill` and
`start` keep the data, the folder and the ports. Threads may start servers: the children are born
by one thread that lives as long as the process, because the kernel tells a child of the death of
the thread that made it, not of the process.
"""
import fcntl
import os
import pathlib
import queue
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

# Below the range that the kernel takes for outgoing connections, so that a server that starts again
# finds its port free.
PORTS = range(20000, 32000)
READY_S_MAX = 60
STOP_S_MAX = 30
LOG_TAIL_BYTES = 4000


class ServerError(RuntimeError):
    """A server did not start, or ended by itself; the text holds the end of its log."""


_locks = {}


def free_port():
    """A port on loopback that nobody else who asks here gets while this process lives."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"insightd_ports.{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in random.sample(PORTS, len(PORTS)):
        if port in _locks:
            continue
        lock = open(folder / str(port), "w", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _locks[port] = lock
        return port
    raise ServerError(f"no port free in {PORTS.start}-{PORTS.stop - 1}")


class _Nursery:
    """The thread that starts all children."""

    def __init__(self):
        self.orders = queue.Queue()
        self.lock = threading.Lock()
        self.thread = None

    def spawn(self, words, **options):
        with self.lock:
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, daemon=True)
                self.thread.start()
        answer = queue.Queue()
        self.orders.put((answer, words, options))
        result = answer.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def _work(self):
        while True:
            answer, words, options = self.orders.get()
            try:
                answer.put(subprocess.Popen(words, **options))
            except OSError as error:
                answer.put(error)


_nursery = _Nursery()


def spawn(words, death_signal="KILL", as_user=None, **options):
    """A child in a process group of its own that gets `death_signal` when this process dies."""
    wrap = ["setpriv", "--pdeathsig", death_signal]
    if as_user:
        wrap += [f"--reuid={as_user}", f"--regid={as_user}", "--clear-groups"]
    return _nursery.spawn([*wrap, *map(str, words)], stdin=subprocess.DEVNULL,
                          start_new_session=True, **options)


class Server:
    """One server process. A kind gives `command`, `is_ready` and what it prepares."""
    name = "server"
    death_signal = "KILL"
    stop_signal = signal.SIGTERM
    as_user = None

    def __init__(self, folder=None, data=None):
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"insightd_{self.name}_"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(data) if data else self.folder / "data"
        self.log = self.folder / "log"
        self.process = None
        self.ready_s = None
        self.prepared = False

    # What a kind provides.

    def prepare(self):
        """Once, before the first start: settings and an empty data folder."""

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def is_ready(self):
        raise NotImplementedError

    # What a test does with it.

    def launch(self):
        """Starts the process and returns at once."""
        if self.alive:
            raise ServerError(f"{self.name} already runs")
        if not self.prepared:
            self.prepare()
            self.prepared = True
        with open(self.log, "ab") as log:
            self.process = spawn(self.command(), self.death_signal, self.as_user,
                                 cwd=self.folder, stdout=log, stderr=log, env=self.environment())

    def await_ready(self, seconds=READY_S_MAX):
        end = time.monotonic() + seconds
        while not self.is_ready():
            if not self.alive:
                raise ServerError(f"{self.name} ended with {self.process.returncode}:\n"
                                  f"{self.log_tail()}")
            if time.monotonic() > end:
                raise ServerError(f"{self.name} is not ready after {seconds} s:\n"
                                  f"{self.log_tail()}")
            time.sleep(0.02)

    def start(self):
        """Returns when the server answers; the same ports and data at each start."""
        begun = time.monotonic()
        self.launch()
        try:
            self.await_ready()
        except ServerError:
            self.kill()
            raise
        self.ready_s = time.monotonic() - begun
        return self

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """A clean stop; one that takes too long is a kill."""
        if self.alive:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """SIGKILL for the process and all that it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def freeze(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def restart(self, clean=True):
        if clean:
            self.stop()
        else:
            self.kill()
        return self.start()

    def end(self):
        """The server is gone, and its folder where it was of its own."""
        self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self):
        try:
            text = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return "(no log)"
        return text.strip() or "(its log is empty)"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()


def start_all(servers):
    """Starts them side by side; when one fails, all are killed and its error is raised."""
    errors = []

    def start(server):
        try:
            server.start()
        except Exception as error:  # told to the caller, whatever it is
            errors.append(error)

    threads = [threading.Thread(target=start, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        for server in servers:
            server.kill()
        raise errors[0]
