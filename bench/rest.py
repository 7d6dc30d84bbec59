"""For benchmarks of the REST API: programs of the build, wrk, processor time and memory."""
import os
import pathlib
import re
import subprocess
import sys

TICKS = os.sysconf("SC_CLK_TCK")
UNITS_MS = {"us": 0.001, "ms": 1, "s": 1000}


def program(build, name):
    found = [path for path in pathlib.Path(build).rglob(name) if path.is_file()]
    if not found:
        sys.exit(f"{name} is not in {build}; build it with -DINSIGHTD_BENCH=ON")
    return str(found[0])


def ask(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{words[0]} {words[1]}: {done.stderr}{done.stdout[-2000:]}")
    return done.stdout


def cpu_seconds(*roots):
    """Of the processes and all below them, those that have ended since included."""
    parents, times = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        times[pid] = sum(map(int, fields[11:15])) / TICKS
    total = 0.0
    for pid, seconds in times.items():
        at = pid
        while at in parents and at not in roots:
            at = parents[at]
        total += seconds if at in roots else 0.0
    return total


def memory_mib(pid, name="VmRSS"):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE).group(1)) / 1024


def _milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * UNITS_MS[unit]


class Load:
    """What wrk has measured: `rate` of answers a second, `p50_ms`, `p99_ms`, `answers`."""

    def __init__(self, said):
        if "Non-2xx" in said or "Socket errors" in said:
            sys.exit(f"the API did not answer everything:\n{said}")
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))
        self.p50_ms = _milliseconds(re.search(r"^ +50% +(\S+)", said, re.MULTILINE).group(1))
        self.p99_ms = _milliseconds(re.search(r"^ +99% +(\S+)", said, re.MULTILINE).group(1))
        self.answers = int(re.search(r"(\d+) requests in", said).group(1))


def load(url, script, words, connections, seconds, wait_ms=0.0):
    """`script` is a program for wrk; it gets the mean time between an answer and the next request
    of a connection, and `words`."""
    return Load(ask("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                    "--latency", "-s", str(script), url, "--", str(wait_ms), *words))
