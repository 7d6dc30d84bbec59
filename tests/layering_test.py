#!/usr/bin/env python3
"""Reads the include lines of src/ and fails when a layer includes what it may not.

The rules are those of docs/architecture.md, "Who may include whom":
  app -> every role; roles -> messages and parts; parts -> base; a role never includes a role.
Heavy libraries stand in the sources that wrap them, never in a header; but in those of a folder that
is named for the library, which its module's sources alone include.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

BASE = {"base"}
PARTS = {"rules", "archive", "store", "content", "bus", "blob", "http"}
MESSAGES = {"announce", "results"}
ROLES = {"ingress", "pipeline", "writer", "api", "notify", "upkeep", "journey", "fleet"}

MAY = {"base": set(), "archive": BASE, "cel": BASE, "http": BASE, "bus": BASE, "blob": BASE,
       "store": BASE, "announce": BASE, "results": BASE,
       "rules": BASE | {"cel", "archive"},
       "content": BASE | {"rules"},
       "app": BASE | PARTS | MESSAGES | ROLES}
MAY.update({role: BASE | PARTS | MESSAGES for role in ROLES})

# Folders with one way of doing a part; only app chooses among them.
CHOSEN_BY_APP = {"kafka", "s3", "postgres", "embedded", "redis"}
# Header of a library -> the folders whose sources may include it.
WRAPPED = {r"boost/": {"http"}, r"toml\+\+/": {"base"}, r"CLI/": {"app"}, r"yaml\.h$": {"rules"},
           r"curl/": {"http", "blob", "fleet"}, r"prometheus/": {"base"}, r"sqlite3\.h": {"base"},
           r"librdkafka/": {"bus"}, r"libpq": {"store"}, r"hiredis": {"store"}, r"simdjson\.h": {"base"},
           r"openssl/": {"http", "rules", "blob"},
           r"re2/": {"cel"}, r"zlib\.h": {"base", "archive"}, r"isa-l|igzip": {"archive"}, r"nlohmann/": set(), r"regex$": set()}

# Folders whose headers see the library that they are named for.
FOLDER_OF = {r"boost/": "asio"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def is_test(path):
    return path.stem.endswith(("_test", "_fuzz", "_bench")) or "testing" in path.parts


def mistakes():
    for path in sorted(SRC.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        module = path.relative_to(SRC).parts[0]
        inside = set(path.relative_to(SRC).parts[1:-1])
        if module not in MAY:
            yield path, 0, f"module '{module}' has no rule in tests/layering_test.py"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            ours, library = found.groups()
            if ours:
                parts = pathlib.PurePosixPath(ours).parts
                if parts[0] not in MAY or not (SRC / ours).exists():
                    continue
                if parts[0] != module and not is_test(path) and parts[0] not in MAY[module]:
                    yield path, number, f"{module} may not include {parts[0]} ({ours})"
                hidden = set(FOLDER_OF.values()) & set(parts[1:-1])
                if hidden and (module != parts[0] or path.suffix == ".h" and not hidden & inside):
                    yield path, number, f"{hidden.pop()}/ is for the sources of {parts[0]} ({ours})"
                chosen = CHOSEN_BY_APP & set(parts[1:-1])
                if chosen and module not in ("app", parts[0]) and not is_test(path):
                    yield path, number, f"only app names {chosen.pop()}/ ({ours})"
                if chosen and module == parts[0] and not chosen & inside and not is_test(path):
                    yield path, number, f"the interface of {module} knows {chosen.pop()}/ ({ours})"
                continue
            for pattern, folders in WRAPPED.items():
                if re.match(pattern, library) is None or is_test(path):
                    continue
                in_header = path.suffix == ".h" and FOLDER_OF.get(pattern) not in inside
                if module not in folders or in_header:
                    yield path, number, f"<{library}> is for the sources of {sorted(folders)} alone"


def main():
    found = list(mistakes())
    for path, number, what in found:
        print(f"{path.relative_to(ROOT)}:{number}: {what}")
    files = sum(1 for path in SRC.rglob("*") if path.suffix in (".h", ".cc"))
    print(f"{files} files read, {len(found)} includes that point the wrong way")
    if files == 0:
        sys.exit("no sources found: the test would prove nothing")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
