#!/usr/bin/env python3
"""The whole distributed way on this machine: archives a second, whose processor time they take, and
the memory of each role as archives pass.

  bench/distributed.py [--archives N] [--seconds S] [--size SIZE] [--no-floors] [PROGRAM]
                                              PROGRAM: insightd, default build/release/insightd

Starts Kafka, S3, PostgreSQL, the roles and a fleet that uploads as fast as it is answered, until the
results of N archives are stored or S seconds have passed. The processor's time is that after the first
5,000 (a tenth of N, where that is less). Memory is looked at every second: what a role has in work comes
and goes, so the median over the 5,000 after these stands beside that over the last 5,000. Archives
stay in S3 until the end: 94 kB each of size `small`. Of `huge`, which are 8 to 23 MB by the seed,
there are fewer, and fewer at once, as the ingress keeps no more than `blob.s3_upload_bytes_max` on
their way; the seed is one that makes 10 MB of them.

Then, where the bench programs are built (in the folder `bench` beside PROGRAM), what each step of
our roles took beside what a bare program takes for it on the same servers: see floors.py.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

import floors  # noqa: E402
from deployment import Deployment, total  # noqa: E402

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
FIRST_ARCHIVES = 5_000
PROGRESS_S = 10
ASK_S = 1
# Before the load, for what the roles take with nothing to do.
SETTLE_S, IDLE_S = 5, 10
STANDSTILL_S = 30
# What the memory of a role is wanted to stay within.
MEMORY_MIB_MAX = 96
LARGE_MB, LARGE_MIB_MAX = 8, 128
GROWTH_MAX = 0.05
# Where nothing else is said; an archive of `huge` takes the fleet seconds to make.
DEFAULTS = {"archives": 20_000, "clusters": 200, "connections": 8, "seed": 1}
HUGE_DEFAULTS = {"archives": 400, "clusters": 1, "connections": 2, "seed": 23}


def children(pid):
    try:
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        found = [int(child) for task in tasks
                 for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [grandchild for child in found for grandchild in children(child)]


def processor_s(pid):
    """Of the process and all its children, those that are gone too."""
    seconds = 0
    for one in [pid, *children(pid)]:
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        seconds += sum(int(ticks) for ticks in fields[11:15]) / TICKS_PER_S
    return seconds


def memory_mib(pid):
    """(now, highest)."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(("VmRSS", "VmHWM")):
            name, size = line.split()[:2]
            found[name] = int(size) / 1024
    return found["VmRSS:"], found["VmHWM:"]


class Look:
    """How far it is, and what it has taken until now."""

    def __init__(self, deployment, pids):
        self.at = time.monotonic()
        self.archives = results(deployment)
        self.taken = {name: processor_s(pid) for name, pid in pids.items()}
        self.most_mib = {role.name: memory_mib(role.process.pid)[1] for role in deployment.roles}
        self.threads = {role.name: floors.threads_s(role.process.pid) for role in deployment.roles}


def results(deployment):
    return int(sum(total(writer.metrics(), "insightd_results_total")
                   for writer in deployment.writers))


class Memory:
    """Of each role, every second."""

    def __init__(self, deployment):
        self.roles = deployment.roles
        self.looks = []  # archives, {role: MiB}
        self.next_at = 0.0

    def look(self, archives):
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + 1
        now = {role.name: memory_mib(role.process.pid)[0] for role in self.roles}
        self.looks.append((archives, now))

    def median(self, role, first, last):
        """While so many archives were done; the nearest look, where there was none."""
        inside = [mib[role] for archives, mib in self.looks if first <= archives <= last]
        nearest = min(self.looks, key=lambda look: abs(look[0] - last))
        return statistics.median(inside or [nearest[1][role]])


def await_archives(deployment, fleet, wanted, begun, seconds, memory):
    """Until so many results are there or the time is over; tells how far it is."""
    told, told_archives = time.monotonic(), results(deployment)
    moved, moved_archives = told, told_archives
    while (done := results(deployment)) < wanted and time.monotonic() - begun < seconds:
        memory.look(done)
        now = time.monotonic()
        if done > moved_archives:
            moved, moved_archives = now, done
        # It has uploaded all, and complains of what took long to become readable.
        if fleet.poll() is not None and now - moved > STANDSTILL_S:
            sys.exit(f"the fleet ended with {fleet.returncode}, and nothing comes after {done} archives")
        if now - told >= PROGRESS_S:
            print(f"  {now - begun:5.0f} s: {done:7} archives, "
                  f"{(done - told_archives) / (now - told):6.1f}/s", flush=True)
            told, told_archives = now, done
        # To be asked is no part of what the writer does for an archive.
        time.sleep(ASK_S)


def idle_s(deployment):
    """Processor time a second by role, with nothing to do."""
    time.sleep(SETTLE_S)
    looks = []
    for wait_s in (IDLE_S, 0):
        looks.append({role.name: sum(floors.threads_s(role.process.pid).values())
                      for role in deployment.roles})
        time.sleep(wait_s)
    return {name: (looks[1][name] - begun) / IDLE_S for name, begun in looks[0].items()}


