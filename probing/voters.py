"""Which cells of a run may say that a sentence is hard or a label wrong."""

import numpy as np

from probing.answers import Cell, class_numbers, results_of
from probing.record import Run

_FIGURES = {
    "r2": ("r2", "ci_low", "ci_high"),
    "accuracy": ("accuracy", "ci_low", "ci_high"),
    "balanced_accuracy": ("balanced_accuracy", "balanced_low", "balanced_high"),
}


def good_cells(run: Run) -> tuple[Cell, ...]:
    """The cells that may say which sentences are hard and which labels may be wrong.

    A cell is good where it is not constant, the upper end of its 95 % interval reaches the score
    of the best, and the lower end lies above what one answer for all sentences can score (one
    class, or the mean). The best is the one chosen on inner folds (``evidence.best``), else the
    highest of all. The score is the run's leading metric; without an interval it stands for both
    ends. Empty where no cell is good: then nothing may be said of single sentences.
    """
    able = [cell for cell in results_of(run) if not cell.constant]
    if not able:
        return ()
    metric = "r2" if run.kind == "numbers" else run.evidence.metric
    standings = [_standing(cell, metric) for cell in able]
    best = run.evidence.best
    reached = max(score for score, _, _ in standings) if best is None else best.score.value
    alone = _score_of_one_answer(run, metric, able[0].scored)
    return tuple(
        cell
        for cell, (_, low, high) in zip(able, standings, strict=True)
        if high >= reached and low > alone
    )


def _standing(cell: Cell, metric: str) -> tuple[float, float, float]:
    """Score, lower and upper end of its interval."""
    score, low, high = (getattr(cell, name) for name in _FIGURES[metric])
    return score, score if low is None else low, score if high is None else high


def _score_of_one_answer(run: Run, metric: str, scored: np.ndarray) -> float:
    """The most that the same answer for all scored sentences can score."""
    if metric == "r2":
        return 0.0
    counts = np.bincount(class_numbers(run)[scored])
    if metric == "balanced_accuracy":
        return float(1 / np.count_nonzero(counts))
    return float(counts.max() / counts.sum())
