#!/usr/bin/env python3
"""Mistakes and tries of clients at the aggregator's listener, on one of the stores.

  hostile_test.py embedded|postgres [test…]

A clear answer or a closed connection, no crash, and afterwards as many descriptors and as much
memory as before. What the HTTP server does on every listener (smuggling, bytes one by one, line
ends) is in tests/flow/security_test.py.
"""
import base64
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import sys
import unittest

import stores
import wire

STORE = sys.argv.pop(1) if __name__ == "__main__" else "embedded"
MIB = 1 << 20
BODY_BYTES_MAX = 256 * 1024
TIME_MS = 1_000  # of heads and bodies
CONNECTIONS = 3_000  # idle ones that are tried; the server has http.connections_max
CONNECTIONS_MAX = 2_048
REQUESTS_MAX = 32  # under way, where identities are asked for
GROWN_BYTES_MAX = 48 * MIB
# Connections to PostgreSQL that may be opened late and stay: those of the pool (8), of two workers
# and, with a descriptor more each, of two threads.
STORE_DESCRIPTORS_MAX = 8 + 2 + 2 * 2
NAMES = stores.variables()
A, D = NAMES["A"], NAMES["D"]
# Calls that change nothing: with any text in the place of {}.
PLACES = ("organizations/{}/clusters", "organizations/{}/clusters/" + A + "/users/u/report",
          "organizations/1/clusters/{}/users/u/report",
          "organizations/1/clusters/" + A + "/users/{}/report",
          "organizations/1/clusters/{}/users/u/report/info",
          "organizations/1/clusters/" + A + "/users/u/rules/{}",
          "organizations/1/clusters/" + A + "/users/u/rules/x.y|{}",
          "organizations/1/clusters/{}/reports", "rules/organizations/{}/disabled",
          "rules/users/{}/disabled/feedback",
          "clusters/rules/{}/error_key/KEY_1/organizations/1/disabled",
          "clusters/rules/x.y/error_key/{}/organizations/1/disabled",
          "rules/{}/error_key/KEY_1/organizations/1/", "rules/x.y/error_key/{}/organizations/1/",
          "rules/organizations/{}/disabled_system_wide", "rules/{}/organizations/1/rating",
          "rules/{}|KEY_1/organizations/1/users/u/clusters_detail",
          "rules/x.y|K/organizations/1/users/{}/clusters_detail", "organization/{}/workloads",
          "organization/1/namespace/{}/cluster/" + A + "/workloads",
          "organization/1/namespace/n/cluster/{}/workloads", "{}", "info/{}")
INJECTIONS = ("' OR '1'='1", "'; DROP TABLE report; --", "1; DELETE FROM report", "') OR ('1'='1",
              "\\'; SELECT pg_sleep(10); --", "$1", "%s", "x' UNION SELECT report FROM report --",
              '" OR ""="', "{" + A + "}' OR 1=1", "\u02bc OR 1=1", "1 OR 1=1", "(select 1)")


