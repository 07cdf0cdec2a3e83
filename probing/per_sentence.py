"""A finished run sentence by sentence: which are hard, which labels may be wrong, who is right.

Every table has the ``row`` that a sentence has in the uploaded file and, as its index, the
sentence's position in ``run.sentences``. Only sentences that were held out once appear. Texts and
labels are passed on as they are: whoever shows them escapes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from probing.errors import SettingsError
from probing.labels import quantities
from probing.language import say, tr, tr_n
from probing.probes import metrics
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.record import Run

if TYPE_CHECKING:
    import pandas as pd

CONFIDENT = 0.8
"""The probability that every good cell must give to another class before a label is doubted. At
0.8 the given label is left with a fifth at most; below, near ties between classes would fill the
list."""
MOST = 50
LEAST_PROBABILITY = 2.0**-149  # of float32: a smaller one was stored as 0, and its log is infinite

Cell = ProbeResult | RegressionResult
Quarter = Literal["both", "only_a", "only_b", "neither"]
_FIGURES = {
    "r2": ("r2", "ci_low", "ci_high"),
    "accuracy": ("accuracy", "ci_low", "ci_high"),
    "balanced_accuracy": ("balanced_accuracy", "balanced_low", "balanced_high"),
}


def class_numbers(run: Run) -> np.ndarray:
    """int64 (n,) class number of each sentence, in the order of ``sentences.classes``."""
    number = {name: i for i, name in enumerate(run.sentences.classes)}
    return np.array([number[label] for label in run.sentences.labels or ()], dtype=np.int64)


def numbers(run: Run) -> np.ndarray:
    """float64 (n,) number of each sentence, where the run's labels are numbers."""
    return np.array(quantities(run.sentences, "numbers"), dtype=np.float64)


def information(probe: ProbeResult, y: np.ndarray) -> np.ndarray:
    """(n,) bits that a cell knows of each sentence's label: log2 p(y|x) − log2 p(y).

    Negative where the probe is worse than knowing only how frequent the classes are. NaN where a
    sentence was not scored, and everywhere in a constant cell. The mean is the cell's usable
    information. A probability too small for float32 counts as the smallest there is, 2^-149.
    Source: Ethayarajh et al. 2022.
    """
    bits = np.full(len(y), np.nan)
    known = probe.scored & ~np.isnan(probe.true_probability)
    p = np.maximum(probe.true_probability[known].astype(np.float64), LEAST_PROBABILITY)
    bits[known] = metrics.pointwise_information_bits(y[known], p)
    return bits


# ---- which cells may vote


def good_cells(run: Run) -> tuple[Cell, ...]:
    """The cells that may say which sentences are hard and which labels may be wrong.

    A cell is good where it is not constant, the upper end of its 95 % interval reaches the score
    of the best, and the lower end lies above what one answer for all sentences can score (one
    class, or the mean). The best is the one chosen on inner folds (``evidence.best``), else the
    highest of all. The score is the run's leading metric; without an interval it stands for both
    ends. Empty where no cell is good: then nothing may be said of single sentences.
    """
    able = [cell for cell in _cells(run) if not cell.constant]
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


# ---- lists of sentences


def hardest(run: Run, cells: Sequence[Cell] | None = None, most: int = MOST) -> "pd.DataFrame":
    """The sentences that the cells know least of, the hardest first.

    ``cells`` are the good ones by default; constant cells do not count. Columns: row, text, label,
    predicted (by most of the cells; of equally many, by the more confident), probability of the
    label and information in bits (means over the cells), wrong (how many cells are).

    For numbers, those that the cells are furthest from: predicted and (absolute) error are means.
    """
    _require_labels(run, say("the list of hard sentences"))
    asked = [c for c in (good_cells(run) if cells is None else cells) if not c.constant]
    if run.kind == "numbers":
        return _furthest(run, asked, most)
    voters = [c for c in asked if isinstance(c, ProbeResult)]
    y = class_numbers(run)
    bits = _over([information(cell, y) for cell in voters], len(y))
    known = np.flatnonzero(~np.isnan(bits))
    at = known[np.argsort(bits[known], kind="stable")][:most]
    votes = np.zeros((len(at), len(run.sentences.classes)))
    for cell in voters:
        # a whole vote each; confidences together are less than one and only break ties
        weight = 1 + np.nan_to_num(cell.confidence[at]) / (len(voters) + 1)
        votes[np.arange(len(at)), cell.predicted[at]] += weight
    wrong = np.sum([cell.predicted[at] != y[at] for cell in voters], axis=0, dtype=np.int64)
    return _frame(
        run,
        at,
        predicted=_names(run, votes.argmax(axis=1)),
        probability=_over([cell.true_probability for cell in voters], len(y))[at],
        information_bits=bits[at],
        wrong=np.broadcast_to(wrong, at.shape),
    )


