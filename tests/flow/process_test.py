#!/usr/bin/env python3
"""What the process does when it may not start, when the disk is full, and when it is told to stop."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from harness import Insightd, archive, new_cluster

# Uploads may go on for as long above blob.bytes_max: some looks at it, on a busy machine.
OVER_LIMIT_S_MAX = 2

# Names of the services in whose place it runs: their dashboards stay as they are.
KEPT = {"ccx_downloaded_total", "consumed_messages", "consuming_errors", "produced_messages",
        "last_checked_timestamp_lag_minutes", "messages_with_empty_rule_execution_result",
        "written_reports", "api_endpoints_requests", "api_endpoints_status_codes",
        "feedback_on_rules", "rating_on_rules"}


class ProcessTest(unittest.TestCase):
    def test_a_second_process_on_the_same_data_folder(self):
        """a second process ends with 4 and names the first; the first goes on"""
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            done = server.command("all", check=4)
            self.assertIn(str(server.process.pid), done.stderr)
            self.assertEqual(server.report(cluster).status, 200)
            server.upload_and_await(archive(cluster), cluster)

    def test_a_data_folder_of_a_newer_version(self):
        """a newer folder is refused with 4 and not changed"""
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            server.stop()
            version = server.folder / "data" / "version"
            kept = version.read_text()
            version.write_text("999\n")
            self.assertIn("999", server.command("all", check=4).stderr)
            self.assertIn("999", server.command("dead-letters", "list", check=4).stderr)
            self.assertEqual(version.read_text(), "999\n")
            version.write_text(kept)
            server.start()
            self.assertEqual(server.report(cluster).status, 200)

    def test_a_broken_settings_file(self):
        """mistakes in the settings are named with file, line and nearest key; exit code 2"""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "insightd.toml"
            path.write_text('data_dir = "/nowhere"\n[ingress]\nbody_byte_max = 1\n'
                            '[pipeline]\nworkers = "two"\n')
            for words in (["all", "--config", str(path)], ["config", "check", "--config", str(path)]):
                done = subprocess.run([harness.BINARY, *words], capture_output=True, text=True)
                said = done.stderr + done.stdout
                self.assertEqual(done.returncode, 2, said)
                self.assertIn(f"{path}:3:1:", said)
                self.assertIn("ingress.body_bytes_max", said)
                self.assertIn(f"{path}:5:1:", said)
            path.write_text("[pipeline\n")
            done = subprocess.run([harness.BINARY, "all", "--config", str(path)],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{path}:1:", done.stderr)
            done = subprocess.run([harness.BINARY, "all", "--config", folder + "/absent.toml"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("absent.toml", done.stderr)

    def test_settings_that_cannot_work_are_found_beforehand(self):
        """`config check` refuses what `all` refuses, with its exit code"""
        for name, value, code in (("http.address", "nonsense", 2), ("http.address", ":99999", 2),
                                  ("http.cert_file", "/nowhere/tls.crt", 2),
                                  ("identity.trusted_proxies", "x/99", 2),
                                  ("rules.packs", "/nowhere/pack", 3)):
            server = Insightd(**{name: value})
            try:
                beforehand = server.command("config", "check", check=code)
                self.assertIn(value if name != "http.cert_file" else name, beforehand.stdout)
                started = server.command("all", check=code)
                self.assertIn(beforehand.stdout.splitlines()[0], started.stderr)
            finally:
                server.__exit__()

    def test_wrong_settings_are_not_printed(self):
        """`config print` shows the mistakes alone; exit code 2"""
        server = Insightd(**{"pipeline.worker": 1})
        try:
            done = server.command("config", "print", check=2)
            self.assertEqual(done.stdout, "")
            self.assertIn("INSIGHTD__PIPELINE__WORKER", done.stderr)
        finally:
            server.__exit__()

    def test_a_wrong_variable_in_the_environment(self):
        """an override that names no setting is a mistake too"""
        server = Insightd(**{"pipeline.worker": 1})
        try:
            self.assertIn("INSIGHTD__PIPELINE__WORKERS", server.command("all", check=2).stderr)
        finally:
            server.__exit__()

    def test_a_broken_rule_pack(self):
        """a mistake in a pack is shown with file, line, column and caret; nothing stored is lost"""
        cluster = new_cluster()
        with Insightd() as server:
            server.upload_and_await(archive(cluster), cluster)
            server.stop()
            pack = server.folder / "pack"
            shutil.copytree(harness.ROOT / "rulepacks" / "base", pack)
            broken = sorted((pack / "rules").rglob("*.yaml"))[0]
            text = broken.read_text()
            at = text.index("when:")
            broken.write_text(text[:at] + "when: \"size(nosuchthing) > 0\"\n  #" + text[at:])
            server.settings["rules.packs"] = str(pack)
            done = server.command("all", check=1)
            self.assertIn(broken.name, done.stderr)
            self.assertIn("nosuchthing", done.stderr)
            self.assertIn("^", done.stderr)
            self.assertEqual(server.command("rules", "check", str(pack), check=1).stdout.count(
                broken.name) > 0, True)
            del server.settings["rules.packs"]
            server.start()
            self.assertEqual(server.report(cluster).status, 200)

    def test_a_taken_port(self):
        """a port that is taken is an error that names the setting"""
        with Insightd() as server:
            other = Insightd(**{"http.address": f"127.0.0.1:{server.port}"})
            try:
                self.assertIn("http.address", other.command("all", check=4).stderr)
            finally:
                other.__exit__()

    def test_a_rule_that_fails_on_an_archive(self):
        """a rule that fails is noted; the other rules of that archive are judged"""
        cluster = new_cluster()
        pack = tempfile.mkdtemp(prefix="insightd_pack_")
        try:
            shutil.rmtree(pack)
            shutil.copytree(harness.ROOT / "rulepacks" / "base", pack)
            rules = sorted((pathlib.Path(pack) / "rules").rglob("*.yaml"))[0]
            rules.write_text(rules.read_text() + """
