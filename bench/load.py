#!/usr/bin/env python3
"""What the whole program takes and does on this machine: start, memory, latency, sustained uploads.

  bench/load.py --binary build/release/insightd                 start, idle memory, latency
  bench/load.py --binary … --rate 400 --size small              the same and 20 s of load
  bench/load.py --binary … --rate 139 --size mix --duration 60
  bench/load.py --binary … --archives 20000                     memory after 1,000 and after these

Each part prints its floor, measured in the same run: for latency two synced writes of the same
bytes one behind the other, for load the disk's own rate with many writes to a sync.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "flow"))


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build" / "release" / "insightd"))
    parser.add_argument("--folder", help="where to keep data (default: a temporary folder)")
    parser.add_argument("--archive", help="of the latency part (default: a made one)")
    parser.add_argument("--uploads", type=int, default=100, help="of the latency part")
    parser.add_argument("--rate", type=float, help="uploads a second to offer")
    parser.add_argument("--size", default="small")
    parser.add_argument("--duration", type=float, default=20)
    parser.add_argument("--clusters", type=int, default=500)
    parser.add_argument("--archives", type=int, help="of the memory part")
    parser.add_argument("--connections", type=int, default=16)
    return parser.parse_args()


def memory_mib(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def two_synced_writes_ms(folder, data):
    times = []
    for number in range(50):
        begun = time.perf_counter()
        for part in ("a", "b"):
            path = pathlib.Path(folder) / f"floor{part}{number}"
            with open(path, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        times.append((time.perf_counter() - begun) * 1000)
        for part in ("a", "b"):
            (pathlib.Path(folder) / f"floor{part}{number}").unlink()
    return statistics.median(times)


def disk_mb_per_s(folder, megabytes=200):
    path = pathlib.Path(folder) / "floor"
    block = os.urandom(1 << 20)
    begun = time.perf_counter()
    with open(path, "wb") as file:
        for number in range(megabytes):
            file.write(block)
            if number % 16 == 15:
                file.flush()
                os.fdatasync(file.fileno())
    taken = time.perf_counter() - begun
    path.unlink()
    return megabytes * 1.048576 / taken


def latency(harness, server, data, cluster, uploads):
    times = []
    for _ in range(uploads):
        begun = time.perf_counter()
        answer = server.upload(data, cluster)
        assert answer.status == 202, answer
        request_id = answer.json()["request_id"]
        while server.end_of(request_id) is None:
            pass
        assert server.report(cluster).status == 200
        times.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.03)
    times.sort()
    return statistics.median(times), times[int(len(times) * 0.99)]


def fleet(arguments, server, *more):
    done = subprocess.run(
        [arguments.binary, "fleet", "--url", f"http://127.0.0.1:{server.port}", "--prepare",
         "--clusters", str(arguments.clusters), "--size", arguments.size,
         "--connections", str(arguments.connections), "--keep-connections", "--json", *more],
        capture_output=True, text=True)
    if not done.stdout:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def print_growth(arguments, server, pid):
    seen = []
    for uploads in (1_000, arguments.archives - 1_000):
        fleet(arguments, server, "--rate", "10000", "--uploads", str(uploads))
        seen.append(memory_mib(pid, "VmRSS"))
    print(f"memory after      1000 archives {seen[0]:.1f} MiB, after {arguments.archives} "
          f"{seen[1]:.1f} MiB ({100 * (seen[1] / seen[0] - 1):+.1f} %)")


def main():
    arguments = parse()
    os.environ["INSIGHTD_BINARY"] = arguments.binary
    import harness  # reads the environment

    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, \
            harness.Insightd(folder=folder, log_file=os.path.join(folder, "log")) as server:
        raise SystemExit(run(arguments, harness, server, folder))


def run(arguments, harness, server, folder):
    pid = server.process.pid
    ready = server.ready_s * 1000
    print(f"ready after       {ready:.0f} ms, with {memory_mib(pid, 'VmRSS'):.0f} MiB")

    cluster = harness.new_cluster()
    data = harness.archive(cluster, {f"config/pad/{i}": os.urandom(1000) for i in range(90)})
    if arguments.archive:
        data = pathlib.Path(arguments.archive).read_bytes()
    median, p99 = latency(harness, server, data, cluster, arguments.uploads)
    floor = two_synced_writes_ms(folder, data)
    print(f"upload to readable p50 {median:.1f} ms, p99 {p99:.1f} ms for {len(data) / 1000:.0f} kB "
          f"(floor: two synced writes {floor:.1f} ms; ratio {median / floor:.1f})")
    print(f"memory then       {memory_mib(pid, 'VmRSS'):.0f} MiB, peak {memory_mib(pid, 'VmHWM'):.0f}")
    if arguments.archives:
        print_growth(arguments, server, pid)
    if not arguments.rate:
        return 0

    disk = disk_mb_per_s(folder)
    before = cpu_s(pid)  # making the archives comes first and is the client's alone
    result = fleet(arguments, server, "--rate", str(arguments.rate),
                   "--duration", str(arguments.duration))
    server_cpu = cpu_s(pid) - before
    taken = result["seconds"]
    rate, mb = result["accepted"] / taken, result["bytes"] / 1e6 / taken
    cores = os.cpu_count()
    print(f"offered           {arguments.rate:.0f} a second of size {arguments.size} for "
          f"{arguments.duration:.0f} s")
    print(f"accepted          {rate:.0f} a second, {mb:.1f} MB/s "
          f"(floor: the disk takes {disk:.0f} MB/s synced; ratio {disk / mb:.1f}), "
          f"{result['failed']} failed, {result['late']} late")
    print(f"answered after    p50 {result['answered_after']['p50_ms']:.1f} ms, "
          f"p99 {result['answered_after']['p99_ms']:.1f} ms")
    print(f"readable after    p50 {result['readable_after']['p50_ms']:.1f} ms, "
          f"p99 {result['readable_after']['p99_ms']:.1f} ms, "
          f"{result['readable']} of {result['watched']} looked for")
    print(f"cores of {cores}        client {result['cpu_s'] / taken:.2f}, "
          f"server {server_cpu / taken:.2f} (what it finished later included)")
    print(f"memory then       {memory_mib(pid, 'VmRSS'):.0f} MiB, peak {memory_mib(pid, 'VmHWM'):.0f}")
    return 0 if result["failed"] == 0 and result["not_readable"] == 0 else 1


if __name__ == "__main__":
    main()
