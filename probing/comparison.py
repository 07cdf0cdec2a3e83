"""Methods that scored the same sentences, compared sentence by sentence.

A method is a cell (layer × pooling), a baseline, or ``best``: the cells that the outer folds chose
on their inner folds. All intervals of a run come from one set of resamples of its distinct texts,
so that differences are paired; all contrasts are tested as one family.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Generic, TypeVar

import numpy as np

from probing import statistics
from probing.evidence import Best, Contrast, Detectable, Estimate, Metric
from probing.probes.folds import Fold
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult
from probing.representations import POOLINGS

BEST = "best"
LEADS = 0.6  # share of the majority class above which balanced accuracy leads
FEWEST = 100  # distinct sentences below which nothing is tested by layer
USUAL_DISCORDANCE = 0.1  # where a run has no two poolings to compare

Cell = ProbeResult | RegressionResult
Rival = Baseline | NumericBaseline
C = TypeVar("C", ProbeResult, RegressionResult)
R = TypeVar("R", Baseline, NumericBaseline)
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

    @staticmethod
    def of(
        metric: Metric, scored: np.ndarray, truth: np.ndarray, groups: np.ndarray, seed: int
    ) -> "Board":
        """For the sentences where ``scored`` (boolean); ``truth`` and ``groups`` are of all."""
        rows = np.flatnonzero(scored)
        texts = groups[rows]
        return Board(metric, rows, truth[rows], texts, statistics.Resamples(texts, seed))

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

    def intervals(self, values: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """(m, 2) 95 % intervals of the scores of (n, m) values."""
        if self.metric == "accuracy":
            return statistics.share_intervals(values, samples, self.groups)
        if self.metric == "balanced_accuracy":
            return statistics.balanced_intervals(values, self.truth, samples, self.groups)
        return statistics.interval(samples)

    def difference_intervals(self, values: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """(m, 2) 95 % intervals of differences of scores, from (n, m) differences of values."""
        if self.metric == "accuracy":
            return statistics.difference_intervals(values, samples, self.groups)
        return statistics.interval(samples)

    def additive(self, values: np.ndarray) -> np.ndarray:
        """(n, m) what each sentence adds to the scores, up to a constant."""
        return values if self.metric == "accuracy" else self._weights()[:, None] * values

    def _weights(self) -> np.ndarray:
        if self.metric == "r2":
            squares = np.square(self.truth - self.truth.mean()).sum()
            return np.full(len(self.rows), 1 / max(squares, 1e-300))
        _, inverse, counts = np.unique(self.truth, return_inverse=True, return_counts=True)
        return 1 / (len(counts) * counts[inverse])


def estimates(board: Board, predictions: Sequence[np.ndarray]) -> list[Estimate]:
    """The score of each of some (sentences,) predictions, with its interval."""
    values = np.stack([board.values(predicted) for predicted in predictions], axis=1)
    return _estimated(board, board.score(values), board.intervals(values, board.samples(values)))


def share_estimates(board: Board, right: np.ndarray) -> list[Estimate]:
    """The share of 1 in each column of (n, m)."""
    plain = replace(board, metric="accuracy")
    return _estimated(board, plain.score(right), plain.intervals(right, plain.samples(right)))


def mean_estimates(board: Board, values: np.ndarray) -> list[Estimate]:
    """The mean of each column of (n, m) values of any kind (bits, differences)."""
    intervals = statistics.interval(board.resamples.means(values))
    return _estimated(board, values.mean(axis=0), intervals)


def _estimated(board: Board, scores: np.ndarray, intervals: np.ndarray) -> list[Estimate]:
    n = len(board.rows)
    return [
        Estimate(score, low, high, n)
        for score, (low, high) in zip(scores.tolist(), intervals.tolist(), strict=True)
    ]


def with_intervals(board: Board, results: Sequence[Kind]) -> tuple[Kind, ...]:
    """The same results with the intervals of the run's resamples."""
    if not results:
        return ()
    if board.metric == "r2":
        values = np.stack([board.values(r.predicted) for r in results], axis=1)
        ends = board.intervals(values, board.samples(values)).tolist()
        changes = [{"ci_low": low, "ci_high": high} for low, high in ends]
    else:
        changes = _class_intervals(board, results)
    return tuple(replace(r, **changed) for r, changed in zip(results, changes, strict=True))


