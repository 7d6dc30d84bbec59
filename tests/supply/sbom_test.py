#!/usr/bin/env python3
"""The bill of materials names all that the binary loads and all that the page is made of."""
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

    def test_the_page_is_named_with_hashes_and_tools_are_not(self):
        parts = {part["name"]: part for part in json.loads(bill())["components"]}
        self.assertEqual(parts["react"]["hashes"][0]["alg"], "SHA-512")
        self.assertNotIn("vitest", parts)

    def test_the_same_input_gives_the_same_bytes(self):
        self.assertEqual(bill(), bill())


if __name__ == "__main__":
    unittest.main()