def _furthest(run: Run, cells: Sequence[Cell], most: int) -> "pd.DataFrame":
    """``hardest`` for numbers."""
    true = numbers(run)
    errors = _over([np.abs(cell.predicted - true) for cell in cells], len(true))
    known = np.flatnonzero(~np.isnan(errors))
    at = known[np.argsort(-errors[known], kind="stable")][:most]
    predicted = _over([cell.predicted for cell in cells], len(true))
    return _frame(run, at, predicted=predicted[at], error=errors[at])


def largest_errors(run: Run, layer: int, pooling: str, most: int = MOST) -> "pd.DataFrame":
    """The sentences whose number a cell misses by most; columns as in ``of_cell``."""
    if run.kind != "numbers":
        raise SettingsError(
            "errors are of predicted numbers, and the labels of this run are no numbers. Look at "
            "the hardest sentences instead."
        )
    frame = of_cell(run, layer, pooling)
    return frame.iloc[np.argsort(-np.abs(frame["error"].to_numpy()), kind="stable")[:most]]


def suspects(run: Run, most: int = MOST) -> "pd.DataFrame":
    """The sentences whose label may be wrong, the surest first.

    All good cells predict the same other class, each with a confidence of ``CONFIDENT`` or more.
    Columns: row, text, label, suggested, confidence (mean over the cells). Empty where no cell is
    good.
    """
    _require_classes(run, say("the list of labels that may be wrong"))
    cells = [cell for cell in good_cells(run) if isinstance(cell, ProbeResult)]
    y = class_numbers(run)
    confidence = _over([cell.confidence for cell in cells], len(y))
    doubted = ~np.isnan(confidence)
    for cell in cells:
        agrees = (cell.predicted == cells[0].predicted) & (cell.confidence >= CONFIDENT)
        doubted &= (cell.predicted != y) & agrees
    at = np.flatnonzero(doubted)
    at = at[np.argsort(-confidence[at], kind="stable")][:most]
    suggested = cells[0].predicted[at] if cells else at
    return _frame(run, at, suggested=_names(run, suggested), confidence=confidence[at])


def about_suspects(run: Run) -> str:
    """What the list of ``suspects`` says and does not say, for people."""
    _require_classes(run, say("the list of labels that may be wrong"))
    cells = [cell for cell in good_cells(run) if isinstance(cell, ProbeResult)]
    if not cells:
        return tr("No cell is clearly better than one class for all, so no label can be doubted.")
    if any(np.isnan(cell.confidence).all() for cell in cells):
        return tr("This run was made before confidence was kept. Run again to see doubtful labels.")
    found = len(suspects(run, most=len(run.sentences)))
    who = tr_n(
        "The one cell that may vote predicts another class with {sure} confidence or more",
        "All {cells} cells that score about as well as the best predict the same other class with "
        "{sure} confidence or more",
        len(cells),
    ).format(cells=len(cells), sure=f"{CONFIDENT:.0%}")
    if not found:
        return tr("{who} for no sentence.").format(who=who)
    said = tr_n(
        "{who} for {n} sentence: its label may be wrong. Cells of one encoder can share an error: "
        "read the text before you change a label.",
        "{who} for {n} sentences: their labels may be wrong. Cells of one encoder can share an "
        "error: read the text before you change a label.",
        found,
    )
    return said.format(who=who, n=f"{found:,}")


def of_cell(run: Run, layer: int, pooling: str) -> "pd.DataFrame":
    """All scored sentences of a cell, in the order of the file.

    Columns: row, text, label, predicted, probability (of the label), confidence, right,
    information_bits. The figures are NaN in a constant cell, which predicts the majority.

    For numbers: predicted and error (predicted − the number).
    """
    _require_labels(run, say("the list of predictions"))
    if run.kind == "numbers":
        guess = _regression(run, layer, pooling).predicted
        at = np.flatnonzero(~np.isnan(guess))
        return _frame(run, at, predicted=guess[at], error=(guess - numbers(run))[at])
    cell, y = run.cell(layer, pooling), class_numbers(run)
    at = np.flatnonzero(cell.scored)
    return _frame(
        run,
        at,
        predicted=_names(run, cell.predicted[at]),
        probability=cell.true_probability[at].astype(np.float64),
        confidence=cell.confidence[at].astype(np.float64),
        right=cell.predicted[at] == y[at],
        information_bits=information(cell, y)[at],
    )


