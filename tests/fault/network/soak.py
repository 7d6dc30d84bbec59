#!/usr/bin/env python3
"""The long form of the network tests: hours of load with an outage every few minutes.

  tests/fault/network/soak.py MINUTES      (60)

  INSIGHTD_BINARY, INSIGHTD_SEED
  INSIGHTD_RATE       uploads a second (half of what this machine carries, which is tried first)
  INSIGHTD_OUTAGE_S   how long each outage is (60, or less where not all kinds would have their turn)

Kafka, S3 and PostgreSQL are away in turn, each refusing, frozen, cut, late, reset, killed: 18 kinds,
each at least once however long that takes. In each outage a role is killed and rules are loaded
again, too. Prints a line an outage, at the end a table of memory, descriptors, threads and of what
database and disk have grown to, with the slope of each. Exit status 1: an upload was lost or ended
twice, a backlog was not gone within twice its outage, or memory grew.
"""
import os
import pathlib
import random
import signal
import sys
import time
import unittest

import load
from deployment import DATABASE
from load import SEED, Load, new_deployment
from samples import Samples, disk_bytes, slope

OUTAGE_S_MAX = 60
CALIBRATE_S = 20
SERVERS = ("kafka", "s3", "postgres")
# How, and what the proxy is told beside it.
MODES = {"refuse": (), "freeze": (), "cut": (700,), "delay": (500,), "rst": (), "kill": ()}
PLAN = [(server, mode) for mode in MODES for server in SERVERS]
# Before an outage, for it, and after; and as much again for what does not go smoothly.
OUTAGES_A_TURN = 3
# Of the memory at half time, while a load goes on as before.
GROWTH_MAX = 0.10


def look(deployment, samples):
    for role in deployment.roles:
        samples.add_process(role.name, role.metrics())
    for server in deployment.servers:
        samples.add(f"{server.name} disk MB", disk_bytes(server.data) / 1e6)
    try:
        samples.add("database MB", int(deployment.postgres.sql(
            f"select pg_database_size('{DATABASE}')")) / 1e6)
    except Exception:  # it is away just now
        pass


def calibrate(deployment):
    """Uploads a second that come to an end, when as many come as the door takes."""
    begun = time.monotonic()
    with Load(deployment, rate=1e6) as running:
        time.sleep(CALIBRATE_S)
    running.await_ends()
    return len(running.accepted) / (time.monotonic() - begun)


def outage(deployment, server, mode, seconds, running, rng):
    """One outage under load; a role is killed in it, too."""
    begun = time.monotonic()
    proxy = deployment.proxies[server]
    if mode == "kill":
        getattr(deployment, server).kill()
    else:
        proxy.set(mode, *MODES[mode])
    time.sleep(seconds * rng.random())
    victim = rng.choice(deployment.roles)
    victim.kill()
    victim.launch()
    time.sleep(max(0.0, begun + seconds - time.monotonic()))
    if mode == "kill":
        getattr(deployment, server).start()
    else:
        proxy.pass_()
    if not victim.alive:
        victim.launch()
    for pipeline in deployment.pipelines:
        if pipeline.alive:
            pipeline.process.send_signal(signal.SIGHUP)  # its rules are loaded again
    lasted = time.monotonic() - begun
    limit = max(2 * lasted, load.RECOVERY_S_MIN)
    took = running.await_ends(running.so_far(), limit)
    print(f"{server} {mode} for {lasted:.0f} s, {victim.name} killed: backlog gone after "
          f"{took:.1f} s (at most {limit:.0f});", end=" ", flush=True)


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
        return 2 if len(sys.argv) > 2 else 0
    length_s = 60 * float(sys.argv[1] if len(sys.argv) > 1 else 60)
    rng = random.Random(SEED)
    deployment = new_deployment(pipelines=2, proxied=True,
                                settings={"start_wait_s": 4 * OUTAGE_S_MAX})
    try:
        deployment.start()
        rate = float(os.environ.get("INSIGHTD_RATE", "0")) or calibrate(deployment) / 2
        away_s = float(os.environ.get("INSIGHTD_OUTAGE_S", min(
            OUTAGE_S_MAX, length_s / len(PLAN) / OUTAGES_A_TURN)))
        print(f"seed {SEED}, {rate:.0f} uploads a second, outages of {away_s:.0f} s", flush=True)
        samples = Samples(lambda into: look(deployment, into))
        samples.start()
        end = time.monotonic() + length_s
        turn = 0
        while turn < len(PLAN) or time.monotonic() < end:
            print(f"{turn + 1}/{max(len(PLAN), turn + 1)}", end=" ", flush=True)
            # A Load a turn: what it remembers is checked and given up.
            with Load(deployment, rate=rate, bad_share=0.05) as running:
                time.sleep(away_s / 2)
                outage(deployment, *PLAN[turn % len(PLAN)], away_s, running, rng)
                time.sleep(away_s / 2)
            running.check(unittest.TestCase())
            print(flush=True)
            turn += 1
        samples.end()
        samples.print_table()
        growing = [name for name, points in samples.rows.items() if name.endswith("memory MiB") and
                   slope(points) * length_s / 2 > GROWTH_MAX * points[len(points) // 2][1]]
        if growing:
            print(f"memory grew: {', '.join(growing)}")
        return 1 if growing else 0
    finally:
        deployment.end()


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).resolve().parent.parent.parent.parent)
    sys.exit(main())
