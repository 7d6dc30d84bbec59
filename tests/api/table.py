"""Files of requests and their exact answers (cases/*.yaml), and the comparison of an answer.

A file has `server` (options of the process, stores.py), `cases`, and `stores` where it is for some
alone; each file begins with the rows of seed.yaml. A case has a `name` and either what follows or `steps`, a list of it:

  request     method and target; a target that does not begin with `/` is below the prefix
  headers     list of `Name: value`
  identity    text that is sent as x-rh-identity, in base64
  body        text; without it no length is told. `chunked: true` sends it in chunks
  status      a number, or a list of those that will do
  json        the whole answer; the order of keys counts
  error       short for json {status: …}
  text        the whole body as text;  contains: a part of it
  header      values by name;  no_header: names that must not be there
  unordered   paths of lists in the answer whose order is left open (`a.b`, or a list of names)
  stores      only there

In `json` a text "$now" stands for the present time with up to six digits of a fraction,
"$now_seconds" for it in whole seconds, "$string" for any text.
"""
import base64
import datetime
import json
import re

import yaml

import stores
import wire

NOW_S_MAX = 60
JSON_TYPE = "application/json; charset=utf-8"
KEYS = {"name", "request", "headers", "identity", "body", "chunked", "status", "json", "error",
        "text", "contains", "header", "no_header", "unordered", "stores", "steps", "line"}
# What no answer of this API carries.
NEVER = {"access-control-allow-origin", "content-encoding", "server", "allow"}


class LineLoader(yaml.SafeLoader):
    """Gives each request the number of its line."""


def _with_line(loader, node):
    mapping = loader.construct_mapping(node, deep=True)
    if "request" in mapping or "steps" in mapping:
        mapping["line"] = node.start_mark.line + 1
    return mapping


LineLoader.add_constructor("tag:yaml.org,2002:map", _with_line)


class File:
    def __init__(self, path):
        self.path = path
        whole = yaml.load(stores.with_variables(path), LineLoader)
        self.server = {**stores.DEFAULTS, **whole.get("server", {})}
        self.stores = whole.get("stores")
        self.cases = whole["cases"]
        for case in self.cases:
            for step in case.get("steps", [case]):
                unknown = step.keys() - KEYS
                if unknown:
                    raise ValueError(f"{path}:{step.get('line')}: what is {unknown}?")

    def target(self, step):
        method, target = step["request"].split(" ", 1) if " " in step["request"] else \
            (step["request"], "")
        return method, target if target.startswith(("/", "*", "http:")) else \
            self.server["prefix"] + target


def ask(file, step, port):
    method, target = file.target(step)
    headers = [tuple(line.split(": ", 1)) for line in step.get("headers", [])]
    if "identity" in step:
        headers.append(("x-rh-identity", base64.b64encode(step["identity"].encode()).decode()))
    body = step["body"].encode() if "body" in step else None
    return wire.request(port, method, target, headers, body, step.get("chunked", False))


def allowed(step):
    return step["status"] if isinstance(step["status"], list) else [step["status"]]


def problems(step, answer):
    """What is wrong with the answer, a line each."""
    if answer is None:
        return ["the connection ended without an answer"]
    found = []
    if answer.status not in allowed(step):
        found.append(f"status: wanted {step['status']}, got {answer.status}")
    for name in sorted(NEVER & answer.headers.keys()):
        found.append(f"header {name} must not be there")
    for name in step.get("no_header", []):
        if name.lower() in answer.headers:
            found.append(f"header {name} must not be there")
    for name, value in step.get("header", {}).items():
        got = answer.headers.get(name.lower())
        if got != value:
            found.append(f"header {name}: wanted {value!r}, got {got!r}")
    text = answer.body.decode("utf-8", errors="replace")
    if "text" in step and text != step["text"]:
        found.append(f"body: wanted {step['text']!r}, got {text!r}")
    if "contains" in step and step["contains"] not in text:
        found.append(f"body: wanted {step['contains']!r} in it, got {text!r}")
    wanted = {"status": step["error"]} if "error" in step else step.get("json")
    if wanted is not None:
        found += json_problems(step, wanted, answer, text)
    return found


def json_problems(step, wanted, answer, text):
    found = []
    got_type = answer.headers.get("content-type")
    if "header" not in step and got_type != JSON_TYPE:
        found.append(f"header Content-Type: wanted {JSON_TYPE!r}, got {got_type!r}")
    try:
        got = json.loads(text)
    except ValueError as error:
        return [*found, f"body is not one JSON document ({error}): {text!r}"]
    if not text.startswith("{\n\t") and not text.endswith("}\n"):
        found.append(f"body does not end with one line end: {text[-20:]!r}")
    for path in step.get("unordered", []):
        for tree in (wanted, got):
            sort_list(tree, path if isinstance(path, list) else path.split("."))
    differences = list(compare("", wanted, got))
    if differences:
        found += differences + [f"  wanted {json.dumps(wanted)}", f"  got    {text.strip()}"]
    return found


def sort_list(tree, path):
    for name in path[:-1]:
        tree = tree.get(name) if isinstance(tree, dict) else None
    if isinstance(tree, dict) and isinstance(tree.get(path[-1]), list):
        tree[path[-1]].sort(key=lambda item: json.dumps(item, sort_keys=True))


def compare(path, wanted, got):
    """Yields what differs; keys count in their order, true is not 1, 1 is not 1.0."""
    if wanted in ("$now", "$now_seconds", "$string"):
        if not isinstance(got, str) or wanted != "$string" and not is_now(wanted, got):
            yield f"{path or '.'}: wanted {wanted}, got {got!r}"
    elif type(wanted) is not type(got):
        yield f"{path or '.'}: wanted {wanted!r}, got {got!r}"
    elif isinstance(wanted, dict):
        if list(wanted) != list(got):
            yield f"{path or '.'}: wanted the keys {list(wanted)}, got {list(got)}"
        for name in wanted.keys() & got.keys():
            yield from compare(f"{path}.{name}", wanted[name], got[name])
    elif isinstance(wanted, list):
        if len(wanted) != len(got):
            yield f"{path}: wanted {len(wanted)} items, got {len(got)}"
        for number, (one, other) in enumerate(zip(wanted, got)):
            yield from compare(f"{path}[{number}]", one, other)
    elif wanted != got:
        yield f"{path or '.'}: wanted {wanted!r}, got {got!r}"


def is_now(kind, text):
    fraction = r"(\.\d{0,5}[1-9])?" if kind == "$now" else ""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d" + fraction + "Z", text):
        return False
    time = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    age = datetime.datetime.now(datetime.timezone.utc) - time
    return abs(age.total_seconds()) < NOW_S_MAX
