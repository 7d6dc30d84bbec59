#!/usr/bin/env python3
"""Power fails at every named point of the program: every upload that got 202 ends exactly once.

The program runs over a disk that forgets what was not synced (forgetful_disk.cc) and is killed
before or after its writes, syncs, renames and removals, one point after the other, under load; each
time it goes on with what such a disk has left. The power has to have failed at each point, and
there may be no others.

  INSIGHTD_SEED    for the same choices again; a failure prints it
  INSIGHTD_ROUNDS  how often each point is taken (1)
  FORGETFUL_DISK   the library
"""
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from clients import Clients  # noqa: E402
import harness  # noqa: E402
from harness import Insightd  # noqa: E402
import forgetful_disk  # noqa: E402

SEED = int(os.environ.get("INSIGHTD_SEED", str(random.SystemRandom().randrange(1 << 32))))
ROUNDS = int(os.environ.get("INSIGHTD_ROUNDS", "1"))
LIBRARY = os.environ["FORGETFUL_DISK"]
LIFE_S_MAX = 0.6  # then the power fails wherever it is
NTH_MAX = 12  # a point is to fail at this time at most that it is come to
AGAIN_LIFE_S_MAX = 10  # where that was too often: at the first time
TRIES_MAX = 3
UNUSABLE = 4  # exit code for a data folder that cannot be gone on with
DISK = os.environ.get("TMPDIR", "/var/tmp")

# Come to at the first start in a folder, in this order.
FIRST_POINTS = (*(f"{call} version.new" for call in ("write", "sync", "rename")),
                *(f"{call} {base}-journal" for base in ("bus.db", "store.db")
                  for call in ("write", "sync", "unlink")))
POINTS = (*(f"{call} blob" for call in ("write", "sync", "rename", "unlink")),
          *(f"{call} {base}{file}" for base in ("bus.db", "store.db") for file in ("-wal", "")
            for call in ("write", "sync")),
          "sync folder")
# Come to, but not worth a failure of their own.
MAY_PASS = {"write lock", "unlink admin.sock"}


def around(calls):
    return [f"{when} {call}" for call in calls for when in ("before", "after")]


class OnForgetfulDisk(Insightd):
    """`insightd all` whose power may fail."""

    def __init__(self, folder, lies_about=""):
        # Archives are removed all the time.
        super().__init__(folder=folder, **{"upkeep.archive_kept_s": 0,
                                           "upkeep.clean_interval_s": 1})
        self.lies_about = lies_about
        self.shadow = self.folder / "shadow"
        self.seen = self.folder / "seen"
        self.begins = False
        self.crash_at = None

    def environment(self):
        environment = super().environment()
        if self.begins:  # other commands of the binary see the real disk
            environment.update(LD_PRELOAD=LIBRARY, DISK_FOLDER=self.settings["data_dir"],
                               DISK_SHADOW=str(self.shadow), DISK_LIES_ABOUT=self.lies_about,
                               CRASH_SEEN=str(self.seen))
            if self.crash_at:
                environment["CRASH_AT"] = self.crash_at
        return environment

    def start(self):
        self.begins = True
        try:
            return super().start()
        finally:
            self.begins = False

    def live_until(self, crash_at, life_s_max):
        """Starts it, lets the power fail there, or after that time; whether it failed there."""
        self.crash_at = crash_at
        ended = None
        try:
            self.start()
            self.reader.join(life_s_max)  # ends with the process
            at_point = not self.reader.is_alive()
            self.kill()
        except AssertionError as error:
            if "ended with" not in str(error):
                raise
            at_point = True
            ended = error
        if self.process.returncode != -signal.SIGKILL:
            raise AssertionError(f"{crash_at}: {ended or self.process.returncode}")
        forgetful_disk.restore(self.shadow, self.settings["data_dir"])
        self.crash_at = None
        return at_point


class PowerLossTest(unittest.TestCase):
    def make_server(self, parent, **more):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_power_", dir=parent))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        (folder / "data").mkdir(mode=0o700)
        server = OnForgetfulDisk(folder, **more)
        self.addCleanup(server.kill)
        return server

    @staticmethod
    def fail_at_first_start(server):
        """The power fails at each point of the first start; gives those at which it did not."""
        missed = []
        for point in around(FIRST_POINTS):
            # What the failure before has left may be too much, then all is made anew.
            for _ in range(2):
                if server.live_until(f"{point}:1", 0):
                    break
                shutil.rmtree(server.settings["data_dir"])
                os.mkdir(server.settings["data_dir"], 0o700)
            else:
                missed.append(point)
        return missed

    @staticmethod
    def fails_at(server, point, rng):
        """Whether the power has failed there: at any time, or at the first."""
        return (server.live_until(f"{point}:{rng.randint(1, NTH_MAX)}", LIFE_S_MAX) or
                any(server.live_until(f"{point}:1", AGAIN_LIFE_S_MAX)
                    for _ in range(TRIES_MAX - 1)))

    def fail_at(self, points, server):
        """The power fails at each of the points, under load."""
        rng = random.Random(SEED)
        rng.shuffle(points)
        with Clients(server, SEED) as clients:
            missed = [point for point in points if not self.fails_at(server, point, rng)]
            server.start()
            time.sleep(0.2)
        kinds = clients.check(self)
        print(f"seed {SEED}, {len(points)} failures, {len(clients.accepted)} accepted: "
              f"{', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))} ", end="")
        self.assertGreater(len(clients.accepted), len(points), "too few uploads to tell anything")
        self.assertEqual(missed, [], f"seed {SEED}: points at which the power did not fail")

    def test_at_every_point_in_memory(self):
        """before and after every kind of write, sync, rename and removal: nothing is lost"""
        server = self.make_server("/dev/shm")
        self.assertEqual(self.fail_at_first_start(server), [],
                         "points of the first start at which the power did not fail")
        self.fail_at(around(POINTS) * ROUNDS, server)
        seen = {point.split(" ", 1)[1] for point in server.seen.read_text().splitlines()}
        self.assertEqual(seen - {*FIRST_POINTS, *POINTS} - MAY_PASS, set(), "points of no list")

    def test_on_a_disk(self):
        """the same on a real file system, at the points at which most hangs on a sync"""
        self.fail_at(around(f"sync {place}" for place in ("blob", "bus.db-wal", "store.db-wal"))
                     * ROUNDS, self.make_server(DISK))

    def test_a_disk_that_lies_is_found_out(self):
        """were the log of the bus not synced, accepted uploads would be lost: this test sees it"""
        for _ in range(TRIES_MAX):
            server = self.make_server("/dev/shm", lies_about="bus.db-wal")
            with Clients(server, SEED) as clients:
                try:
                    for _ in range(3):
                        server.live_until(None, LIFE_S_MAX)
                    server.start()
                    break
                except AssertionError as error:
                    # What such a disk leaves may be no database any more; then nothing is told of
                    # uploads, and it is tried on another.
                    self.assertEqual(server.process.returncode, UNUSABLE, error)
                    print(f"(no database was left: {error}) ", end="")
        else:
            self.fail(f"{TRIES_MAX} times no database was left")
        accepted = clients.accepted
        self.assertGreater(len(accepted), 10)
        cluster = harness.new_cluster()
        self.assertEqual(server.upload_and_await(harness.archive(cluster), cluster)["end"],
                         "stored")
        lost = [upload for upload in accepted if server.end_of(upload[0]) is None]
        self.assertGreater(len(lost), 0)


if __name__ == "__main__":
    harness.main()
