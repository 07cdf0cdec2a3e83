"""The sentences that two runs share, and those that one of them gets right.

What is paired is a text with its label (case and white space of the text aside, one of its copies).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from probing.answers import called, numbers, results_of, truth
from probing.probes.folds import fold_text
from probing.record import Run

if TYPE_CHECKING:
    import pandas as pd

    from probing.between import Comparison


def _labelled(run: Run) -> list[Any]:
    """The label of each sentence as runs can share it: 1.0 and 1 are one number."""
    return numbers(run).tolist() if run.kind == "numbers" else list(run.sentences.labels or ())


def first_scored(run: Run) -> Mapping[tuple[str, Any], int]:
    """Folded text and label → where they stand first among the scored sentences."""
    found: dict[tuple[str, Any], int] = {}
    labels, texts = _labelled(run), run.sentences.texts
    for position in np.flatnonzero(results_of(run)[0].scored).tolist():
        found.setdefault((fold_text(texts[position]), labels[position]), position)
    return found


def paired(a: Run, b: Run) -> tuple[tuple[int, int], ...]:
    """Where each text with its label that both scored stands first in a, and in b."""
    first, other = first_scored(a), first_scored(b)
    return tuple((at, other[key]) for key, at in first.items() if key in other)


def varied(run: Run, pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether there is anything to tell: two labels at least."""
    labels = _labelled(run)
    return len({labels[i] for i, _ in pairs}) > 1


def won(found: "Comparison", a: Run, b: Run, side: Literal["a", "b"]) -> "pd.DataFrame":
    """The shared sentences that the best cell of one side gets right and the other's gets wrong.

    For numbers: those that it comes nearer to, the greatest gain first. Columns: text, label,
    predicted_a, predicted_b, row_a, row_b (rows of the files). Empty where nothing is shared.
    """
    import pandas as pd

    columns = ["text", "label", "predicted_a", "predicted_b", "row_a", "row_b"]
    if found.best is None:
        return pd.DataFrame(columns=columns)
    at = np.array(found.positions, dtype=np.int64)
    guess_a = called(a, found.best.a).predicted[at[:, 0]]
    guess_b = called(b, found.best.b).predicted[at[:, 1]]
    true = truth(a)[at[:, 0]]
    if a.kind == "numbers":
        gain = np.abs(guess_b - true) - np.abs(guess_a - true)
    else:
        gain = (guess_a == true).astype(float) - (guess_b == true)
    gain = gain if side == "a" else -gain
    kept = np.flatnonzero(gain > 0)
    kept = kept[np.argsort(-gain[kept], kind="stable")]
    names = a.sentences.classes
    rows = []
    for k in kept.tolist():
        i, j = found.positions[k]
        said = [guess_a[k], guess_b[k]]
        predicted = said if a.kind == "numbers" else [names[int(number)] for number in said]
        label = (a.sentences.labels or ())[i]
        rows.append(
            (a.sentences.texts[i], label, *predicted, a.sentences.rows[i], b.sentences.rows[j])
        )
    return pd.DataFrame(rows, columns=columns)