- module: external.rules.fails_on_purpose
  key: FAILS_ON_PURPOSE
  title: A rule that divides by zero
  needs: [version]
  when: "1 / (size(ocp.desired) - size(ocp.desired)) > 0"
  tags: [service_availability]
  impact: Best Practice
  likelihood: 1
  tests:
    - name: it fails
      files: {config/version.json: {status: {desired: {version: 4.16.3}}}}
      expect: error
""")
            with Insightd(**{"rules.packs": pack}) as server:
                end = server.upload_and_await(archive(cluster), cluster)
                self.assertEqual(end["end"], "stored")
                metrics = server.get("/metrics", "http.metrics_address").body.decode()
                self.assertIn('key="FAILS_ON_PURPOSE"', metrics)
                raw = server.get(f"/api/insightd/v1/clusters/{cluster}/outcomes")
                self.assertEqual(raw.status, 200, raw)
                self.assertIn("fails_on_purpose", raw.body.decode())
        finally:
            shutil.rmtree(pack, ignore_errors=True)

    @unittest.skipUnless(shutil.which("promtool"), "promtool (package prometheus) is not here")
    def test_the_metrics_are_as_prometheus_wants_them(self):
        """what /metrics serves after an upload passes promtool"""
        with Insightd() as server:
            cluster = new_cluster()
            server.upload_and_await(archive(cluster), cluster)
            metrics = server.get("/metrics", "http.metrics_address").body
        said = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True)
        ours = [line for line in said.stderr.decode().splitlines() if line.split()[0] not in KEPT]
        self.assertEqual(ours, [])

    def test_stopping_gives_back_what_is_in_work(self):
        """SIGTERM under load: exit code 0, and after a start every accepted upload has its end"""
        with Insightd() as server:
            accepted = []
            for _ in range(40):
                cluster = new_cluster()
                accepted.append(server.upload(archive(cluster), cluster).json()["request_id"])
            self.assertEqual(server.stop(), 0)
            server.start()
            for request_id in accepted:
                self.assertEqual(server.await_end(request_id)["end"], "stored")

    def test_interrupt_stops_it_too(self):
        """SIGINT ends it as SIGTERM does"""
        with Insightd() as server:
            self.assertEqual(server.stop(signal.SIGINT), 0)


@unittest.skipUnless(os.geteuid() == 0, "a small disk of its own needs root")
class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="insightd_disk_")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.folder],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            os.rmdir(self.folder)
            self.skipTest(f"no small disk: {mounted.stderr.strip()}")

    def tearDown(self):
        subprocess.run(["umount", self.folder], check=True)
        os.rmdir(self.folder)

    def fill(self, name="filler"):
        # Unbuffered: what did not fit must not be written once more when the file is closed.
        with open(os.path.join(self.folder, name), "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\0" * 65536)
            except OSError:
                pass

    def test_a_full_disk(self):
        """uploads are refused with 5xx while the disk is full, and nothing accepted is lost"""
        clusters = [new_cluster() for _ in range(4)]
        with Insightd(folder=self.folder) as server:
            for cluster in clusters[:2]:
                server.upload_and_await(archive(cluster), cluster)
            reports = [server.report(cluster).body for cluster in clusters[:2]]
            self.fill()
            answer = server.upload(archive(clusters[2]), clusters[2])
            self.assertGreaterEqual(answer.status, 500, answer)
            self.assertIn("request_id", answer.json())
            self.assertEqual([server.report(cluster).body for cluster in clusters[:2]], reports)
            self.assertEqual(server.get("/livez", "http.metrics_address").status, 200)

            os.remove(os.path.join(self.folder, "filler"))
            end = server.upload_and_await(archive(clusters[3]), clusters[3])
            self.assertEqual(end["end"], "stored")
            self.assertEqual([server.report(cluster).body for cluster in clusters[:2]], reports)
            self.assertEqual(server.stop(), 0)

    def test_too_little_room_is_told_before_the_disk_is_full(self):
        """below blob.free_bytes_min uploads are refused, what was accepted is finished"""
        cluster = new_cluster()
        with Insightd(folder=self.folder, **{"blob.free_bytes_min": 100_000_000}) as server:
            answer = server.upload(archive(cluster), cluster)
            self.assertEqual(answer.status, 507, answer)
            self.assertIn("blob.free_bytes_min", answer.body.decode())

    def test_a_disk_that_others_fill_is_told_while_there_is_room(self):
        """a fifth of the disk is left: a line that names it, and metrics; uploads are taken"""
        def lines():
            return [record["msg"] for record in list(server.records)
                    if "is nearly full" in record.get("msg", "")]

        with Insightd(folder=self.folder, **{"blob.free_bytes_min": 1 << 20,
                                             "upkeep.clean_interval_s": 1}) as server:
            cluster = new_cluster()
            server.upload_and_await(archive(cluster), cluster)
            self.assertEqual(lines(), [])
            room = os.statvfs(self.folder)
            with open(os.path.join(self.folder, "filler"), "wb") as filler:
                filler.write(bytes(room.f_bavail * room.f_frsize - (5 << 20)))
            line = harness.wait_for(lines, "a line on the disk")[0]
            self.assertIn(f"{self.folder}/data/blob", line)
            self.assertIn("blob.free_bytes_min", line)
            metrics = server.get("/metrics", "http.metrics_address").body.decode()
            self.assertIn(f"\ninsightd_blob_disk_bytes {24 << 20}\n", metrics)
            usable = int(re.search(r"\ninsightd_blob_disk_usable_bytes (\d+)\n", metrics)[1])
            self.assertLess(0, usable)
            self.assertLess(usable, (24 << 20) / 5)
            server.upload_and_await(archive(cluster), cluster)


class RoomTest(unittest.TestCase):
    def test_uploads_are_refused_while_what_must_stay_is_over_the_limit(self):
        """archives of dead letters reach blob.bytes_max: 507 that says what to do; reading goes on"""
        cluster = new_cluster()
        broken = b"\x1f\x8b" + os.urandom(400_000)
        # So long that what is over the limit has to be seen between two rounds of cleaning.
        with Insightd(**{"blob.bytes_max": 1 << 20, "upkeep.clean_interval_s": 3600}) as server:
            server.upload_and_await(archive(cluster), cluster)
            over_since = None
            held = 0
            end = time.monotonic() + harness.WAIT_S_MAX
            while (refused := server.upload(broken)).status == 202 and time.monotonic() < end:
                held += len(broken)
                if held > 1 << 20:
                    over_since = over_since or time.monotonic()
            self.assertEqual(refused.status, 507, refused)
            self.assertLess(time.monotonic() - over_since, OVER_LIMIT_S_MAX)
            self.assertIn("blob.bytes_max", refused.body.decode())
            self.assertIn("dead-letters", refused.body.decode())
            self.assertEqual(server.report(cluster).status, 200)
            metrics = server.get("/metrics", "http.metrics_address").body.decode()
            self.assertIn("\ninsightd_blob_room_bytes 1048576\n", metrics)
            self.assertIn("archives take most of their room",
                          {record["msg"].split(";")[0] for record in server.records})

            server.command("dead-letters", "drop", "--all", check=0)
            harness.wait_for(lambda: server.upload(archive(cluster), cluster).status == 202,
                             "room again")

    def test_uploads_are_refused_while_the_log_of_the_bus_has_no_room(self):
        """records that a group has not read reach bus.bytes_max: 507 that names it; the others go on"""
        cluster = new_cluster()
        limits = {"bus.bytes_max": 1 << 20, "bus.partitions": 1}
        with tempfile.TemporaryDirectory() as folder:
            with Insightd(folder=folder, **limits) as server:
                self.assertEqual(server.stop(), 0)
            # The group of before reads no more, so that what comes now stays for it.
            with Insightd(folder=folder, **limits, **{"pipeline.group": "another"}) as server:
                small = archive(cluster)
                refused = None
                for _ in range(4_000):  # some 1,500 bytes each
                    refused = server.upload(small, cluster)
                    if refused.status != 202:
                        break
                self.assertEqual(refused.status, 507, refused)
                self.assertIn("bus.bytes_max", refused.body.decode())
                self.assertIn("ccx_data_pipeline_app", refused.body.decode())
                harness.wait_for(lambda: server.report(cluster).status == 200, "what is in is done")
                metrics = server.get("/metrics", "http.metrics_address").body.decode()
                self.assertIn("\ninsightd_bus_room_bytes 1048576\n", metrics)
                self.assertIn("records take most of the room of the bus",
                              {record["msg"].split(";")[0] for record in server.records})
                self.assertEqual(server.stop(), 0)
            with Insightd(folder=folder, **{"bus.partitions": 1}) as server:
                server.upload_and_await(small, cluster)



if __name__ == "__main__":
    harness.main()
