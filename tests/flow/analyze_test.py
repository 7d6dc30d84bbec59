#!/usr/bin/env python3
"""`insightd analyze`, `rules`, `version` and wrong usage."""
import json
import pathlib
import subprocess
import tarfile
import tempfile
import unittest

import harness
from harness import archive, new_cluster


def run(*words):
    return subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=60)


class AnalyzeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.cluster = new_cluster()
        # Paused pools are a defect that one file shows.
        pool = {"metadata": {"name": "worker"}, "spec": {"paused": True},
                "status": {"machineCount": 3, "conditions": []}}
        self.good = self.path / "a.tar.gz"
        self.good.write_bytes(archive(self.cluster, {
            "config/machineconfigpools/worker.json": json.dumps(pool)}))
        self.bad = self.path / "bad.tar.gz"
        self.bad.write_bytes(b"\x1f\x8b nonsense")

    def test_json_has_a_line_an_archive_in_the_order_given(self):
        """--json: one object a line, in the order given, an unreadable archive has its line too"""
        done = run("analyze", "--json", *[str(self.good), str(self.bad)] * 10, str(self.path / "no"))
        self.assertEqual(done.returncode, 3, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([line["archive"] for line in lines],
                         [str(self.good), str(self.bad)] * 10 + [str(self.path / "no")])
        good, bad = lines[:2]
        self.assertEqual((good["cluster"], good["version"], good["now"]),
                         (self.cluster, "4.16.3", "2023-11-14T22:13:20Z"))
        self.assertEqual(list(good)[:5], ["archive", "cluster", "version", "now", "outcomes"])
        kinds = {outcome["outcome"] for outcome in good["outcomes"]}
        self.assertLessEqual(kinds, {"hit", "pass", "skip", "error"})
        hits = {outcome["key"]: outcome for outcome in good["outcomes"]
                if outcome["outcome"] == "hit"}
        self.assertIn("MCP_SET_TO_PAUSE", hits)
        self.assertEqual(hits["MCP_SET_TO_PAUSE"]["module"], "external.rules.mcp_set_to_pause")
        self.assertIsInstance(hits["MCP_SET_TO_PAUSE"]["details"], dict)
        self.assertTrue(all(outcome["reason"] for outcome in good["outcomes"]
                            if outcome["outcome"] == "skip"))
        self.assertEqual(set(bad), {"archive", "error"})
        self.assertEqual(set(bad["error"]), {"code", "message"})
        self.assertEqual(lines[-1]["error"]["code"], "not_found")

    def test_the_table_is_for_people(self):
        """the table: risk, title, rule, details; counts of the rest; all of it with --all"""
        done = run("analyze", str(self.good))
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in (self.cluster, "4.16.3", "MCP_SET_TO_PAUSE", "passed", "could not be judged",
                      "not in the archive"):
            self.assertIn(words, done.stdout)
        more = run("analyze", "--all", str(self.good))
        self.assertIn("NOT JUDGED", more.stdout)
        self.assertGreater(len(more.stdout), len(done.stdout))
        broken = run("analyze", str(self.bad))
        self.assertEqual(broken.returncode, 3)
        self.assertIn(str(self.bad), broken.stderr)

    def test_an_unpacked_folder_gives_the_same(self):
        """a folder is judged as the archive that was unpacked there"""
        folder = self.path / "unpacked"
        with tarfile.open(self.good) as tar:
            tar.extractall(folder)
        from_folder = json.loads(run("analyze", "--json", str(folder)).stdout)
        from_archive = json.loads(run("analyze", "--json", str(self.good)).stdout)
        self.assertEqual(from_folder["outcomes"], from_archive["outcomes"])

    def test_fail_on_a_risk(self):
        """--fail-on: exit code 1 on a hit of that risk or worse; of several codes the highest"""
        self.assertEqual(run("analyze", "--fail-on", "low", str(self.good)).returncode, 1)
        self.assertEqual(run("analyze", "--fail-on", "critical", str(self.good)).returncode, 0)
        self.assertEqual(
            run("analyze", "--fail-on", "low", str(self.good), str(self.bad)).returncode, 3)

    def test_known_archives(self):
        """the sample archives have 27 and 8 hits"""
        for name, hits in (("insights-archive-sample.tar.gz", 27),
                           ("rapid-recommendations.tar.gz", 8)):
            harness.sample(name)
            done = run("analyze", "--json", str(harness.DATA / "archives" / name))
            outcomes = json.loads(done.stdout)["outcomes"]
            self.assertEqual(sum(one["outcome"] == "hit" for one in outcomes), hits, name)

    def test_another_pack(self):
        """--rules: another pack; a broken one is shown and ends with 1"""
        pack = str(harness.ROOT / "rulepacks" / "base")
        with_pack = json.loads(run("analyze", "--json", "--rules", pack, str(self.good)).stdout)
        built_in = json.loads(run("analyze", "--json", str(self.good)).stdout)
        self.assertEqual(with_pack["outcomes"], built_in["outcomes"])
        (self.path / "pack").mkdir()
        (self.path / "pack" / "pack.yaml").write_text("nonsense: [\n")
        done = run("analyze", "--rules", str(self.path / "pack"), str(self.good))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("pack.yaml", done.stderr)
        self.assertEqual(run("rules", "check", pack).returncode, 0)
        self.assertIn("MCP_SET_TO_PAUSE", run("rules", "list").stdout)

    def test_wrong_usage_says_what_was_meant(self):
        """wrong commands and options are met with the nearest right one, exit code 2"""
        for words, meant in ((("analyse", "x"), "analyze"), (("analyze", "--jsno", "x"), "--json"),
                             (("config", "chek"), "check")):
            done = run(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"did you mean `{meant}`", done.stderr)
        self.assertEqual(run("analyze", "--help").returncode, 0)
        self.assertIn("Example", run("fleet", "--help").stdout)
        self.assertTrue(json.loads(run("version", "--json").stdout)["version"])


if __name__ == "__main__":
    harness.main()
