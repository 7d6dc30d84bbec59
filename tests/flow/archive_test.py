#!/usr/bin/env python3
"""The way of an archive through the whole program, from the operator's request to the answers."""
import json
import unittest

import harness
from harness import Insightd, archive, new_cluster, pack

CLUSTER = "c25da893-5ba1-4229-9432-c8ec9334c4a0"  # of rapid-recommendations.tar.gz


class ArchiveTest(unittest.TestCase):
    def test_a_real_archive_shows_its_recommendations(self):
        """a real upload becomes recommendations in all APIs, with every event in the log"""
        data = harness.sample("rapid-recommendations.tar.gz")
        with Insightd() as server:
            self.assertEqual(server.report(CLUSTER).status, 404)  # before the first result
            answer = server.upload(data, CLUSTER, metadata={
                "custom_metadata": {"gathering_time": "2024-08-28T04:55:26Z"}})
            self.assertEqual(answer.status, 202, answer)
            request_id = answer.json()["request_id"]
            self.assertRegex(request_id, "^[0-9a-f]{32}$")
            self.assertEqual(answer.headers["x-rh-insights-request-id"], request_id)
            end = server.await_end(request_id)
            self.assertEqual((end["end"], end["cluster"], end["org_id"]), ("stored", CLUSTER, "1"))

            report = server.report(CLUSTER).json()["report"]
            self.assertEqual(report["meta"]["cluster_name"], CLUSTER)
            self.assertEqual(report["meta"]["count"], 5)
            self.assertIn("PROMETHEUS_DB_VOLUME_IS_EMPTY",
                          [hit["extra_data"]["error_key"] for hit in report["data"]])
            seen = {hit["extra_data"]["error_key"]: hit["insightd_evidence"] for hit in report["data"]}
            self.assertEqual(seen["OPERATOR_ISSUE"]["files"][0]["path"],
                             "config/clusteroperator/kube-apiserver.json")
            info = server.get(f"{harness.PUBLIC}cluster/{CLUSTER}/info").json()
            self.assertIn("4.17.0-rc.0", json.dumps(info))
            clusters = server.get(f"{harness.PUBLIC}clusters").json()
            self.assertIn(CLUSTER, json.dumps(clusters))
            rules = server.get(f"{harness.PUBLIC}rule").json()
            self.assertIn("empty_prometheus_db_volume", json.dumps(rules))
            raw = server.get(f"/api/v1/organizations/1/clusters/{CLUSTER}/users/1/report",
                             "http.aggregator_address")
            self.assertEqual(raw.status, 200, raw)
            self.assertIn("PROMETHEUS_DB_VOLUME_IS_EMPTY", raw.body.decode())
            self.assertNotIn("insightd_evidence", raw.body.decode())

            for event in ("upload.received", "upload.staged", "announce.produced",
                          "announce.consumed", "archive.download_started", "archive.downloaded",
                          "archive.extracted", "rules.done", "result.produced", "result.consumed",
                          "db.stored"):
                record, = server.events(event)
                self.assertEqual(record["request_id"], request_id, event)
                self.assertEqual(record["org_id"], "1", event)

    def test_what_the_operator_may_send_otherwise(self):
        """field upload, gzip type, plain tar, metadata absent: all are taken"""
        import gzip
        with Insightd() as server:
            for form in ({"field": "upload", "content_type": harness.TYPE + "+tar"},
                         {"content_type": "application/gzip", "metadata": {"a": 1}},
                         {"content_type": "application/x-gzip; charset=binary", "metadata": {}}):
                cluster = new_cluster()
                end = server.upload_and_await(archive(cluster), cluster, **form)
                self.assertEqual(end["end"], "stored", form)
            cluster = new_cluster()
            end = server.upload_and_await(gzip.decompress(archive(cluster)), cluster)
            self.assertEqual(end["end"], "stored")

    def test_the_newer_upload_stays(self):
        """of two uploads of a cluster the first one's end becomes `replaced`"""
        cluster = new_cluster()
        with Insightd() as server:
            first = server.upload_and_await(archive(cluster), cluster)
            second = server.upload_and_await(archive(cluster, version="4.17.1"), cluster)
            self.assertEqual(second["end"], "stored")
            self.assertEqual(server.end_of(first["request_id"])["end"], "replaced")
            info = server.get(f"{harness.PUBLIC}cluster/{cluster}/info")
            self.assertIn("4.17.1", info.body.decode())

    def test_an_archive_that_no_rule_can_judge(self):
        """what says nothing about a cluster leaves a report that says something"""
        cluster = new_cluster()
        other = pack({"feedback/2024-01-01.json": '{"user_feedback": "good"}',
                      "openshift_lightspeed.json": "{}"})
        with Insightd() as server:
            first = server.upload_and_await(archive(cluster), cluster)
            report = server.report(cluster).body
            second = server.upload_and_await(other, cluster)
            self.assertEqual(second["end"], "empty", second)
            self.assertEqual(server.report(cluster).body, report)
            self.assertEqual(server.end_of(first["request_id"])["end"], "stored")
            skipped, = server.events("db.skipped_empty")
            self.assertEqual(skipped["request_id"], second["request_id"])

            unknown = new_cluster()
            self.assertEqual(server.upload_and_await(other, unknown)["end"], "stored")
            self.assertEqual(server.report(unknown).json()["report"]["meta"]["count"], 0)

    def test_a_test_request_has_an_end_in_the_log(self):
        """the form field test=test is answered 200, and its record `upload.received` has an end"""
        with Insightd() as server:
            answer = server.post(b"test=test", {
                "Content-Length": "9", "Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(answer.status, 200, answer)
            tested, = harness.wait_for(lambda: server.events("upload.tested"), "the record")
            self.assertEqual(tested["outcome"], "ok")
            self.assertEqual(tested["request_id"], server.events("upload.received")[0]["request_id"])

    def test_results_outlive_a_restart(self):
        """what was stored is there after SIGTERM and start, and the exit code is 0"""
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            before = server.report(cluster).body
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.report(cluster).body, before)

    def test_it_is_ready_and_says_so(self):
        """health and metrics answer, and the log has the time that it took"""
        with Insightd() as server:
            self.assertEqual(server.get("/livez", "http.metrics_address").status, 200)
            ready = server.get("/readyz", "http.metrics_address")
            self.assertEqual(ready.status, 200, ready)
            metrics = server.get("/metrics", "http.metrics_address").body.decode()
            for name in ("insightd_archives_total", "insightd_build_info"):
                self.assertIn(name, metrics)
            harness.wait_for(lambda: b"kafka_consumer_lag_records{" in server.get(
                "/metrics", "http.metrics_address").body, "the lag, which is looked at now and then")
            self.assertEqual(server.get("/").status, 200)
            started, = server.events("process.started")
            print(f"ready {started['duration_ms']:.0f} ms after start ", end="")


if __name__ == "__main__":
    harness.main()
