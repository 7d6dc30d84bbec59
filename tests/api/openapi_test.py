#!/usr/bin/env python3
"""Calls made from the served OpenAPI document, good and bad, on one of the stores.

  openapi_test.py embedded|postgres [SEED [CALLS]]

The document describes just the calls of index.yaml. However a call is made, its answer is in the
document, and 5xx comes only where a client of the original gets it too. The calls follow from SEED;
what is found is printed with the number of the call, and is found again by the same SEED and CALLS.
"""
import json
import random
import sys
import urllib.parse

import yaml

import openapi
import stores
import wire

SEED, CALLS = 20230208, 2500
PREFIX = "/api/v1/"
SCALARS = ["", "x", "a.b", "x.y.rule_1.report", "KEY_1", "x.y.rule_1|KEY_1", "x.y.rule_1.report|KEY_1",
           "0", "1", "-1", "4294967296", "' OR '1'='1", "%", "..", ".", "a/b", "a b", "\t", "\x00", "ä",
           "\U0001f600", "\u2028", "<&>", "a" * 300, "${A}", "{A}", "\\", '"', "\r\nX-Evil: 1", ";", "?",
           "#", "+", "null", "[]"]
BYTES = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"]


class Maker:
    """Makes calls; all that is left to chance comes from `chance`."""

    def __init__(self, document, chance):
        self.document, self.chance = document, chance
        names = stores.variables()
        self.clusters = [names[name] for name in ("A", "B", "C", "D", "G", "UPPER", "LOWER", "DIGITS",
                                                  "URN", "BRACED", "BIG", "NOWHERE")]
        # Organisations 3, 6 and 8 have rows that the original cannot read.
        self.organizations = ["1", "2", "5", "7", "9", "424242", "2147483647", "2147483648",
                              names["OVER"], "0001"]
        self.good = {"org_id": self.organizations, "organization": self.organizations,
                     "cluster": self.clusters, "user_id": ["u1", "u2", "somebody", "ä b"],
                     "rule_id": ["x.y.rule_1.report", "x.y.rule_1", "no.such_rule"],
                     "error_key": ["KEY_1", "KEY_2", "any key"],
                     "rule_selector": ["x.y.rule_1|KEY_1", "x.y.rule_2|KEY_2", "no.such|KEY"],
                     "namespace": [names["NS_A"], "NS-B", "legacy", "unended"],
                     "organizations": ["424242", "424242,424243"],
                     "clusters": [names["NOWHERE"]]}

    def cluster_list(self):
        return [self.chance.choice(self.clusters) for _ in range(self.chance.randint(1, 4))]

    def variable(self, operation, name):
        if self.chance.random() < 0.15:
            if self.chance.random() < 0.1:
                return self.chance.choice(BYTES)
            return self.chance.choice([text for text in SCALARS if text])
        if name == "cluster_list":
            return ",".join(self.cluster_list())
        if name == "rule_id" and "/clusters/{cluster}/users/" in operation.path:
            return self.chance.choice(["x.y.rule_1.report|KEY_1", "x.y.rule_2.report|KEY_3", "no|K"])
        return self.chance.choice(self.good[name])

    def value(self, schema, depth=0):
        """A value as the schema says, mostly."""
        schema = self.document.resolve(schema)
        draw = self.chance.random()
        if draw < 0.04 or depth > 6:
            return self.chance.choice([None, True, 0, -1, 1.5, 2 ** 70, "x", [], {}, [[]], {"a": {}}])
        if schema.get("nullable") and draw < 0.2:
            return None
        for word in ("oneOf", "anyOf"):
            if word in schema:
                return self.value(self.chance.choice(schema[word]), depth + 1)
        kind = schema.get("type", "object")
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if kind == "object":
            made = {name: self.value(one, depth + 1)
                    for name, one in schema.get("properties", {}).items()
                    if self.chance.random() < 0.9}
            if self.chance.random() < 0.1:
                made[self.chance.choice(SCALARS)] = self.chance.choice(SCALARS)
            return made
        if kind == "array":
            if self.chance.random() < 0.6:
                return self.cluster_list()
            return [self.value(schema.get("items", {}), depth + 1)
                    for _ in range(self.chance.randint(0, 3))]
        if kind == "integer":
            return self.chance.choice([-1, 0, 1, 1, 32767, -32768])
        if kind == "boolean":
            return self.chance.random() < 0.5
        return self.chance.choice(["a.b|K", "text", *SCALARS])

    def body(self, schema):
        """(bytes or None, whether the original answers 500 because of it)."""
        text = json.dumps(self.value(schema), ensure_ascii=self.chance.random() < 0.5)
        data = text.encode("utf-8", errors="surrogatepass")
        draw = self.chance.random()
        if draw < 0.05:
            return None, True
        if draw < 0.1:
            return b"", True
        if draw < 0.15:
            return data[:self.chance.randint(0, len(data) - 1)], True
        if draw < 0.2:
            place = self.chance.randint(0, len(data))
            return data[:place] + self.chance.choice([b"\xff", b"x", b"\0", b"{", b"]", b'"']) + \
                data[place:], True
        if draw < 0.25:
            return data + self.chance.choice([b" ", b"\n", b"x", b"{", data]), False
        return data, False

    def call(self, operation):
        path, odd = operation.path, False
        for name in operation.names:
            value = self.variable(operation, name)
            odd = odd or value in (".", "..", "a/b")
            path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=self.chance.choice(
                ["", "|", "|,:"])), 1)
        query = []
        for (where, name), parameter in operation.parameters.items():
            if where == "query" and self.chance.random() < 0.2:
                value = self.value(parameter["schema"])
                query.append(f"{name}={urllib.parse.quote(str(value), safe='')}")
        if self.chance.random() < 0.03:
            query.append(self.chance.choice(["x=1", "limit=x", "=", "&&", "%00=%ff", "offset=-1"]))
        target = PREFIX + path.removeprefix("/") + ("?" + "&".join(query) if query else "")
        body, excused = (None, False)
        schema = operation.body_schema
        if schema is not None:
            body, excused = self.body(schema)
        chunked = body is not None and self.chance.random() < 0.1
        return target, body, chunked, excused, odd


