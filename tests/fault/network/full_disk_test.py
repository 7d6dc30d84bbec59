#!/usr/bin/env python3
"""The disk of the database and of the broker is full for a while: nothing is lost or set aside.

Their data is on small file systems in memory, in a mount namespace of this test's own, so that none
is left behind. Where they may not be mounted it says so and ends with 77.

  INSIGHTD_OUTAGE_S   how long each is full (2), or longer, until the server says so
  INSIGHTD_SEED, INSIGHTD_RATE
"""
import os
import subprocess
import sys
import tempfile
import time
import unittest

import load
from load import OUTAGE_S, RECOVERY_S_MIN, Load, new_deployment

INSIDE = "INSIGHTD_OWN_MOUNTS"
SIZE_MB = {"kafka": 96, "postgres": 192}
BALLAST_STEP = 1 << 16
SKIPPED = 77
SAYS_FULL_S_MAX = OUTAGE_S + 60


def enter_own_mounts():
    """Runs this script again where its mounts are nobody else's. Gives a reason when it cannot."""
    if os.environ.get(INSIDE):
        return None
    words = ["unshare", "--mount", "--propagation", "private"]
    if os.getuid() != 0 or subprocess.run([*words, "true"], capture_output=True,
                                          check=False).returncode != 0:
        return "no file system may be mounted here"
    os.execvpe(words[0], [*words, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def mount(folder, megabytes):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder], check=True)


def fill(folder):
    """Takes all that is left, but for less than a page; gives the file that holds it."""
    path = os.path.join(folder, "ballast")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for step in (1 << 20, BALLAST_STEP, 4096):
            while True:
                try:
                    os.write(fd, b"\0" * step)
                except OSError:
                    break
    finally:
        os.close(fd)
    return path


class FullDiskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="insightd_full_disk_")
        cls.addClassCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        disks = {}
        for name, megabytes in SIZE_MB.items():
            disks[name] = os.path.join(folder.name, "disk", name)
            mount(disks[name], megabytes)
            cls.addClassCleanup(subprocess.run, ["umount", "--lazy", disks[name]], check=False)
        cls.disks = disks
        cls.deployment = new_deployment(
            folder=os.path.join(folder.name, "deployment"), pipelines=1,
            kafka={"data": disks["kafka"], "settings": {"log.index.size.max.bytes": 65536}},
            postgres={"data": disks["postgres"],
                      "settings": {"max_wal_size": "48MB", "min_wal_size": "32MB"}})
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()

    @staticmethod
    def says_full(server):
        return "No space left" in server.log.read_text(errors="replace")

    def full(self, name):
        server = getattr(self.deployment, name)
        with Load(self.deployment) as running:
            time.sleep(0.5)
            begun = time.monotonic()
            ballast = fill(self.disks[name])
            time.sleep(OUTAGE_S)
            # What it has room for inside its files it may fill first.
            while not self.says_full(server) and time.monotonic() < begun + SAYS_FULL_S_MAX:
                time.sleep(0.1)
            os.unlink(ballast)
            # A broker ends when its disk fails, a database may.
            print("it ended;" if not server.alive else "it lived;", end=" ", flush=True)
            self.assertTrue(self.says_full(server), server.log.read_text(errors="replace"))
            if not server.alive:
                server.start()
            lasted = time.monotonic() - begun
            took = running.await_ends(running.so_far())
            print(f"full {lasted:.1f} s, backlog gone after {took:.1f} s;", end=" ", flush=True)
            self.assertLess(took, max(2 * lasted, RECOVERY_S_MIN))
        running.check(self)

    def test_the_disk_of_the_database_is_full(self):
        """the disk of the database is full: results wait, none is set aside"""
        self.full("postgres")

    def test_the_disk_of_the_broker_is_full(self):
        """the disk of the broker is full: uploads are refused, none that was accepted is lost"""
        self.full("kafka")


if __name__ == "__main__":
    why = enter_own_mounts()
    if why:
        print(f"skipped: {why}")
        sys.exit(SKIPPED)
    load.harness.main()
