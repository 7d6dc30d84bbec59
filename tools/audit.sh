#!/bin/sh
# Asks the registry of the page's packages for known weaknesses of what the lock file pins.
#
# Exit status: 0 none known, or the registry could not be asked (it says so); 1 there are some.
set -u
cd "$(dirname "$0")/../ui" || exit 2
case "${1:-}" in -h | --help) sed -n '2,4s/^# \{0,1\}//p' "../tools/audit.sh"; exit 0 ;; esac

# By a pipe: an answer may be longer than an argument of a command.
npm audit --package-lock-only --json 2>/dev/null | python3 /dev/fd/3 3<<'PYTHON'
import json
import sys

try:
    answer = json.load(sys.stdin)
except ValueError:
    answer = {}
if "metadata" not in answer:
    said = answer.get("error", {}).get("summary") or answer.get("message") or "no answer"
    print(f"audit: the registry could not be asked ({said}): nothing is known of the page's packages")
    sys.exit(0)
found = answer.get("vulnerabilities", {})
for name, weakness in sorted(found.items()):
    titles = [via["title"] for via in weakness["via"] if isinstance(via, dict)]
    print(f"{weakness['severity']}: {name} {weakness['range']}: {'; '.join(titles) or 'through others'}")
packages = answer["metadata"].get("dependencies", {}).get("total", 0)
print(f"audit: {len(found)} of {packages} packages of the page have known weaknesses")
sys.exit(1 if found else 0)
PYTHON