def _class_intervals(board: Board, results: Sequence[Any]) -> list[dict[str, float]]:
    """Of accuracy, and of balanced accuracy where a result has it."""
    plain, even = replace(board, metric="accuracy"), replace(board, metric="balanced_accuracy")
    values = np.stack([plain.values(r.predicted) for r in results], axis=1)
    accuracy = plain.intervals(values, plain.samples(values)).tolist()
    balanced = even.intervals(values, even.samples(values)).tolist()
    changes = []
    for result, (low, high), (balanced_low, balanced_high) in zip(
        results, accuracy, balanced, strict=True
    ):
        changed = {"ci_low": low, "ci_high": high}
        if result.balanced_accuracy is not None:
            changed |= {"balanced_low": balanced_low, "balanced_high": balanced_high}
        changes.append(changed)
    return changes


@dataclass(frozen=True, eq=False)
class Weighed(Generic[C, R]):
    """Results with their intervals, and how they compare."""

    cells: tuple[C, ...]
    rivals: tuple[R, ...]
    contrasts: tuple[Contrast, ...]
    best: Best | None
    detectable: Detectable


def weigh(
    board: Board, cells: Sequence[C], rivals: Sequence[R], folds: Sequence[Fold], seed: int
) -> Weighed[C, R]:
    """All that is said about the cells of a run and its baselines, from held-out predictions."""
    cells, rivals = with_intervals(board, cells), with_intervals(board, rivals)
    inside = choose_inside(cells, folds, len(cells[0].predicted))
    best = None if inside is None else best_of(board, cells, *inside)
    contrasts = compare(
        board,
        cells,
        rivals,
        None if inside is None else inside[0],
        seed,
        inflation=inflation(board, folds),
    )
    return Weighed(cells, rivals, contrasts, best, detectable(board, contrasts))


# ---- the family of contrasts


def inflation(board: Board, folds: Sequence[Fold]) -> float:
    """How far the folds make held-out sentences depend on each other; 1 for a given split."""
    if len(folds) == 1:
        return 1.0
    numbers = board.metric == "r2"
    return statistics.cross_validation_inflation(None if numbers else len(np.unique(board.truth)))


def compare(
    board: Board,
    cells: Sequence[Cell],
    rivals: Sequence[Rival],
    best: np.ndarray | None,
    seed: int,
    inflation: float = 1.0,
) -> tuple[Contrast, ...]:
    """Every contrast that a verdict may name, tested as one family (sign-flip max-T).

    Poolings at the same layer; each layer with the last one of its pooling; each cell with each
    baseline; ``best`` (predictions of the cells chosen inside, or None) with each baseline and
    each cell of the last layer. Constant cells are the majority baseline and take no part. Two
    methods that get the same of every sentence are no contrast, except ``best`` and a baseline:
    a verdict must be able to say so. ``inflation`` is that of ``inflation()``.
    """
    methods = {cell.name: board.values(cell.predicted) for cell in cells}
    methods |= {rival.name: board.values(rival.predicted) for rival in rivals}
    if best is not None:
        methods[BEST] = board.values(best)
    given = {rival.name for rival in rivals}
    pairs = [
        (a, b)
        for a, b in _pairs([c for c in cells if not c.constant], rivals, best is not None)
        if (a == BEST and b in given) or not np.array_equal(methods[a], methods[b])
    ]
    if not pairs:
        return ()
    names = list(methods)
    values = np.stack([methods[name] for name in names], axis=1)
    left = [names.index(a) for a, _ in pairs]
    right = [names.index(b) for _, b in pairs]
    samples = board.samples(values)
    intervals = board.difference_intervals(
        values[:, left] - values[:, right], samples[:, left] - samples[:, right]
    )
    scores, additive = board.score(values), board.additive(values)
    tested = board.texts >= FEWEST
    p_max_t = (
        statistics.max_t(
            additive[:, left] - additive[:, right], board.groups, seed=seed, inflation=inflation
        ).tolist()
        if tested
        else [None] * len(pairs)
    )
    found = []
    for k, (a, b) in enumerate(pairs):
        only_a, only_b, p = _mcnemar(board, methods[a], methods[b])
        low, high = intervals[k]
        difference = Estimate(
            float(scores[left[k]] - scores[right[k]]), float(low), float(high), len(board.rows)
        )
        found.append(Contrast(a, b, difference, only_a, only_b, p if tested else None, p_max_t[k]))
    return tuple(found)


