#!/usr/bin/env python3
"""Makes a bucket on the S3 server of a running set: s3_bucket.py FILE_OF_ADDRESSES BUCKET…"""
import pathlib
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import s3_server  # noqa: E402
from servers import read_environment  # noqa: E402

if len(sys.argv) < 3:
    sys.exit(__doc__)
servers = read_environment(sys.argv[1])
for bucket in sys.argv[2:]:
    url, headers = s3_server.signed(servers["S3_ENDPOINT"], "PUT", f"/{bucket}",
                                    secret=servers["S3_SECRET_KEY"], key=servers["S3_ACCESS_KEY"])
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers, method="PUT"),
                               timeout=20).close()
    except urllib.error.HTTPError as error:
        if error.code != 409:  # there already
            sys.exit(f"{bucket}: {error.code} {error.read().decode(errors='replace')}")
