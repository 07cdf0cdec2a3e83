"""What predictions on sentences that were not fitted on are worth."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Predictions on n held-out sentences, and what they score.

    Where every sentence has the same vector there is the majority's accuracy and nothing else:
    every other figure is None.
    """

    accuracy: float
    """Share of the n scored sentences whose class was predicted, 0 … 1."""
    ci_low: float
    """Lower end of the 95 % interval of ``accuracy``."""
    ci_high: float
    """Upper end of it."""
    balanced_accuracy: float | None
    """Mean over the classes of the share predicted rightly, 0 … 1."""
    macro_f1: float | None
    """Mean over the classes of F1, 0 … 1."""
    log_loss_bits: float | None
    """Mean of −log2 of the probability given to the true label."""
    C: float | None
    """Regularisation strength: the median of the folds' choices (the lower one of two)."""
    n: int
    """Sentences scored."""
    constant: bool
    """Whether every sentence has the same vector here (relative variance < 1e-9)."""
    usable_information_bits: float | None
    """H(Y) − log-loss: how many bits about the label the probe gets out (Xu et al. 2020)."""
    calibration_error: float | None
    """Expected calibration error over 15 equal bins of confidence, 0 … 1."""
    balanced_low: float | None = None
    """Lower end of the 95 % interval of ``balanced_accuracy``."""
    balanced_high: float | None = None
    """Upper end of it."""
    predicted: np.ndarray
    """Read-only int32 (sentences,) out-of-fold class number; −1 for a sentence not scored."""
    true_probability: np.ndarray
    """Read-only float32 (sentences,) probability of the true label; NaN where there is none."""
    confidence: np.ndarray
    """Read-only float32 (sentences,) probability of the predicted class; NaN likewise."""

    def __post_init__(self) -> None:
        for array in (self.predicted, self.true_probability, self.confidence):
            array.flags.writeable = False

    @property
    def scored(self) -> np.ndarray:
        """Boolean (sentences,): which were held out once, and so have a prediction."""
        return self.predicted >= 0

    def scalars(self) -> dict[str, Any]:
        """The figures without the arrays."""
        return {name: getattr(self, name) for name in FIGURES}


@dataclass(frozen=True, eq=False, kw_only=True)
class OfCell:
    """Which cell (layer × pooling) a result is of."""

    layer: int
    """0 (embedding output) … L."""
    pooling: str

    @property
    def name(self) -> str:
        """``cls_6`` for CLS at layer 6, as the columns of ``predictions.parquet`` are called."""
        return f"{self.pooling}_{self.layer}"


@dataclass(frozen=True, eq=False, kw_only=True)
class ProbeResult(OfCell, Scores):
    """What a linear probe on one cell (layer × pooling) found."""

    fold_C: tuple[float, ...] = field(default=())
    """The C that each outer fold chose on its inner folds."""
    fold_inner_loss: tuple[float, ...] = field(default=())
    """The inner log-loss (nats) of that choice: what a cell may be chosen by. Infinite where there
    were no inner folds, empty where the cell is constant."""

    def row(self) -> dict[str, Any]:
        """The scalar fields, in the order of ``probes.csv``."""
        return {name: getattr(self, name) for name in SCALARS}


@dataclass(frozen=True, eq=False, kw_only=True)
class Baseline(Scores):
    """What a method that needs no trained encoder gets on the same sentences."""

    name: str
    """One of ``majority``, ``length``, ``tfidf``, ``embeddings``."""


FIGURES = (
    "accuracy",
    "ci_low",
    "ci_high",
    "balanced_accuracy",
    "macro_f1",
    "log_loss_bits",
    "C",
    "n",
    "constant",
    "usable_information_bits",
    "calibration_error",
    "balanced_low",
    "balanced_high",
)
"""The scalar fields of ``Scores``."""
SCALARS = ("layer", "pooling", *FIGURES)
"""The columns of ``probes.csv`` that a ``ProbeResult`` holds."""
