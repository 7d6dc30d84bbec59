#!/usr/bin/env python3
"""Power fails at every named point of the program: every upload that got 202 ends exactly once.

The program runs over a disk that forgets what was not synced (forgetful_disk.cc) and is killed
before or after its writes, syncs, renames and removals, one point after the other, under load; each
time it goes on with what such a disk has left.

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
NTH_MAX = 12
TRIES_MAX = 3
UNUSABLE = 4  # exit code for a data folder that cannot be gone on with
DISK = os.environ.get("TMPDIR", "/var/tmp")

# The points, and whether the power has to have failed there: some come at a start or after minutes
# only, or not at all while there is little to do.
POINTS = {
    "write blob": True, "sync blob": True, "rename blob": True, "unlink blob": False,
    "write bus.db-wal": True, "sync bus.db-wal": True, "write bus.db": True, "sync bus.db": False,
    "write store.db-wal": True, "sync store.db-wal": True, "write store.db": True,
    "sync store.db": False,
    "write version.new": False, "rename version.new": False, "sync folder": True,
}


# Come to, but not worth a failure of their own.
MAY_PASS = {"write lock", "unlink admin.sock", "sync version.new",
            *(f"{call} {base}-journal" for call in ("write", "sync", "unlink")
              for base in ("bus.db", "store.db"))}


class OnForgetfulDisk(Insightd):
    """`insightd all` whose power may fail."""

    def __init__(self, folder, lies_about=""):
        super().__init__(folder=folder)
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

    def fail_at(self, points, parent):
        """The power fails at each of the points; gives the names of all that were come to."""
        rng = random.Random(SEED)
        rng.shuffle(points)
        failed_at = set()
        server = self.make_server(parent)
        with Clients(server, SEED) as clients:
            for point in points:
                if server.live_until(f"{point}:{rng.randint(1, NTH_MAX)}", LIFE_S_MAX):
                    failed_at.add(point)
            server.start()
            time.sleep(0.2)
        kinds = clients.check(self)
        print(f"seed {SEED}, {len(points)} failures, {len(failed_at)} points of {len(points)} hit, "
              f"{len(clients.accepted)} accepted: "
              f"{', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))} ", end="")
        self.assertGreater(len(clients.accepted), len(points), "too few uploads to tell anything")
        return {point.split(" ", 1)[1] for point in server.seen.read_text().splitlines()}

    def test_at_every_point_in_memory(self):
        """before and after every kind of write, sync, rename and removal: nothing is lost"""
        seen = self.fail_at([f"{when} {call}" for call in POINTS for when in ("before", "after")]
                            * ROUNDS, "/dev/shm")
        always = {call for call, is_always in POINTS.items() if is_always}
        self.assertEqual(always - seen, set(), "points that were never come to")
        self.assertEqual(seen - set(POINTS) - MAY_PASS, set(), "points that are not in POINTS")

    def test_on_a_disk(self):
        """the same on a real file system, at the points at which most hangs on a sync"""
        self.fail_at([f"{when} sync {place}" for place in ("blob", "bus.db-wal", "store.db-wal")
                      for when in ("before", "after")] * ROUNDS, DISK)

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
