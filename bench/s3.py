#!/usr/bin/env python3
"""Archives through the S3 store beside bare libcurl, on a real server that this starts.

  bench/s3.py [PROGRAM]    PROGRAM: archives_in_s3, built with -DINSIGHTD_BENCH=ON
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "servers"))

import s3_server  # noqa: E402
from servers import S3  # noqa: E402


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else next(
        (ROOT / "build" / "release").rglob("archives_in_s3"))
    with S3() as s3:
        subprocess.run([program, s3.endpoint, s3_server.ACCESS_KEY, s3_server.SECRET_KEY,
                        s3_server.REGION], check=True)


if __name__ == "__main__":
    main()
