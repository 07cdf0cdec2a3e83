"""Scored sentences and results for the tests of how methods are scored and compared."""

from collections.abc import Iterable, Sequence

import numpy as np
from sklearn import metrics

from probing.board import Board
from probing.evidence import Contrast, Metric
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult

METRICS: tuple[Metric, ...] = ("accuracy", "balanced_accuracy", "r2")
FIGURES = {
    "accuracy": 0.0,
    "ci_low": 0.0,
    "ci_high": 1.0,
    "balanced_accuracy": 0.0,
} | dict.fromkeys(
    ("macro_f1", "log_loss_bits", "C", "usable_information_bits", "calibration_error"), 0.5
)
"""What a result has besides its predictions, and comparisons do not look at."""


def cell(
    name: str, predicted: np.ndarray, loss: Sequence[float] = (0.5,), constant: bool = False
) -> ProbeResult:
    """A probe's result with these predictions (−1: not scored) and inner losses."""
    pooling, _, layer = name.rpartition("_")
    return ProbeResult(
        **{**FIGURES, **({"balanced_accuracy": None} if constant else {})},  # type: ignore[arg-type]
        **_predictions(predicted),
        constant=constant,
        layer=int(layer),
        pooling=pooling,
        fold_C=() if constant else (1.0,) * len(loss),
        fold_inner_loss=() if constant else tuple(loss),
    )


def rival(name: str, predicted: np.ndarray) -> Baseline:
    return Baseline(**FIGURES, **_predictions(predicted), constant=False, name=name)  # type: ignore[arg-type]


def _predictions(predicted: np.ndarray) -> dict[str, object]:
    blank = np.full(len(predicted), np.nan, dtype=np.float32)
    whole = predicted.astype(np.int32)
    n = int((predicted >= 0).sum())
    return {"predicted": whole, "true_probability": blank, "confidence": blank.copy(), "n": n}


def number_cell(
    name: str, predicted: np.ndarray, loss: Sequence[float] = (0.5,)
) -> RegressionResult:
    pooling, _, layer = name.rpartition("_")
    return RegressionResult(
        r2=0.0,
        spearman=0.0,
        C=1.0,
        n=int((~np.isnan(predicted)).sum()),
        constant=False,
        predicted=predicted.copy(),
        layer=int(layer),
        pooling=pooling,
        fold_C=(1.0,) * len(loss),
        fold_inner_loss=tuple(loss),
    )


def number_rival(name: str, predicted: np.ndarray) -> NumericBaseline:
    n = int((~np.isnan(predicted)).sum())
    values = {"r2": 0.0, "spearman": 0.0, "C": None, "n": n, "constant": False}
    return NumericBaseline(**values, predicted=predicted.copy(), name=name)  # type: ignore[arg-type]


def made(metric: Metric, n: int, seed: int = 0) -> tuple[np.ndarray, list[np.ndarray]]:
    """Truth (n,), and what four methods of different worth predict."""
    rng = np.random.default_rng(seed)
    if metric == "r2":
        truth = 40 + 12 * rng.standard_t(5, n)
        shared = rng.normal(size=n)
        sizes = ((3, 5), (5, 5), (2, 9), (8, 9))
        return truth, [truth + a * shared + b * rng.normal(size=n) for a, b in sizes]
    share = [0.7, 0.2, 0.1] if metric == "balanced_accuracy" else [0.4, 0.35, 0.25]
    truth, hard = rng.choice(3, n, p=share), rng.random(n)
    given = [np.where(hard + 0.5 * rng.random(n) < ease, truth, rng.integers(0, 3, n))
             for ease in (0.95, 0.9, 0.8, 0.5)]  # fmt: skip
    return truth, given


def board_of(metric: Metric, truth: np.ndarray, groups: np.ndarray | None = None) -> Board:
    texts = np.arange(len(truth)) if groups is None else groups
    return Board.of(metric, np.ones(len(truth), dtype=bool), truth, texts, seed=0)


def results(metric: Metric, given: Sequence[np.ndarray]) -> tuple[list, list]:  # type: ignore[type-arg]
    """Three cells and a baseline."""
    names = ("cls_0", "cls_1", "mean_1")
    if metric == "r2":
        cells = [number_cell(name, p) for name, p in zip(names, given, strict=False)]
        return cells, [number_rival("tfidf", given[3])]
    return [cell(name, p) for name, p in zip(names, given, strict=False)], [
        rival("tfidf", given[3])
    ]


def by_name(contrasts: Iterable[Contrast]) -> dict[tuple[str, str], Contrast]:
    return {(c.a, c.b): c for c in contrasts}


def reference(metric: Metric, truth: np.ndarray, predicted: np.ndarray) -> float:
    """The score as scikit-learn has it."""
    score = {
        "accuracy": metrics.accuracy_score,
        "balanced_accuracy": metrics.balanced_accuracy_score,
        "r2": metrics.r2_score,
    }[metric]
    return float(score(truth, predicted))
