#!/usr/bin/env python3
"""Writes the pages that are made from the code: settings, metrics, and one for each rule.

    tools/reference.py BINARY            writes docs/reference/settings.md and metrics.md, docs/rules/catalogue/*.md
    tools/reference.py BINARY --check    exit status 1 when a page is not what it would write
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
CATALOGUE = ROOT / "docs" / "rules" / "catalogue"

SETTINGS_HEAD = """# Settings

One TOML file: `--config FILE`, else `INSIGHTD_CONFIG`, else `/etc/insightd/insightd.toml`, else none: `insightd all` runs without. A key `k`
of section `[s]` is overridden by the environment variable `INSIGHTD__S__K`. A mistake stops the start (exit code 2) with its line and the nearest
known key; `insightd config check` looks beforehand, `insightd config print` shows what is in force. This page is made by `tools/reference.py`.

"""

METRICS_HEAD = """# Metrics

Served at `:9000/metrics` (`http.metrics_address`) in Prometheus' text format. This page is made by `tools/reference.py` from
`src/base/metric_names.h`.

| name | kind | meaning |
|---|---|---|
"""

DEFINITION = re.compile(r"Definition \w+\{\s*Kind::k(\w+),\s*\"(\w+)\",\s*((?:\"[^\"]*\"\s*)+)")


def settings(binary):
    run = subprocess.run([binary, "config", "reference"], check=True, capture_output=True, text=True)
    return SETTINGS_HEAD + run.stdout


def metrics():
    source = (ROOT / "src/base/metric_names.h").read_text()
    rows = []
    for kind, name, text in DEFINITION.findall(source):
        meaning = "".join(re.findall(r'"([^"]*)"', text))
        rows.append(f"| `{name}` | {kind.lower()} | {meaning} |")
    if len(rows) != source.count("inline const Definition "):
        sys.exit("reference.py: src/base/metric_names.h is not read whole; mend the pattern")
    return METRICS_HEAD + "\n".join(rows) + "\n"


def catalogue(binary):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binary, "rules", "catalogue", ROOT / "rulepacks" / "base", "--output", folder], check=True,
                       capture_output=True)
        return {path.name: path.read_text() for path in sorted(pathlib.Path(folder).iterdir())}


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    pages = {REFERENCE / "settings.md": settings(sys.argv[1]), REFERENCE / "metrics.md": metrics()}
    pages.update({CATALOGUE / name: text for name, text in catalogue(sys.argv[1]).items()})
    of_no_rule = set(CATALOGUE.glob("*.md")) - set(pages)
    if "--check" not in sys.argv:
        CATALOGUE.mkdir(parents=True, exist_ok=True)
        for path, text in pages.items():
            path.write_text(text)
        for path in of_no_rule:
            path.unlink()
        return 0
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    for path in stale + sorted(of_no_rule):
        print(f"{path.relative_to(ROOT)} is not what the code says: run tools/reference.py BINARY")
    stale += of_no_rule
    print(f"{len(pages)} pages compared")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
