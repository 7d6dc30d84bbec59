"""Processes that work while something bad happens, for the tests of the bus and of the store."""
import contextlib
import pathlib
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 90
LOG_TAIL = 6000


class Worker:
    """A process; `said` collects the words of its lines that begin with `=`, `log` gets the others,
    with its number in front."""

    def __init__(self, log, *words):
        self.said = []
        self.log = log
        self.process = subprocess.Popen([*map(str, words)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("="):
                self.said.append(line[1:].split())
            else:
                self.log.write(f"{self.process.pid} {line}")

    def count(self, *words):
        """How often it has said just this."""
        return sum(1 for said in list(self.said) if said == list(words))

    def numbers(self, word):
        """What it has said behind that word."""
        return {int(said[1]) for said in list(self.said) if said[0] == word}

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()

    def end(self):
        """Asks it to end; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(30)
        self.thread.join()
        return code


def wait_for(what, condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {PATIENCE_S} s")
        time.sleep(0.02)


@contextlib.contextmanager
def log_shown_on_failure():
    """A file for the log of workers, of which the end is printed when the block fails."""
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        try:
            yield log
        except BaseException:
            log.flush()
            print(pathlib.Path(log.name).read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:])
            raise
