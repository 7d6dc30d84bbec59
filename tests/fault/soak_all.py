#!/usr/bin/env python3
"""Hours of load on `insightd all`: good, broken and hostile archives, rules loaded again, restarts.

  tests/fault/soak_all.py MINUTES      (60)

  INSIGHTD_BINARY, INSIGHTD_SEED
  INSIGHTD_CLIENTS    uploading at once without a pause (4)

The first half runs one process without a stop, rules loaded again every few seconds; the second half
stops and kills it again and again. Archives may take 256 MiB, so that they are removed all the time.
Prints a table of memory, descriptors, threads and what the data folder has grown to, with the slope
of each, and the memory after 5,000 archives beside that at the end of the first half. Exit status 1:
an upload was lost or ended twice, a cluster does not show its newest, memory grew by more than a
twentieth after 5,000 archives, descriptors or threads became more in the first half, or the archives
took more of the disk than their room.
"""
import os
import pathlib
import random
import signal
import statistics
import sys
import time
import unittest

from clients import Clients
from harness import Insightd
from samples import Samples, disk_bytes

SEED = int(os.environ.get("INSIGHTD_SEED", str(random.SystemRandom().randrange(1 << 32))))
ROOM_BYTES = 256 << 20
# What comes in between two rounds of cleaning.
ROOM_SHARE_MAX = 1.25
# In each archive, so that the room is full soon; with the rest of it just under five blocks of 4 KiB.
MORE_BYTES = 19_500
# Their archives stay for good: few enough for hours.
BROKEN_SHARE = 0.01
RELOAD_S = 7
LIFE_S = (5, 60)  # of a process in the second half
WARM_ARCHIVES = 5_000
GROWTH_MAX = 0.05
# So many more in the last quarter of the first half than in its first.
RISE_MAX = {"descriptors": 16, "threads": 2}


def metrics(server):
    """All values by name; nothing while it does not answer."""
    values = {}
    try:
        answer = server.get("/metrics", "http.metrics_address")
    except (OSError, KeyError):
        return values
    for line in answer.body.decode().splitlines():
        if line and line[0] != "#":
            name, _, value = line.rpartition(" ")
            values[name] = float(value)
    return values


class Soak:
    def __init__(self, server):
        self.server = server
        self.memory = []  # (archives judged, MiB), of the first half
        self.steady = True
        self.room_bytes = 0

    def look(self, samples):
        now = metrics(self.server)
        samples.add_process("insightd", now)
        data = pathlib.Path(self.server.settings["data_dir"])
        blobs = disk_bytes(data / "blob")
        samples.add("archives MB", blobs / 1e6)
        for name in ("bus.db", "store.db"):
            samples.add(f"{name} MB", sum(file.stat().st_size for file in data.glob(f"{name}*")) / 1e6)
        self.room_bytes = max(self.room_bytes, blobs)
        judged = sum(value for key, value in now.items()
                     if key.startswith("insightd_archives_total"))
        if self.steady and "process_resident_memory_bytes" in now:
            self.memory.append((judged, now["process_resident_memory_bytes"] / (1 << 20)))

    def reload_until(self, end):
        while time.monotonic() < end:
            time.sleep(min(RELOAD_S, max(0.0, end - time.monotonic())))
            self.server.process.send_signal(signal.SIGHUP)

    def restart_until(self, end):
        rng = random.Random(SEED)
        restarts = 0
        while time.monotonic() < end:
            time.sleep(min(rng.uniform(*LIFE_S), max(0.0, end - time.monotonic())))
            if rng.random() < 0.5:
                self.server.stop()
            else:
                self.server.kill()
            self.server.start()
            restarts += 1
        return restarts

    def growth(self):
        """After 5,000 archives and at the end, MiB; nothing where there were too few."""
        warm = [mib for judged, mib in self.memory if judged >= WARM_ARCHIVES]
        return (warm[0], max(warm[-3:])) if len(warm) > 3 else None


def rise(points):
    """From the median of the first quarter to that of the last; nothing where there are too few."""
    values = [value for _, value in points]
    if len(values) < 4:
        return None
    quarter = len(values) // 4
    return statistics.median(values[-quarter:]) - statistics.median(values[:quarter])


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 2 if len(sys.argv) > 2 else 0
    length_s = 60 * float(sys.argv[1] if len(sys.argv) > 1 else 60)
    count = int(os.environ.get("INSIGHTD_CLIENTS", "4"))
    settings = {"blob.bytes_max": ROOM_BYTES, "upkeep.archive_kept_s": 60,
                "upkeep.clean_interval_s": 2}
    server = Insightd(**settings)
    server.log_file = str(server.folder / "log")
    print(f"seed {SEED}", flush=True)
    with server:
        soak = Soak(server)
        samples = Samples(soak.look)
        samples.start()
        begun = time.monotonic()
        with Clients(server, SEED, count, BROKEN_SHARE,
                     {"config/more.json": random.Random(SEED).randbytes(MORE_BYTES)}) as running:
            soak.reload_until(begun + length_s / 2)
            soak.steady = False
            steady = {what: list(samples.rows.get(f"insightd {what}", ())) for what in RISE_MAX}
            steady_uploads = len(running.accepted)
            restarts = soak.restart_until(begun + length_s)
        samples.end()
        print(f"the load is over; looking for the end of each of {len(running.accepted)} uploads",
              flush=True)
        kinds = running.check(unittest.TestCase())
        samples.print_table()
        print(f"{len(running.accepted)} uploads accepted, {steady_uploads} of them before the "
              f"{restarts} restarts: " +
              ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
        failed = soak.room_bytes > ROOM_SHARE_MAX * ROOM_BYTES
        print(f"archives: {soak.room_bytes / (1 << 20):.1f} MiB of the disk at most, of "
              f"{ROOM_BYTES >> 20}")
        for what, points in steady.items():
            risen = rise(points)
            if risen is None:
                print(f"{what}: too few samples, nothing to compare")
                continue
            failed |= risen > RISE_MAX[what]
            print(f"{what}: {risen:+.0f} in the first half, at most {RISE_MAX[what]:+}")
        growth = soak.growth()
        if growth is None:
            print(f"memory: fewer than {WARM_ARCHIVES} archives in the first half, nothing to compare")
        else:
            failed |= growth[1] > growth[0] * (1 + GROWTH_MAX)
            print(f"memory: {growth[0]:.1f} MiB after {WARM_ARCHIVES} archives, {growth[1]:.1f} after "
                  f"{soak.memory[-1][0]:.0f}")
        return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
