"""`insightd migrate` and what roles say to a database, on a real PostgreSQL.

INSIGHTD_TEST_SERVERS names a file with the server's address (POSTGRES=…); without it all is skipped.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
import uuid

from harness import BINARY

LATEST = {"results": 32, "workloads": 4}
SECRET = "zq-not-to-be-shown"
ROLE = {"INSIGHTD__START_WAIT_S": "0", "INSIGHTD__HTTP__ADDRESS": "127.0.0.1:0",
        "INSIGHTD__HTTP__METRICS_ADDRESS": "127.0.0.1:0",
        "INSIGHTD__HTTP__AGGREGATOR_ADDRESS": "127.0.0.1:0"}


def server():
    path = os.environ.get("INSIGHTD_TEST_SERVERS", "")
    text = pathlib.Path(path).read_text() if path and pathlib.Path(path).exists() else ""
    found = re.search(r"(?m)^POSTGRES=(.*)$", text)
    return found[1] if found else ""


@unittest.skipUnless(server(), "no PostgreSQL server: INSIGHTD_TEST_SERVERS names none")
@unittest.skipUnless(shutil.which("psql"), "there is no psql here")
class Migrate(unittest.TestCase):
    def setUp(self):
        self.name = "flow_" + uuid.uuid4().hex
        self.sql(f"CREATE DATABASE {self.name}", server())
        self.addCleanup(self.sql, f"DROP DATABASE {self.name} WITH (FORCE)", server())
        self.conninfo = f"{server()} dbname={self.name}"

    def sql(self, statement, conninfo=None):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d",
                               conninfo or self.conninfo, "-c", statement],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def environment(self, **settings):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("INSIGHTD_")}
        return {**kept, "INSIGHTD__STORE__POSTGRES": self.conninfo, **settings}

    def run_it(self, *words, **settings):
        return subprocess.run([BINARY, *words], env=self.environment(**settings), timeout=120,
                              capture_output=True, text=True, check=False)

    def migrate(self, *words, exit_code=0, **settings):
        done = self.run_it("migrate", *words, **settings)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return done

    def versions(self):
        lines = [json.loads(line) for line in
                 self.run_it("migrate", "--status", "--json").stdout.splitlines()]
        return {line["storage"]: line["version"] for line in lines if "storage" in line}

    def test_an_empty_database_gets_everything_and_then_there_is_nothing_to_do(self):
        self.migrate("--status", exit_code=1)
        self.assertEqual(set(self.versions().values()), {None})
        self.assertIn("nothing was", self.migrate("--dry-run").stdout)
        self.assertEqual(set(self.versions().values()), {None})
        text = self.migrate().stdout
        self.assertRegex(text, r"results 32 up: .* s\n")
        self.assertIn("results: version 0 -> 32", text)
        self.assertEqual({**self.versions(), **LATEST}, self.versions())
        self.migrate("--status")
        self.assertIn("nothing to do", self.migrate().stdout)

    def test_each_step_is_a_line_of_json(self):
        self.migrate("--storage", "workloads", "--to", "2")
        lines = [json.loads(line) for line in
                 self.migrate("--storage", "workloads", "--json").stdout.splitlines()]
        self.assertEqual([line.get("step") for line in lines], [3, 4, None])
        self.assertEqual(lines[-1]["from"], 2)
        self.assertEqual(lines[-1]["to"], 4)

    def test_what_is_asked_wrongly_is_a_mistake_of_usage(self):
        done = self.migrate("--storage", "results", "--to", "33", exit_code=2)
        self.assertIn("invalid target version (available version range is 0-32)", done.stderr)
        self.migrate("--to", "3", exit_code=2)
        self.migrate("--storage", "results", "--to", "5")
        done = self.migrate("--storage", "results", "--to", "3", exit_code=2)
        self.assertIn("--down", done.stderr)
        self.migrate("--storage", "results", "--to", "3", "--down")
        self.assertEqual(self.versions()["results"], 3)
        done = self.migrate(exit_code=2, INSIGHTD__STORE__POSTGRES="")
        self.assertIn("store.postgres is not set", done.stderr)

    def test_a_newer_database_is_refused_by_the_command_and_by_a_role(self):
        self.migrate()
        self.sql("UPDATE migration_info SET version = 33")
        for done in (self.migrate(exit_code=4), self.role()):
            self.assertEqual(done.returncode, 4)
            self.assertRegex(done.stderr, "has version 33 of the storage `results`.*up to 32")
            self.assertIn("use a newer insightd", done.stderr)

    def test_a_role_does_not_touch_an_older_database(self):
        self.migrate("--storage", "results", "--to", "31")
        done = self.role()
        self.assertEqual(done.returncode, 4)
        self.assertIn("has version 31 of the storage `results`, this program needs version 32",
                      done.stderr)
        self.assertIn("run `insightd migrate`", done.stderr)
        self.assertEqual(self.versions()["results"], 31)

    def role(self):
        return self.run_it("api", **ROLE)

    def test_who_may_not_look_at_the_versions_is_told_which_right_is_missing(self):
        self.migrate()
        looker = self.name + "_looker"
        self.sql(f"CREATE ROLE {looker} LOGIN PASSWORD 'looker'; "
                 f"GRANT USAGE ON SCHEMA public, dvo TO {looker}")
        self.addCleanup(self.sql, f"DROP OWNED BY {looker}; DROP ROLE {looker}")
        as_looker = {"INSIGHTD__STORE__POSTGRES": f"{self.conninfo} user={looker} password=looker"}
        for words in (("--status",), ("--dry-run",), ()):
            done = self.migrate(*words, exit_code=4, **as_looker)
            self.assertIn(f"role {looker} lacks the right SELECT on dvo.migration_info", done.stderr)
            self.assertIn(f"TO {looker}", done.stderr)

    def test_a_connection_string_that_is_none_is_a_mistake_in_the_settings(self):
        for conninfo, word in (("nonsense", "no connection string"), ("host=db port=x", "no port"),
                               ("host=db sslmode=nonsense", "sslmode")):
            for words in (("migrate",), ("api",), ("config", "check", "api")):
                done = self.run_it(*words, **{**ROLE, "INSIGHTD__STORE__POSTGRES": conninfo})
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                self.assertIn(word, done.stdout + done.stderr)

    def test_an_api_needs_rights_to_read_and_a_writer_more(self):
        self.migrate()
        reader = self.name + "_reader"
        self.sql(f"CREATE ROLE {reader} LOGIN PASSWORD 'reader'; REVOKE ALL ON SCHEMA public FROM PUBLIC; "
                 f"GRANT USAGE ON SCHEMA public, dvo TO {reader}; "
                 f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
        self.addCleanup(self.sql, f"DROP OWNED BY {reader}; DROP ROLE {reader}")
        as_reader = {"INSIGHTD__STORE__POSTGRES": f"{self.conninfo} user={reader} password=reader"}
        done = self.run_it("api", **ROLE, **as_reader)
        self.assertEqual(done.returncode, 4)
        self.assertIn(f"role {reader} lacks the right SELECT on dvo.dvo_report, dvo.migration_info",
                      done.stderr)
        self.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA dvo TO {reader}")
        process = subprocess.Popen([BINARY, "api"], stdout=subprocess.PIPE, text=True,
                                   env=self.environment(**ROLE, **as_reader))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(any('"ready"' in line for line in process.stdout))
        done = self.run_it("dead-letters", "list", **as_reader)
        self.assertEqual(done.returncode, 4)
        self.assertIn("DELETE, INSERT, UPDATE on dvo.dvo_report, public.", done.stderr)

    def test_a_role_migrates_where_its_settings_say_so(self):
        self.migrate("--storage", "results", "--to", "31")
        process = subprocess.Popen(
            [BINARY, "api"], stdout=subprocess.PIPE, text=True,
            env=self.environment(INSIGHTD__STORE__POSTGRES_MIGRATE_AT_START="true", **ROLE))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        told = []
        for line in process.stdout:
            told.append(line)
            if '"ready"' in line:
                break
        self.assertIn("from version 31 to 32", "".join(told))
        self.assertEqual({**self.versions(), **LATEST}, self.versions())
        process.terminate()
        self.assertEqual(process.wait(60), 0)

    def test_a_server_that_is_away_and_a_wrong_password_are_said_without_secrets(self):
        done = self.migrate(exit_code=4, INSIGHTD__STORE__POSTGRES=(
            f"host=127.0.0.1 port=1 user=x password={SECRET} dbname=x"))
        self.assertIn("127.0.0.1:1", done.stderr)
        self.assertNotIn(SECRET, done.stderr + done.stdout)

    def test_two_migrators_at_a_time_do_it_once(self):
        both = [subprocess.Popen([BINARY, "migrate", "--json"], env=self.environment(), text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "12"]
        said = [each.communicate(timeout=120) for each in both]
        self.assertEqual([each.returncode for each in both], [0, 0], said)
        steps = [line for out, _ in said for line in out.splitlines() if '"step":1,' in line]
        self.assertEqual(len(steps), len(LATEST) + 1, said)

    def test_who_is_killed_halfway_leaves_the_version_that_was(self):
        self.migrate("--storage", "results", "--to", "12")
        # Enough that the step which reads them takes a while.
        self.sql("INSERT INTO report SELECT g % 9, 'c' || g, json_build_object('reports', (SELECT "
                 "json_agg(json_build_object('component', 'x' || h, 'key', 'K', 'details', "
                 "repeat('d', 200))) FROM generate_series(1, 20) h)), now(), now() "
                 "FROM generate_series(1, 6000) g")
        process = subprocess.Popen([BINARY, "migrate"], env=self.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = b""
        while b"results 13 up" not in seen:
            byte = process.stdout.read(1)
            self.assertTrue(byte, seen)
            seen += byte
        process.kill()
        process.communicate()
        self.assertEqual(self.versions()["results"], 12)
        self.migrate()
        self.assertEqual(self.versions()["results"], 32)
        self.assertEqual(self.sql("SELECT count(*) FROM rule_hit"), "120000")

    def test_our_tables_go_when_a_database_is_given_back(self):
        self.migrate()
        self.migrate("--storage", "own", "--to", "0", "--down")
        self.assertEqual(self.sql("SELECT string_agg(relname, ' ') FROM pg_class "
                                  "WHERE relname LIKE 'insightd%' AND relname <> 'insightd_version'"),
                         "")


if __name__ == "__main__":
    unittest.main()
