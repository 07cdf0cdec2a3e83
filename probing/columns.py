"""Which columns of a table hold the text, the label and the split: a guess to be shown."""

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from probing.errors import DataError
from probing.labels import is_identifier, is_numbering
from probing.parsing.cells import LABEL_NAMES, SPLIT_NAMES, TEXT_NAMES, is_index, is_number, normal
from probing.parsing.numbers import read_numbers
from probing.tables import Table

SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "tr"), "train"),
    **dict.fromkeys(("dev", "val", "valid", "validation", "validate", "development"), "dev"),
    **dict.fromkeys(("test", "testing", "te", "eval", "evaluation"), "test"),
}
"""Usual spellings of a split, in lower case, to the word used here."""

_EXAMINED = 2_000
"""Records by which a column is judged, drawn at random with a fixed seed."""
_MANY_CLASSES = 1_000


@dataclass(frozen=True)
class Columns:
    """Names of the columns to use."""

    text: str
    label: str | None = None
    """None for no label."""
    split: str | None = None
    """None for no given split."""


def guess_columns(table: Table) -> Columns:
    """The likely columns of ``table``, by their names and what is in them.

    Text: a usual name, else the longest and most varied cells. Label: a usual name, else few
    distinct short values; never a column that numbers the rows, holds a single value or names
    nearly every row differently. Split: a usual name and only usual spellings of train, dev and
    test, train among them. Label and split are None where nothing fits. Raises ``DataError``
    where every cell is blank.
    """
    split = guess_split(table)
    text = guess_text(table, () if split is None else (split,))
    return Columns(text, guess_label(table, (text, split)), split)


def guess_text(table: Table, taken: Collection[str | None] = ()) -> str:
    """The likely text column among those not ``taken``."""
    filled = _filled(table, taken) or _filled(table, ())
    if not filled:
        raise DataError(
            "{name} has no text: every cell is blank. Give a text per row.", name=table.name
        )
    return max(filled, key=lambda name: _text_score(name, filled[name]))


def guess_label(table: Table, taken: Collection[str | None] = ()) -> str | None:
    """The likely label column among those not ``taken``, or None."""
    return next(iter(likely_labels(table, taken)), None)


def likely_labels(table: Table, taken: Collection[str | None] = ()) -> tuple[str, ...]:
    """All columns among those not ``taken`` that could be the label, the likeliest first."""
    n = len(_examined(table))
    scores = {name: _label_score(name, cells, n) for name, cells in _filled(table, taken).items()}
    return tuple(sorted((name for name in scores if scores[name] > 0), key=lambda s: -scores[s]))


def guess_split(table: Table, taken: Collection[str | None] = ()) -> str | None:
    """The column not ``taken`` that has a usual name and holds nothing but splits, or None."""
    for i, name in enumerate(table.columns):
        if normal(name) in SPLIT_NAMES and name not in taken and len(table.columns) > 1:
            found = {SPLIT_WORDS.get(r[i].strip().casefold()) for r in table.records}
            if None not in found and "train" in found and len(found) > 1:
                return name
    return None


def _examined(table: Table) -> Sequence[tuple[str, ...]]:
    if len(table.records) <= _EXAMINED:
        return table.records
    # at random, or a file whose classes take turns would seem to have half of them
    return random.Random(0).sample(table.records, _EXAMINED)


def _filled(table: Table, taken: Collection[str | None]) -> dict[str, list[str]]:
    """Cells that are not blank, of each column that has some and is not taken."""
    cells = {
        name: [record[i] for record in _examined(table) if record[i].strip()]
        for i, name in enumerate(table.columns)
        if name not in taken
    }
    return {name: column for name, column in cells.items() if column}


def _name_rank(name: str, known: Sequence[str]) -> float:
    """1 … 2 for a known name, the surer the higher; 0.5 where one is a word of it; else 0."""
    plain = normal(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
    if plain in known:
        return 2 - known.index(plain) / len(known)
    return 0.5 if set(plain.split("_")) & set(known) else 0


def _text_score(name: str, filled: Sequence[str]) -> float:
    """Higher for the likelier text column; names count only for columns of varied words."""
    distinct = len(set(filled)) / len(filled)
    if is_index(filled) or sum(map(is_number, filled)) > 0.9 * len(filled):
        return -1.0
    length = sum(map(len, filled)) / len(filled)
    words = sum(len(cell.split()) for cell in filled) / len(filled)
    content = distinct * min(length + 5 * (words - 1), 1_000)  # a web address is one long word
    varied = distinct > 0.1 or len(filled) < 20
    return content / 1_000 + (_name_rank(name, TEXT_NAMES) if varied else 0)


def _are_quantities(filled: Sequence[str]) -> bool:
    """Whether the cells are numbers to be predicted, and not the numbers of the rows."""
    numbers = read_numbers(filled)
    return numbers.complete and not is_numbering([v for v in numbers.values if v is not None])


def _label_score(name: str, filled: Sequence[str], n: int) -> float:
    """Higher for the likelier label column; 0 for one that cannot be a label."""
    distinct = len(set(filled))
    rank = _name_rank(name, LABEL_NAMES)
    small = n < 20 and rank >= 1  # in a handful of rows a name says more than repetition
    if rank >= 1 and distinct > 20 and _are_quantities(filled):
        return rank + 0.5
    if distinct < 2 or distinct > _MANY_CLASSES or (is_identifier(distinct, n) and not small):
        return 0
    if rank >= 1:
        return rank + 1
    if len(filled) < 0.9 * n or sum(map(len, filled)) / len(filled) > 40:
        return 0
    if distinct > max(2, min(50, n / 3)):
        return 0
    number = sum(map(is_number, filled)) > 0.9 * len(filled)
    return rank + (0.2 if number else 0.6) - distinct / 200
