#!/usr/bin/env python3
"""How soon an upload is readable, on an idle installation of roles on Kafka, S3 and PostgreSQL.

  bench/readable.py [--uploads N] [PROGRAM]    PROGRAM: insightd, default build/release/insightd

One upload at a time. Counted is from its 202, when the announcement is durable, until the API shows
its end. The stages of the pipeline are told from its log.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))
sys.path.insert(0, str(ROOT / "tests" / "flow"))

import harness  # noqa: E402
from deployment import Deployment  # noqa: E402

WARM_UP = 30  # of the servers' compilers, too
END_S_MAX = 60


class Doors(harness.Doors):
    def __init__(self, role):
        self.ports = role.ports


def await_end(connection, request_id):
    until = time.monotonic() + END_S_MAX
    while time.monotonic() < until:
        connection.request("GET", f"/api/insightd/v1/uploads/{request_id}")
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return
        time.sleep(0.001)
    raise SystemExit(f"upload {request_id} has no end after {END_S_MAX} s")


def stages(log, request_ids):
    """Medians of `duration_ms` by event, of these uploads."""
    durations = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if record.get("request_id") in request_ids and "duration_ms" in record:
            durations.setdefault(record.get("event", ""), []).append(record["duration_ms"])
    return {event: statistics.median(values) for event, values in durations.items()}


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=100)
    parser.add_argument("program", nargs="?", default=ROOT / "build" / "release" / "insightd")
    options = parser.parse_args()
    with Deployment(options.program, pipelines=1, partitions=4) as deployment:
        ingress = Doors(deployment.ingress)
        connection = http.client.HTTPConnection("127.0.0.1", deployment.apis[0].port, timeout=10)
        seconds, answers, request_ids = [], [], set()
        for number in range(WARM_UP + options.uploads):
            cluster = harness.new_cluster()
            data = harness.archive(cluster)
            begun = time.monotonic()
            answer = ingress.upload(data, cluster)
            accepted = time.monotonic()
            if answer.status != 202:
                raise SystemExit(f"upload was answered {answer}")
            request_id = answer.json()["request_id"]
            await_end(connection, request_id)
            if number >= WARM_UP:
                answers.append(accepted - begun)
                seconds.append(time.monotonic() - accepted)
                request_ids.add(request_id)
        seconds.sort()
        answers.sort()
        print(f"upload answered: median {answers[len(answers) // 2] * 1e3:.0f} ms")
        print(f"announcement to readable: median {seconds[len(seconds) // 2] * 1e3:.0f} ms, "
              f"p90 {seconds[len(seconds) * 9 // 10] * 1e3:.0f} ms, "
              f"most {seconds[-1] * 1e3:.0f} ms")
        for role in deployment.roles:
            told = stages(role.log, request_ids)
            print(f"{role.name}: {resident_mib(role.process.pid):.0f} MiB" +
                  "".join(f"; {event} {value:.1f} ms" for event, value in told.items()))


if __name__ == "__main__":
    main()
