#!/usr/bin/env python3
"""Dead letters at the command line, while the program runs and while it does not."""
import json
import unittest

import harness
from harness import Insightd, archive, new_cluster


class DeadLettersTest(unittest.TestCase):
    def break_one(self, server):
        cluster = new_cluster()
        data = archive(cluster)
        end = server.upload_and_await(data[:len(data) // 2], cluster)
        self.assertEqual(end["end"], "dead_letter")
        return end

    def metrics(self, server):
        return server.get("/metrics", "http.metrics_address").body.decode()

    def test_list_show_replay_drop_while_it_runs(self):
        """list, show, replay and drop ask the running program"""
        with Insightd() as server:
            self.assertEqual(server.letters(), [])
            end = self.break_one(server)
            letter, = server.letters()
            self.assertEqual(letter["id"], end["dead_letter_id"])
            self.assertEqual(letter["topic"], "platform.upload.announce")
            self.assertEqual(letter["tries"], 1)
            self.assertEqual(letter["cluster"], end["cluster"])
            self.assertTrue(letter["build"].startswith("insightd-"))

            number = str(letter["id"])
            shown = json.loads(server.command("dead-letters", "show", number, "--json",
                                              check=0).stdout)
            announcement = json.loads(shown["value"])
            self.assertEqual(announcement["request_id"], end["request_id"])
            self.assertEqual(shown["headers"], [{"name": "service", "value": "openshift"}])
            self.assertIn(end["request_id"], server.command("dead-letters", "list", check=0).stdout)

            # It fails again, as a letter of its own with the same content.
            server.command("dead-letters", "replay", number, check=0)
            again = harness.wait_for(
                lambda: [one for one in server.letters() if one["id"] != letter["id"]],
                "the replayed letter")
            self.assertEqual(again[0]["request_id"], end["request_id"])
            harness.wait_for(lambda: "\ninsightd_dead_letters 1\n" in self.metrics(server),
                             "1 in the metrics")
            self.assertEqual({one["level"] for one in server.events("dlq.produced")}, {"warn"})

            server.command("dead-letters", "drop", str(again[0]["id"]), check=0)
            self.assertEqual(server.letters(), [])
            harness.wait_for(lambda: "\ninsightd_dead_letters 0\n" in self.metrics(server),
                             "0 in the metrics")

    def test_the_same_while_nothing_runs(self):
        """the commands open the folder themselves; a replay is done after the next start"""
        with Insightd() as server:
            first, second = self.break_one(server), self.break_one(server)
            self.assertEqual(server.stop(), 0)
            letters = server.letters()
            self.assertEqual({one["request_id"] for one in letters},
                             {first["request_id"], second["request_id"]})
            self.assertEqual(server.command("dead-letters", "list", check=0).stderr, "")
            fewer = server.command("dead-letters", "list", "--limit", "1", check=0)
            self.assertIn("--limit shows more", fewer.stderr)
            self.assertIn(f"{letters[0]['topic']}/{letters[0]['partition']} at", fewer.stdout)
            server.command("dead-letters", "drop", str(letters[0]["id"]), check=0)
            server.command("dead-letters", "replay", "--all", check=0)
            self.assertEqual(server.letters(), [])
            server.start()
            letter, = harness.wait_for(server.letters, "the replayed letter")
            self.assertEqual(letter["request_id"], letters[1]["request_id"])

    def test_a_letter_that_is_not_there(self):
        """an unknown id is named, with exit code 1; no id at all is wrong usage"""
        with Insightd() as server:
            done = server.command("dead-letters", "show", "77", check=1)
            self.assertIn("77", done.stderr)
            self.assertIn("--all", server.command("dead-letters", "drop", check=2).stderr)
            server.stop()
            self.assertIn("77", server.command("dead-letters", "drop", "77", check=1).stderr)

    def test_no_data_folder(self):
        """without a data folder the commands say so, with exit code 4, and make none"""
        server = Insightd()
        try:
            done = server.command("dead-letters", "list", check=4)
            self.assertIn("data", done.stderr)
            self.assertFalse((server.folder / "data").exists())
        finally:
            server.__exit__()


if __name__ == "__main__":
    harness.main()
