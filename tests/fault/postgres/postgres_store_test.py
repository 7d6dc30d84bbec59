#!/usr/bin/env python3
"""The PostgreSQL store while its server is killed, frozen and cut off, and its writers killed.

Each case: two writers, of which one has the duty, store the same results; something bad happens in
the middle. In the end each result is stored exactly once, each cluster shows its newest, and what a
writer has called durable was there.

  postgres_store_test.py [CASE…]      needs STORE_WORKER, the program of store_worker.cc
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[3] / "tools" / "servers"))
sys.path.insert(0, str(HERE.parents[1]))

from proxy import Proxy  # noqa: E402
from servers import Postgres  # noqa: E402
from worker import Worker, log_shown_on_failure, wait_for  # noqa: E402

WORKER = os.environ.get("STORE_WORKER", "")
RESULTS = 2000
CLUSTERS = 100
PAUSE_MS = 20  # behind each ten: four seconds in all


class Case:
    """Runs two writers around `happen(case)`, which does the harm and mends it."""

    def __init__(self, postgres, proxy, name):
        self.postgres, self.proxy, self.name = postgres, proxy, name
        self.database = name
        self.workers = []

    def start_worker(self):
        conninfo = self.postgres.conninfo(self.database, port=self.proxy.port)
        self.workers.append(Worker(self.log, WORKER, conninfo, "put", 0, RESULTS, PAUSE_MS))
        return self.workers[-1]

    def has_duty(self):
        """The one that has stored something and has not ended."""
        return next((worker for worker in self.workers
                     if worker.numbers("stored") and worker.process.poll() is None), None)

    def stored(self):
        return set().union(*(worker.numbers("stored") for worker in self.workers))

    def ask(self, sql):
        return self.postgres.sql(sql, self.database)

    def run(self, happen):
        started = time.monotonic()
        self.postgres.create_database(self.database)
        subprocess.run([WORKER, self.postgres.conninfo(self.database), "migrate"], check=True)
        with log_shown_on_failure() as self.log:
            try:
                self._run(happen)
            finally:
                self.proxy.pass_()
                for worker in self.workers:
                    worker.kill()
        failures = {tuple(said) for worker in self.workers for said in worker.said
                    if said[0] == "failed"}
        print(f"{self.name}: {RESULTS} results in {time.monotonic() - started:.1f} s, met "
              f"{', '.join(sorted(words[1] for words in failures)) or 'nothing'}")

    def _run(self, happen):
        self.start_worker()
        wait_for("the first one has the duty", self.has_duty)
        self.start_worker()
        wait_for("the second one waits", lambda: self.workers[1].count("waits") > 0)
        wait_for("a fifth is stored", lambda: len(self.stored()) > RESULTS // 5)
        happen(self)
        wait_for("all is stored by some writer",
                 lambda: any(len(worker.numbers("stored")) == RESULTS for worker in self.workers))
        self.check()

    def check(self):
        uploads = self.ask("SELECT count(*), count(DISTINCT request_id) FROM insightd_upload")
        assert uploads == f"{RESULTS}|{RESULTS}", uploads
        newest = self.ask("SELECT count(*) FROM insightd_cluster JOIN report USING (cluster) WHERE "
                          f"request_id = 'request-' || ({RESULTS - CLUSTERS} + "
                          "substr(cluster, 9)::int) AND report = repeat('r', 5000) || "
                          "substr(request_id, 9)")
        assert newest == str(CLUSTERS), f"{newest} clusters show their newest result"
        hits = self.ask("SELECT count(*) FROM rule_hit JOIN insightd_cluster ON cluster = "
                        "cluster_id WHERE template_data = 'details ' || substr(request_id, 9)")
        assert hits == str(CLUSTERS), f"{hits} clusters have the hits of their newest result"
        released = self.ask("SELECT count(*), count(DISTINCT archive) FROM insightd_released")
        expected = RESULTS - CLUSTERS
        assert released == f"{expected}|{expected}", f"{released} archives released"

    def check_durable(self):
        """What was called stored is there, right after the server has come back."""
        said = self.stored()
        there = set(map(int, self.ask("SELECT substr(request_id, 9) FROM insightd_upload").split()))
        assert said <= there, f"lost: {sorted(said - there)[:10]}"


def server_killed(case):
    case.postgres.kill()
    case.postgres.start()
    case.check_durable()


def server_stopped(case):
    case.postgres.restart()


def frozen(case):
    """Longer than a statement may take and an answer may be late."""
    worker = case.has_duty()
    case.proxy.freeze()
    wait_for("the writer gives up", lambda: worker.count("failed", "timeout") +
             worker.count("failed", "unavailable") > 0)
    case.proxy.pass_()


def reset(case):
    for _ in range(5):
        case.proxy.rst()
        time.sleep(0.1)
        case.proxy.pass_()
        time.sleep(0.3)


def cut_in_the_middle(case):
    """After some thousand bytes from the server: within reads, between, within commits."""
    chance = random.Random(1)
    for _ in range(15):
        case.proxy.cut(chance.randrange(500, 6000))
        time.sleep(0.2)
    case.proxy.pass_()


def writer_killed(case):
    case.has_duty().kill()
    wait_for("the other one takes over", lambda: case.workers[1].count("taken") > 0)


def writer_stopped(case):
    """One that wakes up after it was taken for dead must not write."""
    first = case.has_duty()
    first.process.send_signal(signal.SIGSTOP)
    case.ask("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
             "WHERE application_name = 'store_worker results'")
    wait_for("the other one takes over", lambda: case.workers[1].count("taken") > 0)
    first.process.send_signal(signal.SIGCONT)


CASES = [server_killed, server_stopped, frozen, reset, cut_in_the_middle, writer_killed,
         writer_stopped]


def main():
    if not WORKER:
        print("STORE_WORKER names no program")
        return 2
    wanted = sys.argv[1:] or [case.__name__ for case in CASES]
    with Postgres() as postgres:
        proxy = Proxy(("127.0.0.1", postgres.port)).start()
        try:
            for happen in CASES:
                if happen.__name__ in wanted:
                    Case(postgres, proxy, happen.__name__).run(happen)
        finally:
            proxy.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
