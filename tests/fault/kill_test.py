#!/usr/bin/env python3
"""SIGKILL at random moments of a running fleet: every upload that got 202 ends exactly once.

Several clients upload without a pause, good archives and broken ones, each cluster again and again.
The process is killed at a random moment, started again, and so on. At the end every upload that was
answered 202 has one end: stored, replaced or overtaken by a newer one of its cluster, or a dead
letter. Of each cluster exactly one upload is `stored`: the newest of its good ones.

  INSIGHTD_KILLS   how often to kill (25)
  INSIGHTD_SEED    for the same choices again; a failure prints it
"""
import collections
import os
import pathlib
import random
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
import harness  # noqa: E402
from harness import Insightd, archive  # noqa: E402

KILLS = int(os.environ.get("INSIGHTD_KILLS", "25"))
SEED = int(os.environ.get("INSIGHTD_SEED", str(random.SystemRandom().randrange(1 << 32))))
CLIENTS = 4
CLUSTERS_PER_CLIENT = 3
LIFE_S = (0.05, 0.6)  # of a process, from ready to killed


class Client(threading.Thread):
    """Uploads for its clusters, one after the other, while there is somebody to take it."""

    def __init__(self, server, number):
        super().__init__()
        self.server = server
        self.random = random.Random(SEED * 100 + number)
        self.clusters = [f"00000000-0000-4000-8000-{number:06d}{i:06d}"
                         for i in range(CLUSTERS_PER_CLIENT)]
        self.ended = threading.Event()
        self.accepted = []  # (request id, cluster, good)

    def run(self):
        made = 0
        while not self.ended.is_set():
            cluster = self.random.choice(self.clusters)
            made += 1
            data = archive(cluster, version=f"4.16.{made}")
            good = self.random.random() > 0.2
            if not good:
                data = data[:len(data) - 30]
            try:
                answer = self.server.upload(data, cluster)
            except (OSError, KeyError, ValueError, IndexError):
                time.sleep(0.01)  # it is dead just now
                continue
            if answer.status == 202:
                self.accepted.append((answer.json()["request_id"], cluster, good))


class KillTest(unittest.TestCase):
    def test_every_accepted_upload_ends_once(self):
        """killed again and again: nothing that was accepted is lost or ends twice"""
        rng = random.Random(SEED)
        print(f"seed {SEED}, {KILLS} kills ", end="", flush=True)
        with Insightd() as server:
            clients = [Client(server, number) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            try:
                for _ in range(KILLS):
                    time.sleep(rng.uniform(*LIFE_S))
                    server.kill()
                    server.start()
                time.sleep(0.2)
            finally:
                for client in clients:
                    client.ended.set()
                for client in clients:
                    client.join()

            accepted = [upload for client in clients for upload in client.accepted]
            self.assertGreater(len(accepted), KILLS, "too few uploads to tell anything")
            self.assertEqual(len({upload[0] for upload in accepted}), len(accepted))
            letters = collections.defaultdict(list)
            ends = {}
            # All of them first: an end may still become `replaced` while others are on their way.
            for request_id, _, _ in accepted:
                server.await_end(request_id)
            for request_id, cluster, good in accepted:
                end = server.end_of(request_id)
                ends[request_id] = end
                expected = ("stored", "replaced", "overtaken") if good else ("dead_letter",)
                self.assertIn(end["end"], expected, f"seed {SEED}: {end}")
                self.assertEqual(end["cluster"], cluster)
            for letter in server.letters():
                letters[letter["request_id"]].append(letter)
            stored = collections.Counter()
            for request_id, cluster, good in accepted:
                self.assertEqual(len(letters[request_id]), 0 if good else 1, f"seed {SEED}")
                stored[cluster] += ends[request_id]["end"] == "stored"
            for client in clients:
                for cluster in client.clusters:
                    good = [upload for upload in client.accepted if upload[1:] == (cluster, True)]
                    if not good:
                        continue
                    # One that was answered by nobody may have been accepted too, and be the newest.
                    self.assertLessEqual(stored[cluster], 1, f"seed {SEED}")
                    self.assertEqual(server.report(cluster).status, 200)
            kinds = collections.Counter(end["end"] for end in ends.values())
            print(f"{len(accepted)} accepted: "
                  f"{', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))} ",
                  end="")
            unreadable = [record for record in server.records if "unreadable" in record]
            self.assertLessEqual(len(unreadable), KILLS)  # at most the record under way


if __name__ == "__main__":
    harness.main()
