"""What each step of the distributed way needs at least, for bench/distributed.py: on the servers of
a load that has just been.

A step is what one role does between two servers. Its floor is the sum of bare programs that do its
parts, with the same bytes (records and an archive of that load) and, where work comes one by one, as
often a second as it came to one role. What either takes in that time with nothing to do (a client of
Kafka is never still, and a role has several) is no part of a step; it is shown beneath. Floors are as
good as the machine is then: read ratios.

The parts are told by the names of the threads that do them, to see where the time goes. They are cut
otherwise than in the bare programs (a bare consumer parses what it takes, our writer does that where
it stores), and checks, logs and history have no bare program: a part's ratio is no measure.
"""
import concurrent.futures
import dataclasses
import json
import pathlib
import subprocess
import sys
import threading
import urllib.request

import s3_server
from deployment import ANNOUNCEMENTS, BUCKET, OTHER_TOPICS, RESULTS, total

PROGRAMS = ("way_floors", "results_into_postgres", "analyze_bench")
SAMPLES = 200  # records of each topic
PACED_S = 10
PACED_MIN = 20
STORE_S = PACED_S  # bare and ours in turn, of each size of batch
STEP_S_MAX = 300
RATIO_MAX = 1.5
KAFKA = ("kafka-", "rdk:")


@dataclasses.dataclass
class Part:
    what: str
    threads: tuple  # how their names begin
    floors: tuple   # names of those that add up


STEPS = {
    "ingress": (Part("takes an upload", ("http",), ("upload",)),
                Part("PUT to S3", ("blob-s3",), ("put",)),
                Part("announces to Kafka", KAFKA, ("produce announcement",))),
    "pipeline": (Part("consumes, produces its result: Kafka", KAFKA,
                      ("consume announcement", "produce result")),
                 Part("GET from S3", ("blob-s3",), ("get",)),
                 Part("reads the archive", ("judge",), ("read",))),
    "writer": (Part("consumes from Kafka", KAFKA, ("consume result",)),
               Part("parses, logs, stores in PostgreSQL", ("writer", "workloads"), ("store",))),
}


