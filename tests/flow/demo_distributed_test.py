#!/usr/bin/env python3
"""`make demo-distributed`, with less of everything: what it shows, beside that it ends well."""
import os
import re
import subprocess
import unittest

import harness

PIPELINES = 3
SERVERS = ("kafka", "s3", "postgres")
ROLES = ("ingress", *(f"pipeline-{i}" for i in range(PIPELINES)), "writer", "api-0", "api-1")
KILLED = (f"pipeline-{PIPELINES - 1}", "writer")
WITH_LAG = ("pipeline", "writer")
HEAD = ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "LAG", "RATE"]
CLUSTERS = 12
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def tables(text):
    """Of processes: each as a list of rows, a dictionary by the head's words. Cells may be empty."""
    found, lines = [], text.splitlines()
    for at, line in enumerate(lines):
        if line.split() != HEAD:
            continue
        starts = [line.index(word) for word in HEAD]
        rows = []
        for row in lines[at + 1:]:
            if not row:
                break
            rows.append({word: row[start:end].strip() for word, start, end in
                         zip(HEAD, starts, [*starts[1:], None])})
        found.append(rows)
    return found


class DemoDistributedTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        environment = {**os.environ, "DEMO": "once", "DEMO_PIPELINES": str(PIPELINES),
                       "DEMO_LOAD_S": "5"}
        environment.pop("DEMO_FOLDER", None)
        cls.done = subprocess.run([harness.ROOT / "tools/demo_distributed.py", harness.BINARY],
                                  env=environment, capture_output=True, text=True, timeout=280,
                                  check=False)
        cls.tables = tables(cls.done.stdout)

    def test_it_ends_well(self):
        """status 0, nothing on stderr, and an address of each door"""
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        self.assertEqual(self.done.stderr, "")
        for line in (r"^Upload: +curl -F .* http://127\.0\.0\.1:\d+/api/ingress/v1/upload$",
                     r"^The page: +http://127\.0\.0\.1:\d+/$", r"^Kafka: +kcat -b \S+ -L$",
                     r"^PostgreSQL: +psql '"):
            self.assertRegex(self.done.stdout, re.compile(line, re.M))

    def test_tables_of_processes(self):
        """before, while and after: a row a server and role; all run, two are killed, all run again"""
        self.assertEqual(len(self.tables), 3, self.done.stdout)
        for number, rows in enumerate(self.tables):
            self.assertEqual([row["NAME"] for row in rows], [*SERVERS, *ROLES])
            for row in rows:
                with self.subTest(table=number, row=row):
                    self.row(row, is_down=number == 1 and row["NAME"] in KILLED,
                             restarts=int(number == 2 and row["NAME"] in KILLED))

    def row(self, row, is_down, restarts):
        self.assertEqual(row["STATUS"], "Killed" if is_down else "Running")
        # One that is left without its partner may not be ready for a moment.
        self.assertIn(row["READY"], ("0/1",) if is_down else ("0/1", "1/1"))
        self.assertEqual(row["RESTARTS"], str(restarts))
        self.assertRegex(row["AGE"], "^$" if is_down else r"^(\d+s|\d+m\d+s)$")
        is_role = row["NAME"] in ROLES and not is_down
        has_lag = is_role and row["NAME"].startswith(WITH_LAG)
        self.assertRegex(row["LAG"], r"^\d+$" if has_lag else "^$")
        self.assertRegex(row["RATE"], r"^\d+\.\d/s$" if is_role else "^$")

    def test_all_is_ready_before_and_no_lag_is_left_after(self):
        """the first table shows the fleet's uploads as rates, the last one no backlog"""
        for row in (*self.tables[0], *self.tables[2]):
            self.assertEqual(row["READY"], "1/1", row)
        rates = {row["NAME"]: float(row["RATE"].removesuffix("/s")) for row in self.tables[0]
                 if row["RATE"]}
        for name in ("ingress", "writer", "api-0"):
            self.assertGreater(rates[name], 0, name)
        self.assertEqual({row["LAG"] for row in self.tables[2]}, {"", "0"})

    def test_the_table_of_clusters(self):
        """a row a cluster, with its version and what is worst"""
        lines = self.done.stdout.splitlines()
        head, = [at for at, line in enumerate(lines) if line.startswith("CLUSTER ")]
        self.assertEqual(lines[head].split()[:6], ["CLUSTER", "VERSION", "CRITICAL", "IMPORTANT",
                                                   "MODERATE", "LOW"])
        rows = lines[head + 1:head + 1 + CLUSTERS]
        for row in rows:
            self.assertRegex(row, rf"^{UUID}  4\.\d+\.\d+ +(\.|\d+) +(\.|\d+) +(\.|\d+) +(\.|\d+) "
                                  r"+\d+ s +\S")
        self.assertEqual(len({row.split()[0] for row in rows}), CLUSTERS)
        self.assertEqual(lines[head + 1 + CLUSTERS], "")

    def test_what_was_killed_and_that_nothing_was_lost(self):
        """it is told, and every upload that was accepted has an end"""
        killed = " and the writer are "
        self.assertIn(f"{KILLED[0]}{killed}killed meanwhile.", self.done.stdout)
        self.assertIn(f"{KILLED[0]}{killed}started again.", self.done.stdout)
        accepted, ended, *ends = map(int, re.search(
            r"^Accepted \(202\): (\d+)\. Ended: (\d+), of which stored (\d+), overtaken by a newer "
            r"one (\d+), empty (\d+), dead letters (\d+)\.$", self.done.stdout, re.M).groups())
        self.assertGreater(accepted, CLUSTERS)
        self.assertEqual((ended, sum(ends), ends[-1]), (accepted, accepted, 0))
        self.assertIn("\nNothing was lost.\n", self.done.stdout)


if __name__ == "__main__":
    harness.main()
