"""Maps: representations drawn in two or three dimensions, each with how faithful it is.

Distances, sizes and gaps of a UMAP map are not measurements; the faithfulness figures say how
much of each point's neighbourhood in the representation survives on the map.
"""

import sys
import threading
import warnings
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from probing.errors import DataError, SettingsError
from probing.geometry import is_constant
from probing.progress import Report, silent

Method = Literal["pca", "umap"]
METHODS: tuple[Method, ...] = ("pca", "umap")

NEIGHBOURS = 15
FEWEST = 5  # sentences up to which a neighbourhood graph says nothing and PCA keeps all there is
JUDGED = 2_000  # points whose neighbourhoods are compared; of more, a sample
PAIRS = 5_000_000  # distances held at once while comparing
_umap_lock = threading.Lock()  # numba's workqueue aborts the process on two parallel calls


@dataclass(frozen=True)
class Faithfulness:
    """How much of each point's neighbourhood in the full space the map keeps.

    None where there are too few points for a figure.
    """

    trustworthiness: float | None
    """1 if all k map neighbours are near in full space (Venna & Kaski 2001), 0 … 1."""
    continuity: float | None
    """1 if all k neighbours in full space are near on the map, 0 … 1."""
    neighbours_kept: float | None
    """Share of the k nearest neighbours in full space that are among the k nearest on the map."""
    neighbours_kept_by_chance: float | None
    """The same share for a random map: k / (n − 1)."""
    label_accuracy_full: float | None
    """k-nearest-neighbour accuracy of the labels in full space, leave-one-out."""
    label_accuracy_map: float | None
    """The same on the map."""
    k: int
    """Neighbours looked at."""
    judged: int
    """Points whose neighbourhoods were compared (against all n)."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A map of n sentences: one point each."""

    method: Method
    layer: int
    pooling: str
    points: np.ndarray
    """Read-only float32 (n, 2) or (n, 3)."""
    faithfulness: Faithfulness
    seed: int
    explained: tuple[float, ...] = ()
    """PCA only: share of the variance along each axis."""
    notice: str = ""
    """What the person should know about this map."""

    def __post_init__(self) -> None:
        self.points.flags.writeable = False

    @property
    def name(self) -> str:
        """A file name without ending, e.g. ``umap2_cls_6``."""
        return projection_name(self.method, self.points.shape[1], self.pooling, self.layer)

    def to_json(self) -> dict[str, Any]:
        """Everything but the points."""
        return {
            "method": self.method,
            "dimensions": self.points.shape[1],
            "layer": self.layer,
            "pooling": self.pooling,
            "seed": self.seed,
            "explained": list(self.explained),
            "notice": self.notice,
            "faithfulness": asdict(self.faithfulness),
        }


def projection_name(method: str, dimensions: int, pooling: str, layer: int) -> str:
    """The name a projection is stored under."""
    return f"{method}{dimensions}_{pooling}_{layer}"


