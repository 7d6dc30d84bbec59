#!/usr/bin/env python3
"""The built-in rule pack against archives whose hits are known: made ones, and facts of real clusters.

What makes them lies beside the checkout (harness.DATA); without it these tests are skipped.
"""
import contextlib
import importlib.util
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import warnings

import harness

INFORMING = {"version_info|CLUSTER_VERSION_INFO", "machine_pool_info|MACHINE_POOL_INFO",
             "cluster_status_overview|CLUSTER_STATUS_OVERVIEW"}
MIXTURES = 300


def tool(path):
    """A script beside the checkout, as a module; skips the test where it is not there."""
    if not path.exists():
        raise unittest.SkipTest(f"no {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judged(paths):
    """For each archive its hits: id of the rule to details."""
    done = subprocess.run([harness.BINARY, "analyze", "--json", *map(str, paths)], capture_output=True,
                          text=True, timeout=250)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    hits = []
    for line in done.stdout.splitlines():
        found = {}
        for outcome in json.loads(line)["outcomes"]:
            name = outcome["module"].rsplit(".", 1)[1] + "|" + outcome["key"]
            if outcome["outcome"] == "error":
                raise AssertionError(f"{line[:200]}: {name}: {outcome['reason']}")
            if outcome["outcome"] == "hit":
                found[name] = outcome["details"]
        hits.append(found)
    return hits


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class MadeArchivesTest(Folder):
    def setUp(self):
        super().setUp()
        self.generator = tool(harness.DATA / "archives" / "make_archive.py")
        self.base = self.generator.read_base(str(harness.DATA / "archives" / "insights-archive-sample.tar.gz"))
        self.rows = []

    def make(self, *options):
        """Makes archives; their lines of the manifest say what must hit."""
        folder = self.folder / str(len(self.rows))
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            self.generator.main(["--out", str(folder), *options])
        with open(folder / "manifest.jsonl") as manifest:
            self.rows += [(folder, json.loads(line)) for line in manifest]

    def expect_hits_as_said(self):
        self.assertGreater(len(self.rows), 0)
        hits = judged(folder / row["file"] for folder, row in self.rows)
        self.assertEqual(len(hits), len(self.rows))
        for (_, row), found in zip(self.rows, hits):
            self.assertEqual(set(found), set(row["expected"]),
                             f"{row['defects']} on {row['platform']} {row['version']}, {row['nodes']} nodes")

    def test_healthy_clusters_give_nothing_but_what_informs(self):
        """every platform, many versions, three to fifty nodes: healthy clusters get no recommendation"""
        for platform in sorted(self.generator.PLATFORM_WEIGHTS):
            for number, nodes in enumerate(("3", "6", "50")):
                self.make("--seed", f"h{platform}{nodes}", "--platform", platform, "--nodes", nodes)
        self.make("--seed", "healthy", "--size", "mix", "--count", "12")
        self.expect_hits_as_said()
        for _, row in self.rows:
            self.assertEqual(set(row["expected"]), INFORMING)

    def test_each_defect_alone_gives_exactly_its_hits(self):
        """each defect that the generator knows, alone: its rules and no others"""
        for defect in sorted(self.generator.DEFECTS):
            self.make("--seed", "one", "--defect", defect)
        for alert in ("KubeAPIErrorBudgetBurn", "etcdMembersDown"):
            self.make("--seed", "one", "--defect", f"alert_{alert}")
        self.assertGreater(len(self.rows), 100)
        self.expect_hits_as_said()

    def test_mixtures_of_defects_give_exactly_their_hits(self):
        """hundreds of clusters with six defects on average: the rules of these and no others"""
        self.make("--seed", "mixture", "--count", str(MIXTURES), "--random-defects", "6")
        self.expect_hits_as_said()
        print(f"{sum(len(row['defects']) for _, row in self.rows)} defects ", end="")


class ReportsTest(Folder):
    """Facts of public reports of real clusters, laid over healthy ones: what must and must not be said."""

    def test_real_reports_get_what_they_must_and_nothing_that_is_not_so(self):
        """each report: every recommendation that it must get, none that is wrong, details that name the cause"""
        folder = harness.DATA / "reports"
        try:
            build = tool(folder / "build.py")
        except ImportError as error:
            self.skipTest(f"{folder}: {error}")
        warnings.simplefilter("ignore", ResourceWarning)  # of the script
        reports = build.load_reports(str(folder))
        paths = []
        for report in reports:
            with tempfile.TemporaryDirectory() as work:
                made = build.Build(report, str(harness.DATA / "archives" / "make_archive.py"), work)
                healthy = self.folder / f"{report['id']}-healthy.tar.gz"
                healthy.write_bytes(pathlib.Path(made.base).read_bytes())
                shown = self.folder / f"{report['id']}.tar.gz"
                made.write(str(shown))
                paths += [healthy, shown]
        hits = judged(paths)
        self.assertGreater(len(reports), 0)
        for report, before, after in zip(reports, hits[::2], hits[1::2]):
            with self.subTest(report["id"], source=report["source"]):
                must, may = set(report.get("must") or []), set(report.get("may") or [])
                wrong = set(report.get("must_not") or [])
                self.assertLessEqual(must, set(after))
                self.assertFalse(wrong & set(after))
                self.assertLessEqual(set(after) - set(before), must | may, "nobody has judged these")
                for rule, words in (report.get("details_contain") or {}).items():
                    for word in words:
                        self.assertIn(word, json.dumps(after.get(rule, {})))
        print(f"{len(reports)} reports ", end="")


if __name__ == "__main__":
    harness.main()
