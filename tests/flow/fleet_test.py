#!/usr/bin/env python3
"""Simulated clusters against the running program, and the demo that is made of both."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import harness
from harness import Insightd


class FleetTest(unittest.TestCase):
    def test_what_the_fleet_breaks_is_found(self):
        """every cluster becomes readable, and shows every defect that it was given"""
        with Insightd() as server:
            done = server.command("fleet", "--url", f"http://127.0.0.1:{server.port}",
                                  "--clusters", "8", "--seed", "3", "--random-defects", "3",
                                  "--json", check=0)
            result = json.loads(done.stdout)
            self.assertEqual((result["accepted"], result["failed"]), (8, 0), result)
            self.assertEqual(result["readable"], 8)
            defects = 0
            for cluster in result["clusters"]:
                outcomes = server.get(
                    f"/api/insightd/v1/clusters/{cluster['cluster']}/outcomes").body.decode()
                report = server.report(cluster["cluster"]).json()["report"]["data"]
                found = {f"{hit['rule_id'].split('.')[-2]}|{hit['extra_data']['error_key']}"
                         for hit in report}
                wanted = {rule for rule in cluster["expected"]
                          if rule.split("|")[0] not in ("version_info", "machine_pool_info",
                                                        "cluster_status_overview")}
                self.assertLessEqual(wanted, found, (cluster, outcomes[:2000]))
                defects += len(cluster["defects"])
            self.assertGreater(defects, 4)
            print(f"{defects} defects ", end="")

    def test_a_fleet_without_a_server(self):
        """nobody listens: exit code 1 and the reason"""
        done = subprocess.run([harness.BINARY, "fleet", "--url", "http://127.0.0.1:1",
                               "--clusters", "1"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("1 failed", done.stdout)
        self.assertIn("--url", done.stdout)
        self.assertNotIn("p50", done.stdout)

    def test_wrong_options_of_the_fleet(self):
        """a size and a defect that are not there are named; exit code 2"""
        for words in (("--size", "tiny"), ("--defect", "no_such_thing")):
            done = subprocess.run([harness.BINARY, "fleet", *words], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(words[1], done.stderr)


class DemoTest(unittest.TestCase):
    def environment(self, folder, address="127.0.0.1:0"):
        return {**os.environ, "DEMO": "once", "INSIGHTD__HTTP__ADDRESS": address,
                "INSIGHTD__HTTP__METRICS_ADDRESS": "127.0.0.1:0",
                "INSIGHTD__HTTP__AGGREGATOR_ADDRESS": "127.0.0.1:0",
                "INSIGHTD__DATA_DIR": str(folder), "DEMO_LOG": str(folder) + ".log"}

    def run_demo(self, environment):
        return subprocess.run([harness.ROOT / "tools" / "demo.sh", harness.BINARY],
                              env=environment, capture_output=True, text=True, timeout=120)

    def test_the_demo_once(self):
        """DEMO=once: a table of 12 clusters, the page's address, exit code 0, no data left"""
        with tempfile.TemporaryDirectory() as folder:
            data = pathlib.Path(folder) / "demo"
            done = self.run_demo(self.environment(data))
            self.assertEqual(done.returncode, 0, done)
            table = [line for line in done.stdout.splitlines() if "-" in line[:9]]
            self.assertEqual(len(table), 12, done.stdout)
            self.assertRegex(done.stdout, r"The page: +http://127\.0\.0\.1:[1-9]\d*/")
            self.assertIn("readable after", done.stdout)
            self.assertFalse(data.exists())

    def test_the_demo_on_a_taken_port(self):
        """a taken port ends the demo with an error that names the setting"""
        with tempfile.TemporaryDirectory() as folder, Insightd() as server:
            done = self.run_demo(self.environment(pathlib.Path(folder) / "demo",
                                                  f"127.0.0.1:{server.port}"))
            self.assertEqual(done.returncode, 4, done)
            self.assertIn("http.address", done.stderr)


if __name__ == "__main__":
    harness.main()
