#!/usr/bin/env python3
"""`insightd analyze`, `rules`, `version` and wrong usage."""
import json
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile
import unittest

import harness
from harness import archive, new_cluster


def run(*words, **environment):
    return subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})


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

    def hostile(self):
        """Two nodes that are too small, one with a name that is out for the terminal."""
        def node(name):
            return json.dumps({"metadata": {"name": name, "labels": {
                "node-role.kubernetes.io/worker": ""}}, "status": {
                    "capacity": {"cpu": "8", "memory": "2Gi"}, "conditions": []}})
        path = self.path / "hostile.tar.gz"
        path.write_bytes(archive(self.cluster, {
            "config/node/a.json": node("worker-1"),
            "config/node/b.json": node("b` \x1b[31m<script> `b")}))
        return str(path)

    def test_texts_say_what_was_found_and_what_to_do(self):
        """--texts: the texts of a hit, filled in, without a tag, a mark or a control character left"""
        done = run("analyze", "--texts", self.hostile())
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("What was found", "- `worker-1` (worker): 2 of 8 GiB of memory",
                     "Why it matters", "How to fix it", "More information"):
            self.assertIn(line, done.stdout)
        for mark in ("{{", "pydata", "**", "```", "\x1b", "\\*", "&lt;"):
            self.assertNotIn(mark, done.stdout)
        self.assertIn("<script>", done.stdout)
        text = done.stdout[done.stdout.index("Why it matters"):done.stdout.index("How to fix it")]
        self.assertLessEqual(max(map(len, text.splitlines())), 100)

    def test_texts_stand_in_the_json_too(self):
        """--texts --json: each hit of a rule with texts has them as Markdown"""
        done = run("analyze", "--texts", "--json", self.hostile())
        hits = {outcome["key"]: outcome for outcome in json.loads(done.stdout)["outcomes"]
                if outcome["outcome"] == "hit"}
        texts = hits["NODES_MINIMUM_REQUIREMENTS_NOT_MET"]["texts"]
        self.assertEqual(set(texts), {"description", "generic", "reason", "resolution",
                                      "more_info", "errors"})
        self.assertIn("- `worker-1` (worker)", texts["reason"])
        self.assertEqual(texts["errors"], {})
        without = run("analyze", "--json", self.hostile())
        self.assertNotIn("texts", without.stdout)

    def test_the_numbers_of_the_table_add_up(self):
        """hits, information, passed, not judged and failed are all rules of the pack"""
        rules = len(run("rules", "list", "--json").stdout.splitlines())
        for words in ((), ("--all",)):
            said = run("analyze", *words, str(self.good)).stdout
            counts = re.search(r"(\d+) hits?, (\d+) for information, (\d+) passed, "
                               r"(\d+) could not be judged, (\d+) failed(.*)", said)
            self.assertEqual(sum(int(count) for count in counts.groups()[:5]), rules, said)
            self.assertEqual(counts[6], "" if words else " (--all shows them)")

    def test_a_folder_without_a_file(self):
        """a folder or an archive with nothing in it is no archive: exit code 3, code and message"""
        empty = self.path / "empty"
        (empty / "config").mkdir(parents=True)
        with tarfile.open(self.path / "empty.tar.gz", "w:gz") as tar:
            tar.add(empty, "top")
        for path in (empty, self.path / "empty.tar.gz"):
            done = run("analyze", "--json", str(path))
            self.assertEqual(done.returncode, 3, done)
            self.assertEqual(json.loads(done.stdout)["error"]["code"], "invalid")
            done = run("analyze", str(path))
            self.assertEqual(done.returncode, 3, done)
            self.assertIn(str(path), done.stderr)

    def test_the_time_of_gathering_may_be_unknown(self):
        """files without a time: gathered unknown"""
        folder = self.path / "timeless"
        (folder / "config").mkdir(parents=True)
        (folder / "config" / "id").write_text(self.cluster)
        os.utime(folder / "config" / "id", (0, 0))
        self.assertIn("gathered unknown", run("analyze", str(folder)).stdout)

    def test_a_file_that_does_not_parse(self):
        """it is named as such, and its input is not called absent"""
        path = self.path / "b.tar.gz"
        path.write_bytes(archive(self.cluster, {"config/network.json": "{nonsense"}))
        said = run("analyze", str(path)).stdout
        self.assertIn("does not parse: config/network.json: ", said)
        self.assertNotRegex(said, r"not in the archive: .*\bnetwork \(")
        self.assertRegex(run("analyze", str(self.good)).stdout,
                         r"not in the archive: .*\bnetwork \(")

    def test_standard_output_that_takes_no_more(self):
        """a full disk under standard output: exit code 5 and a message"""
        for words in (("analyze", str(self.good)), ("analyze", "--json", *[str(self.good)] * 40),
                      ("rules", "list"), ("version",)):
            with open("/dev/full", "w") as full:
                done = subprocess.run([harness.BINARY, *words], stdout=full, text=True,
                                      stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(done.returncode, 5, (words, done))
            self.assertIn("cannot write", done.stderr)

    def test_limits_are_those_of_the_settings(self):
        """the limit that a message names can be set, in the environment and in a file"""
        big = self.path / "big.tar.gz"
        big.write_bytes(archive(self.cluster, {"config/filler": "x" * 100_000}))
        name = "INSIGHTD__PIPELINE__UNPACKED_BYTES_MAX"
        done = run("analyze", str(big), **{name: "65536"})
        self.assertEqual(done.returncode, 3, done)
        self.assertIn("pipeline.unpacked_bytes_max", done.stderr)
        settings = self.path / "insightd.toml"
        settings.write_text("[pipeline]\nunpacked_bytes_max = 65536\n")
        self.assertEqual(run("analyze", "--config", str(settings), str(big)).returncode, 3)
        self.assertEqual(run("analyze", str(big)).returncode, 0)
        self.assertIn(name, run("analyze", "--help").stdout)

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
