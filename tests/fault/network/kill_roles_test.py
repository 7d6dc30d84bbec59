#!/usr/bin/env python3
"""SIGKILL of each role at any moment, a rebalance in the middle of slow archives, a second writer.

  INSIGHTD_KILLS   how often to kill, and at how many points (10)
  INSIGHTD_SEED, INSIGHTD_RATE
"""
import os
import random
import time
import unittest

import load
from load import SEED, Load, new_deployment

KILLS = int(os.environ.get("INSIGHTD_KILLS", "10"))
LIFE_S = (0.1, 0.8)  # from ready to killed

# See crash_calls.cc.
CRASH_CALLS = os.environ["CRASH_CALLS"]
CALLS = {"ingress": ("curl_multi_add_handle", "rd_kafka_produceva"),
         "pipeline": ("curl_multi_add_handle", "rd_kafka_produceva", "rd_kafka_offsets_store"),
         "writer": ("PQsendQueryPrepared", "PQgetResult", "rd_kafka_offsets_store"),
         "api": ("PQsendQueryPrepared", "PQgetResult")}
NTH_MAX = 8
POINT_S_MAX = 6  # then it is killed wherever it is
SLOW_MS = 150  # each piece from S3


def wait_until(is_so, seconds):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class KillRolesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = new_deployment(pipelines=2, proxied=True)
        cls.addClassCleanup(cls.deployment.end)
        cls.deployment.start()

    def test_roles_killed_at_any_moment(self):
        """every role killed again and again: every accepted upload ends once"""
        rng = random.Random(SEED)
        with Load(self.deployment, bad_share=0.2) as running:
            for i in range(KILLS):
                time.sleep(rng.uniform(*LIFE_S))
                # Each at least once where there are enough kills.
                role = self.deployment.roles[i % len(self.deployment.roles)]
                role.restart(clean=False)
            time.sleep(0.3)
        print(f"seed {SEED}, {KILLS} kills:", end=" ", flush=True)
        running.check(self)

    def test_roles_killed_at_named_points(self):
        """before and after each call that hands work over to a server: every upload ends once"""
        rng = random.Random(SEED)
        points = [(role, f"{when} {call}") for role in self.deployment.roles
                  for call in CALLS[role.role] for when in ("before", "after")]
        points = rng.sample(points, min(KILLS, len(points)))
        killed_at = 0
        with Load(self.deployment, bad_share=0.2) as running:
            for role, point in points:
                role.stop()
                role.variables = {"LD_PRELOAD": CRASH_CALLS,
                                  "CRASH_AT": f"{point}:{rng.randint(1, NTH_MAX)}"}
                role.launch()
                killed_at += wait_until(lambda: not role.alive, POINT_S_MAX)
                role.variables = {}
                role.restart(clean=False)
            time.sleep(0.3)
        print(f"seed {SEED}, {killed_at} of {len(points)} points:", end=" ", flush=True)
        running.check(self)
        # One that waits for a member of its group that died may not come to its point in time.
        self.assertGreaterEqual(killed_at, len(points) // 2)

    def test_sigterm_finishes_what_is_in_work(self):
        """every role stopped and started: nothing is lost, and each ends with status 0"""
        with Load(self.deployment) as running:
            for role in self.deployment.roles:
                time.sleep(0.3)
                role.stop()
                self.assertEqual(role.process.returncode, 0, f"{role.name}:\n{role.log_tail()}")
                role.start()
        running.check(self)

    def test_rebalance_in_the_middle_of_slow_archives(self):
        """pipelines come and go while archives are slow: nothing is lost or doubled"""
        more = [self.deployment.role("pipeline", f"pipeline-more-{i}") for i in range(2)]
        for role in more:
            self.addCleanup(role.kill)
        self.deployment.proxies["s3"].delay(SLOW_MS)
        self.addCleanup(self.deployment.proxies["s3"].pass_)
        with Load(self.deployment, bad_share=0.1) as running:
            time.sleep(1)
            more[0].start()
            time.sleep(1)
            more[1].start()
            time.sleep(1)
            more[0].stop()
            self.deployment.pipelines[0].restart(clean=False)
            time.sleep(1)
            more[1].kill()
        self.deployment.proxies["s3"].pass_()
        running.check(self)

    def test_a_second_writer_waits_and_takes_over(self):
        """two writers of the same results never run at once; the second takes over"""
        first = self.deployment.writers[0]
        second = self.deployment.role("writer", "writer-second")
        self.addCleanup(first.start)
        self.addCleanup(first.kill)
        self.addCleanup(second.kill)
        second.launch()
        with Load(self.deployment) as running:
            status, text = load.harness.wait_for(
                lambda: second.readiness() if second.readiness()[0] == 503 and
                "results" in second.readiness()[1] else None, "the second writer's answer")
            self.assertEqual(status, 503)
            print(text.strip().replace("\n", ", "), end=" ", flush=True)
            running.await_ends(running.so_far())
            first.kill()
            load.harness.wait_for(second.is_ready, "the second writer to take over", 30)
            time.sleep(0.5)
        running.check(self)
        second.kill()


if __name__ == "__main__":
    load.harness.main()
