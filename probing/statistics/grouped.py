"""Sums over groups of copies, and how many of them are held at once."""

from collections.abc import Iterator

import numpy as np

BLOCK = 4_000_000  # numbers in one block of resamples or flips (32 MB)


def sums(values: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Float64 (groups, m) sums of the rows of (n, m) values; ``number`` (n,) counts from 0."""
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 1))
    return np.add.reduceat(np.asarray(values, dtype=np.float64)[order], starts, axis=0)


def blocks(count: int, width: int) -> Iterator[int]:
    """Sizes of blocks of rows of ``width`` numbers, ``count`` rows in all."""
    most = max(1, BLOCK // width)
    yield from (min(most, count - start) for start in range(0, count, most))