def quoted(text):
    data = text if isinstance(text, bytes) else text.encode()
    return "".join(f"%{byte:02X}" for byte in data)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        try:
            cls.store = stack.enter_context(stores.open_store(STORE))
        except stores.SkipStore as skip:
            raise unittest.SkipTest(str(skip)) from None
        cls.server = stack.enter_context(cls.store.serve({
            "body_bytes_max": BODY_BYTES_MAX, "debug": True, "http.head_time_ms_max": TIME_MS,
            "http.body_window_ms": TIME_MS, "http.connections_max": CONNECTIONS_MAX}))
        cls.seen = cls.everything()
        cls.memory, cls.descriptors = cls.resident(), cls.opened()

    @classmethod
    def resident(cls):
        status = pathlib.Path(f"/proc/{cls.server.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    @classmethod
    def opened(cls):
        return len(os.listdir(f"/proc/{cls.server.process.pid}/fd"))

    @classmethod
    def ask(cls, target, method="GET", body=None, headers=(), chunked=False):
        return wire.request(cls.server.port, method, "/api/v1/" + target, headers, body, chunked)

    @classmethod
    def everything(cls):
        """What there is to read; it must be the same after all tries."""
        return [cls.ask(target).body for target in (
            "organizations", "organizations/1/clusters", "organizations/2/clusters",
            f"organizations/1/clusters/{A}/users/u1/report", "rules/organizations/1/disabled",
            "rules/organizations/1/disabled_system_wide", "organization/1/workloads",
            "rules/users/u1/disabled/feedback", "rules/x.y.rule_1|KEY_1/organizations/1/rating")]

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), "the server has ended")
        self.assertEqual(self.everything(), self.seen)
        stores.harness.wait_for(lambda: self.opened() <= self.descriptors + STORE_DESCRIPTORS_MAX,
                                "the end of all connections")
        self.assertLess(self.resident() - self.memory, GROWN_BYTES_MAX)

    def connection(self):
        connection = wire.Connection(self.server.port)
        self.addCleanup(connection.socket.close)
        return connection

    def answered(self, answer, *statuses):
        """One of these answers, or a closed connection."""
        if answer is not None:
            self.assertIn(answer.status, statuses, answer)

    # ---- sizes ----

    def test_a_body_of_the_limit_is_read_and_a_larger_one_refused(self):
        """413 by the length that is told, before it is sent; in chunks once it is reached"""
        target = "rules/organizations/1/disabled_for_clusters"
        good = b"[" + b" " * (BODY_BYTES_MAX - 2) + b"]"
        self.assertEqual(self.ask(target, "POST", good).status, 200)
        self.assertEqual(self.ask(target, "POST", good, chunked=True).status, 200)
        self.assertEqual(self.ask(target, "POST", good + b" ").status, 413)
        self.answered(self.ask(target, "POST", good + b" " * MIB, chunked=True), 413)
        for size in (BODY_BYTES_MAX + 1, 2 ** 40, 2 ** 63, 2 ** 64, 10 ** 30):
            with self.subTest(size=size):
                connection = self.connection()
                connection.send(f"POST /api/v1/{target} HTTP/1.1\r\nHost: x\r\n"
                                f"Content-Length: {size}\r\n\r\n".encode())
                self.answered(connection.answer(), 400, 413)

    def test_a_body_without_use_is_not_waited_for(self):
        for target in ("info", "metrics", f"organizations/1/clusters/{A}/users/u/report"):
            for head in (f"Content-Length: {2 ** 40}", "Transfer-Encoding: chunked"):
                with self.subTest(target=target, head=head):
                    connection = self.connection()
                    connection.send(f"GET /api/v1/{target} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
                    self.assertEqual(connection.answer().status, 200)

    def test_long_heads_are_refused(self):
        """a path, a header, many headers: an answer of its own, or the end of the connection"""
        for head in ("GET /api/v1/" + "a" * 200_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
                     "GET /api/v1/?" + "a" * 200_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
                     "GET /api/v1/info HTTP/1.1\r\nHost: x\r\nX: " + "a" * 200_000 + "\r\n\r\n",
                     "GET /api/v1/info HTTP/1.1\r\nHost: x\r\n" + "X: a\r\n" * 50_000 + "\r\n",
                     "GET /api/v1/info HTTP/1.1\r\nHost: x\r\n" + "a" * 200_000):
            connection = self.connection()
            connection.send(head.encode())
            self.answered(connection.answer(), 400, 413, 414, 431)

    def test_long_lists_are_answered(self):
        """as many clusters as a body holds; each counts once"""
        clusters = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(6_000)] + [A]
        body = json.dumps(clusters).encode()
        self.assertLess(len(body), BODY_BYTES_MAX)
        answer = self.ask("recommendations/organizations/1/users/u/list", "POST", body)
        self.assertEqual(answer.status, 200)
        self.assertEqual(json.loads(answer.body)["recommendations"]["x.y.rule_1|KEY_1"], [A])
        doubled = json.dumps([A] * 6_000).encode()
        for target in ("clusters/organizations/1/users/u/recommendations",
                       "rules/organizations/1/disabled_for_clusters", "organization/1/workloads"):
            self.assertEqual(self.ask(target, "POST", doubled).status, 200, target)
        answer = self.ask("organizations/1/clusters/reports", "POST",
                          json.dumps({"clusters": [A] * 6_000}).encode())
        self.assertEqual(len(json.loads(answer.body)["clusters"]), 6_000)

    def test_deep_documents_are_refused(self):
        for text in ("[" * 100_000, '{"a":' * 40_000, "[" * 50_000 + "]" * 50_000,
                     '{"clusters":' + "[" * 50_000 + "]" * 50_000 + "}"):
            for target in ("recommendations/organizations/1/users/u/list", "organization/1/workloads",
                           "organizations/1/clusters/reports", "rules/organizations/1/rating"):
                # Cut off is 500 for clients of the original.
                self.answered(self.ask(target, "POST", text.encode()), 400, 500)

    # ---- slowness ----

    def test_slow_senders_are_ended_and_hold_nobody_up(self):
        """half a head, a head in drips, half a body"""
        heads = (b"GET /api/v1/in", b"GET /api/v1/info HTTP/1.1\r\nX",
                 b"POST /api/v1/organization/1/workloads HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 100000\r\n\r\n[",
                 b"POST /api/v1/organization/1/workloads HTTP/1.1\r\nHost: x\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n5\r\n[")
        slow = [self.connection() for _ in range(200)]
        for number, connection in enumerate(slow):
            connection.send(heads[number % len(heads)])
        self.assertEqual(self.ask("info").status, 200)
        for connection in slow:
            self.answered(connection.answer(), 408)

    def test_thousands_of_idle_connections_leave_room_for_others(self):
        """over the limit of connections idle ones go first; a request is answered meanwhile"""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, CONNECTIONS + 500)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        count = min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
        with contextlib.ExitStack() as stack:
            for number in range(count):
                connection = stack.enter_context(contextlib.closing(
                    wire.Connection(self.server.port).socket))
                if number % 2:
                    # Has asked once and stays.
                    connection.sendall(b"GET /api/v1/ HTTP/1.1\r\nHost: x\r\n\r\n")
                if number % 500 == 0:
                    self.assertEqual(self.ask("info").status, 200)
            self.assertEqual(self.ask("info").status, 200)
            # Who has given away its place is ended by its own thread, a moment later.
            stores.harness.wait_for(lambda: self.opened() <= CONNECTIONS_MAX + self.descriptors + 4,
                                    "the end of those beyond the limit")

    # ---- texts ----

    def test_every_byte_as_an_escape_in_every_place(self):
        """an answer below 500 for each; what is no text is refused or nowhere"""
        for place in PLACES:
            for byte in range(256):
                target = place.replace("{}", f"a%{byte:02x}b")
                answer = self.ask(target)
                self.assertIsNotNone(answer, target)
                self.assertLess(answer.status, 500, f"{target}: {answer}")

    def test_odd_escapes_in_every_place(self):
        """broken, overlong, doubled, signs of paths of other systems"""
        for text in ("%", "%2", "%zz", "%u0041", "%25%32%35", "%c0%ae%c0%ae", "%ed%a0%80", "%f4%90%80%80",
                     "%fe%ff", "..%2f..%2f", "%2e%2e%2f", "..;", ";a=b", "%5c..%5c", "%00", "a%00.json",
                     "%0d%0aX-Evil:%201", "%0aX-Evil: 1".replace(" ", "%20"), "%e2%80%a8", "~", "&=", "@:",
                     "a" * 4_000, "%61" * 4_000):
            for place in PLACES:
                answer = self.ask(place.replace("{}", text))
                if answer is not None:
                    self.assertLess(answer.status, 500, f"{place} {text[:40]}: {answer}")
                    self.assertNotIn("x-evil", answer.headers)

    def test_sql_is_a_text_in_every_place(self):
        """in paths, in bodies, in lists: it finds nothing and does nothing"""
        for text in INJECTIONS:
            for place in PLACES:
                answer = self.ask(place.replace("{}", quoted(text)))
                self.assertLess(answer.status, 500, f"{place} {text}: {answer}")
                self.assertNotIn(b"syntax", answer.body)
            for target, empty in (("recommendations/organizations/1/users/u/list", {}),
                                  ("clusters/organizations/1/users/u/recommendations", {}),
                                  ("rules/organizations/1/disabled_for_clusters", []),
                                  ("organization/1/workloads", None)):
                answer = self.ask(target, "POST", json.dumps([text]).encode())
                self.assertEqual(answer.status, 200, f"{target} {text}: {answer}")
                self.assertIn(empty, json.loads(answer.body).values())

    def test_what_is_written_is_read_as_it_was_written(self):
        """every text that is stored comes back as it is, or is refused"""
        texts = [*INJECTIONS, "\u0000", "a\u0000b", "\ud83d\ude00".encode("utf-16", "surrogatepass")
                 .decode("utf-16"), "\u2028<&>\u0001\x7f", "\\", '"', "ä" * 100]
        for number, text in enumerate(texts):
            body = json.dumps({"justification": text}).encode()
            target = f"rules/written.rule/error_key/K/organizations/{9000 + number}/"
            answer = self.ask(target + "disable", "PUT", body)
            self.assertIn(answer.status, (200, 400), f"{text!r}: {answer}")
            if answer.status == 200:
                self.assertEqual(json.loads(answer.body)["justification"], text)
                read = json.loads(self.ask(target).body)["disabledRule"]["justification"]
                self.assertEqual(read, text)
                self.assertEqual(self.ask(target + "enable", "PUT").status, 200)

    def test_no_header_is_made_of_what_was_sent(self):
        for target in ("%0d%0aX-Evil:%201", "/info%0d%0aX-Evil:1", "//info%0d%0aX-Evil:1",
                       "info/%0d%0aX-Evil:1/", "organizations/1/clusters%0d%0aX-Evil:1/",
                       "rules/%0d%0aX-Evil:1/error_key/K/organizations/1"):
            answer = self.ask(target)
            self.assertNotIn("x-evil", answer.headers, target)
            self.assertNotIn("\n", str(answer.headers.get("location")))
        answer = self.ask("info", headers=[("X-Forwarded-Host", "evil.example")])
        self.assertNotIn("evil.example", str(answer.headers))
        answer = wire.request(self.server.port, "GET", "http://evil.example//api/v1/info/")
        self.assertNotIn("evil.example", str(answer.headers.get("location")))

    def test_random_bytes_are_no_request(self):
        """what comes is not understood; the connection ends"""
        chance = random.Random(7)
        for _ in range(300):
            connection = self.connection()
            connection.send(chance.randbytes(chance.randint(1, 300)) + b"\r\n\r\n")
            self.answered(connection.answer(), 400, 408, 431, 501, 505)
            connection.socket.close()