def _pairs(cells: Sequence[Cell], rivals: Sequence[Rival], best: bool) -> Iterator[tuple[str, str]]:
    place = {(c.layer, c.pooling): c.name for c in cells}
    layers = sorted({c.layer for c in cells})
    for layer in layers:
        here = [place[layer, p] for p in POOLINGS if (layer, p) in place]
        yield from combinations(here, 2)
    last = max(layers, default=0)
    for pooling in POOLINGS:
        for layer in layers:
            if layer != last and (layer, pooling) in place and (last, pooling) in place:
                yield place[layer, pooling], place[last, pooling]
    for cell in cells:
        yield from ((cell.name, rival.name) for rival in rivals)
    if best:
        yield from ((BEST, rival.name) for rival in rivals)
        yield from ((BEST, c.name) for c in cells if c.layer == last)


def _mcnemar(board: Board, a: np.ndarray, b: np.ndarray) -> tuple[int, int, float | None]:
    """Distinct texts that only a, only b gets right, and p; closer to the truth for numbers."""
    only_a, only_b, p = statistics.mcnemar(a > b, b > a, board.groups)
    return only_a, only_b, None if board.metric == "r2" else p


# ---- the best cell


def choose_inside(
    cells: Sequence[Cell], folds: Sequence[Fold], n: int
) -> tuple[np.ndarray, tuple[str, ...]] | None:
    """Each outer fold's cell of least inner loss: (n,) its predictions, and the cells' names.

    No test sentence plays a part in the choice. None where no fold had inner folds to choose by.
    """
    able = [c for c in cells if not c.constant and np.isfinite(c.fold_inner_loss).all()]
    if not able:
        return None
    missing = np.nan if isinstance(able[0], RegressionResult) else -1
    predicted = np.full(n, missing, dtype=able[0].predicted.dtype)
    chosen = []
    for number, fold in enumerate(folds):
        cell = min(able, key=lambda c: c.fold_inner_loss[number])
        predicted[fold.test] = cell.predicted[fold.test]
        chosen.append(cell.name)
    return predicted, tuple(chosen)


def best_of(
    board: Board, cells: Sequence[Cell], predicted: np.ndarray, chosen: Sequence[str]
) -> Best:
    """The score of the choices, beside the flattered maximum of all cells."""
    choices = Counter(chosen)
    first = choices.most_common(1)[0][0]
    cell = next(c for c in cells if c.name == first)
    accuracy = None
    if board.metric != "r2":
        accuracy = estimates(replace(board, metric="accuracy"), [predicted])[0]
    everything = np.stack([board.values(c.predicted) for c in cells], axis=1)
    return Best(
        layer=cell.layer,
        pooling=cell.pooling,
        score=estimates(board, [predicted])[0],
        accuracy=accuracy,
        choices=dict(choices.most_common()),
        maximum=float(board.score(everything).max()),
    )


def detectable(board: Board, contrasts: Sequence[Contrast]) -> Detectable:
    """The smallest difference between two poolings that this many sentences could show."""
    n = board.texts
    shares = [
        (c.only_a + c.only_b) / n
        for c in contrasts
        if _layer(c.a) is not None and _layer(c.a) == _layer(c.b)
    ]
    discordant = float(np.median(shares)) if shares else USUAL_DISCORDANCE
    discordant = max(discordant, 1 / n)
    return Detectable(n, discordant, statistics.detectable_difference(n, discordant))


def _layer(name: str) -> str | None:
    pooling, _, layer = name.rpartition("_")
    return layer if pooling in POOLINGS else None
