#!/usr/bin/env python3
"""Started as `insights-results-aggregator` and `insights-results-db-writer`: its two storages, each of
any type, beside each other.
"""
import json
import unittest

import harness
from aggregator_program import (AGGREGATOR, END_S_MAX, PREFIX, Program, WRITER, WithServers,
                                result, workloads)
from harness import new_cluster, wait_for

import redis_server
from process import start_all
from redis_server import Redis


class Storages(WithServers):
    def stored(self):
        """A cluster with a result and workloads, in the tables of both storages."""
        cluster = new_cluster()
        self.sql("insert into report (org_id, cluster, report, reported_at, last_checked_at) "
                 f"values (1, '{cluster}', '{{}}', now(), now())")
        self.sql("insert into dvo.dvo_report (org_id, cluster_id, namespace_id, recommendations, "
                 f"objects) values (1, '{cluster}', 'N-A', 1, 1)")
        return cluster

    def of_two_types(self, ocp, dvo, old, kept):
        """A writer for each of the two consumers with storages of these types: it takes its
        messages, which `kept(use, cluster)` looks for, and its API shows of the cluster `old` what
        is in the database of a storage of the type sql, and nothing of another one.
        """
        for use, storage, topic, make in (
                ("ocp_recommendations", ocp, self.results, result),
                ("dvo_recommendations", dvo, self.workloads, workloads)):
            group, cluster = f"{self.group}.{ocp}.{dvo}.{use}", new_cluster()
            self.produce(topic, make(cluster, org=2))
            variables = {
                PREFIX + "STORAGE_BACKEND__USE": use, PREFIX + "BROKER__TOPIC": topic,
                PREFIX + "BROKER__GROUP": group,
                PREFIX + "OCP_RECOMMENDATIONS_STORAGE__TYPE": ocp,
                PREFIX + "DVO_RECOMMENDATIONS_STORAGE__TYPE": dvo}
            with self.subTest(ocp=ocp, dvo=dvo, use=use), \
                    Program(WRITER, self.folder, **variables) as program:
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                                 ("32" if ocp == "sql" else "not supported",
                                  "4" if dvo == "sql" else "not supported"))
                wait_for(lambda g=group, t=topic: self.kafka.lag(g, t, 1) == 0, "the commit",
                         END_S_MAX)
                self.assertEqual(kept(use, cluster), storage != "noop")
                self.shows(old, ocp == "sql", dvo == "sql")
                self.assertEqual(program.stop(), 0)

    def shows(self, cluster, results, workload_rows):
        """The API has this cluster's result and workloads, or none; no route fails."""
        on_org, user = f"/api/v1/organizations/1/clusters/{cluster}", "users/u"
        on_rule = "/api/v1/rules/a.b/error_key/KEY/organizations/1"
        on_hit = f"/api/v1/clusters/{cluster}/rules/a.b/error_key/KEY"
        rows = "/api/v1/organization/1"

        def answer(path, *request, status=200):
            found, text = self.get(path, *request)
            self.assertEqual(found, status, f"{path}: {text}")
            return json.loads(text)

        # Nothing hits it; of a storage that keeps nothing every report is as empty.
        report = answer(f"{on_org}/{user}/report")["report"]
        self.assertEqual((report["meta"]["count"], report["reports"]), (-1, []))
        self.assertEqual(report["meta"]["last_checked_at"] != "", results)
        meta = answer(f"{on_org}/{user}/report/info")["metainfo"]
        self.assertEqual((meta["count"], meta["stored_at"] != ""), (-1, results))
        self.assertEqual(answer(f"{on_org}/reports")["clusters"], [cluster] if results else None)
        self.assertEqual(answer("/api/v1/organizations/1/clusters")["clusters"],
                         [cluster] if results else [])
        listed = answer("/api/v1/clusters/organizations/1/users/u/recommendations", "POST", [cluster])
        self.assertEqual(list(listed["clusters"]), [cluster] if results else [])
        self.assertEqual(1 in answer("/api/v1/organizations")["organizations"], results)
        for request in (), ("POST", [cluster]):
            found = answer(f"{rows}/workloads", *request)["workloads"]
            self.assertEqual(len(found or []), 1 if workload_rows else 0)
        answer(f"{rows}/namespace/N-A/cluster/{cluster}/workloads",
               status=200 if workload_rows else 404)
        # What is said about it is kept with the results.
        answer(f"{on_rule}/disable", "PUT", {"justification": "why"})
        answer(f"{on_rule}/", status=200 if results else 404)
        answer(f"{on_rule}/enable", "PUT")
        for act in ("organizations/1/users/u/like", "organizations/1/disable"):
            answer(f"{on_hit}/{act}", "PUT", {"message": "why"}, status=200 if results else 404)
        answer(f"{on_hit}/users/u/get_vote", status=200 if results else 404)
        answer("/api/v1/rules/organizations/1/rating", "POST", {"rule": "a.b|KEY", "rating": 1})
        answer("/api/v1/rules/a.b%7CKEY/organizations/1/rating", status=200 if results else 404)
        for path in ("rules/organizations/1/disabled", "rules/users/u/disabled/feedback",
                     "clusters/rules/a.b/error_key/KEY/organizations/1/disabled",
                     "rules/organizations/1/disabled_system_wide"):
            answer(f"/api/v1/{path}")
        for path in (f"{on_org}/{user}/rules/a.b%7CKEY",
                     f"/api/v1/rules/a.b%7CKEY/organizations/1/{user}/clusters_detail"):
            answer(path, status=404)
        self.assertEqual(self.get("/api/v1/metrics")[0], 200)

    def in_database(self, use, cluster):
        table = {"ocp_recommendations": "report where cluster",
                 "dvo_recommendations": "dvo.dvo_report where cluster_id"}[use]
        return self.sql(f"select count(*) from {table} = '{cluster}'") == "1"

    def test_a_storage_of_nothing_beside_a_database(self):
        """the API shows what is in the database of the one, and nothing of the other"""
        self.migrate()
        self.stored()
        for noop in ("OCP", "DVO"):
            variables = self.variables(**{
                PREFIX + "SERVER__DEBUG": "true",
                PREFIX + f"{noop}_RECOMMENDATIONS_STORAGE__TYPE": "noop"})
            with Program(AGGREGATOR, self.folder, **variables) as program:
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                                 ("not supported", "4") if noop == "OCP" else
                                 ("32", "not supported"))
                listed = json.loads(self.get("/api/v1/organizations")[1])["organizations"]
                self.assertEqual(listed, [] if noop == "OCP" else [1])
                rows = json.loads(self.get("/api/v1/organization/1/workloads")[1])["workloads"]
                self.assertEqual(len(rows or []), 1 if noop == "OCP" else 0)
                self.assertEqual(program.stop(), 0)

    def test_a_writer_with_one_storage_of_nothing(self):
        """types sql and noop, and noop and sql: each consumer has its own, and the API both"""
        self.write()
        self.migrate()
        old = self.stored()
        for ocp, dvo in (("sql", "noop"), ("noop", "sql")):
            self.of_two_types(ocp, dvo, old, self.in_database)

    def test_two_databases(self):
        """one for each storage: a writer works on its own, and every API shows both"""
        self.write()
        self.migrate()
        old, other = self.stored(), f"{self.database} of workloads"
        self.postgres.create_database(other)
        there = {PREFIX + "DVO_RECOMMENDATIONS_STORAGE__PG_DB_NAME": other}
        self.run_it("migration", "latest",
                    **there, **{PREFIX + "STORAGE_BACKEND__USE": "dvo_recommendations"})
        self.sql("drop schema dvo cascade")
        self.postgres.sql("insert into dvo.dvo_report (org_id, cluster_id, namespace_id, "
                          f"recommendations, objects) values (1, '{old}', 'N-A', 1, 1)", other)
        rows = {"ocp_recommendations": (self.database, "report where cluster"),
                "dvo_recommendations": (other, "dvo.dvo_report where cluster_id")}
        for use, topic, message in (("ocp_recommendations", self.results, result),
                                    ("dvo_recommendations", self.workloads, workloads),
                                    ("ocp_recommendations", None, None)):
            variables = {**there, PREFIX + "STORAGE_BACKEND__USE": use,
                         PREFIX + "BROKER__GROUP": f"{self.group}.{use}",
                         PREFIX + "BROKER__TOPIC": topic or self.results,
                         PREFIX + "BROKER__ENABLED": "true" if topic else "false"}
            cluster = new_cluster()
            if topic:
                self.produce(topic, message(cluster, org=2))
            with self.subTest(use=use, consumes=bool(topic)), \
                    Program(WRITER, self.folder, **variables) as program:
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]), ("32", "4"))
                if topic:
                    database, where = rows[use]
                    count = f"select count(*) from {where} = '{cluster}'"
                    wait_for(lambda q=count, d=database: self.postgres.sql(q, d) == "1", "the row",
                             END_S_MAX)
                self.shows(old, True, True)
                self.assertEqual(program.stop(), 0)

    def test_storages_of_nothing(self):
        """type noop: messages are read and passed over, without a database or a folder"""
        self.write(ocp="noop", dvo="noop")
        self.produce(self.results, result(new_cluster()))
        with Program(AGGREGATOR, self.folder, TMPDIR="/nonexistent") as program:
            self.await_answer("/api/v1/metrics", "aggregator_successful_messages_processing_time_"
                                                 "count 1", program)
            wait_for(lambda: self.kafka.lag(self.group, self.results, 1) == 0, "the commit", END_S_MAX)
            info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
            self.assertEqual((info["OCP_DB_version"], info["DVO_DB_version"]),
                             ("not supported", "not supported"))
            self.assertEqual(program.stop(), 0)

    def test_a_storage_without_a_type_is_left_alone(self):
        """neither made nor looked at, whatever its tables are"""
        sections = {"ocp_recommendations": ("OCP", self.results, result, "public.migration_info"),
                    "dvo_recommendations": ("DVO", self.workloads, workloads, "dvo.migration_info")}
        for use, (_, topic, make, _) in sections.items():
            other, _, _, version_of_other = next(v for k, v in sections.items() if k != use)
            self.write(**{other.lower(): ""})
            self.sql("drop schema if exists dvo cascade; drop schema public cascade; "
                     "create schema public")
            self.run_it("migration", "latest", **{PREFIX + "STORAGE_BACKEND__USE": use})
            variables = {PREFIX + "STORAGE_BACKEND__USE": use, PREFIX + "BROKER__TOPIC": topic,
                         PREFIX + "BROKER__GROUP": f"{self.group}.{use}"}
            cluster = new_cluster()
            self.produce(topic, make(cluster, org=2))
            with self.subTest(use=use), Program(WRITER, self.folder, **variables) as program:
                wait_for(lambda u=use, c=cluster: self.in_database(u, c), "the row", END_S_MAX)
                info = json.loads(self.await_answer("/api/v1/info", "", program))["info"]
                self.assertEqual(info[f"{other}_DB_version"], "not supported")
                self.assertEqual(self.sql(f"select to_regclass('{version_of_other}')"), "")
                self.assertEqual(program.stop(), 0)
            self.sql(f"create schema if not exists dvo; create table {version_of_other} "
                     f"(version integer); insert into {version_of_other} values (2)")
            with self.subTest(use=use, other="old"), \
                    Program(WRITER, self.folder, **variables) as program:
                self.await_answer("/api/v1/info", "", program)
                self.assertEqual(program.stop(), 0)

    @unittest.skipUnless(redis_server.BINARY.exists(), "there is no redis-server here")
    def test_the_cache_writer(self):
        """type redis: results go there, and no database is asked; it may come after the start"""
        redis = Redis(self.folder / "redis")
        self.addCleanup(redis.end)
        self.write(('endpoint = "localhost:6379"', f'endpoint = "{redis.address}"'),
                   ('password = ""', f'password = "{redis_server.PASSWORD}"'),
                   ('dead_letter_queue_topic = "dead.letter.queue.', 'nothing = "x.'),
                   ocp="redis", dvo="")
        cluster = new_cluster()
        with Program(WRITER, self.folder, TMPDIR="/nonexistent") as program:
            self.produce(self.results, result(cluster, org=3, request="q"))
            program.await_record("it is away")
            self.await_answer("/api/v1/", "ok", program)
            start_all([redis])
            key = f"organization:3:cluster:{cluster}:request:q:reports"
            wait_for(lambda: redis.ask("HGET", key, "rule_hits"), "the report", END_S_MAX)
            self.await_answer("/api/v1/metrics", "aggregator_consumed_messages 1", program)
            self.assertEqual(program.stop(), 0)

    @unittest.skipUnless(redis_server.BINARY.exists(), "there is no redis-server here")
    def test_a_cache_writer_beside_another_storage(self):
        """types redis and sql, and redis and noop: the workloads of the database are shown"""
        redis = Redis(self.folder / "redis")
        self.addCleanup(redis.end)
        start_all([redis])
        self.write(('endpoint = "localhost:6379"', f'endpoint = "{redis.address}"'),
                   ('password = ""', f'password = "{redis_server.PASSWORD}"'))
        self.migrate()
        old = self.stored()

        def kept(use, cluster):
            if use == "dvo_recommendations":
                return self.in_database(use, cluster)
            self.assertFalse(self.in_database(use, cluster))
            return bool(redis.ask("HGET", f"organization:2:cluster:{cluster}:request:r1:reports",
                                  "rule_hits"))

        for dvo in ("sql", "noop"):
            self.of_two_types("redis", dvo, old, kept)


if __name__ == "__main__":
    harness.main()