class Identities(unittest.TestCase):
    """With authentication, and other organisations closed."""

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        try:
            cls.store = stack.enter_context(stores.open_store(STORE))
        except stores.SkipStore as skip:
            raise unittest.SkipTest(str(skip)) from None
        cls.server = stack.enter_context(cls.store.serve({
            "auth": True, "close": True, "debug": True, "http.requests_max": REQUESTS_MAX}))

    def ask(self, target, token, method="GET", body=None):
        headers = [] if token is None else [("x-rh-identity", token)]
        return wire.request(self.server.port, method, "/api/v1/" + target, headers, body)

    @staticmethod
    def token(document):
        text = document if isinstance(document, (str, bytes)) else json.dumps(document)
        return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()

    def test_malformed_identities_are_refused(self):
        """401 (or a refusal of the head), whatever is in the header"""
        chance = random.Random(11)
        good = '{"identity": {"org_id": "1", "user": {"user_id": "1"}}}'
        tokens = ["", " ", "=", "====", "A", "AA", "AAA", "Bearer x", "null", "\t", "é", "\x7f",
                  self.token(good)[:-1], self.token(good) + "=", self.token(good) + "A",
                  self.token(good).replace("=", ""), self.token(good)[1:],
                  *(self.token(text) for text in (
                      "", "null", "1", '"x"', "[]", "{}", '{"identity": null}', '{"identity": []}',
                      '{"identity": {"org_id": {}}}', '{"identity": {"org_id": "1e0"}}',
                      '{"identity": {"org_id": "0x1"}}', '{"identity": {"org_id": "+1"}}',
                      '{"identity": {"org_id": "99999999999999999999"}}',
                      '{"identity": {"org_id": "1\\u0000"}}', "\x00", b"\xff\xfe", good + good,
                      "[" * 5_000, '{"identity":' * 1_500, good.replace('"1"', "1")))]
        for _ in range(300):
            bytes_ = bytearray(good.encode())
            for _ in range(chance.randint(1, 4)):
                bytes_[chance.randrange(len(bytes_) - 30)] = chance.randrange(256)
            try:
                changed = json.loads(bytes_.decode())
                if str(changed.get("identity", {}).get("org_id", "0")).strip("0") == "":
                    tokens.append(self.token(bytes(bytes_)))
            except (ValueError, AttributeError):
                tokens.append(self.token(bytes(bytes_)))
        for token in tokens:
            answer = self.ask("organizations/1/clusters", token)
            self.assertIn(answer.status, (400, 401, 431), f"{token[:100]!r}: {answer}")
            self.assertNotIn(A.encode(), answer.body)
        self.assertEqual(self.ask("organizations/1/clusters", self.token(good)).status, 200)
        self.assertIsNone(self.server.process.poll())

    def test_a_body_without_identity_is_not_waited_for(self):
        """401 while it is outstanding; many such hold nobody up; an open path waits for none either"""
        with contextlib.ExitStack() as stack:
            for number in range(10 * REQUESTS_MAX):
                call, status = (("POST /api/v1/organization/1/workloads", 401) if number % 2 else
                                ("GET /api/v1/openapi.json", 200))
                connection = stack.enter_context(wire.Connection(self.server.port))
                connection.send(f"{call} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n["
                                .encode())
                self.assertEqual(connection.answer().status, status, number)
            self.assertEqual(self.ask("info", self.token('{"identity": {"org_id": "1"}}')).status, 200)

    def test_two_identities_are_not_one_more(self):
        """401, whichever of two headers is the one that is let in, also where both are the same"""
        own, other = (self.token({"identity": {"org_id": org}}) for org in ("1", "7"))
        for first, second in ((own, other), (other, own), (own, own), ("", own), (own, "")):
            answer = wire.request(self.server.port, "GET", "/api/v1/organizations/1/clusters",
                                  [("x-rh-identity", first), ("X-Rh-Identity", second)])
            self.assertEqual(answer.status, 401, answer)
            self.assertIn(b"Malformed authentication token", answer.body)

    def test_nothing_of_another_organisation_where_that_is_closed(self):
        """no call of index.yaml gives or changes what belongs to another"""
        stranger = self.token('{"identity": {"org_id": "7", "user": {"user_id": "u1"}}}')
        owner = self.token('{"identity": {"org_id": "1", "user": {"user_id": "u1"}}}')
        secrets = (A.encode(), b"because", b"KEY_1", b"ns-a", b"4.12.1")
        hit = f"clusters/{A}/rules/x.y.rule_1.report/error_key/KEY_1"
        calls = [("GET", "organizations/1/clusters", None),
                 ("GET", f"organizations/1/clusters/{A}/users/u1/report", None),
                 ("GET", f"organizations/1/clusters/{A}/users/u1/report/info", None),
                 ("GET", f"organizations/1/clusters/{A}/users/u1/rules/x.y.rule_1.report|KEY_1", None),
                 ("GET", f"organizations/1/clusters/{A}/reports", None),
                 ("POST", "organizations/1/clusters/reports", {"clusters": [A]}),
                 *(("PUT", f"{hit}/organizations/{org}/users/s/{vote}", None)
                   for org in (1, 7) for vote in ("like", "dislike", "reset_vote")),
                 *(("PUT", f"{hit}/organizations/{org}/{way}", None)
                   for org in (1, 7) for way in ("enable", "disable")),
                 *(("POST", f"{hit}/organizations/{org}/users/u1/disable_feedback", {"message": "s"})
                   for org in (1, 7)),
                 ("GET", "rules/organizations/1/disabled", None),
                 ("POST", "rules/organizations/1/disabled_for_clusters", [A]),
                 ("GET", "clusters/rules/x.y.rule_1.report/error_key/KEY_1/organizations/1/disabled",
                  None),
                 ("PUT", "rules/x.y.rule_1/error_key/KEY_1/organizations/1/disable",
                  {"justification": "s"}),
                 ("PUT", "rules/x.y.rule_1/error_key/KEY_1/organizations/1/enable", None),
                 ("POST", "rules/x.y.rule_1/error_key/KEY_1/organizations/1/update",
                  {"justification": "s"}),
                 ("GET", "rules/x.y.rule_1/error_key/KEY_1/organizations/1/", None),
                 ("GET", "rules/organizations/1/disabled_system_wide", None),
                 ("POST", "rules/organizations/1/rating", {"rule": "x.y.rule_1|KEY_1", "rating": 1}),
                 ("GET", "rules/x.y.rule_1|KEY_1/organizations/1/rating", None),
                 ("GET", "rules/x.y.rule_1|KEY_1/organizations/1/users/u/clusters_detail", None),
                 ("POST", "recommendations/organizations/1/users/u/list", [A]),
                 ("POST", "clusters/organizations/1/users/u/recommendations", [A]),
                 ("GET", "organization/1/workloads", None),
                 ("POST", "organization/1/workloads", [A]),
                 ("GET", f"organization/1/namespace/NS-B/cluster/{A}/workloads", None),
                 ("DELETE", "organizations/1", None), ("DELETE", f"clusters/{A}", None),
                 ("GET", f"{hit}/users/u1/get_vote", None)]
        watched = [(target, self.ask(target, owner).body) for method, target, _ in calls
                   if method == "GET"]
        for method, target, body in calls:
            with self.subTest(call=f"{method} {target}"):
                answer = self.ask(target, stranger, method,
                                  None if body is None else json.dumps(body).encode())
                self.assertIn(answer.status, (403, 404), answer)
        # These are of no organisation, or of the own one: they show nothing of another.
        for method, target, body in (
                ("GET", "rules/users/u1/disabled/feedback", None),
                ("GET", f"organizations/7/clusters/{A}/users/u1/report", None),
                ("GET", f"organizations/7/clusters/{A}/reports", None),
                ("POST", "organizations/7/clusters/reports", {"clusters": [A]}),
                ("POST", "rules/organizations/7/disabled_for_clusters", [A]),
                ("POST", "recommendations/organizations/7/users/u/list", [A]),
                ("POST", "clusters/organizations/7/users/u/recommendations", [A]),
                ("POST", "organization/7/workloads", [A])):
            with self.subTest(call=f"{method} {target}"):
                answer = self.ask(target, stranger, method,
                                  None if body is None else json.dumps(body).encode())
                self.assertIn(answer.status, (200, 400, 403, 404), answer)
                for secret in secrets:
                    if secret != A.encode() or answer.status == 200 and "reports" not in target:
                        self.assertNotIn(secret, answer.body)
        for target, before in watched:
            self.assertEqual(self.ask(target, owner).body, before, target)


if __name__ == "__main__":
    unittest.main(verbosity=2)
