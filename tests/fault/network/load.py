"""Load on a deployment, and what must be true of it afterwards whatever happened meanwhile.

Clients upload for clusters of their own, good archives and (where wanted) broken ones, and remember
every 202. `Load.check` then asks for the end of each: one end, of the right kind, nothing lost,
nothing doubled, each cluster shows its newest. A share of the archives says something about workloads,
too: of these each cluster shows the newest as well. All choices follow from INSIGHTD_SEED; a failure
prints it.
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
STATIC = os.environ.get("INSIGHTD_STATIC_MEMBERS", "0") == "1"
CLIENTS = 8
CLUSTERS_PER_CLIENT = 5
# Waiting for what backs off takes so long however short the outage was.
RECOVERY_S_MIN = 15
END_S_MAX = 90
# Of the good archives. Each names a namespace of its own, which tells whose workloads are stored.
WORKLOADS_SHARE = 0.3
DVO = 'deployment_validation_operator_no_anti_affinity' \
      '{{kind="Deployment",name="shop",namespace="web",namespace_uid="{0}",uid="U-1"}} 1\n'
GOOD_ENDS = ("stored", "replaced", "overtaken")
PAUSE_S = 0.02  # between two tries of a client that is refused


class KeptDeployment(Deployment):
    """Does what the units do (Restart=on-failure) for static members of groups.

    A broker that was killed may take a member that joins again for another of the same name. librdkafka
    does not get over that: the process says so and ends, and is started again. Any other end is left as
    it is, for tests to find. `shut_out` counts.
    """
    EXIT_INTERNAL = 5
    RESTART_S = 2  # RestartSec
    SAID = "has shut this member out"

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        self.shut_out, self.over, self.keepers = collections.Counter(), threading.Event(), []

    def start_roles(self):
        super().start_roles()
        self.keepers = [threading.Thread(target=self._keep, args=(role,)) for role in self.roles]
        for keeper in self.keepers:
            keeper.start()
        return self

    def end(self):
        self.over.set()
        for keeper in self.keepers:
            keeper.join()
        super().end()

    def _keep(self, role):
        while not self.over.wait(0.1):
            ended = role.process
            if ended.poll() == self.EXIT_INTERNAL and self.SAID in role.log_tail() and \
                    not self.over.wait(self.RESTART_S) and role.process is ended:
                self.shut_out[role.name] += 1
                role.launch()


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
        # The same of those uploads that say something about workloads, and their namespaces.
        self.newest_workloads, self.namespaces = Newest(by_clock), {}
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
            good = rng.random() >= self.bad_share
            namespace = f"NS-{made}" if good and rng.random() < WORKLOADS_SHARE else None
            data = self.make(cluster, namespace and {"config/dvo_metrics": DVO.format(namespace)},
                             version=version)
            if not good:
                data = spoil(rng, data)
            self._upload(data, cluster, good, version, namespace)
            self.stopped.wait(max(0.0, due - time.monotonic()))

    def _upload(self, data, cluster, good, version, namespace):
        told = [self.newest] * good + [self.newest_workloads] * bool(namespace)
        try:
            answer = self.doors.upload(data, cluster)
        except (OSError, ValueError, IndexError) as error:
            with self.lock:
                self.refused[type(error).__name__] += 1
                for newest in told:
                    newest.failed(cluster, error)
            self.stopped.wait(PAUSE_S)
            return
        with self.lock:
            if answer.status == 202:
                upload = Upload(answer.json()["request_id"], cluster, good, version)
                self.accepted.append(upload)
                if namespace:
                    self.namespaces[upload.request_id] = namespace
            else:
                self.refused[answer.status] += 1
            for newest in told:
                (newest.accepted if answer.status == 202 else newest.refused)(cluster)
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
        self.check_workloads(test, uploads, ends)
        letters = collections.Counter(self.letters())
        for upload in uploads:
            test.assertEqual(letters[upload.request_id], 0 if upload.good else 1,
                             f"seed {SEED}: dead letters of {upload}")
        test.assertEqual(self.lost_records(), 0)
        refused = sum(self.refused.values())
        print(f"{len(uploads)} accepted, {refused} refused: " +
              ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) +
              f", with workloads {len(self.namespaces)}" +
              "".join(f"; {name} shut out of its group: {count}"
                      for name, count in shut_out(self.deployment).items()), end=" ", flush=True)

    def check_workloads(self, test, uploads, ends):
        """Of each cluster those of the newest upload that had any are stored, once."""
        newest = {}
        for upload in uploads:
            before = newest.get(upload.cluster)
            # In the order of each client, which is not that of a clock that is set meanwhile.
            if upload.request_id in self.namespaces and not (
                    before and self.newest.by_clock and ends[before.request_id]["last_checked"] >
                    ends[upload.request_id]["last_checked"]):
                newest[upload.cluster] = upload
        # Their messages have no end that could be asked for.
        harness.wait_for(lambda: self.deployment.workloads_backlog() == 0,
                         f"seed {SEED}: the end of the backlog of workloads", END_S_MAX)
        stored = collections.defaultdict(list)
        for row in self.deployment.postgres.sql("select cluster_id, namespace_id from "
                                                "dvo.dvo_report", DATABASE).splitlines():
            cluster, namespace = row.split("|")
            stored[cluster].append(namespace)
        doubtful = self.newest_workloads.doubtful | self.newest_workloads.doubtful_for_good
        for cluster, upload in newest.items():
            what = f"seed {SEED}: of cluster {cluster} {upload} has the newest workloads"
            test.assertEqual(len(stored[cluster]), 1, what)
            if cluster not in doubtful:
                test.assertEqual(stored[cluster], [self.namespaces[upload.request_id]], what)

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
    """With INSIGHTD_STATIC_MEMBERS=1 each process has a name in its group, as in the shipped units."""
    print(f"seed {SEED}: members of groups are {'static' if STATIC else 'dynamic'}", flush=True)
    kind = KeptDeployment if STATIC else Deployment
    return kind(binary(), **{"partitions": 4, "static_members": STATIC, **options})


def shut_out(deployment):
    """How often each role was shut out of its group, and started again."""
    return deployment.shut_out if isinstance(deployment, KeptDeployment) else {}
