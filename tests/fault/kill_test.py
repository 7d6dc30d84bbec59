#!/usr/bin/env python3
"""SIGKILL at random moments of a running fleet: every upload that got 202 ends exactly once.

  INSIGHTD_KILLS   how often to kill (25)
  INSIGHTD_SEED    for the same choices again; a failure prints it
"""
import os
import random
import time
import unittest

from clients import Clients
import harness
from harness import Insightd

KILLS = int(os.environ.get("INSIGHTD_KILLS", "25"))
SEED = int(os.environ.get("INSIGHTD_SEED", str(random.SystemRandom().randrange(1 << 32))))
LIFE_S = (0.05, 0.6)  # of a process, from ready to killed


class KillTest(unittest.TestCase):
    def test_every_accepted_upload_ends_once(self):
        """killed again and again: nothing that was accepted is lost or ends twice"""
        rng = random.Random(SEED)
        print(f"seed {SEED}, {KILLS} kills ", end="", flush=True)
        with Insightd() as server:
            with Clients(server, SEED) as clients:
                for _ in range(KILLS):
                    time.sleep(rng.uniform(*LIFE_S))
                    server.kill()
                    server.start()
                time.sleep(0.2)
            self.assertGreater(len(clients.accepted), KILLS, "too few uploads to tell anything")
            kinds = clients.check(self)
            print(f"{len(clients.accepted)} accepted: "
                  f"{', '.join(f'{kind} {count}' for kind, count in sorted(kinds.items()))} ",
                  end="")
            unreadable = [record for record in server.records if "unreadable" in record]
            self.assertLessEqual(len(unreadable), KILLS)  # at most the record under way


if __name__ == "__main__":
    harness.main()
