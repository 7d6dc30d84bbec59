"""Load on a deployment, and what must be true of it afterwards whatever happened meanwhile.

Clients upload for clusters of their own, good archives and (where wanted) broken ones, and remember
every 202. `Load.check` then asks for the end of each: one end, of the right kind, nothing lost,
nothing doubled, each cluster shows its newest. All choices follow from INSIGHTD_SEED; a failure prints it.
"""
import collections
import os
import pathlib
import random
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/flow", "tests/fault", "tools/servers")]

import harness  # noqa: E402
from hostile import spoil  # noqa: E402
from newest import Newest, Upload  # noqa: E402
from deployment import DATABASE, Deployment  # noqa: E402
from process import ServerError  # noqa: E402, F401

SEED = int(os.environ.get("INSIGHTD_SEED", str(random.SystemRandom().randrange(1 << 32))))
OUTAGE_S = float(os.environ.get("INSIGHTD_OUTAGE_S", "2"))
RATE_PER_S = float(os.environ.get("INSIGHTD_RATE", "40"))
CLIENTS = 8
CLUSTERS_PER_CLIENT = 5
# Waiting for what backs off takes so long however short the outage was.
RECOVERY_S_MIN = 15
END_S_MAX = 90
GOOD_ENDS = ("stored", "replaced", "overtaken")
PAUSE_S = 0.02  # between two tries of a client that is refused


class Doors(harness.Doors):
    """Uploads to the ingress, reads from an API; a door that is closed just now is no error."""

    def __init__(self, ingress, api):
        self.ports = {**api.ports, "ingress": ingress.port}

    @property
    def port(self):
        return self.ports["ingress"]

    def get(self, path, listener="http.address"):
        try:
            return super().get(path, listener)
        except OSError as error:
            return harness.Answer(0, {}, str(error).encode())


class Load:
    """Use as a context: it uploads from entering to leaving, `rate` a second.

    `by_clock`: the wall clock is set meanwhile, and an upload is as new as that says.
    """

    def __init__(self, deployment, rate=RATE_PER_S, bad_share=0.0, clients=CLIENTS, make=None,
                 by_clock=False):
        self.deployment = deployment
        self.doors = Doors(deployment.ingress, deployment.apis[0])
        self.rate, self.bad_share, self.make = rate, bad_share, make or harness.archive
        self.accepted, self.refused = [], collections.Counter()
        self.newest = Newest(by_clock)
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.begun = time.monotonic()
        self.threads = [threading.Thread(target=self._client, args=(number, clients))
                        for number in range(clients)]
        self.clusters = []

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _client(self, number, clients):
        rng = random.Random(SEED * 1000 + number)
        clusters = [harness.new_cluster() for _ in range(CLUSTERS_PER_CLIENT)]
        with self.lock:
            self.clusters += clusters
        due, made = time.monotonic(), 0
        while not self.stopped.is_set():
            # One that was kept waiting does not catch up: the load stays what it was meant to be.
            due = max(due + clients / self.rate, time.monotonic() - 1)
            made += 1
            cluster = rng.choice(clusters)
            version = f"4.16.{made}"
            data = self.make(cluster, version=version)
            good = rng.random() >= self.bad_share
            if not good:
                data = spoil(rng, data)
            self._upload(data, cluster, good, version)
            self.stopped.wait(max(0.0, due - time.monotonic()))

    def _upload(self, data, cluster, good, version):
        try:
            answer = self.doors.upload(data, cluster)
        except (OSError, ValueError, IndexError) as error:
            with self.lock:
                self.refused[type(error).__name__] += 1
                if good:
                    self.newest.failed(cluster, error)
            self.stopped.wait(PAUSE_S)
            return
        with self.lock:
            if answer.status == 202:
                self.accepted.append(Upload(answer.json()["request_id"], cluster, good, version))
            else:
                self.refused[answer.status] += 1
            if good:
                (self.newest.accepted if answer.status == 202 else self.newest.refused)(cluster)
        if answer.status != 202:
            self.stopped.wait(PAUSE_S)

    def so_far(self):
        with self.lock:
            return list(self.accepted)

    # What must be true.

    def await_ends(self, uploads=None, seconds=END_S_MAX):
        """Returns how long it took until all of these had an end."""
        begun = time.monotonic()
        left = list(self.so_far() if uploads is None else uploads)
        while left:
            # From the newest: the older ones are there by then.
            if self.doors.end_of(left[-1].request_id) is not None:
                left.pop()
                continue
            if time.monotonic() - begun > seconds:
                missing = [one for one in left if self.doors.end_of(one.request_id) is None]
                raise AssertionError(f"seed {SEED}: {len(missing)} uploads have no end after "
                                     f"{seconds:.0f} s, one is {left[-1]}; {self.state()}")
            time.sleep(0.02)
        return time.monotonic() - begun

    def state(self):
        """For a failure: how much waits, and what the processes say of themselves."""
        waits = f"{self.deployment.backlog()} records wait; "
        return waits + "; ".join(f"{role.name}: {role.readiness()[1].strip() or 'no answer'}"
                         for role in self.deployment.roles).replace("\n", ", ")

    def check(self, test: unittest.TestCase):
        """Every accepted upload has one end, of the right kind, and each cluster shows its newest.
        Prints how many of which."""
        uploads = self.so_far()
        test.assertGreater(len(uploads), 0, "nothing was accepted")
        test.assertEqual(len({upload.request_id for upload in uploads}), len(uploads))
        self.await_ends(uploads)
        ends = {upload.request_id: self.doors.end_of(upload.request_id) for upload in uploads}
        kinds = collections.Counter()
        for upload in uploads:
            end = ends[upload.request_id]
            expected = GOOD_ENDS if upload.good else ("dead_letter",)
            test.assertIn(end["end"], expected, f"seed {SEED}: {upload} ended as {end}; "
                          f"{self.reasons(upload) if end['end'] == 'dead_letter' else ''}")
            test.assertEqual(end["cluster"], upload.cluster)
            kinds[end["end"]] += 1
        self.newest.check(test, self.doors, uploads, ends, f"seed {SEED}")
        letters = collections.Counter(self.letters())
        for upload in uploads:
            test.assertEqual(letters[upload.request_id], 0 if upload.good else 1,
                             f"seed {SEED}: dead letters of {upload}")
        test.assertEqual(self.lost_records(), 0)
        refused = sum(self.refused.values())
        print(f"{len(uploads)} accepted, {refused} refused: " +
              ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())), end=" ",
              flush=True)

    def letters(self):
        """The request ids of all dead letters in the database."""
        return self.deployment.postgres.sql("select request_id from insightd_dead_letter",
                                            DATABASE).split()

    def reasons(self, upload):
        """Why it was set aside."""
        return self.deployment.postgres.sql(
            "select topic, stage, code, reason, tries, first_failed_at, last_failed_at from "
            f"insightd_dead_letter where request_id = '{upload.request_id}'", DATABASE)

    def lost_records(self):
        return sum(value for role in self.deployment.roles
                   for key, value in role.metrics().items()
                   if key.startswith("insightd_bus_records_lost_total"))


def binary():
    return harness.BINARY


def new_deployment(**options):
    return Deployment(binary(), **{"partitions": 4, **options})
