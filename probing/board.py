"""Scores of sentences, resampled scores and their intervals, under a run's leading metric.

All intervals of a run come from one set of resamples of its distinct texts, so that differences are
paired.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from probing import statistics
from probing.evidence import Estimate, Metric
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult

NUMBERS = 2.0  # inflation of Σ k_ij·t_i·t_j over the pairs of cross-validated numbers
UNKNOWN = 1 + 2 / np.pi  # the most that cross-validation inflates the variance of right answers
LEADS = 0.6  # share of the majority class above which balanced accuracy leads

Kind = TypeVar("Kind", ProbeResult, RegressionResult, Baseline, NumericBaseline)


def leading_metric(y: np.ndarray) -> Metric:
    """Balanced accuracy where the most frequent class has more than ``LEADS`` of ``y`` (n,)."""
    return "balanced_accuracy" if np.bincount(y).max() > LEADS * len(y) else "accuracy"


@dataclass(frozen=True, eq=False)
class Board:
    """How the scored sentences of a run are turned into scores and resampled scores."""

    metric: Metric
    rows: np.ndarray
    """int64 (n,) indices of the scored sentences."""
    truth: np.ndarray
    """(n,) their class numbers, or their numbers."""
    groups: np.ndarray
    """int64 (n,) distinct text of each."""
    resamples: statistics.Resamples
    folds: int = 1
    """Outer folds. With more than one, sentences train each other's probes."""

    @staticmethod
    def of(
        metric: Metric,
        scored: np.ndarray,
        truth: np.ndarray,
        groups: np.ndarray,
        seed: int,
        folds: int = 1,
    ) -> "Board":
        """For the sentences where ``scored`` (boolean); ``truth`` and ``groups`` are of all."""
        rows = np.flatnonzero(scored)
        texts = groups[rows]
        return Board(metric, rows, truth[rows], texts, statistics.Resamples(texts, seed), folds)

    def inflation(self, scores: np.ndarray) -> np.ndarray:
        """(m,) how many times the folds inflate the variance of (m,) scores; 1 for one fold.

        No estimate of the variance of cross-validation is unbiased (Bengio & Grandvalet 2004). This
        one is right where little is known of the labels, else rather too much than too little.
        """
        if self.folds == 1:
            return np.ones(len(scores))
        if self.metric == "r2":
            return np.full(len(scores), NUMBERS)
        return statistics.cross_validation_inflation(scores)

    @property
    def texts(self) -> int:
        """Distinct texts among the scored sentences."""
        return len(np.unique(self.groups))

    def values(self, predicted: np.ndarray) -> np.ndarray:
        """(n,) what a prediction is worth: 1 or 0 for a class, minus the squared error else."""
        given = predicted[self.rows]
        if self.metric == "r2":
            return -np.square(given - self.truth)
        return (given == self.truth).astype(np.float64)

    def score(self, values: np.ndarray) -> np.ndarray:
        """(m,) scores of (n, m) values."""
        if self.metric == "accuracy":
            return values.mean(axis=0)
        if self.metric == "r2":
            return 1 + self.additive(values).sum(axis=0)
        classes = np.unique(self.truth)
        return np.mean([values[self.truth == k].mean(axis=0) for k in classes], axis=0)

    def samples(self, values: np.ndarray) -> np.ndarray:
        """(resamples, m) scores of (n, m) values in every resample."""
        if self.metric == "accuracy":
            return self.resamples.means(values)
        if self.metric == "balanced_accuracy":
            return self.resamples.class_means(values, self.truth)
        return self.resamples.r2(self.truth, -values)

    def intervals(self, values: np.ndarray, fitted: np.ndarray | bool = True) -> np.ndarray:
        """(m, 2) 95 % intervals of the scores of (n, m) values.

        Widened by the root of ``inflation`` where ``fitted``, (m,) or for all: a method that learns
        nothing of single sentences, such as the majority, has no such dependence.
        """
        samples = self.samples(values)
        if self.metric == "accuracy":
            ends = statistics.share_intervals(values, samples, self.groups)
        elif self.metric == "balanced_accuracy":
            ends = statistics.balanced_intervals(values, self.truth, samples, self.groups)
        else:
            ends = statistics.interval(samples)
        least = -np.inf if self.metric == "r2" else 0.0
        scores = self.score(values)
        wide = _widened(scores, ends, self.inflation(scores)).clip(least, 1.0)
        return np.where(np.broadcast_to(fitted, len(ends))[:, None], wide, ends)

    def difference_intervals(
        self, values: np.ndarray, left: Sequence[int], right: Sequence[int]
    ) -> np.ndarray:
        """(pairs, 2) 95 % intervals of score of ``left`` − score of ``right``, columns of values.

        Widened likewise.
        """
        samples = self.samples(values)
        drawn = samples[:, left] - samples[:, right]
        if self.metric == "accuracy":
            each = values[:, left] - values[:, right]
            ends = statistics.difference_intervals(each, drawn, self.groups)
        else:
            ends = statistics.interval(drawn)
        scores = self.score(values)
        least, most = (-np.inf, np.inf) if self.metric == "r2" else (-1.0, 1.0)
        gaps, inflation = scores[left] - scores[right], self.inflation(scores)
        inflation = np.maximum(inflation[left], inflation[right])
        return _widened(gaps, ends, inflation).clip(least, most)

    def mean_intervals(self, values: np.ndarray) -> np.ndarray:
        """(m, 2) 95 % intervals of the means of (n, m) values of any kind, widened by the most."""
        ends = statistics.interval(self.resamples.means(values))
        most = 1.0 if self.folds == 1 else NUMBERS if self.metric == "r2" else UNKNOWN
        return _widened(values.mean(axis=0), ends, np.full(len(ends), most))

    def additive(self, values: np.ndarray) -> np.ndarray:
        """(n, m) what each sentence adds to the scores, up to a constant."""
        return values if self.metric == "accuracy" else self._weights()[:, None] * values

    def _weights(self) -> np.ndarray:
        if self.metric == "r2":
            squares = np.square(self.truth - self.truth.mean()).sum()
            return np.full(len(self.rows), 1 / max(squares, 1e-300))
        _, inverse, counts = np.unique(self.truth, return_inverse=True, return_counts=True)
        return 1 / (len(counts) * counts[inverse])


