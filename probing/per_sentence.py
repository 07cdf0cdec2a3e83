"""A finished run sentence by sentence: which are hard, and what each cell says of each.

Every table has the ``row`` that a sentence has in the uploaded file and, as its index, the
sentence's position in ``run.sentences``. Only sentences that were held out once appear. Texts and
labels are passed on as they are: whoever shows them escapes them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probing.answers import Cell, class_numbers, information, numbers, results_of
from probing.errors import SettingsError
from probing.language import say
from probing.probes.regression import RegressionResult
from probing.probes.result import ProbeResult
from probing.record import Run
from probing.voters import good_cells

if TYPE_CHECKING:
    import pandas as pd

MOST = 50


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
    bits = mean_over([information(cell, y) for cell in voters], len(y))
    known = np.flatnonzero(~np.isnan(bits))
    at = known[np.argsort(bits[known], kind="stable")][:most]
    votes = np.zeros((len(at), len(run.sentences.classes)))
    for cell in voters:
        # a whole vote each; confidences together are less than one and only break ties
        weight = 1 + np.nan_to_num(cell.confidence[at]) / (len(voters) + 1)
        votes[np.arange(len(at)), cell.predicted[at]] += weight
    wrong = np.sum([cell.predicted[at] != y[at] for cell in voters], axis=0, dtype=np.int64)
    return table_of(
        run,
        at,
        predicted=names_of(run, votes.argmax(axis=1)),
        probability=mean_over([cell.true_probability for cell in voters], len(y))[at],
        information_bits=bits[at],
        wrong=np.broadcast_to(wrong, at.shape),
    )


def _furthest(run: Run, cells: Sequence[Cell], most: int) -> "pd.DataFrame":
    """``hardest`` for numbers."""
    true = numbers(run)
    errors = mean_over([np.abs(cell.predicted - true) for cell in cells], len(true))
    known = np.flatnonzero(~np.isnan(errors))
    at = known[np.argsort(-errors[known], kind="stable")][:most]
    predicted = mean_over([cell.predicted for cell in cells], len(true))
    return table_of(run, at, predicted=predicted[at], error=errors[at])


def largest_errors(run: Run, layer: int, pooling: str, most: int = MOST) -> "pd.DataFrame":
    """The sentences whose number a cell misses by most; columns as in ``of_cell``."""
    if run.kind != "numbers":
        raise SettingsError(
            "errors are of predicted numbers, and the labels of this run are no numbers. Look at "
            "the hardest sentences instead."
        )
    frame = of_cell(run, layer, pooling)
    return frame.iloc[np.argsort(-np.abs(frame["error"].to_numpy()), kind="stable")[:most]]


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
        return table_of(run, at, predicted=guess[at], error=(guess - numbers(run))[at])
    cell, y = run.cell(layer, pooling), class_numbers(run)
    at = np.flatnonzero(cell.scored)
    return table_of(
        run,
        at,
        predicted=names_of(run, cell.predicted[at]),
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
    poolings = pd.Index(dict.fromkeys(cell.pooling for cell in results_of(run)), name="pooling")
    layers = pd.Index(sorted({cell.layer for cell in results_of(run)}), name="layer")
    path = pd.DataFrame(np.nan, layers, poolings)
    for cell in results_of(run):
        values = cell.true_probability if isinstance(cell, ProbeResult) else cell.predicted
        path.loc[cell.layer, cell.pooling] = float(values[index])
    return path


# ---- shared


def _require_labels(run: Run, what: str) -> None:
    if run.kind == "none":
        raise SettingsError(
            "{what!s} needs labels, and this run has none. Name a label column and run again.",
            what=what,
        )


def require_classes(run: Run, what: str) -> None:
    """SettingsError for a run without classes: ``what`` needs them."""
    _require_labels(run, what)
    if run.kind == "numbers":
        raise SettingsError(
            "{what!s} needs classes; the labels of this run are numbers, which a prediction comes "
            "near to rather than hits. Look at the largest errors instead.",
            what=what,
        )


def _regression(run: Run, layer: int, pooling: str) -> RegressionResult:
    for cell in run.regressions:
        if (cell.layer, cell.pooling) == (layer, pooling):
            return cell
    raise KeyError(f"this run has no probe on {pooling} at layer {layer}")


def mean_over(values: Sequence[np.ndarray], n: int) -> np.ndarray:
    """(n,) mean over the cells; NaN where one has none, or there is no cell."""
    return np.stack(values).mean(axis=0, dtype=np.float64) if values else np.full(n, np.nan)


def names_of(run: Run, numbers: np.ndarray) -> list[str]:
    """Class names of class numbers."""
    return [run.sentences.classes[k] for k in numbers.tolist()]


def table_of(run: Run, at: np.ndarray, **columns: Any) -> "pd.DataFrame":
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
