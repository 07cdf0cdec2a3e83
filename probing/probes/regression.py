"""What predictions of a number on sentences that were not fitted on are worth."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from probing.probes.result import OfCell


@dataclass(frozen=True, eq=False, kw_only=True)
class NumericScores:
    """Predictions of n held-out sentences' numbers, and what they score.

    Where every sentence has the same vector the prediction is the training sentences' mean: R² is
    about 0 (a little below), and there is no rank correlation.
    """

    r2: float
    """1 − Σ(t − predicted)² / Σ(t − mean of the scored t)²; 1 at best, 0 for their mean, below 0
    for worse."""
    ci_low: float | None = None
    """Lower end of the 95 % interval of ``r2``; None until a run's resamples give it."""
    ci_high: float | None = None
    """Upper end of it."""
    spearman: float | None
    """Rank correlation of prediction and number, −1 … 1; None where predictions do not differ."""
    C: float | None
    """Regularisation strength, 1/α of ridge regression: the median of the folds' choices (the
    lower one of two); None where there was nothing to choose."""
    n: int
    """Sentences scored."""
    constant: bool
    """Whether every sentence has the same vector here (relative variance < 1e-9)."""
    predicted: np.ndarray
    """Read-only float64 (sentences,) out-of-fold prediction; NaN for a sentence not scored."""

    def __post_init__(self) -> None:
        self.predicted.flags.writeable = False

    @property
    def scored(self) -> np.ndarray:
        """Boolean (sentences,): which were held out once, and so have a prediction."""
        return ~np.isnan(self.predicted)

    def scalars(self) -> dict[str, Any]:
        """The figures without the array."""
        return {name: getattr(self, name) for name in FIGURES}


@dataclass(frozen=True, eq=False, kw_only=True)
class RegressionResult(OfCell, NumericScores):
    """What a linear probe for a number found on one cell (layer × pooling)."""

    fold_C: tuple[float, ...] = field(default=())
    """The C that each outer fold chose on its inner folds; empty where the cell is constant."""
    fold_inner_loss: tuple[float, ...] = field(default=())
    """The inner mean squared error of that choice: what a cell may be chosen by. Infinite where
    there were no inner folds, empty where the cell is constant."""

    def row(self) -> dict[str, Any]:
        """The scalar fields, in the order of ``probes.csv``."""
        return {name: getattr(self, name) for name in SCALARS}


@dataclass(frozen=True, eq=False, kw_only=True)
class NumericBaseline(NumericScores):
    """What a method that needs no trained encoder gets on the same sentences."""

    name: str
    """One of ``mean``, ``length``, ``tfidf``, ``embeddings``."""


FIGURES = ("r2", "ci_low", "ci_high", "spearman", "C", "n", "constant")
"""The scalar fields of ``NumericScores``."""
SCALARS = ("layer", "pooling", *FIGURES)
"""The columns of ``probes.csv`` that a ``RegressionResult`` holds."""