def _widened(centre: np.ndarray, ends: np.ndarray, inflation: np.ndarray) -> np.ndarray:
    return centre[:, None] + (ends - centre[:, None]) * np.sqrt(inflation)[:, None]


def estimates(board: Board, predictions: Sequence[np.ndarray]) -> list[Estimate]:
    """The score of each of some (sentences,) predictions, with its interval."""
    values = np.stack([board.values(predicted) for predicted in predictions], axis=1)
    return _estimated(board, board.score(values), board.intervals(values))


def share_estimates(board: Board, right: np.ndarray) -> list[Estimate]:
    """The share of 1 in each column of (n, m)."""
    plain = replace(board, metric="accuracy")
    return _estimated(board, plain.score(right), plain.intervals(right))


def mean_estimates(board: Board, values: np.ndarray) -> list[Estimate]:
    """The mean of each column of (n, m) values of any kind (bits, differences)."""
    return _estimated(board, values.mean(axis=0), board.mean_intervals(values))


def _estimated(board: Board, scores: np.ndarray, intervals: np.ndarray) -> list[Estimate]:
    n = len(board.rows)
    return [
        Estimate(score, low, high, n)
        for score, (low, high) in zip(scores.tolist(), intervals.tolist(), strict=True)
    ]


def with_intervals(board: Board, results: Sequence[Kind]) -> tuple[Kind, ...]:
    """The same results with the intervals of the run's resamples.

    Of accuracy and, where a result has it, of balanced accuracy; of R² for numbers.
    """
    if not results:
        return ()
    fitted = np.array([not result.constant for result in results])
    numbers: tuple[Metric, ...] = ("r2",)
    metrics = numbers if board.metric == "r2" else ("accuracy", "balanced_accuracy")
    ends = {}
    for metric in metrics:
        under = replace(board, metric=metric)
        values = np.stack([under.values(result.predicted) for result in results], axis=1)
        ends[metric] = under.intervals(values, fitted).tolist()
    changes: list[dict[str, Any]] = []
    for k, result in enumerate(results):
        low, high = ends[metrics[0]][k]
        changes.append({"ci_low": low, "ci_high": high})
        if getattr(result, "balanced_accuracy", None) is not None:
            low, high = ends["balanced_accuracy"][k]
            changes[k] |= {"balanced_low": low, "balanced_high": high}
    return tuple(replace(r, **changed) for r, changed in zip(results, changes, strict=True))
