#!/usr/bin/env python3
"""What the page is built from is pinned: each package exactly, by version and hash, and no package
knows which registry it came from. Reads ui/package.json and ui/package-lock.json.
"""
import copy
import json
import pathlib
import re
import unittest

UI = pathlib.Path(__file__).resolve().parent.parent.parent / "ui"
EXACT = re.compile(r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$")
SHA512 = re.compile(r"^sha512-[A-Za-z0-9+/]{86}==$")


def mistakes(manifest, lock):
    wanted = {}
    for kind in ("dependencies", "devDependencies"):
        for name, version in manifest.get(kind, {}).items():
            wanted[name] = version
            if not EXACT.match(version):
                yield f"package.json: {name} is {version!r}, not one exact version"
    root = lock["packages"].get("", {})
    for kind in ("dependencies", "devDependencies"):
        if root.get(kind, {}) != manifest.get(kind, {}):
            yield f"package-lock.json: its {kind} are not those of package.json: run npm install"
    for path, package in lock["packages"].items():
        if not path:
            continue
        if "resolved" in package:
            yield f"package-lock.json: {path} names where it was fetched from (see ui/.npmrc)"
        if not EXACT.match(package.get("version", "")):
            yield f"package-lock.json: {path} has no exact version"
        if not SHA512.match(package.get("integrity", "")):
            yield f"package-lock.json: {path} has no sha512"
        if package.get("hasInstallScript") and not package.get("optional") and \
                path.rsplit("node_modules/", 1)[-1] not in SCRIPTS_KNOWN:
            yield f"package-lock.json: {path} runs a script when it is installed"
    for name, version in wanted.items():
        locked = lock["packages"].get(f"node_modules/{name}", {}).get("version")
        if locked != version:
            yield f"package-lock.json: {name} is {locked}, package.json wants {version}"


# esbuild's script replaces a wrapper by the binary that came as an optional package; the page
# builds without it too.
SCRIPTS_KNOWN = {"esbuild"}


class LockFile(unittest.TestCase):
    def setUp(self):
        self.manifest = json.loads((UI / "package.json").read_text())
        self.lock = json.loads((UI / "package-lock.json").read_text())

    def test_each_package_is_pinned_by_version_and_hash(self):
        self.assertEqual(list(mistakes(self.manifest, self.lock)), [])
        self.assertGreater(len(self.lock["packages"]), 50)

    def test_what_is_not_pinned_is_found(self):
        path = next(path for path in self.lock["packages"] if path)
        for change in ({"integrity": "sha1-abc"}, {"version": "^1.0.0"},
                       {"resolved": "https://example.com/x.tgz"}, {"hasInstallScript": True}):
            lock = copy.deepcopy(self.lock)
            lock["packages"][path].update(change)
            self.assertEqual(len(list(mistakes(self.manifest, lock))), 1, change)
        manifest = copy.deepcopy(self.manifest)
        manifest["dependencies"]["react"] = "^19.0.0"
        self.assertTrue(any("react" in text for text in mistakes(manifest, self.lock)))


if __name__ == "__main__":
    unittest.main()