def measure(deployment, asked):
    first = min(FIRST_ARCHIVES, asked.archives // 10)
    with tempfile.TemporaryFile() as said:
        fleet = subprocess.Popen(
            [asked.program, "fleet", "--url", deployment.ingress.url,
             "--api-url", deployment.apis[0].url, "--clusters", str(asked.clusters),
             "--size", asked.size, "--seed", str(asked.seed), "--rate", "100000",
             # More than are waited for: what catches up after the last upload has more in work.
             "--uploads", str(2 * asked.archives), "--connections", str(asked.connections),
             "--prepare", "--keep-connections"],
            stdout=said, stderr=said)
        try:
            pids = {"fleet": fleet.pid, **{one.name: one.process.pid for one in
                                           [*deployment.servers, *deployment.roles]}}
            begun = time.monotonic()
            memory = Memory(deployment)
            await_archives(deployment, fleet, first, begun, asked.seconds, memory)
            early = Look(deployment, pids)
            await_archives(deployment, fleet, asked.archives, begun, asked.seconds, memory)
            late = Look(deployment, pids)
        except BaseException:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace")[-2_000:])
            raise
        finally:
            fleet.kill()
            fleet.wait()
    if late.archives <= early.archives:
        sys.exit(f"{late.archives} archives in {asked.seconds} s are too few to measure")
    medians = {role.name: (memory.median(role.name, early.archives, early.archives + first),
                           memory.median(role.name, late.archives - first, late.archives))
               for role in deployment.roles}
    return early, late, medians


def print_table(deployment, early, late, medians):
    archives, took = late.archives - early.archives, late.at - early.at
    # Nothing is known of a fleet that has ended.
    taken = {name: late.taken[name] - now for name, now in early.taken.items()
             if late.taken[name] >= now}
    all_s = sum(taken.values())
    print(f"\n{archives / took:.1f} archives/s over {took:.0f} s, {all_s / took:.2f} of "
          f"{os.cpu_count()} cores, {1e3 * all_s / archives:.2f} ms of processor time an archive")
    print(f"{'':<12}{'CPU s':>8}{'share':>8}{'µs/archive':>12}   "
          f"MiB after {early.archives}, before {late.archives}, most")
    for name, seconds in sorted(taken.items(), key=lambda item: -item[1]):
        line = f"{name:<12}{seconds:>8.1f}{seconds / all_s:>8.1%}{1e6 * seconds / archives:>12.0f}"
        if name in medians:
            first, last = medians[name]
            line += f"   {first:.1f}  {last:.1f} ({last / first - 1:+.1%})  {late.most_mib[name]:.1f}"
        print(line)
    kinds = {"servers": deployment.servers, "roles": deployment.roles}
    print("; ".join(f"{kind} {sum(taken[one.name] for one in ones) / all_s:.1%}"
                    for kind, ones in kinds.items()))
    growth = max(last / first - 1 for first, last in medians.values())
    print(f"memory grew by {growth:+.1%} at most (wanted: {GROWTH_MAX:.0%})")
    pipelines = {one.name for one in deployment.pipelines}
    most_mib = {True: 0, False: 0}  # of pipelines, of the others
    for name, most in late.most_mib.items():
        most_mib[name in pipelines] = max(most, most_mib[name in pipelines])
    uploads = deployment.ingress.metrics()
    mean_mb = (total(uploads, "insightd_upload_bytes_sum") /
               max(1, total(uploads, "insightd_upload_bytes_count")) / 1e6)
    limit = LARGE_MIB_MAX if mean_mb >= LARGE_MB else MEMORY_MIB_MAX
    print(f"archives of {mean_mb:.2f} MB on average: a pipeline takes {most_mib[True]:.1f} MiB at "
          f"most (wanted: {limit}), another role {most_mib[False]:.1f} MiB "
          f"(wanted: {MEMORY_MIB_MAX})")


def print_floors(deployment, early, late, idle, asked):
    programs = pathlib.Path(asked.program).resolve().parent / "bench"
    if missing := floors.missing(programs):
        print(f"no floors: {', '.join(missing)} not in {programs} (-DINSIGHTD_BENCH=ON)")
        return
    archives = late.archives - early.archives
    taken, waiting = {}, {}
    for role in deployment.roles:
        waiting[role.role] = (waiting.get(role.role, 0) +
                              1e6 * idle[role.name] * (late.at - early.at) / archives)
        of_role = taken.setdefault(role.role, {})
        for thread, seconds in late.threads[role.name].items():
            seconds -= early.threads[role.name].get(thread, 0)
            of_role[thread] = of_role.get(thread, 0) + 1e6 * seconds / archives
    with tempfile.TemporaryDirectory(prefix="floors_") as folder:
        measured = floors.Floors(deployment, programs, pathlib.Path(folder),
                                 archives / (late.at - early.at), asked.clusters).measure()
        floors.print_table(measured, taken, waiting)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=ROOT / "build" / "release" / "insightd")
    parser.add_argument("--archives", type=int)
    parser.add_argument("--seconds", type=float, default=3_600, help="at most")
    parser.add_argument("--pipelines", type=int, default=2)
    parser.add_argument("--clusters", type=int)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--size", default="small")
    parser.add_argument("--seed", type=int, help="of the fleet")
    parser.add_argument("--floors", action=argparse.BooleanOptionalAction, default=True)
    asked = parser.parse_args()
    for name, value in (HUGE_DEFAULTS if asked.size == "huge" else DEFAULTS).items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    with Deployment(asked.program, pipelines=asked.pipelines) as deployment:
        print(f"{asked.pipelines} pipelines, archives of size {asked.size}, "
              f"{asked.connections} connections", flush=True)
        idle = idle_s(deployment)
        early, late, medians = measure(deployment, asked)
        backlog = deployment.backlog()
        print_table(deployment, early, late, medians)
        print(f"waiting in Kafka at the end: {backlog}; dead letters: {deployment.letters()}")
        if asked.floors:
            print_floors(deployment, early, late, idle, asked)


if __name__ == "__main__":
    main()
