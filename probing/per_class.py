"""A finished run class by class: which are found, which are taken for which."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probing.answers import class_numbers
from probing.errors import SettingsError
from probing.record import Run
from probing.statistics import wilson

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Confusion:
    """What one cell takes each class for."""

    layer: int
    pooling: str
    classes: tuple[str, ...]
    """K names, the most frequent first."""
    counts: np.ndarray
    """Read-only int64 (K, K): sentences of the row's class that were taken for the column's."""

    def __post_init__(self) -> None:
        self.counts.flags.writeable = False

    @property
    def n(self) -> int:
        """Sentences scored."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Recall:
    """How much of a class one cell finds."""

    layer: int
    pooling: str
    share: float
    """0 … 1."""
    low: float
    """Lower end of the 95 % Wilson interval, which takes sentences for independent."""
    high: float
    n: int
    """Sentences of the class that were scored."""
    constant: bool


def confusion(run: Run, layer: int, pooling: str) -> Confusion:
    """What a cell takes each class for, on sentences that were not fitted on.

    SettingsError where the run has no classes; KeyError where it has no such cell.
    """
    _require_classes(run)
    cell, y = run.cell(layer, pooling), class_numbers(run)
    size, kept = len(run.sentences.classes), cell.scored
    pairs = y[kept] * size + cell.predicted[kept]
    counts = np.bincount(pairs, minlength=size * size).reshape(size, size)
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    names = tuple(run.sentences.classes[k] for k in order.tolist())
    return Confusion(layer, pooling, names, counts[np.ix_(order, order)])


def scores(found: Confusion) -> "pd.DataFrame":
    """A line per class: n, recall with its 95 % Wilson interval, precision, F1, taken_for.

    ``precision`` is NaN for a class that is never predicted; F1 is then 0. ``taken_for`` is the
    class that its wrong sentences are most often taken for, empty where none is wrong.
    """
    import pandas as pd

    counts = found.counts
    hits, sizes, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision = hits / sizes, hits / predicted
        f1 = 2 * hits / (sizes + predicted)
    ends = [_interval(int(k), int(n)) for k, n in zip(hits, sizes, strict=True)]
    wrong = counts - np.diag(hits)
    taken = [found.classes[k] if wrong[i, k] else "" for i, k in enumerate(wrong.argmax(axis=1))]
    return pd.DataFrame(
        {
            "class": pd.Series(found.classes, dtype=object),
            "n": sizes,
            "recall": recall,
            "recall_low": [low for low, _ in ends],
            "recall_high": [high for _, high in ends],
            "precision": precision,
            "f1": f1,
            "taken_for": pd.Series(taken, dtype=object),
        }
    )


def recalls(run: Run) -> dict[str, tuple[Recall, ...]]:
    """Class → its recall in every cell, the most frequent class first."""
    _require_classes(run)
    y = class_numbers(run)
    sizes = np.bincount(y, minlength=len(run.sentences.classes))
    found: dict[str, tuple[Recall, ...]] = {}
    for k in np.argsort(-sizes, kind="stable").tolist():
        members, cells = y == k, []
        for cell in run.probes:
            of_class = cell.predicted[members & cell.scored]
            hits, n = int((of_class == k).sum()), len(of_class)
            if n:
                ends = _interval(hits, n)
                cells.append(Recall(cell.layer, cell.pooling, hits / n, *ends, n, cell.constant))
        found[run.sentences.classes[k]] = tuple(cells)
    return found


def _interval(hits: int, n: int) -> tuple[float, float]:
    return wilson(hits, n) if n else (0.0, 1.0)


def _require_classes(run: Run) -> None:
    if run.kind != "classes":
        raise SettingsError(
            "scores by class need labels that are classes, and this run has none. Choose a label "
            "column of classes and run again."
        )
