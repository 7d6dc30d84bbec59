#!/usr/bin/env python3
"""insightd on many machines, shown on this one: each role a process, on Kafka, S3, PostgreSQL.

  tools/demo_distributed.py build/release/insightd
  DEMO=once tools/demo_distributed.py build/release/insightd     ends after the last table

Starts Kafka (8 partitions), an S3 server, PostgreSQL, one ingress, eight pipelines, one writer and
two APIs, each on free ports of 127.0.0.1; a fleet of 12 simulated clusters uploads. Prints the
processes and what was found, kills a pipeline and the writer under load, starts them again and
counts that nothing was lost. Then it serves until Ctrl-C; all data is gone afterwards.

DEMO_PIPELINES (8), DEMO_LOAD_S (12): a smaller one. DEMO_FOLDER: keep data and logs there.
Exit status 1: something did not come, or was lost.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "servers"))

import deployment as on_servers  # noqa: E402
from deployment import Deployment, total  # noqa: E402
from process import ServerError  # noqa: E402

CLUSTERS = 12
PIPELINES = int(os.environ.get("DEMO_PIPELINES", "8"))
LOAD_S = float(os.environ.get("DEMO_LOAD_S", "12"))
LOAD_PER_S = 30
DOWN_S = 3
BACKLOG_S_MAX = 60
RATE_OVER_S = 1.0
LAG = "kafka_consumer_lag_records"
FLEET = ["fleet", "--clusters", str(CLUSTERS), "--seed", "7", "--random-defects", "4"]


def fleet(deployment, *words, **options):
    """The words of a fleet that uploads to the ingress and reads from the first API."""
    return subprocess.Popen([deployment.binary, *FLEET, "--url", deployment.ingress.url,
                             "--api-url", deployment.apis[0].url, *words],
                            stdin=subprocess.DEVNULL, **options)


def say(text=""):
    print(text, flush=True)


def age(seconds):
    return f"{int(seconds)}s" if seconds < 120 else f"{int(seconds / 60)}m{int(seconds % 60)}s"


class Processes:
    """The table of processes, with rates since it was last printed."""

    def __init__(self, deployment):
        self.deployment = deployment
        self.begun = time.monotonic()
        self.seen = {}  # name: (when, how much was done)

    def look(self):
        """Remembers where the counters stand: rates are told from here on."""
        for role in self.deployment.roles:
            self.seen[role.name] = (time.monotonic(),
                                    total(role.metrics(), on_servers.WORK[role.role]))

    def rows(self):
        for server in self.deployment.servers:
            yield (server.name, *self._state(server.alive, server.is_ready() if server.alive
                                             else False),
                   0, age(time.monotonic() - self.begun), "", "")
        for role in self.deployment.roles:
            yield self._row(role)

    @staticmethod
    def _state(alive, ready):
        return ("1/1" if ready else "0/1"), ("Running" if alive else "Killed")

    def _row(self, role):
        metrics = role.metrics() if role.alive else {}
        now, done = time.monotonic(), total(metrics, on_servers.WORK[role.role])
        then, before = self.seen.get(role.name, (now, done))
        self.seen[role.name] = (now, done)
        rate = ""
        if metrics and now > then:
            # A process that began anew counts from zero.
            rate = f"{max(0, done - before if done >= before else done) / (now - then):.1f}/s"
        lag = ""
        if role.role in ("pipeline", "writer") and metrics:
            lag = f"{total(metrics, LAG):.0f}"
        lived = age(time.monotonic() - role.started_at) if role.alive else ""
        return (role.name, *self._state(role.alive, role.is_ready()), role.restarts, lived, lag,
                rate)

    def print(self):
        head = ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "LAG", "RATE")
        rows = [head, *(tuple(map(str, row)) for row in self.rows())]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            say("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        say()


def first_look(deployment, processes):
    """Every cluster uploads once; prints what the API shows of each. Gives the number accepted."""
    say(f"{CLUSTERS} simulated clusters upload…")
    say()
    processes.look()
    out = fleet(deployment, "--wait", "60", "--table", stdout=subprocess.PIPE, text=True)
    text, _ = out.communicate()
    time.sleep(RATE_OVER_S)
    processes.print()
    say(text)
    if out.returncode != 0:
        raise ServerError("not every cluster could be read")
    return CLUSTERS


def under_fire(deployment, processes):
    """Load, one pipeline and the writer killed and started again. Gives the number accepted."""
    pipeline, writer = deployment.pipelines[-1], deployment.writers[0]
    say(f"The fleet uploads {LOAD_PER_S} archives a second for {LOAD_S:.0f} s; {pipeline.name} and "
        "the writer are killed meanwhile.")
    say()
    load = fleet(deployment, "--rate", str(LOAD_PER_S), "--duration", str(LOAD_S), "--prepare",
                 "--wait", str(BACKLOG_S_MAX), "--json", stdout=subprocess.PIPE, text=True)
    wait_until(lambda: total(deployment.ingress.metrics(), on_servers.WORK["ingress"]) >
               CLUSTERS + LOAD_PER_S, 60, "the load")
    processes.look()
    pipeline.kill()
    writer.kill()
    time.sleep(DOWN_S)
    processes.print()
    say(f"{pipeline.name} and the writer are started again.")
    say()
    pipeline.start()
    writer.start()
    text, _ = load.communicate()
    summary = [json.loads(line) for line in text.splitlines() if line.startswith("{")][-1]
    wait_until(lambda: deployment.backlog() == 0, BACKLOG_S_MAX, "the end of the backlog")
    # The processes tell of it some seconds later.
    wait_until(lambda: not any(total(role.metrics(), LAG) for role in deployment.roles),
               BACKLOG_S_MAX, "the end of the backlog in the metrics")
    processes.print()
    return summary["accepted"]


def wait_until(ask, seconds, what):
    end = time.monotonic() + seconds
    while not ask():
        if time.monotonic() > end:
            raise ServerError(f"{what} did not come within {seconds} s")
        time.sleep(0.05)


def prove(deployment, accepted):
    """Counts how the uploads ended. True: every one that was accepted has one end."""
    outcomes = dict(line.split("|") for line in deployment.postgres.sql(
        "select outcome, count(*) from insightd_upload group by 1", on_servers.DATABASE).split())
    letters = int(deployment.postgres.sql(
        "select count(distinct request_id) from insightd_dead_letter", on_servers.DATABASE))
    stored, overtaken, empty = (int(outcomes.get(key, 0)) for key in ("0", "1", "2"))
    ended = stored + overtaken + empty + letters
    say(f"Accepted (202): {accepted}. Ended: {ended}, of which stored {stored}, overtaken by a "
        f"newer one {overtaken}, empty {empty}, dead letters {letters}.")
    say("Nothing was lost." if ended == accepted else
        f"NOT ALL OF THEM ENDED: {accepted - ended} are missing.")
    return ended == accepted


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kept = os.environ.get("DEMO_FOLDER")
    folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="insightd_demo_")).absolute()
    deployment = Deployment(sys.argv[1], pipelines=PIPELINES, apis=2, folder=folder)
    processes = Processes(deployment)
    others = []
    try:
        begun = time.monotonic()
        say(f"Kafka, S3 and PostgreSQL start (logs: {folder})…")
        deployment.start_servers()
        say(f"…and are ready after {time.monotonic() - begun:.1f} s. {len(deployment.roles)} "
            "processes of insightd start…")
        begun = time.monotonic()
        deployment.start_roles()
        say(f"…and are ready after {time.monotonic() - begun:.1f} s.")
        accepted = first_look(deployment, processes)
        accepted += under_fire(deployment, processes)
        if not prove(deployment, accepted):
            return 1
        say()
        say(f"Upload:     curl -F 'file=@ARCHIVE;type=application/vnd.redhat.openshift.periodic' "
            f"{deployment.ingress.url}/api/ingress/v1/upload")
        for api in deployment.apis:
            say(f"The page:   {api.url}/")
        say(f"Kafka:      kcat -b {deployment.kafka.brokers} -L")
        say(f"PostgreSQL: psql '{deployment.postgres.conninfo(on_servers.DATABASE)}'")
        if os.environ.get("DEMO") == "once":
            return 0
        say()
        say("The fleet goes on, every cluster once a minute. Ctrl-C ends it; the data is removed "
            "then.")
        with open(folder / "fleet.log", "wb") as log:
            others.append(fleet(deployment, "--interval", "60", stdout=log, stderr=log))
        while True:
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except ServerError as error:
        print(f"demo_distributed.py: {error}", file=sys.stderr)
        return 1
    finally:
        for process in others:
            process.kill()
            process.wait()
        deployment.end()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
