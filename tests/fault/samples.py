"""Figures of processes over time, for long runs: first, last, most, and where they are heading."""
import os
import threading
import time

SAMPLE_S = 5
FIGURES = (("memory MiB", "process_resident_memory_bytes", 1 << 20),
           ("descriptors", "process_open_fds", 1), ("threads", "process_threads", 1))


class Samples(threading.Thread):
    """Calls `look(samples)` every few seconds; it adds values by name. Ends with `end`."""

    def __init__(self, look):
        super().__init__(daemon=True)
        self.look = look
        self.rows = {}  # name: [(seconds, value)]
        self.begun = time.monotonic()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(SAMPLE_S):
            self.look(self)

    def end(self):
        self.ended.set()
        self.join()

    def add(self, name, value):
        self.rows.setdefault(name, []).append((time.monotonic() - self.begun, value))

    def add_process(self, name, metrics):
        """`metrics`: what it says of itself, by name; nothing while it does not answer."""
        for figure, key, unit in FIGURES:
            if key in metrics:
                self.add(f"{name} {figure}", metrics[key] / unit)

    def print_table(self):
        rows = [("WHAT", "FIRST", "LAST", "MAX", "SLOPE/H")]
        for name, points in sorted(self.rows.items()):
            values = [value for _, value in points]
            rows.append((name, *(f"{value:.1f}" for value in (values[0], values[-1], max(values))),
                         f"{slope(points) * 3600:+.2f}"))
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def slope(points):
    """Of the straight line that fits the second half best."""
    points = points[len(points) // 2:]
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def disk_bytes(folder):
    count = 0
    for path, _, files in os.walk(folder):
        for file in files:
            try:
                count += os.stat(os.path.join(path, file)).st_blocks * 512
            except OSError:
                pass
    return count
