"""Methods that scored the same sentences, compared sentence by sentence.

A method is a cell (layer × pooling), a baseline, or ``best``: the cells that the outer folds chose
on their inner folds. All contrasts are tested as one family.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Generic, TypeVar

import numpy as np

from probing import statistics
from probing.board import Board, estimates, with_intervals
from probing.contrasts import cell_of
from probing.evidence import Best, Contrast, Detectable, Estimate
from probing.probes.folds import Fold
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult
from probing.representations import POOLINGS

BEST = "best"
FEWEST = 100  # distinct sentences below which nothing is tested by layer
USUAL_DISCORDANCE = 0.1  # where a run has no two poolings to compare

Cell = ProbeResult | RegressionResult
Rival = Baseline | NumericBaseline
C = TypeVar("C", ProbeResult, RegressionResult)
R = TypeVar("R", Baseline, NumericBaseline)


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
    contrasts = compare(board, cells, rivals, None if inside is None else inside[0], seed)
    values = np.stack([board.values(cell.predicted) for cell in cells], axis=1)
    usual = float(np.median(board.inflation(board.score(values))))
    return Weighed(cells, rivals, contrasts, best, detectable(board, contrasts, usual))


# ---- the family of contrasts


def compare(
    board: Board, cells: Sequence[Cell], rivals: Sequence[Rival], best: np.ndarray | None, seed: int
) -> tuple[Contrast, ...]:
    """Every contrast that a verdict may name, tested as one family (sign-flip max-T).

    Poolings at the same layer; each layer with the last one of its pooling; each cell with each
    baseline; ``best`` (predictions of the cells chosen inside, or None) with each baseline and
    each cell of the last layer. Constant cells are the majority baseline and take no part. Two
    methods that get the same of every sentence are no contrast, except ``best`` and a baseline:
    a verdict must be able to say so.
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
    return contrasts_of(board, methods, pairs, seed)


def contrasts_of(
    board: Board,
    methods: Mapping[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
    seed: int,
) -> tuple[Contrast, ...]:
    """Pairs of methods tested as one family; nothing below ``FEWEST`` distinct sentences.

    ``methods`` are (n,) what each method's predictions are worth (``Board.values``), by name.
    """
    if not pairs:
        return ()
    names = list(methods)
    values = np.stack([methods[name] for name in names], axis=1)
    left = [names.index(a) for a, _ in pairs]
    right = [names.index(b) for _, b in pairs]
    intervals = board.difference_intervals(values, left, right)
    scores, additive = board.score(values), board.additive(values)
    tested = board.texts >= FEWEST
    inflation = board.inflation(scores)
    p_max_t = (
        statistics.max_t(
            additive[:, left] - additive[:, right],
            board.groups,
            seed=seed,
            inflation=np.maximum(inflation[left], inflation[right]),
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


def detectable(board: Board, contrasts: Sequence[Contrast], inflation: float = 1.0) -> Detectable:
    """The smallest difference between two poolings that this many sentences could show."""
    n = board.texts
    shares = [
        (c.only_a + c.only_b) / n
        for c in contrasts
        if (a := cell_of(c.a)) and (b := cell_of(c.b)) and a[1] == b[1]
    ]
    discordant = float(np.median(shares)) if shares else USUAL_DISCORDANCE
    discordant = max(discordant, 1 / n)
    difference = statistics.detectable_difference(n / inflation, discordant)
    return Detectable(n, discordant, difference, inflation)
