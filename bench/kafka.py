#!/usr/bin/env python3
"""Records through the Kafka bus beside bare librdkafka, on a real broker that this starts.

  bench/kafka.py [PROGRAM]    PROGRAM: kafka_records, built with -DINSIGHTD_BENCH=ON
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

from servers import Kafka  # noqa: E402


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else next(
        (ROOT / "build" / "release").rglob("kafka_records"))
    with Kafka() as kafka:
        subprocess.run([program, kafka.brokers], check=True)


if __name__ == "__main__":
    main()
