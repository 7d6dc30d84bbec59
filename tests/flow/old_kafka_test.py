#!/usr/bin/env python3
"""A broker before Kafka 4.0: SCRAM works with the librdkafka of Debian 12 there, and so does the
rest of what the bus does about security.

Runs these tests of the program that the environment variable INSIGHTD_BUS_TEST names.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

from kafka_server import OldKafka  # noqa: E402
from servers import environment  # noqa: E402

TESTS = ["SpeaksTlsAndSasl", "SpeaksScramOrSaysWhyNot", "ComesWithACertificateOfItsOwn",
         "AWrongPasswordIsNamedAndNotShown"]


class OldBroker(unittest.TestCase):
    def test_security(self):
        """SCRAM, PLAIN, TLS, client certificates"""
        kafka = OldKafka(secure=True)
        self.addCleanup(kafka.end)
        kafka.start()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "servers.env"
            file.write_text("".join(f"{key}={value}\n" for key, value in
                                    environment({"kafka": kafka}).items()))
            done = subprocess.run(
                [os.environ["INSIGHTD_BUS_TEST"],
                 "--gtest_filter=" + ":".join(f"KafkaBusTest.{test}" for test in TESTS)],
                env={**os.environ, "INSIGHTD_TEST_SERVERS": str(file),
                     "INSIGHTD_TEST_SCRAM": "works"},
                capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"[  PASSED  ] {len(TESTS)} tests", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
