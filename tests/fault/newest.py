"""Whether each cluster shows its newest upload, as the client knows it that made all of them."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
from harness import PUBLIC, wait_for  # noqa: E402

Upload = collections.namedtuple("Upload", "request_id cluster good version")  # answered 202
# These say that the program never saw the upload.
NEVER_SENT = (ConnectionRefusedError, KeyError)


class Newest:
    """Clients tell it how each good upload was answered, each cluster being one client's.

    One without a 202 may have been accepted all the same and be the newest. The cluster's next 202
    ends that doubt: what comes later is newer, unless the clock is set (`by_clock`) or the program
    was still at the upload when its client gave up.
    """

    def __init__(self, by_clock=False):
        self.by_clock = by_clock
        self.doubtful, self.doubtful_for_good = set(), set()

    def accepted(self, cluster):
        self.doubtful.discard(cluster)

    def refused(self, cluster):
        (self.doubtful_for_good if self.by_clock else self.doubtful).add(cluster)

    def failed(self, cluster, error):
        if isinstance(error, TimeoutError):
            self.doubtful_for_good.add(cluster)
        elif not isinstance(error, NEVER_SENT):
            self.refused(cluster)

    def check(self, test, doors, uploads, ends, hint):
        """`uploads` in the order of each client, all of which have `ends` by request id."""
        of_cluster = collections.defaultdict(list)
        for upload in uploads:
            if upload.good:
                of_cluster[upload.cluster].append(upload)
        doubtful = self.doubtful | self.doubtful_for_good
        for cluster, good in of_cluster.items():
            newest = max(good, key=lambda upload: ends[upload.request_id]["last_checked"]) \
                if self.by_clock else good[-1]
            stored = [upload for upload in good if ends[upload.request_id]["end"] == "stored"]
            what = f"{hint}: of cluster {cluster} {newest} is the newest"
            seconds = ends[newest.request_id]["last_checked"][:19] + "Z"
            report = _answer(doors, f"{PUBLIC}cluster/{cluster}/reports")["report"]["meta"]
            if cluster in doubtful:
                test.assertIn(stored, ([], [newest]), what)
                test.assertGreaterEqual(report["last_checked_at"], seconds, what)
                continue
            test.assertEqual(stored, [newest], what)
            test.assertEqual(report["last_checked_at"], seconds, what)
            info = _answer(doors, f"{PUBLIC}cluster/{cluster}/info")["cluster"]
            test.assertEqual(info["cluster_version"], newest.version, what)
        if not self.by_clock:
            test.assertTrue(of_cluster.keys() - doubtful, f"{hint}: no newest upload is known")


def _answer(doors, path):
    def ask():
        answer = doors.get(path)
        return answer.json() if answer.status == 200 else None
    return wait_for(ask, path)
