#!/usr/bin/env python3
"""Packs as authors handle them: the examples of docs/rules/packs.md, overrides, one signed file."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import archive, new_cluster

PAGE = harness.ROOT / "docs" / "rules" / "packs.md"
EXAMPLE = re.compile(r"^`((?:acme|local)/[^`]+)`:\n\n```yaml\n(.*?)^```", re.M | re.S)


def run(*words, check=None, cwd=None):
    done = subprocess.run([harness.BINARY, *map(str, words)], capture_output=True, text=True,
                          timeout=60, cwd=cwd)
    if check is not None and done.returncode != check:
        raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done


def write_examples(folder):
    """The packs of the page, as a reader would copy them."""
    examples = EXAMPLE.findall(PAGE.read_text())
    for name, text in examples:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [name for name, _ in examples]


def make_keys(folder, name):
    """As docs/operating.md says."""
    if shutil.which("openssl") is None:
        raise unittest.SkipTest("no openssl to make a key with")
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    for words in (["genpkey", "-algorithm", "ed25519", "-out", private],
                  ["pkey", "-in", private, "-pubout", "-out", public]):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return private, public


class PacksTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="insightd_packs_"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.assertEqual(len(write_examples(self.folder)), 4)
        self.acme, self.local = self.folder / "acme", self.folder / "local"

    def test_the_examples_of_the_page(self):
        """the packs of docs/rules/packs.md are good, and their tests pass"""
        self.assertIn("good: 1 rules", run("rules", "check", self.acme, check=0).stdout)
        tested = run("rules", "test", self.acme, check=0).stdout
        self.assertIn("3 tests of 1 rules: 3 passed", tested)  # and none of base
        self.assertIn("good: 0 rules, 2 overrides",
                      run("rules", "check", self.acme, self.local, check=0).stdout)

    def test_overrides_are_listed_and_hold(self):
        """`rules list` and `analyze` show what a later pack has changed"""
        listed = [json.loads(line) for line in
                  run("rules", "list", "--json", self.acme, self.local, check=0).stdout.splitlines()]
        changed = {rule["key"]: rule for rule in listed if rule["overrides"]}
        self.assertEqual(set(changed), {"ACME_FEATURE_SET", "FEATURE_SET_PREVENTS_UPGRADE"})
        self.assertEqual(changed["ACME_FEATURE_SET"]["pack"], "acme-1.0.0")
        self.assertEqual(changed["ACME_FEATURE_SET"]["overrides"][0]["pack"], "local-2026.3")
        self.assertFalse(changed["FEATURE_SET_PREVENTS_UPGRADE"]["enabled"])
        text = run("rules", "list", self.acme, self.local, check=0).stdout
        self.assertIn("switched off by pack local-2026.3: the rule above says it for us", text)

        cluster = new_cluster()
        upload = self.folder / "a.tar.gz"
        upload.write_bytes(archive(cluster, {"config/featuregate.json": json.dumps(
            {"spec": {"featureSet": "TechPreviewNoUpgrade"}})}))

        def outcomes(*packs):
            words = [word for pack in packs for word in ("--rules", pack)]
            done = json.loads(run("analyze", "--json", *words, upload, check=0).stdout)
            return {one["key"]: one["outcome"] for one in done["outcomes"]}, done["packs"]
        before, packs = outcomes(self.acme)
        self.assertEqual([pack["name"] for pack in packs], ["base", "acme"])
        self.assertEqual(before["ACME_FEATURE_SET"], "hit")
        self.assertEqual(before["FEATURE_SET_PREVENTS_UPGRADE"], "hit")
        after, _ = outcomes(self.acme, self.local)
        self.assertEqual(after["ACME_FEATURE_SET"], "pass")
        self.assertNotIn("FEATURE_SET_PREVENTS_UPGRADE", after)

    def test_a_mistake_names_pack_and_place(self):
        """what an override gets wrong is shown where it stands, with what was meant"""
        pack = self.local / "pack.yaml"
        pack.write_text(pack.read_text().replace("rule: ACME_FEATURE_SET", "rule: ACME_FEATURE_SETS"))
        done = run("rules", "check", self.acme, self.local, check=1)
        self.assertIn("local/pack.yaml:5:11: there is no rule \"ACME_FEATURE_SETS\"", done.stdout)
        self.assertIn("did you mean \"ACME_FEATURE_SET\"?", done.stdout)

    def test_one_signed_file(self):
        """a pack file is the same every time, says who signed it, and is taken like a folder"""
        private, public = make_keys(self.folder, "acme")
        _, other = make_keys(self.folder, "other")
        made = run("rules", "pack", "acme", "--key", private, check=0, cwd=self.folder).stdout
        file = self.folder / "acme-1.0.0.rulepack"
        self.assertIn("acme-1.0.0.rulepack: acme 1.0.0, 3 files", made)
        again = self.folder / "again.rulepack"
        run("rules", "pack", self.acme, "--key", private, "--output", again, check=0)
        self.assertEqual(file.read_bytes(), again.read_bytes())
        verified = run("rules", "verify", file, "--key", public, check=0).stdout
        self.assertIn("signed by SHA256:", verified)
        self.assertIn("the key that you trust", verified)
        self.assertIn("not signed by", run("rules", "verify", file, "--key", other, check=1).stderr)
        for words in (["rules", "check"], ["rules", "test"]):
            run(*words, file, check=0)
        names = subprocess.run(["tar", "tzf", file], capture_output=True, text=True).stdout.split()
        self.assertEqual(names[:3], ["manifest.json", "manifest.sig", "pack/inputs.yaml"])

    def test_openssl_agrees_about_the_signature(self):
        """the signature is over the manifest as it lies in the file, for anyone to check"""
        private, public = make_keys(self.folder, "acme")
        file = self.folder / "a.rulepack"
        run("rules", "pack", self.acme, "--key", private, "--output", file, check=0)
        subprocess.run(["tar", "xzf", file, "-C", self.folder], check=True)
        import base64
        signature = json.loads((self.folder / "manifest.sig").read_text())["signature"]
        (self.folder / "raw").write_bytes(base64.b64decode(signature))
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in",
                        self.folder / "manifest.json", "-sigfile", self.folder / "raw"],
                       check=True, capture_output=True)

    def test_no_file_is_made_of_a_pack_that_fails_its_tests(self):
        """nor of one with a mistake; and a file that was changed or cut is refused"""
        rules = self.acme / "rules" / "feature_set.yaml"
        good = rules.read_text()
        rules.write_text(good.replace("expect: pass", "expect: hit"))
        done = run("rules", "pack", self.acme, check=1, cwd=self.folder)
        self.assertIn("1 of the pack's tests failed", done.stderr)
        rules.write_text(good.replace("feature_set in allowed", "feature_sat in allowed"))
        self.assertIn("did you mean", run("rules", "pack", self.acme, check=1).stderr)
        self.assertEqual(list(self.folder.glob("*.rulepack*")), [])
        rules.write_text(good)
        file = self.folder / "a.rulepack"
        run("rules", "pack", self.acme, "--output", file, check=0)
        self.assertIn("not signed", run("rules", "verify", file, check=0).stdout)
        whole = file.read_bytes()
        for changed in (whole[:-9], whole[:40] + b"\x00" + whole[41:], whole + b"\x00"):
            file.write_bytes(changed)
            self.assertIn("a.rulepack: ", run("rules", "verify", file, check=1).stderr)
            self.assertIn("a.rulepack: ", run("rules", "check", file, check=1).stderr)
        run("rules", "verify", self.folder / "absent", check=3)


if __name__ == "__main__":
    harness.main()
