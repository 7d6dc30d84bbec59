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

    def settings_of_many_machines(self, secrets=None):
        """The shipped example, with certificates that there are and secrets in the folder given."""
        certificate = self.folder / "certificate"
        certificate.write_text("of nobody\n")
        text = (HERE.parent / "insightd-distributed.toml").read_text()
        text = re.sub(r"/etc/insightd/[\w.-]+\.pem", str(certificate), text)
        if secrets:
            text = text.replace("/etc/insightd/secrets", str(secrets))
        settings = self.folder / "insightd.toml"
        settings.write_text(text)
        return settings

    def secrets(self, *names):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for name in names:
            (folder / name).write_text("of nobody\n")
        return folder

    def assert_good(self, *words, env=None):
        said = run(BINARY, "config", "check", "--config", *words, env=env)
        self.assertEqual((said.returncode, said.stdout), (0, "good\n"), (words, said.stderr))

    def test_root_checks_the_example_as_the_guide_says(self):
        """Without variables, and with the secrets alone that the role uses."""
        kafka, s3, postgres = "kafka-password", "s3-secret-key", "postgres-password"
        needed = {"ingress": [kafka, s3], "pipeline": [kafka, s3],
                  "writer": [kafka, s3, postgres], "api": [postgres]}
        for role, names in needed.items():
            self.assert_good(self.settings_of_many_machines(self.secrets(*names)), role)
            for name in names:
                secrets = self.secrets(*names)
                (secrets / name).unlink()
                said = run(BINARY, "config", "check", "--config",
                           self.settings_of_many_machines(secrets), role)
                self.assertEqual(said.returncode, 2, (role, name))
                self.assertIn(str(secrets / name), said.stdout + said.stderr)
        guide = (HERE.parent.parent / "docs" / "deploy.md").read_text()
        self.assertNotRegex(guide, r"(?m)^insightd ", "reads secrets: `sudo` before it")
        self.assert_good(HERE.parent / "insightd.toml", "all")

    def test_units_have_copies_of_the_secrets_that_the_example_names(self):
        """Their user cannot read the files themselves."""
        text = (HERE / "secrets.conf").read_text()
        section, named = "", {}
        for line in (HERE.parent / "insightd-distributed.toml").read_text().splitlines():
            if found := re.match(r"\[(\w+)\]", line):
                section = found[1]
            elif found := re.match(r'(\w+_file) = "/etc/insightd/secrets/(.*)"', line):
                named[f"INSIGHTD__{section}__{found[1]}".upper()] = found[2]
        handed = dict(re.findall(r"(?m)^Environment=(INSIGHTD__\w+)=%d/(.*)$", text))
        self.assertEqual(len(named), 3)
        self.assertEqual(handed, named)
        self.assertEqual(dict(re.findall(r"(?m)^LoadCredential=(.*):(.*)$", text)),
                         {name: f"/etc/insightd/secrets/{name}" for name in named.values()})

    def test_settings_in_units_and_examples_are_known(self):
        names = {}
        for unit in self.started:
            names.update(re.findall(r"(?m)^Environment=(INSIGHTD__\w+)=(.*)$", unit.read_text()))
        self.assertGreaterEqual(len(names), 3)
        values = {name: re.sub("%.", "3", value) for name, value in names.items()}
        # The copies of secrets count: what the example names is not there.
        copies = self.secrets("kafka-password", "s3-secret-key", "postgres-password")
        text = (HERE / "secrets.conf").read_text()
        for name, copy in re.findall(r"(?m)^Environment=(INSIGHTD__\w+)=%d/(.*)$", text):
            values[name] = str(copies / copy)
        for role in ["ingress", "pipeline", "writer", "api"]:
            self.assert_good(self.settings_of_many_machines(self.secrets()), role, env=values)

    def test_what_stops_with_the_target_starts_with_it(self):
        """Otherwise a service would listen itself when its socket was stopped with the target."""
        parts = [unit for unit in self.folder.glob("insightd-*.*")
                 if re.search(r"(?m)^PartOf=insightd\.target$", unit.read_text())]
        self.assertGreaterEqual(len([unit for unit in parts if unit.suffix == ".socket"]), 2)
        for unit in parts:
            self.assertRegex(unit.read_text(), r"(?m)^WantedBy=(.* )?insightd\.target$", unit.name)

    @unittest.skipUnless(ANALYZE, "there is no systemd-analyze here")
    def test_systemd_has_nothing_to_say_when_all_are_enabled(self):
        """An order of starting that cannot be is seen only then."""
        for unit in list(self.folder.glob("insightd-*.*")):
            for wanted in re.findall(r"(?m)^WantedBy=(.*)$", unit.read_text()):
                if unit.stem.endswith("@") or "insightd.target" not in wanted.split():
                    continue
                for target in wanted.split():
                    wants = self.folder / f"{target}.wants"
                    wants.mkdir(exist_ok=True)
                    (wants / unit.name).symlink_to(unit)
        self.assertGreaterEqual(len(list((self.folder / "insightd.target.wants").iterdir())), 6)
        said = run(ANALYZE, "verify", self.folder / "insightd.target")
        self.assertEqual(said.stdout + said.stderr, "")

    def test_the_guide_names_settings_that_there_are(self):
        guide = (HERE.parent.parent / "docs" / "deploy.md").read_text()
        known, sections, section = set(), set(), ""
        for line in run(BINARY, "config", "print").stdout.splitlines():
            if found := re.match(r"\[(\w+)\]", line):
                section = found[1] + "."
                sections.add(found[1])
            elif found := re.match(r"(\w+) =", line):
                known.add(section + found[1])
        named = set(re.findall(rf"`((?:{'|'.join(sections)})\.[a-z_0-9]+)", guide))
        # A name without a section is one of ours in the table of settings only.
        table = re.search(r"(?ms)^\| what \| settings \|$.*?^$", guide)[0]
        named |= set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", table))
        self.assertIn("start_wait_s", named)
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
