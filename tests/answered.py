"""Runs of made-up answers: cells that are right and sure where they are told to be."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from probing.evidence import Best, Estimate, Evidence
from probing.probes.folds import Fold, Plan
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.probes.scoring import majority, score
from probing.record import Run
from probing.sentences import Sentences

HOSTILE = (
    '<img src=x onerror=alert(1)> & "quoted" ${x}',
    "=cmd|' /C calc'!A0",
    "line\r\nbreak\tand \x00 nul",
    "\u202eright to left \ud83d",  # with half of a surrogate pair
    "nan",
    "  NA  ",
)
"""Texts that a page must escape, and that tables like to turn into something else."""


def cell_of(
    y: np.ndarray, p: np.ndarray, layer: int = 1, pooling: str = "cls", **own: Any
) -> ProbeResult:
    """A cell that gave these probabilities (n, classes); NaN rows were not scored."""
    with np.errstate(divide="ignore"):
        return score(ProbeResult, y, np.log(p), 1.0, layer=layer, pooling=pooling, **own)


def says(predicted: Sequence[int], confidence: Sequence[float], classes: int = 2) -> np.ndarray:
    """Probabilities (n, classes) with this confidence in a class, the rest spread evenly."""
    p = np.repeat((1 - np.array(confidence, float))[:, None] / (classes - 1), classes, axis=1)
    p[np.arange(len(p)), list(predicted)] = confidence
    return p


def constant_cell(y: np.ndarray, layer: int = 0, pooling: str = "cls") -> ProbeResult:
    everything = np.arange(len(y))
    plan = Plan((Fold(everything, everything, ()),), "", ())
    return majority(ProbeResult, y, plan, layer=layer, pooling=pooling)


def run_of(
    y: np.ndarray,
    probes: Sequence[ProbeResult],
    evidence: Evidence | None = None,
    texts: Sequence[str] = (),
) -> Run:
    """A run of classes a, b, c …; every third row of the file was used."""
    sentences = Sentences(
        texts=tuple(texts) or tuple(f"text {i}" for i in range(len(y))),
        labels=tuple("abcdefgh"[k] for k in y),
        rows=tuple(3 * i + 1 for i in range(len(y))),
    )
    record = {"id": "0" * 32, "evidence": evidence.to_json() if evidence else None}
    return Run(record, sentences, tuple(probes), ())


def best_of(score: float, accuracy: float | None = None) -> Best:
    estimate = Estimate(score, 0.0, 1.0, 100)
    plain = None if accuracy is None else Estimate(accuracy, 0.0, 1.0, 100)
    return Best(1, "cls", estimate, plain, {"cls_1": 5}, 1.0)


def with_accuracy(y: np.ndarray, right: int, layer: int) -> ProbeResult:
    """A cell that is right on the first ``right`` sentences of two classes, and sure of it."""
    predicted = np.where(np.arange(len(y)) < right, y, 1 - y)
    return cell_of(y, says(predicted, [0.9] * len(y)), layer)


def names(cells: Sequence[ProbeResult]) -> list[str]:
    return [cell.name for cell in cells]


def random_run(n: int, classes: int, cells: int, seed: int) -> Run:
    """Cells that lean to the label; a fifth of the sentences is not scored."""
    rng = np.random.default_rng(seed)
    y = np.r_[np.arange(classes), rng.integers(classes, size=n - classes)]
    unscored = rng.random(n) < 0.2
    probes = []
    for k in range(cells):
        logits = 2 * rng.normal(size=(n, classes)) + 3 * np.eye(classes)[y]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        p[unscored] = np.nan
        probes.append(cell_of(y, p, k % 7, ("cls", "pooled", "mean")[k // 7]))
    return run_of(y, probes)


def numeric_run(true: np.ndarray, cells: Sequence[RegressionResult]) -> Run:
    """Every third row of the file was used; numbers with a decimal comma."""
    labels = tuple(f"{value:.2f}".replace(".", ",") for value in true)
    texts = tuple(f"text {i}" for i in range(len(true)))
    sentences = Sentences(texts, labels, rows=tuple(3 * i + 1 for i in range(len(true))))
    return Run({"id": "0" * 32}, sentences, (), (), regressions=tuple(cells))


def regression(
    predicted: Sequence[float], r2: float, low: float, high: float, layer: int, **own: Any
) -> RegressionResult:
    values = {"spearman": 0.5, "C": 1.0, "constant": False, "pooling": "cls", **own}
    n = int(np.isfinite(predicted).sum())
    return RegressionResult(
        r2=r2, ci_low=low, ci_high=high, n=n, layer=layer, predicted=np.array(predicted), **values
    )


TRUE = np.array([0.5, 1.5, 2.5, 3.5, 4.5])


GUESSES = (
    regression([0.5, 3.5, 2.0, 3.5, np.nan], 0.6, 0.4, 0.8, 1),
    regression([1.5, 2.5, 1.0, 3.5, np.nan], 0.5, 0.1, 0.7, 2),
    regression([9.5, 9.5, 9.5, 9.5, np.nan], -5.0, -6.0, 0.9, 3),
    regression([2.0, 2.0, 2.0, 2.0, np.nan], 0.9, 0.8, 0.95, 0, constant=True),
)