def project(
    x: np.ndarray,
    *,
    method: Method = "umap",
    dimensions: int = 2,
    layer: int,
    pooling: str,
    labels: np.ndarray | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Projection:
    """Map (n, H) representations to ``dimensions`` (2 or 3); the same seed gives the same map.

    ``labels`` (n,) are used for the faithfulness figures only, never for the map.

    Raises ``DataError`` for fewer than two sentences and for constant representations: UMAP would
    draw a convincing cloud from identical rows.
    """
    if method not in METHODS:
        raise SettingsError(f"map method {method!r} is unknown; it is one of pca, umap.")
    if dimensions not in (2, 3):
        raise SettingsError(f"a map has 2 or 3 dimensions, not {dimensions}.")
    if len(x) < 2:
        raise DataError(f"a map needs at least two sentences; there is {len(x)}. Add more.")
    if is_constant(x):
        raise DataError(
            f"the {pooling} vector at layer {layer} is the same for every sentence, so there is "
            "nothing to map. Choose a higher layer or another pooling."
        )
    explained: tuple[float, ...] = ()
    notice = ""
    if method == "umap" and len(x) <= FEWEST:
        notice = f"UMAP needs more than {FEWEST} sentences: this map shows principal components."
    if method == "pca" or notice:
        points, explained = _pca(x, dimensions)
    else:
        points = _umap(x, dimensions, seed, report)
    faithfulness = judge(x, points, labels, seed)
    return Projection(method, layer, pooling, points, faithfulness, seed, explained, notice)


def _pca(x: np.ndarray, dimensions: int) -> tuple[np.ndarray, tuple[float, ...]]:
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


def _umap(x: np.ndarray, dimensions: int, seed: int, report: Report) -> np.ndarray:
    with _umap_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # n_jobs and spectral warnings: seeded by intent
        umap = load_umap()
        model = umap.UMAP(
            n_components=dimensions,
            n_neighbors=min(NEIGHBOURS, len(x) - 1),
            random_state=seed,
            init="pca" if len(np.unique(x, axis=0)) <= NEIGHBOURS else "spectral",
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
    project(x, layer=0, pooling="cls", labels=np.arange(64) % 2)


def judge(
    x: np.ndarray, points: np.ndarray, labels: np.ndarray | None = None, seed: int = 0
) -> Faithfulness:
    """Compare the neighbourhoods of (n, H) ``x`` with those of the map's (n, 2 or 3) ``points``.

    Above ``JUDGED`` points a seeded sample of them is compared with all n; cost O(judged · n · H).
    """
    n = len(x)
    k = min(NEIGHBOURS, (n - 1) // 2)
    if k < 1:
        return Faithfulness(None, None, None, None, None, None, 0, 0)
    judged = np.arange(n)
    if n > JUDGED:
        judged = np.sort(np.random.default_rng(seed).choice(n, JUDGED, replace=False))
    y = None if labels is None else np.unique(labels, return_inverse=True)[1]
    sums = np.zeros(5)
    for part in np.array_split(judged, max(1, len(judged) * n // PAIRS)):
        full, flat = _ranks(x, part, k), _ranks(points, part, k)
        sums += (
            (_lookup(full.ranks, flat.nearest) - k).clip(0).sum(),
            (_lookup(flat.ranks, full.nearest) - k).clip(0).sum(),
            (_lookup(full.ranks, flat.nearest) <= k).sum() / k,
            0 if y is None else _votes(full.nearest, part, y),
            0 if y is None else _votes(flat.nearest, part, y),
        )
    # the ranks beyond k of one space's neighbours in the other space, normalised to 0 … 1
    scale = 2 / (k * (2 * n - 3 * k - 1))
    intruders, missing, kept, right_full, right_map = (float(s) for s in sums / len(judged))
    return Faithfulness(
        trustworthiness=1 - scale * intruders,
        continuity=1 - scale * missing,
        neighbours_kept=kept,
        neighbours_kept_by_chance=k / (n - 1),
        label_accuracy_full=None if y is None else right_full,
        label_accuracy_map=None if y is None else right_map,
        k=k,
        judged=len(judged),
    )


@dataclass(frozen=True, eq=False)
class _Ranks:
    ranks: np.ndarray
    """int32 (judged, n): 1 for a point's nearest neighbour, 2 for the next, … 0 for itself."""
    nearest: np.ndarray
    """int64 (judged, k)"""


def _ranks(x: np.ndarray, judged: np.ndarray, k: int) -> _Ranks:
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(x[judged], x)
    distances[np.arange(len(judged)), judged] = -1  # itself first, also among duplicates
    order = np.argsort(distances, axis=1, kind="stable")
    ranks = np.empty(order.shape, dtype=np.int32)
    np.put_along_axis(ranks, order, np.arange(len(x), dtype=np.int32)[None], axis=1)
    return _Ranks(ranks, order[:, 1 : k + 1])


def _lookup(ranks: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    return np.take_along_axis(ranks, nearest, axis=1)


def _votes(nearest: np.ndarray, judged: np.ndarray, y: np.ndarray) -> int:
    """Points whose label is the most frequent among their neighbours (ties: the nearest's)."""
    right = 0
    for point, row in zip(judged, y[nearest], strict=True):
        votes = np.bincount(row)
        right += int(row[(votes[row] == votes.max()).argmax()] == y[point])
    return right