def threads_s(pid):
    """Processor time by the names of a process's threads."""
    taken = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            name = (task / "comm").read_text().strip()
            on_cpu_ns = int((task / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has ended
        taken[name] = taken.get(name, 0) + on_cpu_ns / 1e9
    return taken


def missing(folder):
    return [name for name in PROGRAMS if not (folder / name).is_file()]


class Floors:
    """`values`: processor time in µs of each for one archive; see STEPS. `judging`: what the rules
    take beyond reading, in the same program as the floor of reading."""

    def __init__(self, deployment, programs, folder, per_s, clusters):
        self.deployment, self.programs, self.folder = deployment, programs, folder
        self.per_s, self.clusters = per_s, max(2, clusters)
        self.pipelines = len(deployment.pipelines)
        self.count = max(PACED_MIN, int(per_s * PACED_S))
        self.values, self.judging = {}, 0.0

    def measure(self):
        kafka, partitions = self.deployment.kafka, self.deployment.partitions
        announcements = self.dump(ANNOUNCEMENTS)
        results = self.dump(RESULTS)
        made = kafka.records(RESULTS, partitions)
        beside = sum(kafka.records(topic, partitions) for topic in OTHER_TOPICS)
        if beside:
            print(f"not in the floors: {beside / made:.2f} other messages an archive")
        archive = self.fetch_archive(announcements)
        one = self.per_s / self.pipelines  # as often as it comes to one process
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for future in [
                    pool.submit(self.through_kafka, "announcement", announcements, self.per_s, one),
                    pool.submit(self.through_kafka, "result", results, one, self.per_s),
                    pool.submit(self.archives, archive, one),
                    pool.submit(self.step, "upload", "upload", archive, self.per_s, self.count),
                    pool.submit(self.read, archive, one), pool.submit(self.store, results)]:
                future.result()
        return self

    def run(self, program, *words):
        done = subprocess.run([self.programs / program, *map(str, words)], capture_output=True,
                              text=True, timeout=STEP_S_MAX, check=False)
        if done.returncode != 0:
            sys.exit(f"{program} {words[0]}: {done.stderr}{done.stdout[-2000:]}")
        return done.stdout

    def step(self, name, *words):
        self.values[name] = float(self.run("way_floors", *words).split()[1])

    def dump(self, topic):
        """Records of the load."""
        kafka = self.deployment.kafka
        records = min(SAMPLES, kafka.records(topic, self.deployment.partitions))
        folder = self.folder / topic
        self.run("way_floors", "dump", kafka.brokers, topic, folder, records)
        return folder

    def fetch_archive(self, announcements):
        """The one of median size."""
        sent = sorted((json.loads(path.read_bytes()) for path in announcements.iterdir()),
                      key=lambda one: one.get("size", 0))
        path = self.folder / "archive.tar.gz"
        with urllib.request.urlopen(sent[len(sent) // 2]["url"], timeout=30) as answer:
            path.write_bytes(answer.read())
        return path

    def archives(self, archive, one_per_s):
        bucket = (f"http://127.0.0.1:{self.deployment.s3.port}", s3_server.ACCESS_KEY,
                  s3_server.SECRET_KEY, s3_server.REGION, BUCKET)
        for name, per_s in (("put", self.per_s), ("get", one_per_s)):
            count = self.count if name == "put" else max(PACED_MIN, self.count // self.pipelines)
            self.step(name, name, *bucket, archive, per_s, count)

    def through_kafka(self, what, folder, produced_per_s, consumed_per_s):
        """Producing at the pace of the one role, consuming at that of the other, together where
        they are the same."""
        brokers = self.deployment.kafka.brokers
        for per_s in sorted({produced_per_s, consumed_per_s}):
            topic = f"way-floors-{what}-{per_s:.3f}"
            self.deployment.kafka.create_topics(topic, partitions=self.deployment.partitions)
            count = max(PACED_MIN, int(per_s * PACED_S))
            with subprocess.Popen([self.programs / "way_floors", "consume", brokers, topic,
                                   str(count)], stdout=subprocess.PIPE, text=True) as consumer:
                watch = threading.Timer(STEP_S_MAX, consumer.kill)
                watch.start()
                consumer.stdout.readline()  # ready
                said = self.run("way_floors", "produce", brokers, topic, folder, per_s, count)
                if per_s == produced_per_s:
                    self.values[f"produce {what}"] = float(said.split()[1])
                said = consumer.stdout.readline()
                watch.cancel()
            if not said:
                sys.exit(f"consuming {topic} ended with {consumer.returncode}")
            if per_s == consumed_per_s:
                self.values[f"consume {what}"] = float(said.split()[1])

    def read(self, archive, one_per_s):
        said = self.run("analyze_bench", "--per-second", one_per_s, archive)
        for line in said.splitlines():
            if line.startswith(archive.name):
                _, floor_ms, _, _, judging_ms, _ = line[len(archive.name):].split()
                self.values["read"], self.judging = float(floor_ms) * 1e3, float(judging_ms) * 1e3

    def store(self, results):
        """In batches as large as the writer's were, into tables with as many clusters."""
        writer = self.deployment.writers[0].metrics()
        batch = (total(writer, "insightd_result_batch_size_sum") /
                 max(1, total(writer, "insightd_result_batch_size_count")))
        self.batch = max(1.0, min(self.clusters - 1.0, batch))
        # What a batch takes grows evenly with the results in it: between two whole numbers of them.
        less = int(self.batch)
        said = {size: self.stored(results, size) for size in (less, less + 1)}
        for name, value in (("store", "bare_cpu_us"), ("our store alone", "ours_cpu_us")):
            of_less, of_more = (size * of_size[value] for size, of_size in said.items())
            self.values[name] = (of_less + (of_more - of_less) * (self.batch - less)) / self.batch

    def stored(self, results, size):
        conninfo = self.deployment.postgres.create_database(f"way_floors_{size}")
        self.run("results_into_postgres", "fill", conninfo, results, self.clusters)
        said = self.run("results_into_postgres", "run", conninfo, results, self.clusters, size,
                        STORE_S, self.per_s)
        return {name: float(value) for name, value in map(str.split, said.splitlines())}


def print_table(floors, taken, waiting):
    """`taken`: µs an archive by role ("pipeline": all of them) and name of a thread; `waiting`: by
    role, what it takes in that time with nothing to do."""
    print(f"\n{'step':<44}{'ours µs':>9}{'floor µs':>10}{'ratio':>7}")
    for role, parts in STEPS.items():
        threads = dict(taken[role])
        beyond = floors.judging if role == "pipeline" else 0
        of_parts = []
        for part in parts:
            names = [name for name in threads if name.startswith(part.threads)]
            ours = sum(threads.pop(name) for name in names)
            if part.floors == ("read",):
                ours -= beyond
            of_parts.append((part.what, ours, sum(floors.values[name] for name in part.floors)))
        of_parts.append(("else", sum(threads.values()), 0))
        ours, floor = (sum(column) for column in list(zip(*of_parts))[1:])
        ours -= waiting[role]
        print_line(role + (", without judging" if beyond else ""), ours, floor)
        for part in of_parts:
            print_line(*part, is_part=True)
        print_line("not in it: with nothing to do", waiting[role], 0, is_part=True)
        if beyond:
            print_line("judges by its rules", beyond, 0, is_part=True)
    print(f"Above {RATIO_MAX}: marked by *. Floors at {floors.per_s:.0f} archives/s, "
          f"{floors.batch:.1f} results a batch; each: " +
          ", ".join(f"{name} {value:.0f}" for name, value in floors.values.items()))


def print_line(what, ours, floor, is_part=False):
    line = f"{'  ' if is_part else ''}{what}"
    line = f"{line:<44}{ours:>9.0f}"
    if floor:
        marked = not is_part and ours / floor > RATIO_MAX
        line += f"{floor:>10.0f}{ours / floor:>7.2f}{' *' if marked else ''}"
    print(line)
