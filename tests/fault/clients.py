"""Clients that upload without a pause, and what has to be true of all that they were promised.

Good archives and broken ones, each cluster again and again, while the process that takes them dies
and comes again. `check` wants of every upload that was answered 202 one end: stored, replaced or
overtaken by a newer one of its cluster, or a dead letter; and that each cluster shows its newest.
"""
import collections
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
from harness import archive  # noqa: E402
from hostile import spoil  # noqa: E402
from newest import Newest, Upload  # noqa: E402

CLIENTS = 4
CLUSTERS_PER_CLIENT = 3
BROKEN_SHARE = 0.2


class Client(threading.Thread):
    """Uploads for its clusters, one after the other, while there is somebody to take it."""

    def __init__(self, server, seed, number, broken_share, files, newest):
        super().__init__()
        self.newest = newest
        self.broken_share = broken_share
        self.files = files
        self.server = server
        self.random = random.Random(seed * 100 + number)
        self.clusters = [f"00000000-0000-4000-8000-{number:06d}{i:06d}"
                         for i in range(CLUSTERS_PER_CLIENT)]
        self.ended = threading.Event()
        self.accepted = []

    def run(self):
        made = 0
        while not self.ended.is_set():
            cluster = self.random.choice(self.clusters)
            made += 1
            version = f"4.16.{made}"
            data = archive(cluster, self.files, version=version)
            good = self.random.random() > self.broken_share
            if not good:
                data = spoil(self.random, data)
            try:
                answer = self.server.upload(data, cluster)
            except (OSError, KeyError, ValueError, IndexError) as error:
                if good:
                    self.newest.failed(cluster, error)
                time.sleep(0.01)  # it is dead just now
                continue
            if answer.status == 202:
                self.accepted.append(Upload(answer.json()["request_id"], cluster, good, version))
            if good:
                (self.newest.accepted if answer.status == 202 else self.newest.refused)(cluster)


class Clients:
    """Some of them at once. Use as a context; afterwards `check`. `files` are in each archive."""

    def __init__(self, server, seed, count=CLIENTS, broken_share=BROKEN_SHARE, files=None):
        self.server = server
        self.seed = seed
        self.newest = Newest()
        self.clients = [Client(server, seed, number, broken_share, files, self.newest)
                        for number in range(count)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        for client in self.clients:
            client.ended.set()
        for client in self.clients:
            client.join()

    @property
    def accepted(self):
        return [upload for client in self.clients for upload in client.accepted]

    def check(self, test):
        """Waits for all ends; gives how many ended how."""
        accepted = self.accepted
        test.assertEqual(len({upload.request_id for upload in accepted}), len(accepted))
        # All of them first: an end may still become `replaced` while others are on their way.
        for upload in accepted:
            self.server.await_end(upload.request_id)
        ends = {}
        for upload in accepted:
            end = self.server.end_of(upload.request_id)
            ends[upload.request_id] = end
            expected = ("stored", "replaced", "overtaken") if upload.good else ("dead_letter",)
            test.assertIn(end["end"], expected, f"seed {self.seed}: {end}")
            test.assertEqual(end["cluster"], upload.cluster)
        letters = collections.Counter(letter["request_id"] for letter in self.server.letters())
        for upload in accepted:
            test.assertEqual(letters[upload.request_id], 0 if upload.good else 1,
                             f"seed {self.seed}")
        self.newest.check(test, self.server, accepted, ends, f"seed {self.seed}")
        return collections.Counter(end["end"] for end in ends.values())
