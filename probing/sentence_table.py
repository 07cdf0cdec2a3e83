"""All sentences of a run with what one cell predicts, searched and filtered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probing import paths, per_sentence
from probing.record import Run
from probing.sentences import COLUMN

if TYPE_CHECKING:
    import pandas as pd

ALL, RIGHT, WRONG = "all", "right", "wrong"


@dataclass(frozen=True)
class Filter:
    """Which sentences are wanted."""

    search: str = ""
    """Words that all stand in the text, whatever their case; or ``#`` and a row number."""
    labels: tuple[str, ...] = ()
    """Any of these; none means all."""
    right: str = ALL
    """``ALL``, ``RIGHT`` or ``WRONG`` in this cell."""


def table(run: Run, layer: int, pooling: str, wanted: Filter = Filter()) -> "pd.DataFrame":
    """The wanted sentences in the order of the file; the index is the position in the run.

    With classes: row, text, label, predicted, probability, confidence, right, right_from (the
    layer from which on this pooling is right up to the last; missing where it never is). With
    numbers: row, text, label, predicted, error. Without labels: row, text.
    """
    frame = _bare(run) if run.kind == "none" else per_sentence.of_cell(run, layer, pooling)
    if run.kind == "classes":
        import pandas as pd

        since = paths.right_from(run, pooling)[frame.index]
        frame = frame.drop(columns="information_bits").assign(
            right_from=pd.arrays.IntegerArray(since, since == paths.NEVER)
        )
    return frame[_mask(frame, wanted)]


def with_columns(frame: "pd.DataFrame", run: Run, names: Sequence[str]) -> "pd.DataFrame":
    """``table``'s frame with some of the run's own columns behind text and label.

    They are called ``column:`` and their name.
    """
    wide = frame.copy(deep=False)
    for place, name in enumerate(names, 2 + ("label" in frame.columns)):
        values = run.sentences.beside[name]
        wide.insert(place, COLUMN + name, [values[i] for i in frame.index])
    return wide


def _bare(run: Run) -> "pd.DataFrame":
    import pandas as pd

    index = pd.RangeIndex(len(run.sentences), name="sentence")
    columns = {"row": run.sentences.rows, "text": run.sentences.texts}
    return pd.DataFrame({name: list(values) for name, values in columns.items()}, index=index)


def _mask(frame: "pd.DataFrame", wanted: Filter) -> np.ndarray:
    kept = np.ones(len(frame), dtype=bool)
    search = wanted.search.strip()
    if search.startswith("#") and search[1:].isdigit():
        kept &= frame["row"].to_numpy() == int(search[1:])
    elif search:
        texts = frame["text"].str.casefold()
        for word in search.casefold().split():
            kept &= texts.str.contains(word, regex=False).to_numpy(dtype=bool)
    if wanted.labels and "label" in frame.columns:
        kept &= frame["label"].isin(wanted.labels).to_numpy()
    if wanted.right != ALL and "right" in frame.columns:
        kept &= frame["right"].to_numpy() == (wanted.right == RIGHT)
    return kept
