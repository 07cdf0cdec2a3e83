"""Labels that may be wrong: all cells that may vote are sure of another class."""

from typing import TYPE_CHECKING

import numpy as np

from probing.answers import class_numbers
from probing.language import say, tr, tr_n
from probing.per_sentence import MOST, mean_over, names_of, require_classes, table_of
from probing.probes.result import ProbeResult
from probing.record import Run
from probing.voters import good_cells

if TYPE_CHECKING:
    import pandas as pd

CONFIDENT = 0.8
"""The probability that every good cell must give to another class before a label is doubted. At
0.8 the given label is left with a fifth at most; below, near ties between classes would fill the
list."""


def suspects(run: Run, most: int = MOST) -> "pd.DataFrame":
    """The sentences whose label may be wrong, the surest first.

    All good cells predict the same other class, each with a confidence of ``CONFIDENT`` or more.
    Columns: row, text, label, suggested, confidence (mean over the cells). Empty where no cell is
    good.
    """
    require_classes(run, say("the list of labels that may be wrong"))
    cells = [cell for cell in good_cells(run) if isinstance(cell, ProbeResult)]
    y = class_numbers(run)
    confidence = mean_over([cell.confidence for cell in cells], len(y))
    doubted = ~np.isnan(confidence)
    for cell in cells:
        agrees = (cell.predicted == cells[0].predicted) & (cell.confidence >= CONFIDENT)
        doubted &= (cell.predicted != y) & agrees
    at = np.flatnonzero(doubted)
    at = at[np.argsort(-confidence[at], kind="stable")][:most]
    suggested = cells[0].predicted[at] if cells else at
    return table_of(run, at, suggested=names_of(run, suggested), confidence=confidence[at])


def about_suspects(run: Run) -> str:
    """What the list of ``suspects`` says and does not say, for people."""
    require_classes(run, say("the list of labels that may be wrong"))
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
