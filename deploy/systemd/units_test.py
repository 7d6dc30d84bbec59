#!/usr/bin/env python3
"""Units that systemd takes without a word, that expose little, and whose settings the binary knows.

units_test.py UNITS BINARY: the folder of configured units, and the insightd that they are to start.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

UNITS = pathlib.Path(sys.argv[1])
BINARY = pathlib.Path(sys.argv[2]).resolve()
HERE = pathlib.Path(__file__).parent
SERVICES = ["all", "ingress", "api", "writer", "pipeline@"]
EXPOSURE_MAX = 2.0
ANALYZE = shutil.which("systemd-analyze")


def run(*words, env=None):
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning", **(env or {})})


class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for unit in UNITS.iterdir():
            text = re.sub(r"(?m)^ExecStart=\S+/insightd ", f"ExecStart={BINARY} ", unit.read_text())
            (self.folder / unit.name).write_text(text)
        # What the units are verified as: an instance is a unit of its own.
        template = self.folder / "insightd-pipeline@.service"
        self.started = [self.folder / f"insightd-{name}.service" for name in SERVICES[:-1]]
        self.started.append(self.folder / "insightd-pipeline@3.service")
        self.started[-1].write_text(template.read_text())

    @unittest.skipUnless(ANALYZE, "there is no systemd-analyze here")
    def test_systemd_has_nothing_to_say_about_them(self):
        others = ("insightd.target", "insightd-ingress.socket", "insightd-api.socket",
                  "insightd-clean.service", "insightd-clean.timer")
        for unit in [*self.started, *(self.folder / name for name in others)]:
            said = run(ANALYZE, "verify", unit)
            self.assertEqual(said.stdout + said.stderr, "", unit.name)

    @unittest.skipUnless(ANALYZE, "there is no systemd-analyze here")
    def test_a_mistake_in_a_unit_would_be_seen(self):
        unit = self.started[0]
        unit.write_text(unit.read_text().replace("WatchdogSec", "WatchdogSeconds"))
        said = run(ANALYZE, "verify", unit)
        self.assertIn("WatchdogSeconds", said.stdout + said.stderr)

    @unittest.skipUnless(ANALYZE, "there is no systemd-analyze here")
    def test_they_expose_little(self):
        for unit in [*self.started, self.folder / "insightd-clean.service"]:
            said = run(ANALYZE, "security", "--offline=true", "--no-pager", unit)
            found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)
            self.assertIsNotNone(found, said.stdout + said.stderr)
            print(f"{unit.name}: exposure {found[1]}", file=sys.stderr)
            self.assertLess(float(found[1]), EXPOSURE_MAX, unit.name)

    def test_each_starts_a_command_that_there_is_and_is_watched(self):
        for name in SERVICES:
            text = (self.folder / f"insightd-{name}.service").read_text()
            self.assertNotIn("@", re.sub(r"@(system-service|privileged|resources)\b|# .*", "", text))
            role = re.search(r"(?m)^ExecStart=\S+ (\w+)$", text)[1]
            self.assertEqual(role, name.rstrip("@"))
            self.assertEqual(run(BINARY, role, "--help").returncode, 0)
            for line in ["Type=notify", "WatchdogSec=30", "Restart=on-failure"]:
                self.assertRegex(text, f"(?m)^{line}$", name)

    def test_cleaning_is_a_command_that_there_is(self):
        text = (self.folder / "insightd-clean.service").read_text()
        self.assertRegex(text, r"(?m)^ExecStart=\S+ clean \$CLEAN_OPTIONS$")
        self.assertEqual(run(BINARY, "clean", "--help").returncode, 0)

    def test_settings_in_units_and_examples_are_known(self):
        texts = [unit.read_text() for unit in self.started]
        texts.append((HERE / "secrets.conf").read_text())
        names = {}
        for text in texts:
            names.update(re.findall(r"(?m)^Environment=(INSIGHTD__\w+)=(.*)$", text))
        self.assertGreaterEqual(len(names), 5)
        secret = self.folder / "secret"
        secret.write_text("of nobody\n")
        values = {name: str(secret) if name.endswith("_FILE") else re.sub("%.", "3", value)
                  for name, value in names.items()}
        # The files that it names lie on the machine that is to run it.
        example = self.folder / "insightd-distributed.toml"
        text = (HERE.parent / "insightd-distributed.toml").read_text()
        example.write_text(re.sub(r"/etc/insightd/[\w.-]+\.pem", str(secret), text))
        for role in ["ingress", "pipeline", "writer", "api"]:
            said = run(BINARY, "config", "check", "--config", example, role, env=values)
            self.assertEqual((said.returncode, said.stdout), (0, "good\n"), said.stderr)
        said = run(BINARY, "config", "check", "--config", HERE.parent / "insightd.toml", "all")
        self.assertEqual((said.returncode, said.stdout), (0, "good\n"), said.stderr)

    def test_the_guide_names_settings_that_there_are(self):
        guide = (HERE.parent.parent / "docs" / "deploy.md").read_text()
        sections = "bus|blob|store|http|identity|ingress|pipeline|writer|upkeep|rules|api"
        named = set(re.findall(rf"`((?:{sections})\.[a-z_0-9]+)", guide))
        known, section = set(), ""
        for line in run(BINARY, "config", "print").stdout.splitlines():
            if found := re.match(r"\[(\w+)\]", line):
                section = found[1]
            elif found := re.match(r"(\w+) =", line):
                known.add(f"{section}.{found[1]}")
        self.assertGreater(len(named), 40)
        self.assertEqual(named - known, set())

    def test_processes_of_one_machine_do_not_share_an_address(self):
        addresses = []
        for name in SERVICES[1:]:
            text = (self.folder / f"insightd-{name}.service").read_text()
            addresses += re.findall(r"(?m)^Environment=INSIGHTD__HTTP__METRICS_ADDRESS=(.*)$", text)
        self.assertEqual(len(addresses), len(SERVICES) - 1)
        self.assertEqual(len(set(addresses)), len(addresses))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
