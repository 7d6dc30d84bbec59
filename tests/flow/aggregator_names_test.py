#!/usr/bin/env python3
"""Started as `insights-results-aggregator` and `insights-results-db-writer`, on real servers: with the
configuration that those programs have, their commands and exit codes, each of their roles.
"""
import json

import harness
from aggregator_program import (AGGREGATOR, END_S_MAX, PASSWORD, PREFIX, Program, TOPICS, USER,
                                WRITER, WithServers, result, workloads)
from harness import new_cluster, wait_for

import kafka_server
from process import free_port


class Roles(WithServers):
    def test_the_shipped_file_runs_consumer_and_api(self):
        """a result that is sent is shown; what is none is set aside; SIGTERM ends it with 0"""
        self.write()
        self.migrate()
        cluster = new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.assertEqual(program.lines[:2], ["Clowder is not enabled, skipping init...",
                                                 "Clowder is disabled"])
            self.produce(self.results, "no JSON", result(cluster))
            report = self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports",
                                       "RULE_4", program)
            self.assertEqual(json.loads(report)["status"], "ok")
            # The tables of the original, in its own terms.
            self.assertEqual(self.sql(f"select org_id, error_key from rule_hit "
                                      f"where cluster_id = '{cluster}'"), "1|RULE_4")
            self.assertEqual(self.sql("select topic, message from consumer_error"),
                             f"{self.results}|no JSON")
            self.assertEqual(self.values(self.letters)[-1], "no JSON")
            statuses = [json.loads(value) for value in self.values(self.tracker)]
            self.assertEqual([row["status"] for row in statuses if row["request_id"] == "r1"],
                             ["received", "processed", "success"])
            self.assertEqual(statuses[0]["service"], "insights-results-aggregator")
            # What it says.
            consumed = program.await_record("Message consumed")[-1]
            self.assertEqual((consumed["level"], consumed["group"], consumed["topic"],
                              consumed["organization"], consumed["cluster"],
                              consumed["request ID"]),
                             ("info", self.group, self.results, 1, cluster, "r1"))
            self.assertIn("no JSON", [record.get("unparsed message") for record in
                                      program.records("as it came")])
            self.assertTrue(program.records(
                f"Request received - URI: /api/v1/organizations/1/clusters/{cluster}/reports, "
                "Method: GET"))
            for key in ("content.path", "earliest record"):
                self.assertTrue(program.records(key), key)
            # Each key without an effect is told once, also where what it belongs to is switched off.
            for key in ("cloudwatch.aws_access_id", "cloudwatch.stream_name", "cloudwatch.debug"):
                self.assertEqual(len(program.records(key)), 1, key)
            metrics = self.await_answer(
                "/api/v1/metrics", "aggregator_successful_messages_processing_time_count 1", program)
            for line in ("aggregator_consumed_messages 2", "aggregator_consuming_errors 1",
                         "aggregator_written_reports 1", "aggregator_sql_queries_counter ",
                         "aggregator_sql_queries_durations_count{query=",
                         "process_resident_memory_bytes"):
                self.assertIn("\n" + line, metrics)
            self.assertEqual(program.stop(), 0)
        # What was committed is not read again.
        with Program(WRITER, self.folder) as program:
            self.await_answer("/api/v1/openapi.json", "openapi", program)
            program.await_record("ready")
            self.assertEqual(program.stop(), 0)
        self.assertEqual(self.kafka.lag(self.group, self.results, 1), 0)

    def test_the_api_by_variables_alone(self):
        """no file and no broker: it shows what is in the database"""
        self.migrate()
        with Program(AGGREGATOR, self.folder, "start-service", **self.variables()) as program:
            self.await_answer("/api/v1/", "ok", program)
            info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
            self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]), ("32", "4"))
            self.assertRegex(info["UtilsVersion"], r"^v\d+\.\d+\.\d+$")
            self.assertRegex(info["BuildCommit"], r"^([0-9a-f]{40}|\*not set\*)$")
            self.assertRegex(info["BuildTime"],
                             r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\*not set\*)$")
            metrics = self.await_answer("/api/v1/metrics", "\napi_endpoints_requests{", program)
            # Those of the consumer are there too, as the original has them.
            for name in ("consumed_messages", "consuming_errors", "produced_messages",
                         "messages_with_empty_rule_execution_result", "written_reports",
                         "feedback_on_rules", "rating_on_rules", "sql_queries_counter",
                         "successful_messages_processing_time_count",
                         "failed_messages_processing_time_count",
                         "last_checked_timestamp_lag_minutes_count"):
                self.assertIn(f"\n{name} 0\n", metrics)
            self.assertEqual(program.stop(), 0)

    def test_the_writer_of_workloads(self):
        """its own topic and group, by the other storage"""
        self.write(('use = "ocp_recommendations"', 'use = "dvo_recommendations"'),
                   (f'topic = "{self.results}"', f'topic = "{self.workloads}"'),
                   ('service_name = "insights-results-aggregator"', 'service_name = "dvo-writer"'))
        self.migrate()
        cluster = new_cluster()
        with Program(WRITER, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.produce(self.workloads, workloads(cluster), "{}")
            wait_for(lambda: self.sql("select count(*) from dvo.dvo_report "
                                      f"where cluster_id = '{cluster}'") == "1", "its row", END_S_MAX)
            wait_for(lambda: "{}" in self.values(self.letters), "the letter", END_S_MAX)
            self.assertEqual(program.stop(), 0)

    def test_a_clowder_file(self):
        """brokers, topics and database come from the file that ACG_CONFIG names"""
        self.migrate()
        clowder = self.folder / "acg.json"
        clowder.write_text(json.dumps({
            "kafka": {"brokers": [{"hostname": "localhost", "port": self.kafka.port}],
                      "topics": [{"requestedName": TOPICS[0], "name": self.results}]},
            "database": {"name": self.database, "hostname": "localhost", "username": USER,
                         "port": self.postgres.port, "password": PASSWORD, "sslMode": "require"}}))
        variables = self.variables(ACG_CONFIG=str(clowder), **{
            PREFIX + "BROKER__ENABLED": "true", PREFIX + "BROKER__TOPIC": TOPICS[0],
            PREFIX + "BROKER__ADDRESSES": "nowhere:1",
            PREFIX + "STORAGE_BACKEND__USE": "ocp_recommendations",
            PREFIX + "OCP_RECOMMENDATIONS_STORAGE__PG_HOST": "nowhere",
            PREFIX + "DVO_RECOMMENDATIONS_STORAGE__PG_HOST": "nowhere"})
        cluster = new_cluster()
        with Program(WRITER, self.folder, **variables) as program:
            self.produce(self.results, result(cluster))
            self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports", "RULE_4",
                              program)
            self.assertIn("Clowder is enabled", program.lines)
            # Without a topic for them refused messages are in the table alone.
            self.produce(self.results, "no JSON")
            wait_for(lambda: self.sql("select message from consumer_error") == "no JSON", "its row",
                     END_S_MAX)
            self.assertEqual(program.stop(), 0)

    def test_brokers_that_ask_for_a_password_over_tls(self):
        """SASL_SSL with the certificate of cert_path; a wrong password is exit code 1"""
        self.write(('security_protocol = ""', 'security_protocol = "SASL_SSL"'),
                   (f'addresses = "localhost:{self.kafka.port}"',
                    f'addresses = "localhost:{self.kafka.sasl_tls_port}"\n'
                    f'cert_path = "{self.kafka.tls / "ca.pem"}"'),
                   ('sasl_username = "username"', f'sasl_username = "{kafka_server.USER}"'),
                   ('sasl_password = "password"', f'sasl_password = "{kafka_server.PASSWORD}"'))
        self.migrate()
        cluster = new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.produce(self.results, result(cluster))
            self.await_answer(f"/api/v1/organizations/1/clusters/{cluster}/reports", "RULE_4",
                              program)
            self.assertEqual(program.stop(), 0)
        self.assertIn("Failed to connect to broker", self.run_it(
            exit_code=1, **{PREFIX + "BROKER__SASL_PASSWORD": "wrong"}))

    def test_an_allow_list(self):
        """messages of organisations that are not listed are set aside"""
        self.write(("enable_org_allowlist = false", "enable_org_allowlist = true"))
        self.migrate()
        self.assertIn("list of allowed", self.run_it(exit_code=1))
        (self.folder / "org_allowlist.csv").write_text("OrgID\n7\n")
        mine, others = new_cluster(), new_cluster()
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.produce(self.results, result(others, org=8), result(mine, org=7))
            self.await_answer(f"/api/v1/organizations/7/clusters/{mine}/reports", "RULE_4", program)
            self.assertEqual(self.sql("select error from consumer_error limit 1"),
                             "organization ID is not in allow list")
            self.assertEqual(program.stop(), 0)


