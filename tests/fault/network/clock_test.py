#!/usr/bin/env python3
"""The wall clock of every process jumps, forwards and backwards: every upload still ends once.

  INSIGHTD_OUTAGE_S   how long it stays after two jumps (2)
  INSIGHTD_SEED, INSIGHTD_RATE
"""
import pathlib
import time
import unittest

import load
from load import OUTAGE_S, Load, new_deployment

LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# S3 takes no request whose time is off by more than 15 minutes: then uploads are refused, and what
# was accepted waits.
JUMPS = (("+10m", True), ("-10m", True), ("+40d", False), ("-1d", False), ("+0", True))
BETWEEN_S = OUTAGE_S / 2


class ClockTest(unittest.TestCase):
    def test_the_clock_jumps(self):
        """the clock jumps under load"""
        self.assertTrue(LIBRARY, "faketime is not installed: tools/install.sh test")
        deployment = new_deployment(pipelines=2)
        self.addCleanup(deployment.end)
        offset = deployment.folder / "offset"

        def jump(text):
            new = offset.with_suffix(".new")
            new.write_text(text + "\n")
            new.rename(offset)

        jump("+0")
        for role in deployment.roles:
            # The kernel's steady clock never jumps.
            role.variables = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_NO_CACHE": "1",
                              "FAKETIME_TIMESTAMP_FILE": str(offset),
                              "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                              "FAKETIME_DONT_RESET": "1"}
        deployment.start()
        with Load(deployment, bad_share=0.1, by_clock=True) as running:
            for text, takes_uploads in JUMPS:
                time.sleep(BETWEEN_S)
                before = len(running.so_far())
                jump(text)
                if not takes_uploads:
                    continue
                load.harness.wait_for(lambda: len(running.so_far()) > before + 5,
                                      f"uploads after the jump to {text}", 30)
        running.check(self)


if __name__ == "__main__":
    load.harness.main()
