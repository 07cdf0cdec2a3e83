"""Representations to points: principal components, and UMAP."""

import sys
import threading
import warnings
from functools import cache
from typing import Any

import numpy as np

from probing.progress import Report, silent
from probing.projections.faithfulness import judge
from probing.projections.neighbours import Graph, graph

NEIGHBOURS = 15  # of a point in UMAP's graph, the point itself included
EPOCHS = 200
RATE = 0.25
EXACT = 15_000  # vectors up to which all are compared: an approximate search is quicker, but its
# kernels cannot be cached and compile for half a minute in each new process
_lock = threading.Lock()  # numba's workqueue aborts the process on two parallel calls


def pca(x: np.ndarray, dimensions: int) -> tuple[np.ndarray, tuple[float, ...]]:
    """Principal components by the covariance's eigenvectors; signs made unique."""
    centred = np.asarray(x, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    eigenvalues, eigenvectors = np.linalg.eigh(centred.T @ centred)
    kept, axes = eigenvalues[::-1][:dimensions].clip(0), eigenvectors.T[::-1][:dimensions]
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
    points = np.zeros((len(x), dimensions), dtype=np.float32)
    points[:, : len(axes)] = centred @ axes.T
    shares = kept / eigenvalues.clip(0).sum()
    return points, tuple(float(share) for share in shares)


def mirrored(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Principal components with the signs that agree best with those of another map.

    They are not turned further: each axis keeps its share of the variance.
    """
    signs = np.where((points * reference).sum(axis=0) < 0, -1, 1)
    return np.ascontiguousarray(points * signs, dtype=np.float32)


def turned(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Points rotated, reflected and shifted as near to another map's as they go (Procrustes).

    Not scaled: a shrunken map would look denser than it is.
    """
    middle = reference.mean(axis=0, dtype=np.float64)
    centred = points - points.mean(axis=0, dtype=np.float64)
    left, _, right = np.linalg.svd(centred.T @ (reference - middle))
    return np.ascontiguousarray(centred @ (left @ right) + middle, dtype=np.float32)


def graph_of(x: np.ndarray, seed: int = 0) -> Graph:
    """What ``umap`` needs to know of (n, H) ``x``, n > 2; the same in 2-D and in 3-D.

    Exact up to ``EXACT`` vectors; above, by umap's own approximate search, which ``seed`` starts.
    """
    k = min(NEIGHBOURS, len(x) - 1)
    if len(x) <= EXACT:
        return graph(x, k - 1)
    search = load_umap().umap_.nearest_neighbors
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba's, that these kernels cannot be cached
        nearest, distances, _ = search(
            x, k, "euclidean", {}, False, np.random.RandomState(seed), n_jobs=1
        )
    return Graph(nearest[:, 1:].astype(np.int32), distances[:, 1:].astype(np.float32))


def umap(
    x: np.ndarray,
    dimensions: int,
    seed: int,
    report: Report,
    neighbours: Graph,
    start: np.ndarray | None,
) -> np.ndarray:
    """UMAP of (n, H) ``x`` from its graph, moved from the points ``start`` if given.

    Fewer and shorter steps than umap's own (500 at a rate of 1), at two fifths of the time.
    Measured on reviews, questions and messages, 448 to 2,000 of them: up to 0.02 more of the
    neighbours are kept; trustworthiness changes by -0.007 (many tight clusters) to +0.01 (few).
    """
    n = len(x)
    itself, near = np.arange(n, dtype=np.int32)[:, None], np.zeros((n, 1), dtype=np.float32)
    known = np.hstack([itself, neighbours.nearest]), np.hstack([near, neighbours.distances])
    few = len({row.tobytes() for row in x}) <= NEIGHBOURS
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # n_jobs and spectral warnings: seeded by intent
        model = load_umap().UMAP(
            n_components=dimensions,
            n_neighbors=min(NEIGHBOURS, n - 1),
            precomputed_knn=known,
            n_epochs=EPOCHS,
            learning_rate=RATE,
            random_state=seed,
            init=start if start is not None else "pca" if few else "spectral",
            tqdm_kwds={"file": _Percentages(report), "disable": False},
        )
        return np.ascontiguousarray(model.fit_transform(x), dtype=np.float32)


class _Percentages:
    """The stream that UMAP's progress bar writes to: passes on its percentage."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def write(self, text: str) -> None:
        head = text.rpartition("%")[0].split()
        if head and head[-1].isdigit():
            self.report(int(head[-1]), 100)

    def flush(self) -> None:
        """Nothing is held back."""


@cache
def load_umap() -> Any:
    """Import umap with its compiled kernels cached on disk.

    umap compiles its kernels anew in every process (20 s for the first map); numba's own cache,
    asked for before their first use, brings that to under a second. The cache lies where
    ``NUMBA_CACHE_DIR`` says.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pynndescent
        import umap
        from numba.core.dispatcher import Dispatcher

    packages = (umap.__name__, pynndescent.__name__)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages:
            for value in vars(module).values():
                if isinstance(value, Dispatcher):
                    value.enable_caching()
    return umap


def warm_up() -> None:
    """Compile, or read from numba's cache, what the first map of this process needs."""
    x = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    judge(x, umap(x, 2, 0, silent, graph_of(x), None), np.arange(64) % 2)
