#!/usr/bin/env python3
"""SIGKILL of each role at any moment, a rebalance in the middle of slow archives, a second writer.

  INSIGHTD_KILLS   how often to kill, and at how many points at most (10); for each ten of them
                   pipelines come and go once
  INSIGHTD_SEED, INSIGHTD_RATE

Of the named points a run takes every third by default, the seed says which: three seeds in a row
take them all.
"""
import os
import random
import signal
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
# A member of a group that died is waited for; all else is come to at once.
POINT_S_MAX = 90
SLOW_MS = 150  # each piece from S3
REBALANCES = max(1, KILLS // 10)


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

    @staticmethod
    def ended(role, running):
        """Whether it has been killed; until then an API is asked for something."""
        if role.role == "api":
            running.doors.report(running.clusters[0])
        return not role.alive

    def test_roles_killed_at_named_points(self):
        """before and after each call that hands work over to a server: every upload ends once"""
        rng = random.Random(SEED)
        points = [(role, f"{when} {call}") for role in self.deployment.roles
                  for call in CALLS[role.role] for when in ("before", "after")]
        runs = -(-len(points) // KILLS)
        points = points[SEED % runs::runs]
        missed = []
        with Load(self.deployment, bad_share=0.2) as running:
            for role, point in points:
                role.stop()
                role.variables = {"LD_PRELOAD": CRASH_CALLS,
                                  "CRASH_AT": f"{point}:{rng.randint(1, NTH_MAX)}"}
                role.launch()
                if not wait_until(lambda: self.ended(role, running), POINT_S_MAX):
                    missed.append(f"{role.name} {point}: {role.readiness()[1].strip()}")
                else:
                    self.assertEqual(role.process.returncode, -signal.SIGKILL, role.log_tail())
                role.variables = {}
                role.restart(clean=False)
            time.sleep(0.3)
        print(f"seed {SEED}, {len(points)} points, run {SEED % runs + 1} of {runs}:", end=" ",
              flush=True)
        running.check(self)
        self.assertEqual(missed, [], f"seed {SEED}: points that were not come to, and what the role "
                                     "said of itself")

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
            for _ in range(REBALANCES):
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