class Commands(WithServers):
    def test_words_that_need_no_server(self):
        """help, configuration, environment, version; what is unknown is told with exit code 0"""
        self.write()
        said = self.run_it("help")
        self.assertTrue(said.startswith("Clowder is not enabled, skipping init...\n"
                                        "Clowder is disabled\n\nAggregator service"), said)
        self.assertIn("\n    insights-results-aggregator [command]\n", said)
        self.assertEqual(self.run_it(" Print-Help "), said)
        lines = self.run_it("print-config").splitlines()
        self.assertEqual(lines[2:5], ["{", '    "Broker": {',
                                      f'        "Addresses": "localhost:{self.kafka.port}",'])
        shown = json.loads("\n".join(lines[2:lines.index("}") + 1]))
        self.assertEqual(shown["OCPRecommendationsStorage"]["PGPort"], self.postgres.port)
        self.assertEqual(shown["Server"]["MaximumFeedbackMessageLength"], 255)
        self.assertEqual(shown["Broker"]["SaslPassword"], "(secret)")
        self.assertNotIn(PASSWORD, "\n".join(lines))
        self.assertIn("\nSOME=thing\n", self.run_it("print-env", SOME="thing"))
        versions = [json.loads(line)["message"].partition(":")[0]
                    for line in self.run_it("print-version-info").splitlines()[2:]]
        self.assertEqual(versions, ["Version", "Build time", "Branch", "Commit", "Utils version"])
        self.assertIn("\nCommand 'serve' not found\n", self.run_it("serve"))
        self.assertEqual(self.run_it("help", TMPDIR="/nonexistent"), said)

    def test_configurations_that_cannot_be_loaded(self):
        """exit code 2 for every command, and what the original says"""
        file = {"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE": "./it-does-not-exist.toml"}
        self.assertIn('panic: fatal error config file: Config File "it-does-not-exist" Not Found in',
                      self.run_it("help", exit_code=2, **file))
        self.write(name="other.toml")
        file = {"INSIGHTS_RESULTS_AGGREGATOR_CONFIG_FILE": "./other.tom"}
        self.assertIn("Aggregator service", self.run_it("help", **file))
        (self.folder / "config.toml").write_text("[broker\n")
        self.assertIn("config.toml:1:", self.run_it("help", exit_code=2))
        (self.folder / "config.toml").unlink()
        (self.folder / "config.ini").write_text("[broker]\n")
        self.assertIn("config.ini: this format is not read here; write the file as .toml, ",
                      self.run_it("help", exit_code=2))
        (self.folder / "config.ini").unlink()
        self.run_it("help", exit_code=2, ACG_CONFIG="/nowhere.json")
        self.run_it("help", exit_code=2, **{PREFIX + "BROKER__ENABLED": "perhaps"})

    def test_migrations(self):
        """look, up, down, each step; what cannot be has exit code 5"""
        self.write()

        def says(message, *words, exit_code=0, **variables):
            said = self.run_it(*words, exit_code=exit_code, **variables)
            self.assertIn(message, [json.loads(line)["message"] for line in said.splitlines()
                                    if line.startswith("{")])

        def tables():
            return self.sql("select string_agg(tablename, ' ' order by tablename) from pg_tables "
                            "where schemaname not in ('pg_catalog', 'information_schema')")

        says("Current DB version: 0", "migration")
        says("Maximum available version: 32", "migrations")
        self.assertEqual(tables(), "migration_info")
        says("Database version is now 2", "migrate", "2")
        self.assertEqual(tables(), "migration_info report rule rule_error_key")
        says("Database version is now 1", "MIGRATION", "1")
        self.assertEqual(tables(), "migration_info report")
        says("Database version is now 32", "migration", "latest")
        says("Database version is now 32", "migration", "max")
        self.assertEqual(self.sql("select version from migration_info"), "32")
        self.assertNotIn("insightd", tables())
        says("invalid target version (available version range is 0-32)", "migration", "33",
             exit_code=5)
        says("invalid target version (available version range is 0-32)", "migration", "-1",
             exit_code=5)
        self.run_it("migration", "up", exit_code=5)
        self.run_it("migration", "1", "2", exit_code=5)
        dvo = {PREFIX + "STORAGE_BACKEND__USE": "dvo_recommendations"}
        says("Current DB version: 0", "migration", **dvo)
        says("Maximum available version: 4", "migration", **dvo)
        says("Database version is now 4", "migration", "latest", **dvo)
        self.assertEqual(self.sql("select version from dvo.migration_info"), "4")
        says("storage backend does not support database migrations", "migration", exit_code=5,
             **{PREFIX + "STORAGE_BACKEND__USE": "mongo"})
        self.run_it("migration", exit_code=5,
                    **{PREFIX + "OCP_RECOMMENDATIONS_STORAGE__TYPE": "redis"})
        self.run_it("migration", exit_code=5,
                    **dvo, **{PREFIX + "DVO_RECOMMENDATIONS_STORAGE__TYPE": "redis"})
        # Of the storage that is not migrated nothing is asked.
        says("Current DB version: 32", "migration",
             **{PREFIX + "DVO_RECOMMENDATIONS_STORAGE__TYPE": "redis"})
        away = {PREFIX + "OCP_RECOMMENDATIONS_STORAGE__PG_PORT": str(free_port())}
        for words in ((), ("99",), ("abc",), ("-1",)):
            self.run_it("migration", *words, exit_code=2, **away)
        self.run_it("migration", "1", "2", exit_code=5, **away)

    def test_starts_that_cannot_be(self):
        """another version of the database, none at all: 2; no broker, no document, a taken port: 1"""
        self.write()
        self.assertIn("database preparation exited with error code 2", self.run_it(exit_code=2))
        self.run_it("migration", "31")
        self.run_it("migration", "latest", **{PREFIX + "STORAGE_BACKEND__USE": "dvo_recommendations"})
        self.assertIn("old DB migration version (current: 31, latest: 32)", self.run_it(exit_code=2))
        self.run_it("migration", "32")
        storage = PREFIX + "OCP_RECOMMENDATIONS_STORAGE__"
        self.assertIn("it has to be sql, redis or noop", self.run_it(
            exit_code=2, **{storage + "TYPE": "mongo"}))
        self.assertIn("redis.database is 16: it has to be 0 to 15", self.run_it(
            exit_code=2, **{storage + "TYPE": "redis", PREFIX + "REDIS__DATABASE": "16"}))
        away = {storage + "PG_PORT": str(free_port())}
        self.assertIn("unable to check DB migration version", self.run_it(exit_code=2, **away))
        said = self.run_it(exit_code=1, **{PREFIX + "BROKER__ADDRESSES": f"localhost:{free_port()}"})
        for message in ("Failed to connect to broker", "waiting for consumer to start",
                        "kafka: client has run out of available brokers to talk to"):
            self.assertIn(message, said)
        self.run_it(exit_code=1, **{PREFIX + "STORAGE_BACKEND__USE": "none"})
        self.assertIn("server.api_spec_file", self.run_it(
            exit_code=1, **{PREFIX + "SERVER__API_SPEC_FILE": "nowhere.json"}))
        with Program(AGGREGATOR, self.folder) as program:
            self.await_answer("/api/v1/", "ok", program)
            self.run_it(exit_code=1, **{PREFIX + "BROKER__ENABLED": "false"})


if __name__ == "__main__":
    harness.main()
