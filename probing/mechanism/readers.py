"""Fixed linear probes that read vectors which were not there when they were fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from probing.geometry import NOISE, is_constant
from probing.probes.folds import Fold


@dataclass(frozen=True, eq=False)
class Reader:
    """A fitted probe of one cell: logits = x · weights + intercepts.

    float64: at layer 1 CLS carries the sentence in a millionth of its variance.
    """

    layer: int
    pooling: str
    weights: np.ndarray
    """float64 (H, K), K = 1 for two classes (towards the second)."""
    intercepts: np.ndarray
    """float64 (K,)"""

    def logits(self, x: np.ndarray) -> np.ndarray:
        """float64 (n, classes) for (n, H) vectors; the first of two classes has logit 0."""
        found = x.astype(np.float64) @ self.weights + self.intercepts
        return found if found.shape[1] > 1 else np.hstack([np.zeros_like(found), found])

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """float64 (n, classes)"""
        logits = self.logits(x)
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Readers:
    """A reader for each cell of a run that is not constant, fitted on all of its sentences."""

    classes: tuple[str, ...]
    all: tuple[Reader, ...]
    """By pooling, then by layer."""

    @cached_property
    def _by_cell(self) -> dict[tuple[int, str], Reader]:
        return {(reader.layer, reader.pooling): reader for reader in self.all}

    def find(self, layer: int, pooling: str) -> Reader | None:
        """The reader of a cell; None where it is constant or not in the run."""
        return self._by_cell.get((layer, pooling))

    def save(self, path: Path) -> None:
        """As .npz, without pickles."""
        with path.open("wb") as file:
            np.savez(
                file,
                classes=np.array(self.classes, dtype=np.str_),
                layers=np.array([r.layer for r in self.all]),
                poolings=np.array([r.pooling for r in self.all]),
                weights=np.array([r.weights for r in self.all]),
                intercepts=np.array([r.intercepts for r in self.all]),
            )

    @staticmethod
    def load(path: Path) -> "Readers":
        """What ``save`` wrote; raises OSError, ValueError or KeyError for another file."""
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                parts = zip(
                    *(file[name] for name in ("layers", "poolings", "weights", "intercepts")),
                    strict=True,
                )
                found = tuple(Reader(int(a), str(p), w, b) for a, p, w, b in parts)
                return Readers(tuple(str(name) for name in file["classes"]), found)
        except (BadZipFile, EOFError) as error:
            raise ValueError(f"{path.name} is damaged: {error}") from error


def fit_reader(
    x: np.ndarray, y: np.ndarray, classes: int, C: float, *, layer: int, pooling: str
) -> Reader:
    """The probe of strength ``C`` on all n rows of ``x`` (n, H), ``y`` (n,) class numbers."""
    everything = np.arange(len(y))
    return _fit(x, y, classes, [everything], [C], layer, pooling)[0]


@dataclass(frozen=True, eq=False)
class FoldReaders:
    """The probes of the outer folds of one cell, each to be asked about its own test sentences.

    So altered vectors are read by a probe that saw neither them nor their originals.
    """

    readers: tuple[Reader, ...]
    fold_of: np.ndarray
    """int (n,) the fold that scores each sentence; −1 where none does."""

    def correct(self, x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """bool (m,): whether each vector of ``x`` (m, H), of sentence ``rows`` (m,), is read as
        its class ``y`` (m,). Rows that no fold scores raise ValueError."""
        folds = self.fold_of[rows]
        if (folds < 0).any():
            raise ValueError("no fold scores some of these sentences")
        right = np.zeros(len(rows), dtype=bool)
        for number in np.unique(folds):
            mine = folds == number
            right[mine] = self.readers[number].logits(x[mine]).argmax(axis=1) == y[mine]
        return right


def fit_folds(
    x: np.ndarray,
    y: np.ndarray,
    classes: int,
    folds: Sequence[Fold],
    strengths: Sequence[float],
    *,
    layer: int,
    pooling: str,
) -> FoldReaders | None:
    """A probe per fold, fitted on its training rows with its C; None for constant vectors."""
    if is_constant(x):
        return None
    readers = _fit(x, y, classes, [fold.train for fold in folds], strengths, layer, pooling)
    fold_of = np.full(len(y), -1)
    for number, fold in enumerate(folds):
        fold_of[fold.test] = number
    return FoldReaders(readers, fold_of)


def _fit(
    x: np.ndarray,
    y: np.ndarray,
    classes: int,
    trains: Sequence[np.ndarray],
    strengths: Sequence[float],
    layer: int,
    pooling: str,
) -> tuple[Reader, ...]:
    import torch

    from probing.probes import solver
    from probing.probes.search import masks

    features = solver.Features.of(np.where(_dead(x), 0, x))
    target = torch.from_numpy(y.astype(np.int64))
    c = torch.tensor(strengths, dtype=torch.float32)
    fits, _ = solver.fit(features, target, classes, masks(list(trains), len(y)), c)
    found = []
    for problem in range(len(trains)):
        weights = fits.weights[:, problem].double().numpy() * features.inverse_std[:, None]
        intercepts = fits.intercepts[problem].double().numpy() - features.mean @ weights
        found.append(Reader(layer, pooling, weights, intercepts))
    return tuple(found)


def _dead(x: np.ndarray) -> np.ndarray:
    """bool (H,): dimensions of (n, H) that hardly vary beside the widest one.

    A probe standardises them like any other: one of deviation 1e-31 would get a weight of 1e31, and
    whatever altered vectors hold there would decide alone.
    """
    std = np.asarray(x, dtype=np.float64).std(axis=0)
    return np.asarray(std <= NOISE * std.max(initial=0.0))
