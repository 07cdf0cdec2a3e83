"""Nearest neighbours, exactly: what UMAP is drawn from, and what maps are judged by."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

PAIRS = 5_000_000  # distances held at once
_INDEX = np.uint64(2**32 - 1)  # the half of a key that says whose distance it is


@dataclass(frozen=True, eq=False)
class Graph:
    """The k nearest neighbours of each of n vectors under the Euclidean distance."""

    nearest: np.ndarray
    """Read-only int32 (n, k), the nearest first, the vector itself left out."""
    distances: np.ndarray
    """Read-only float32 (n, k); exactly 0 between identical vectors."""

    def __post_init__(self) -> None:
        self.nearest.flags.writeable = self.distances.flags.writeable = False


def graph(x: np.ndarray, k: int) -> Graph:
    """The graph of (n, H) float32 ``x``, 1 ≤ k < n; cost O(n² · H)."""
    every = np.arange(len(x))
    nearest = np.empty((len(x), k), dtype=np.int32)
    for rows in parts(every, len(x)):
        first = np.partition(keys(x, rows), k, axis=1)[:, : k + 1]
        nearest[rows] = owners(np.sort(first, axis=1)[:, 1:])
    # measured once more: by matrix products, twins are a rounding error apart and not zero
    distances = np.empty(nearest.shape, dtype=np.float32)
    for column, neighbours in enumerate(nearest.T):
        between = x - x[neighbours]
        distances[:, column] = np.sqrt(np.einsum("ij,ij->i", between, between))
    order = np.argsort(distances, axis=1, kind="stable")
    return Graph(
        np.take_along_axis(nearest, order, axis=1), np.take_along_axis(distances, order, axis=1)
    )


def parts(rows: np.ndarray, n: int) -> Iterator[np.ndarray]:
    """``rows`` in pieces, so that their distances to all n fit into ``PAIRS``."""
    yield from np.array_split(rows, max(1, len(rows) * n // PAIRS))


def keys(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """uint64 (rows, n) that order all n by their distance from each of the rows, without a tie.

    The bits of a float32 that is not negative rise with it, so they are the upper half of a key;
    the index is the lower half: of equal distances the lowest index comes first, as in a stable
    sort, at a fifth of its cost. Each row itself is first, among its twins too.
    """
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(x[rows], x).astype(np.float32, copy=False)
    found = distances.view(np.uint32).astype(np.uint64) + np.uint64(1)
    found <<= np.uint64(32)
    found |= np.arange(len(x), dtype=np.uint64)
    found[np.arange(len(rows)), rows] = rows
    return found


def owners(of: np.ndarray) -> np.ndarray:
    """int64 indices that the keys hold."""
    return (of & _INDEX).astype(np.int64)
