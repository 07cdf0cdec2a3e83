"""What a probe on one cell (layer × pooling) found."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """Scores of one cell on sentences that its probe never saw, with what they rest on.

    A constant representation has the majority baseline's accuracy and nothing else: every other
    figure is None.
    """

    layer: int
    """0 (embedding output) … L."""
    pooling: str
    accuracy: float
    """Share of the n scored sentences whose class was predicted, 0 … 1."""
    ci_low: float
    """Lower end of the 95 % Wilson interval of ``accuracy``."""
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
    predicted: np.ndarray
    """Read-only int32 (sentences,) out-of-fold class number; −1 for a sentence not scored."""
    true_probability: np.ndarray
    """Read-only float32 (sentences,) probability of the true label; NaN where there is none."""

    def __post_init__(self) -> None:
        self.predicted.flags.writeable = False
        self.true_probability.flags.writeable = False

    def row(self) -> dict[str, Any]:
        """The scalar fields, in the order of ``probes.csv``."""
        return {name: getattr(self, name) for name in SCALARS}


SCALARS = tuple(
    field.name
    for field in fields(ProbeResult)
    if field.name not in ("predicted", "true_probability")
)
