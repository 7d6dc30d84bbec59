#!/usr/bin/env python3
"""What helps who writes rules: `insightd rules new`, `explain`, `try`, `bench`, `catalogue`."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import harness
from harness import Insightd, archive, new_cluster


def run(*words, **environment):
    return subprocess.run([harness.BINARY, "rules", *map(str, words)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, **environment})


def pool(paused):
    return json.dumps({"metadata": {"name": "worker"}, "spec": {"paused": paused},
                       "status": {"machineCount": 3, "conditions": []}})


class AuthorTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.pack = self.folder / "my-rules"
        self.cluster = new_cluster()
        self.archive = self.folder / "a.tar.gz"
        self.archive.write_bytes(archive(self.cluster, {"config/machineconfigpools/worker.json": pool(True)}))

    def run_good(self, *words, **environment):
        done = run(*words, **environment)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout

    def test_a_new_rule_passes_its_own_tests_for_every_kind_of_input(self):
        """new: for documents, lists of them, logs, metrics and text; strictly tested at once"""
        for number, name in enumerate(("nodes", "version", "podlogs", "dvo", "install_config")):
            done = run("new", f"check_{number}", "--pack", self.pack, "--input", name)
            if done.returncode != 0 and "there is no input" in done.stderr:
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
        out = self.run_good("test", "--strict", self.pack)
        self.assertRegex(out, r"(\d+) tests of \d rules: \1 passed, 0 failed, 0 skipped; 0 lacks")

    def test_new_says_what_to_do_next_and_overwrites_nothing(self):
        """new: names the next commands; a rule that is there stays; a wrong name or input is named"""
        out = self.run_good("new", "My-Check", "--pack", self.pack)
        self.assertIn("insightd rules test --strict", out)
        rule = self.pack / "rules" / "my_check.yaml"
        self.assertIn("key: MY_CHECK", rule.read_text())
        rule.write_text(rule.read_text() + "# mine\n")
        again = run("new", "my_check", "--pack", self.pack)
        self.assertEqual(again.returncode, 2)
        self.assertIn("is there already", again.stderr)
        self.assertIn("# mine", rule.read_text())
        taken = run("new", "my-check2", "--pack", self.pack)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        (self.pack / "rules" / "my_check2.yaml").rename(self.pack / "rules" / "elsewhere.yaml")
        taken = run("new", "my-check2", "--pack", self.pack)
        self.assertEqual(taken.returncode, 2)
        self.assertIn("is there already, in", taken.stderr)
        self.assertFalse((self.pack / "rules" / "my_check2.yaml").exists())
        wrong = run("new", "other", "--pack", self.pack, "--input", "node")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn('did you mean "nodes"?', wrong.stderr)
        self.assertEqual(run("new", "1st", "--pack", self.pack).returncode, 2)

    def test_explain_tells_values_and_where_they_came_from(self):
        """explain: inputs, names with values, file and path, details; as text and as JSON"""
        out = self.run_good("explain", "MCP_SET_TO_PAUSE", self.archive)
        self.assertIn(": hit", out)
        self.assertIn("config/machineconfigpools/worker.json  spec.paused = true", out)
        told = json.loads(self.run_good("explain", "MCP_SET_TO_PAUSE", self.archive, "--json"))
        self.assertEqual(told["outcome"], "hit")
        self.assertEqual(told["names"][0]["label"], "let bad")
        self.assertEqual(told["names"][0]["evidence"]["files"][0]["path"], "config/machineconfigpools/worker.json")
        self.assertEqual(told["when"]["value"], "true")
        skipped = self.run_good("explain", "NODES_NOT_READY", self.archive)
        self.assertIn("no file like config/node/*.json", skipped)
        unknown = run("explain", "MCP_SET_TO_PAUS", self.archive)
        self.assertEqual(unknown.returncode, 2)
        self.assertIn('did you mean "MCP_SET_TO_PAUSE"?', unknown.stderr)

    def changed_copy(self):
        """A pack with a rule of the base pack, which hits on pools that are not paused as well."""
        self.pack.mkdir()
        (self.pack / "pack.yaml").write_text("name: changed\nversion: 1.0.0\ncomponent: changed\nextends: base\n"
                                             "rules: rules.yaml\n")
        (self.pack / "rules.yaml").write_text(
            "- module: external.rules.pool_seen\n  key: POOL_SEEN\n  needs: [mcps]\n"
            "  when: \"size(mcps) > 0\"\n  impact: Best Practice\n  likelihood: 1\n")

    def test_try_tells_which_clusters_a_rule_hits_beside_the_old_one(self):
        """try: counts, clusters, time; newly and no longer against another version"""
        self.changed_copy()
        calm, calm_cluster = self.folder / "b.tar.gz", new_cluster()
        calm.write_bytes(archive(calm_cluster, {"config/machineconfigpools/worker.json": pool(False)}))
        told = json.loads(self.run_good("try", self.pack, self.archive, calm, "--json"))
        self.assertEqual((told["archives"], told["hits"], told["old_hits"]), (2, 2, None))
        self.assertEqual({seen["cluster"] for seen in told["newly"]}, {self.cluster, calm_cluster})
        old = self.folder / "old"
        old.mkdir()
        (old / "pack.yaml").write_text((self.pack / "pack.yaml").read_text())
        (old / "rules.yaml").write_text((self.pack / "rules.yaml").read_text().replace(
            "size(mcps) > 0", "mcps.exists(p, get(p, 'spec.paused', false))"))
        told = json.loads(self.run_good("try", self.pack, self.archive, calm, "--against", old, "--json"))
        self.assertEqual((told["hits"], told["old_hits"]), (2, 1))
        self.assertIn("old_time_us_median", told)
        self.assertEqual([seen["cluster"] for seen in told["newly"]], [calm_cluster])
        text = self.run_good("try", "MCP_SET_TO_PAUSE", self.archive)
        self.assertIn("1 archive: 1 hit (before: 1; 0 newly, 0 no longer)", text)
        self.assertEqual(run("try", "MCP_SET_TO_PAUSE").returncode, 2)

    def test_try_works_on_the_archives_that_a_running_installation_keeps(self):
        """try --stored: reads the archives of an installation while it runs"""
        self.changed_copy()
        with Insightd() as server:
            for _ in range(3):
                server.upload(archive(new_cluster(), {"config/machineconfigpools/worker.json": pool(True)}))
            done = server.command("rules", "try", str(self.pack), "--stored", "--json", check=0)
            self.assertEqual(json.loads(done.stdout)["hits"], 3)

    def test_bench_measures_each_rule_worst_first(self):
        """bench: time and steps of each rule, reading files apart"""
        lines = [json.loads(line) for line in self.run_good("bench", self.archive, "--json").splitlines()]
        self.assertGreater(len(lines), 150)
        times = [line["time_us"] for line in lines]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertIn("reading what rules ask for", self.run_good("bench", self.archive))

    def test_catalogue_writes_a_page_for_each_rule(self):
        """catalogue: a page a rule and one that lists them"""
        self.run_good("new", "my_check", "--pack", self.pack)
        self.run_good("catalogue", self.pack, "--output", self.folder / "pages")
        self.assertIn("[MY_CHECK](MY_CHECK.md)", (self.folder / "pages" / "README.md").read_text())
        self.assertEqual(len(list((self.folder / "pages").iterdir())), 2, "the rules of base are not asked for")
        self.assertIn("- hits: one is broken", (self.folder / "pages" / "MY_CHECK.md").read_text())


if __name__ == "__main__":
    harness.main()
