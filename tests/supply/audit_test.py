#!/usr/bin/env python3
"""`make audit` tells the known weaknesses of the page's packages, or that it could not ask.

A small server stands for the registry, where npm looks for it by its own variables.
"""
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOCK = json.loads((ROOT / "ui" / "package-lock.json").read_text())["packages"]
BULK = "/-/npm/v1/security/advisories/bulk"
UNKNOWN = "nothing is known of the page's packages"


def pins():
    """Versions by name, as the lock file pins them."""
    versions = {}
    for path, package in LOCK.items():
        if path:
            versions.setdefault(path.rsplit("node_modules/", 1)[1], set()).add(package["version"])
    return versions


def advisory(name, versions, title, severity="high"):
    return {name: [{"id": 1000, "url": "https://example.com/1000", "title": title,
                    "severity": severity, "vulnerable_versions": versions, "cwe": [],
                    "cvss": {"score": 7.5, "vectorString": None}}]}


class Registry(http.server.ThreadingHTTPServer):
    """Knows the pinned packages; `answer` (status, type, body) is what it says of weaknesses."""
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked = answer, {}
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path != BULK:
            self.say(404, "application/json", b"{}")
            return
        self.server.asked = json.loads(body)
        self.say(*self.server.answer)

    def do_GET(self):
        """What there is of a package."""
        name = self.path[1:].replace("%2f", "/").replace("%2F", "/")
        all_of = {package["version"]: {"name": name, **package} for path, package in LOCK.items()
                  if path.endswith(f"node_modules/{name}")}
        known = {"name": name, "versions": all_of, "dist-tags": {"latest": max(all_of, default="")}}
        self.say(200 if all_of else 404, "application/json", json.dumps(known).encode())

    def say(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("npm"), "npm is not installed")
class Audit(unittest.TestCase):
    def audit(self, registry, **settings):
        """Exit status and text; `settings` are npm's."""
        with tempfile.TemporaryDirectory(prefix="insightd_audit_") as folder:
            kept = {key: value for key, value in os.environ.items()
                    if not key.lower().startswith("npm_config_") and "proxy" not in key.lower()}
            npm = {"registry": registry, "cache": f"{folder}/cache", "fetch_retries": "0",
                   "userconfig": f"{folder}/npmrc", "globalconfig": f"{folder}/global", **settings}
            done = subprocess.run([ROOT / "tools" / "audit.sh"], text=True, timeout=120,
                                  env={**kept, **{f"npm_config_{key}": value
                                                  for key, value in npm.items()}},
                                  capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def of_registry(self, advisories):
        """What is told where the registry knows these."""
        with Registry((200, "application/json", json.dumps(advisories).encode())) as registry:
            status, text = self.audit(registry.url)
        return status, text, registry.asked

    def test_a_pin_that_is_known_to_be_weak_is_told(self):
        """by severity, name, versions and title, with a status that fails a script"""
        pin = LOCK["node_modules/react-router"]["version"]
        status, text, _ = self.of_registry(
            advisory("react-router", f"<={pin}", "It runs what it is sent", "critical"))
        self.assertEqual(status, 1, text)
        self.assertRegex(text, r"(?m)^critical: react-router \S.*: It runs what it is sent$")
        self.assertRegex(text, rf"(?m)^audit: 1 of {len(LOCK) - 1} packages of the page have known")

    def test_a_weak_package_that_only_another_one_needs_is_told(self):
        """and who needs it"""
        needs = "@patternfly/react-core"
        name = next(iter(LOCK[f"node_modules/{needs}"]["dependencies"].keys() - {"tslib"}))
        status, text, _ = self.of_registry(advisory(name, "*", "Weak below"))
        self.assertEqual(status, 1, text)
        self.assertRegex(text, rf"(?m)^high: {name} .*: Weak below$")
        self.assertRegex(text, rf"(?m)^high: {needs} .*: through others$")

    def test_where_nothing_is_known_it_says_so(self):
        status, text, _ = self.of_registry({})
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r"^audit: 0 of \d+ packages of the page have known weaknesses\n$")

    def test_a_weakness_of_other_versions_is_none(self):
        pin = LOCK["node_modules/react-router"]["version"]
        status, text, _ = self.of_registry(advisory("react-router", f"<{pin}", "It was weak"))
        self.assertEqual(status, 0, text)
        self.assertNotIn("It was weak", text)

    def test_all_pins_are_asked_about(self):
        """also tools that build the page, and packages of packages"""
        asked = {name: set(versions) for name, versions in self.of_registry({})[2].items()}
        self.assertEqual(asked, pins())

    def test_a_long_answer_is_told_too(self):
        """longer than what a command may be called with"""
        title = "weak " * 60_000
        status, text, _ = self.of_registry(advisory("react-router", "*", title))
        self.assertEqual(status, 1, text[-500:])
        self.assertIn(title.strip(), text)

    def test_a_registry_that_is_away_is_not_one_that_knows_nothing(self):
        with Registry((200, "application/json", b"{}")) as gone:
            url = gone.url
        status, text = self.audit(url)
        self.assertEqual(status, 0, text)
        self.assertRegex(text, rf"^audit: the registry could not be asked \(.*ECONNREFUSED.*\): {UNKNOWN}")
        self.assertNotIn("known weaknesses", text)

    def test_an_answer_that_is_none_is_not_one_that_knows_nothing(self):
        for answer in ((500, "text/plain", b"no"), (403, "application/json", b'{"error": "no"}'),
                       (200, "text/html", b"<html>Log in first</html>"), (200, "text/plain", b"")):
            with self.subTest(answer=answer), Registry(answer) as registry:
                status, text = self.audit(registry.url)
                self.assertTrue(registry.asked)
                self.assertEqual(status, 0, text)
                self.assertIn(UNKNOWN, text)
                self.assertNotIn("known weaknesses", text)

    def test_make_audit_is_this(self):
        told = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True,
                              check=True).stdout
        self.assertIn("tools/audit.sh", told)


if __name__ == "__main__":
    unittest.main()
