"""How the memory of processes grows."""

import statistics
from contextlib import suppress

import psutil

WARM = 0.3  # of the time, after which memory should grow no more


def grown(memory: list[tuple[float, float, float]]) -> tuple[list[float], list[float]]:
    """Median MB of server and workers in a tenth of the time after ``WARM``, and in the last."""
    found: list[list[float]] = []
    for start in (WARM, 0.9):
        first, last = (int(share * len(memory)) for share in (start, start + 0.1))
        part = memory[first : max(last, first + 1)]
        found.append([round(statistics.median(row[i] for row in part), 1) for i in (1, 2)])
    return found[0], found[1]


def resident(process: psutil.Process) -> float:
    """MB that a process has for itself; 0 where it is gone."""
    with suppress(psutil.Error):
        about = process.memory_info()
        return float(about.rss - getattr(about, "shared", 0)) / 1e6
    return 0.0