def by_cell(run: Run, index: int) -> "pd.DataFrame":
    """One sentence's path: the probability of its label by layer (rows) × pooling (columns).

    ``index`` is the sentence's position in ``run.sentences``. NaN in constant cells, and in all of
    them for a sentence that was not scored. For numbers: the predicted number, in constant cells
    too. Raises ``SettingsError`` where there is no such sentence.
    """
    import pandas as pd

    _require_labels(run, say("the path of a sentence"))
    if not 0 <= index < len(run.sentences):
        raise SettingsError(
            "there is no sentence {index}; this run has {n:,}, counted from 0.",
            index=index,
            n=len(run.sentences),
        )
    poolings = pd.Index(dict.fromkeys(cell.pooling for cell in _cells(run)), name="pooling")
    layers = pd.Index(sorted({cell.layer for cell in _cells(run)}), name="layer")
    path = pd.DataFrame(np.nan, layers, poolings)
    for cell in _cells(run):
        values = cell.true_probability if isinstance(cell, ProbeResult) else cell.predicted
        path.loc[cell.layer, cell.pooling] = float(values[index])
    return path


# ---- two cells


@dataclass(frozen=True)
class CrossTable:
    """Which of two cells is right about which sentences, among those that both scored.

    Sentences are counted, copies too; ``Contrast`` counts distinct texts.
    """

    a: str
    """A cell, e.g. ``cls_6``."""
    b: str
    both: tuple[int, ...]
    """Positions in ``run.sentences`` where both are right."""
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    neither: tuple[int, ...]

    @property
    def counts(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """((both right, only a), (only b, both wrong)): rows a right, wrong; columns b."""
        return (len(self.both), len(self.only_a)), (len(self.only_b), len(self.neither))


def cross_table(run: Run, layer_a: int, pooling_a: str, layer_b: int, pooling_b: str) -> CrossTable:
    """Where two cells are right and wrong, e.g. CLS right and the mean wrong."""
    _require_classes(run, say("a table of right and wrong"))
    a, b, y = run.cell(layer_a, pooling_a), run.cell(layer_b, pooling_b), class_numbers(run)
    scored, right_a, right_b = a.scored & b.scored, a.predicted == y, b.predicted == y

    def at(these: np.ndarray) -> tuple[int, ...]:
        return tuple(np.flatnonzero(scored & these).tolist())

    return CrossTable(
        a=a.name,
        b=b.name,
        both=at(right_a & right_b),
        only_a=at(right_a & ~right_b),
        only_b=at(~right_a & right_b),
        neither=at(~right_a & ~right_b),
    )


def quarter(run: Run, table: CrossTable, which: Quarter) -> "pd.DataFrame":
    """The sentences of one quarter of a run's cross-table, in the order of the file.

    Columns: row, text, label, predicted_a, predicted_b.
    """
    at = np.array(getattr(table, which), dtype=np.int64)
    cells = {probe.name: probe for probe in run.probes}
    return _frame(
        run,
        at,
        predicted_a=_names(run, cells[table.a].predicted[at]),
        predicted_b=_names(run, cells[table.b].predicted[at]),
    )


# ---- shared


def _require_labels(run: Run, what: str) -> None:
    if run.kind == "none":
        raise SettingsError(
            "{what!s} needs labels, and this run has none. Name a label column and run again.",
            what=what,
        )


def _require_classes(run: Run, what: str) -> None:
    _require_labels(run, what)
    if run.kind == "numbers":
        raise SettingsError(
            "{what!s} needs classes; the labels of this run are numbers, which a prediction comes "
            "near to rather than hits. Look at the largest errors instead.",
            what=what,
        )


def _cells(run: Run) -> Sequence[Cell]:
    return run.regressions or run.probes


def _regression(run: Run, layer: int, pooling: str) -> RegressionResult:
    for cell in run.regressions:
        if (cell.layer, cell.pooling) == (layer, pooling):
            return cell
    raise KeyError(f"this run has no probe on {pooling} at layer {layer}")


def _over(values: Sequence[np.ndarray], n: int) -> np.ndarray:
    """(n,) mean over the cells; NaN where one has none, or there is no cell."""
    return np.stack(values).mean(axis=0, dtype=np.float64) if values else np.full(n, np.nan)


def _names(run: Run, numbers: np.ndarray) -> list[str]:
    return [run.sentences.classes[k] for k in numbers.tolist()]


def _frame(run: Run, at: np.ndarray, **columns: Any) -> "pd.DataFrame":
    """A line for each position in ``at``: row, text, label, then ``columns``."""
    import pandas as pd

    sentences, positions = run.sentences, at.tolist()
    index = pd.Index(at, name="sentence")
    given = {
        "row": pd.Series([sentences.rows[i] for i in positions], index, dtype=np.int64),
        "text": [sentences.texts[i] for i in positions],
        "label": [(sentences.labels or ())[i] for i in positions],
    }
    series = {
        name: pd.Series(values, index, dtype=object) if isinstance(values, list) else values
        for name, values in {**given, **columns}.items()
    }
    return pd.DataFrame(series, index=index)
