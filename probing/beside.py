"""The columns of a file beside text, label and split: how much of them is kept with a run."""

from collections.abc import Sequence

from probing.columns import Columns
from probing.language import say
from probing.tables import Table

MOST = 30  # columns, the first in the file
LONGEST = 200  # characters of a value

Beside = dict[str, tuple[str, ...]]


def beside(table: Table, columns: Columns, at: Sequence[int]) -> tuple[Beside, tuple[str, ...]]:
    """(the other columns' cells in the records ``at``, notices of what is not kept whole).

    A column that is blank in all of these records is none. Notices name no column: what stands in
    a file's first line may be a sentence.
    """
    used = (columns.text, columns.label, columns.split)
    kept: Beside = {}
    more = long = 0
    for i, name in enumerate(table.columns):
        if name in used or not any(table.records[k][i].strip() for k in at):
            continue
        if len(kept) == MOST:
            more += 1
            continue
        cells = [table.records[k][i] for k in at]
        kept[name] = tuple(map(_cut, cells))
        long += max(map(len, cells)) > LONGEST
    notices = []
    if more:
        notices.append(
            say(
                "Of the {n} columns beside text, label and split, the first {most} are kept with "
                "the run.",
                n=MOST + more,
                most=MOST,
            )
        )
    if long:
        notices.append(
            say(
                "Values of other columns than text, label and split are kept up to {most} "
                "characters. Columns with longer ones: {n}.",
                most=LONGEST,
                n=long,
            )
        )
    return kept, tuple(notices)


def _cut(cell: str) -> str:
    return cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…"
