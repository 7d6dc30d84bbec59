#!/usr/bin/env python3
"""What became of a recommendation, read from the running program: docs/history.md."""
import json
import unittest
import urllib.parse

import harness
from harness import Insightd, archive, new_cluster

PREFIX = "/api/insightd/v1/"
RULE = "ccx_rules_ocp.external.rules.feature_set|FEATURE_SET_PREVENTS_UPGRADE"
HIT = {"config/featuregate.json": json.dumps({"spec": {"featureSet": "TechPreviewNoUpgrade"}})}
PASS = {"config/featuregate.json": json.dumps({"spec": {}})}


class HistoryTest(unittest.TestCase):
    def test_a_recommendation_that_goes_and_comes_back_is_told(self):
        cluster = new_cluster()
        with Insightd() as server:
            def get(path):
                answer = server.get(PREFIX + path)
                self.assertEqual(answer.status, 200, answer)
                return answer.json()

            requests = []
            for files in (HIT, PASS, HIT):
                end = server.upload_and_await(archive(cluster, files), cluster)
                self.assertEqual(end["end"], "stored")
                requests.append(end["request_id"])

            page = get(f"clusters/{cluster}/recommendations")
            history, = [one for one in page["recommendations"] if one["rule_id"] == RULE]
            self.assertTrue(history["present"])
            self.assertEqual(len(history["intervals"]), 2)
            self.assertNotIn("gone", history["intervals"][0])
            self.assertIn("gone", history["intervals"][1])
            quoted = urllib.parse.quote(RULE)
            one = get(f"clusters/{cluster}/recommendations/{quoted}")["recommendation"]
            self.assertEqual(one["intervals"], history["intervals"])
            clusters = get(f"recommendations/{quoted}/clusters")["clusters"]
            self.assertEqual([entry["cluster"] for entry in clusters], [cluster])

            for changes in (get(f"clusters/{cluster}/changes"), get("changes")):
                told = [(one["change"], one["request_id"]) for one in changes["changes"]
                        if one["rule_id"] == RULE]
                self.assertEqual(told, [("gone", requests[1]), ("again", requests[2])])
            difference = get(f"clusters/{cluster}/difference")["difference"]
            self.assertEqual(difference["to"]["request_id"], requests[2])
            self.assertEqual(difference["from"]["request_id"], requests[1])
            self.assertIn(RULE, [one["rule_id"] for one in difference["appeared"]])

            results = get(f"clusters/{cluster}/results")["results"]
            self.assertEqual([one["request_id"] for one in results], requests[::-1])
            self.assertEqual([one["end"] for one in results], ["stored", "replaced", "replaced"])
            self.assertEqual({one["archive"] for one in results}, set(requests))
            self.assertEqual({one["rule_pack"] for one in results}, {"ccx_rules_ocp base-1.0.0"})

            server.stop()
            server.start()
            self.assertEqual(get(f"clusters/{cluster}/results")["results"], results)
            missing = server.get(f"{PREFIX}clusters/{new_cluster()}/changes")
            self.assertEqual(missing.status, 404)


if __name__ == "__main__":
    harness.main()
