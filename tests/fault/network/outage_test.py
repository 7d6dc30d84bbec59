#!/usr/bin/env python3
"""Kafka, S3 or PostgreSQL is away for a while, under load: nothing is lost, nothing is set aside.

A proxy stands before each server and refuses, freezes, cuts, delays or resets; broker and database are
killed, too. After each outage every upload that had been accepted until then ends within twice its
length (15 s where that is less), and good ones never as dead letters.

  INSIGHTD_OUTAGE_S   how long each is (2); `make soak` takes up to 60
  INSIGHTD_SEED, INSIGHTD_RATE
"""
import time
import unittest

import load
from load import OUTAGE_S, RECOVERY_S_MIN, Load, new_deployment

# Enough for the start of an answer, never for a whole session.
CUT_BYTES = 700
DELAY_MS = 500  # each way, of each piece


class OutageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = new_deployment(pipelines=2, proxied=True)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()

    def outage(self, begin, end):
        """Load before, while and after it."""
        with Load(self.deployment, bad_share=0.05) as running:
            time.sleep(0.5)
            begun = time.monotonic()
            begin()
            time.sleep(OUTAGE_S)
            end()
            lasted = time.monotonic() - begun
            before = running.so_far()
            took = running.await_ends(before)
            print(f"away {lasted:.1f} s, backlog gone after {took:.1f} s;", end=" ", flush=True)
            # The load goes on meanwhile.
            self.assertLess(took, max(2 * lasted, RECOVERY_S_MIN))
            after = len(running.so_far())
            load.harness.wait_for(lambda: len(running.so_far()) > after + 5,
                                  "further uploads after the outage", 20)
        running.check(self)
        for role in self.deployment.roles:
            if role.name not in load.shut_out(self.deployment):
                self.assertTrue(role.alive, f"{role.name} ended by itself:\n{role.log_tail()}")
            # Health is looked at every few seconds.
            load.harness.wait_for(role.is_ready, f"{role.name} ready again", 15)

    def by_proxy(self, name, *mode):
        proxy = self.deployment.proxies[name]
        self.outage(lambda: proxy.set(*mode), proxy.pass_)

    def by_kill(self, server):
        self.outage(server.kill, server.start)


def add_tests():
    for server in ("kafka", "s3", "postgres"):
        for mode in (("refuse",), ("freeze",), ("cut", CUT_BYTES), ("delay", DELAY_MS), ("rst",)):
            def test(self, server=server, mode=mode):
                self.by_proxy(server, *mode)
            test.__doc__ = f"{server} is away: {mode[0]}"
            setattr(OutageTest, f"test_{server}_{mode[0]}", test)
    for server in ("kafka", "postgres", "s3"):
        def test(self, server=server):
            self.by_kill(getattr(self.deployment, server))
        test.__doc__ = f"{server} is killed"
        setattr(OutageTest, f"test_{server}_killed", test)


add_tests()

if __name__ == "__main__":
    load.harness.main()
