#!/usr/bin/env python3
"""The bill of materials names all that the binary loads and all that the page is made of."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("INSIGHTD_BINARY", "build/release/insightd")


def bill():
    return subprocess.run([sys.executable, ROOT / "tools" / "sbom.py", BINARY], check=True,
                          capture_output=True, text=True).stdout


def headers_of_program():
    """What its sources include from the system, as Ninja has noted it."""
    build = pathlib.Path(BINARY).resolve().parent
    if not (build / ".ninja_deps").exists():
        return []
    noted = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True, capture_output=True,
                           text=True).stdout
    headers, of_program = set(), False
    for line in noted.splitlines():
        if not line.startswith(" "):
            of_program = bool(re.match(r"src/(?!.*(_test|_fuzz)\.dir/)", line))
        elif of_program and line.strip().startswith("/usr/"):
            headers.add(line.strip())
    return sorted(headers)


def sources_of(packages):
    """The source packages that Debian made these of."""
    return set(subprocess.run(["dpkg-query", "-W", "-f", "${source:Package}\n", *packages],
                              check=True, capture_output=True, text=True).stdout.split())


class BillOfMaterials(unittest.TestCase):
    def test_all_that_the_binary_loads_is_named_with_its_version(self):
        parts = json.loads(bill())["components"]
        named = {p["value"] for part in parts for p in part.get("properties", [])}
        loads = re.findall(r"\(NEEDED\).*\[(.*)\]", subprocess.run(
            ["readelf", "-dW", BINARY], check=True, capture_output=True, text=True).stdout)
        self.assertGreater(len(loads), 5)
        self.assertLessEqual({name for name in loads if not name.startswith("ld-linux")}, named)
        for part in parts:
            self.assertTrue(part.get("version"), part)

    def test_what_is_compiled_in_is_named(self):
        """each package whose headers the program's sources include, by one made of the same source"""
        headers = headers_of_program()
        if not headers:
            self.skipTest("the build beside the binary knows no headers (not made by Ninja)")
        owners = subprocess.run(["dpkg-query", "-S", *headers], capture_output=True, text=True).stdout
        included = sources_of({line.split(": ")[0].split(",")[0] for line in owners.splitlines()})
        self.assertGreater(len(included), 10)
        named = sources_of({part["name"] for part in json.loads(bill())["components"]
                            if part.get("purl", "").startswith("pkg:deb/")})
        # Of the kernel there are only numbers and layouts.
        self.assertEqual(included - named - {"linux"}, set(),
                         "add their packages to COMPILED_IN of tools/sbom.py")

    def test_the_page_is_named_as_it_is_pinned_and_tools_are_not(self):
        lock = json.loads((ROOT / "ui" / "package-lock.json").read_text())["packages"]
        pinned = {(path.rsplit("node_modules/", 1)[1], package["version"],
                   base64.b64decode(package["integrity"].removeprefix("sha512-")).hex())
                  for path, package in lock.items()
                  if path and not package.get("dev") and not package.get("optional")}
        named = {(part["name"], part["version"], part["hashes"][0]["content"])
                 for part in json.loads(bill())["components"]
                 if part.get("purl", "").startswith("pkg:npm/")}
        self.assertEqual(named, pinned)
        self.assertIn("react", {name for name, _, _ in named})
        self.assertNotIn("vitest", {name for name, _, _ in named})

    def test_it_is_of_the_form_that_readers_expect(self):
        """CycloneDX: what it calls itself, a reference for each part, each used once"""
        made = json.loads(bill())
        self.assertEqual((made["bomFormat"], made["specVersion"]), ("CycloneDX", "1.5"))
        self.assertRegex(made["serialNumber"], r"^urn:uuid:[0-9a-f-]{36}$")
        refs = [part["bom-ref"] for part in made["components"]]
        self.assertEqual(len(refs), len(set(refs)))
        self.assertEqual(made["dependencies"], [{"ref": "insightd", "dependsOn": refs}])
        version = json.loads(subprocess.run([BINARY, "version", "--json"], check=True,
                                            capture_output=True).stdout)["version"]
        self.assertEqual(made["metadata"]["component"]["version"], version)

    def test_the_same_input_gives_the_same_bytes(self):
        self.assertEqual(bill(), bill())


if __name__ == "__main__":
    unittest.main()
