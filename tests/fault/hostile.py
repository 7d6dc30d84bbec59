"""What becomes a dead letter: archives that are damaged, none, or meant to do harm."""
import functools
import gzip
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "flow"))
import harness  # noqa: E402

# Twice of what is unpacked at most by default (pipeline.unpacked_bytes_max).
BOMB_BYTES = 400 << 20
# Taken, and inflated, until they are too many.
BOMB_MEMBER_BYTES = 4 << 20
# A bomb costs as much as thousands of archives.
BOMB_SHARE = 0.002


@functools.lru_cache(maxsize=1)
def _bomb():
    return harness.bomb(BOMB_BYTES, BOMB_MEMBER_BYTES, "nobody/reads/{}")


def spoil(rng, data):
    """A bad archive in the place of `data`."""
    if rng.random() < BOMB_SHARE:
        return _bomb()
    kind = rng.choice(("cut", "noise", "no tar", "leaves its root"))
    if kind == "cut":
        return data[:rng.randrange(20, len(data) - 8)]
    if kind == "noise":
        return data[:10] + rng.randbytes(len(data))
    if kind == "no tar":
        return gzip.compress(b"# not what it seems\n" * 100, 1)
    return harness.pack({"config/id": "x", f"../../{rng.randrange(1000)}": "x"})