def expected_operations(debug):
    rows = yaml.safe_load((stores.HERE / "index.yaml").read_text(encoding="utf-8"))
    return {(row["method"], "/" + row["path"]) for row in rows if debug or not row.get("debug")}


def check_document(document, debug):
    found = list(document.mistakes())
    wanted = expected_operations(debug)
    there = {key for key in document.operations if key[0] != "OPTIONS"}
    # Names of variables are the document's own.
    found += [f"not in the document: {key}" for key in sorted(wanted - there)]
    found += [f"only in the document: {key}" for key in sorted(there - wanted)]
    return found


def run(store, seed, calls):
    found = []
    for debug in (False, True):
        with store.serve({"debug": debug, "feedback_bytes_max": 20}) as server:
            document = openapi.Document(
                wire.request(server.port, "GET", PREFIX + "openapi.json").body)
            found += [f"debug={debug}: {line}" for line in check_document(document, debug)]
            if debug:
                found += attack(server, document, seed, calls)
    return found


def attack(server, document, seed, calls):
    chance = random.Random(seed)
    maker = Maker(document, chance)
    operations = [operation for operation in document.operations.values()
                  if operation.method != "OPTIONS"]
    found, statuses = [], {}
    for number in range(calls):
        operation = operations[number % len(operations)]
        target, body, chunked, excused, odd = maker.call(operation)
        name = f"call {number}: {operation.method} {target} {body!r:.300}"
        try:
            answer = wire.request(server.port, operation.method, target, [], body, chunked)
        except (AssertionError, OSError) as error:
            found.append(f"{name}: {error}")
            continue
        if answer is None:
            found.append(f"{name}: no answer")
            continue
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if "x-evil" in answer.headers:
            found.append(f"{name}: a header was made of what was sent")
        if answer.status >= 500 and not excused:
            found.append(f"{name}: {answer}")
        if odd and answer.status in (301, 404, 405):
            continue
        found += [f"{name}: {line}" for line in operation.outside(answer)]
        if server.process.poll() is not None:
            return [*found, f"{name}: the server has ended with {server.process.returncode}"]
    print(f"{calls} calls, seed {seed}: " +
          ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items())))
    return found


def main():
    seed = int(sys.argv[2]) if sys.argv[2:] else SEED
    calls = int(sys.argv[3]) if sys.argv[3:] else CALLS
    try:
        with stores.open_store(sys.argv[1]) as store:
            found = run(store, seed, calls)
    except stores.SkipStore as skip:
        print(f"skipped: {skip}")
        return 0
    print("\n".join(found))
    print(f"{calls - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
