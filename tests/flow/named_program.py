"""A process of ours under the name of a program whose place it takes."""
import os
import pathlib
import signal
import subprocess
import threading

import harness
from harness import wait_for

NAMES = pathlib.Path(harness.BINARY).resolve().parent / "compat"
END_S_MAX = 60
# What the machine's environment could tell it.
FOREIGN = ("INSIGHTD", "INSIGHTS_RESULTS", "ACG_CONFIG", "PG")


def clean(variables):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return {**kept, **variables}


class NamedProgram:
    """In a working folder; the lines of both outputs are in `lines`."""

    def __init__(self, program, folder, *words, **variables):
        self.program, self.folder, self.words = program, folder, words
        self.variables, self.lines = variables, []

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.program, *self.words], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=clean(self.variables))
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def __exit__(self, *_):
        self.kill()
        self.reader.join()
        self.process.stdout.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=END_S_MAX)

    def await_line(self, part):
        return wait_for(lambda: [line for line in list(self.lines) if part in line],
                        f"a line with {part!r} (there are: {self.lines[-20:]})", END_S_MAX)
