"""How a benchmark measures: ours and a reference in turn, in one process, medians of each.

Seconds depend on the machine and its hour; only ratios taken side by side are worth keeping.
"""

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, how it compares, and what came of it."""

    what: str
    """Our part and its size, e.g. "nested search, 1,769 × 384, 10 classes"."""
    reference: str
    """What it is compared with."""
    seconds: float
    reference_seconds: float
    target: float | None = None
    """The ratio that is hoped for; None where the row only informs."""
    memory_mb: float | None = None
    """Growth of resident memory at its peak, ours."""
    reference_memory_mb: float | None = None
    score: str = ""
    """What came out, ours and the reference's, so that speed is never bought with quality."""

    @property
    def ratio(self) -> float:
        """How many times faster than the reference."""
        return self.reference_seconds / self.seconds


def in_turn(
    ours: Callable[[], object], reference: Callable[[], object], repeats: int = 3
) -> tuple[float, float]:
    """Median seconds of each, run alternately ``repeats`` times after one call of ours to warm."""
    ours()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for times, call in zip(taken, (ours, reference), strict=True):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


@dataclass
class Peak:
    """Growth of resident memory so far, in MB."""

    mb: float = 0.0


@contextmanager
def peak_memory(every: float = 0.01) -> Iterator[Peak]:
    """Watch how far this process's own memory grows; pages of files it maps do not count."""
    process, peak, stop = psutil.Process(os.getpid()), Peak(), threading.Event()

    def resident() -> float:
        info = process.memory_info()
        return float(info.rss - getattr(info, "shared", 0)) / 1e6

    start = resident()

    def watch() -> None:
        while not stop.wait(every):
            peak.mb = max(peak.mb, resident() - start)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
        peak.mb = max(peak.mb, resident() - start)


def printed(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| what | beside | ours | reference | times faster | hoped | memory | came out |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        memory = "" if row.memory_mb is None else f"{row.memory_mb:.0f} MB"
        if row.reference_memory_mb is not None:
            memory += f" / {row.reference_memory_mb:.0f} MB"
        hoped = "" if row.target is None else f"≥ {row.target:g}"
        lines.append(
            f"| {row.what} | {row.reference} | {row.seconds:.2f} s | {row.reference_seconds:.2f} s "
            f"| {row.ratio:.2f} | {hoped} | {memory} | {row.score} |"
        )
    return "\n".join(lines)
