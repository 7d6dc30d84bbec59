#!/usr/bin/env python3
"""Rules that change while the program runs: live within seconds, or refused with the reason."""
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

import harness
from harness import Insightd, archive, new_cluster, wait_for
from rule_packs_test import make_keys

PACK = """name: acme
version: {version}
component: acme_rules
inputs: inputs.yaml
rules: rules.yaml
impacts: {{Best Practice: 1}}
"""
INPUTS = "version: {path: config/version.json}\n"
RULES = """- module: external.rules.acme
  key: ACME
  title: Which state of the rule judged
  needs: [version]
  when: "{when}"
  details: {{state: "'{state}'"}}
  tags: [service_availability]
  impact: Best Practice
  likelihood: 1
"""


def write_pack(folder, state, when="true", version="1.0.0"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inputs.yaml").write_text(INPUTS)
    (folder / "rules.yaml").write_text(RULES.format(state=state, when=when))
    (folder / "pack.yaml").write_text(PACK.format(version=version))


class ReloadTest(unittest.TestCase):
    def setUp(self):
        self.server = Insightd(**{"rules.reload_s": 0.1})
        self.addCleanup(self.server.__exit__)
        self.pack = self.server.folder / "data" / "packs" / "acme"

    def metric(self, name):
        text = self.server.get("/metrics", "http.metrics_address").body.decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
        return float(found.group(1)) if found else None

    def await_metric(self, name, value):
        wait_for(lambda: self.metric(name) == value, f"{name} {value}")

    def await_reloads(self, outcome, count):
        self.await_metric(f'insightd_rules_reloads_total{{outcome="{outcome}"}}', count)

    def await_refusal(self, count):
        """What the log says of the refusal of that number."""
        self.await_reloads("refused", count)
        return wait_for(lambda: self.server.events("rules.refused")[count - 1:],
                        "the log record")[0]["error"]

    def state(self):
        """Which state of the rule a new upload is judged by; None when there is no such rule."""
        cluster = new_cluster()
        end = self.server.upload_and_await(archive(cluster), cluster)
        self.assertEqual(end["end"], "stored")
        for hit in self.server.report(cluster).json()["report"]["data"]:
            if hit["extra_data"]["error_key"] == "ACME":
                return hit["extra_data"]["state"]
        return None

    def is_ready(self):
        return self.server.get("/readyz", "http.metrics_address").status == 200

    def test_a_rule_is_changed_broken_and_mended(self):
        """a changed rule judges the next upload; a broken one is refused and the old one stays"""
        with self.server as server:
            self.assertIsNone(self.state())
            self.assertEqual(self.metric("insightd_rules_current"), 1)
            write_pack(self.pack, "one")
            self.await_reloads("taken", 1)
            self.assertEqual(self.state(), "one")
            write_pack(self.pack, "two", version="1.1.0")
            self.await_reloads("taken", 2)
            self.assertEqual(self.state(), "two")
            info = 'insightd_rules_pack_info{{name="acme",version="{}"}}'
            self.assertEqual(self.metric(info.format("1.1.0")), 1)
            self.assertEqual(self.metric(info.format("1.0.0")), 0)
            rules = server.get(f"{harness.PUBLIC}rule").body.decode()
            self.assertIn("Which state of the rule judged", rules)

            write_pack(self.pack, "three", when="size(vershun) > 0")
            refusal = self.await_refusal(1)
            self.assertEqual(self.metric("insightd_rules_current"), 0)
            self.assertIn("acme/rules.yaml:5:15", refusal)
            self.assertIn("vershun", refusal)
            self.assertTrue(self.is_ready())
            self.assertEqual(self.state(), "two")
            settings = server.folder / "insightd.toml"
            settings.write_text("")  # all is in the environment
            checked = server.command("rules", "check", "--config", str(settings), check=1)
            self.assertIn("did you mean \"version\"?", checked.stdout)

            write_pack(self.pack, "three", version="1.2.0")
            self.await_reloads("taken", 3)
            self.assertEqual(self.metric("insightd_rules_current"), 1)
            self.assertEqual(self.state(), "three")
            self.assertEqual(len(server.events("rules.refused")), 1)  # told once, not at each look
            shutil.rmtree(self.pack)
            self.await_reloads("taken", 4)
            self.assertIsNone(self.state())
            self.assertEqual(server.stop(), 0)

    def test_what_was_only_touched_is_not_taken_again(self):
        """the same bytes with another time change nothing, and a start tells what is in force"""
        write_pack(self.pack, "one")
        with self.server as server:
            loaded, = server.events("rules.loaded")
            self.assertRegex(loaded["packs"], r"^base-[^+]+\+acme-1\.0\.0$")
            self.assertIn("sha256 ", loaded["msg"])
            write_pack(self.pack, "one")
            self.await_reloads("unchanged", 1)
            self.assertEqual(self.metric("insightd_rules_current"), 1)
            self.assertEqual(self.state(), "one")

    def test_a_signal_asks_for_it(self):
        """with looking switched off, SIGHUP loads, and nothing else does"""
        self.server.settings["rules.reload_s"] = 0
        write_pack(self.pack, "one")
        with self.server as server:
            write_pack(self.pack, "two")
            self.assertEqual(self.state(), "one")
            server.process.send_signal(signal.SIGHUP)
            self.await_reloads("taken", 1)
            self.assertEqual(self.state(), "two")

    def test_signed_files_alone(self):
        """a pack file is taken when a trusted key signed it, and refused when another did"""
        keys = pathlib.Path(tempfile.mkdtemp(prefix="insightd_keys_"))
        self.addCleanup(shutil.rmtree, keys)
        private, public = make_keys(keys, "ours")
        other, _ = make_keys(keys, "others")
        source, file = keys / "source", self.pack.parent / "acme.rulepack"

        def put(state, key):
            write_pack(source, state)
            made = keys / "made.rulepack"
            subprocess.run([harness.BINARY, "rules", "pack", source, "--output", made] +
                           (["--key", key] if key else []), check=True, capture_output=True)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(made, file)
        put("one", private)
        self.server.settings.update({"rules.trusted_keys": str(public),
                                     "rules.signature_required": "true"})
        with self.server:
            self.assertEqual(self.state(), "one")
            for count, (key, reason) in enumerate(((other, "none of rules.trusted_keys"),
                                                   (None, "it is not signed")), 1):
                put("two", key)
                self.assertIn(reason, self.await_refusal(count))
            whole = file.read_bytes()
            file.write_bytes(whole[:-20])
            self.await_refusal(3)
            self.assertEqual(self.state(), "one")
            put("three", private)
            self.await_reloads("taken", 1)
            self.assertEqual(self.state(), "three")
            write_pack(self.pack, "four")  # a folder: nobody signed it
            self.assertIn("signature_required", self.await_refusal(4))
            self.assertEqual(self.state(), "three")

    def test_nothing_is_lost_while_rules_change(self):
        """uploads go on while packs are replaced, good ones and broken ones; each has its end"""
        uploads, threads, changes = 60, 3, 4  # at least
        write_pack(self.pack, "0")
        self.server.settings["rules.reload_s"] = 0.05
        with self.server as server:
            ends, errors, states = [], [], []

            def send():
                try:
                    while len(ends) < uploads or len(states) < changes:
                        cluster = new_cluster()
                        ends.append(server.upload_and_await(archive(cluster), cluster)["end"])
                except BaseException as error:
                    errors.append(error)
            senders = [threading.Thread(target=send) for _ in range(threads)]
            for sender in senders:
                sender.start()
            while any(sender.is_alive() for sender in senders):
                states.append(len(states) + 1)
                write_pack(self.pack, str(states[-1]),
                           when="true" if states[-1] % 3 else "no such thing")
                total = self.metric('insightd_rules_reloads_total{outcome="taken"}') + \
                    self.metric('insightd_rules_reloads_total{outcome="refused"}')
                wait_for(lambda: self.metric('insightd_rules_reloads_total{outcome="taken"}') +
                         self.metric('insightd_rules_reloads_total{outcome="refused"}') > total,
                         "the change")
            for sender in senders:
                sender.join()
            self.assertEqual(errors, [])
            self.assertEqual(ends, ["stored"] * len(ends))
            self.assertEqual(server.letters(), [])
            write_pack(self.pack, "last", version="2.0.0")
            self.await_metric('insightd_rules_pack_info{name="acme",version="2.0.0"}', 1)
            self.assertEqual(self.state(), "last")


if __name__ == "__main__":
    harness.main()
