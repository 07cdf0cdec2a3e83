"""Two cells of a run beside each other: which is right about which sentences."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from probing.answers import class_numbers
from probing.language import say
from probing.per_sentence import names_of, require_classes, table_of
from probing.record import Run

if TYPE_CHECKING:
    import pandas as pd

Quarter = Literal["both", "only_a", "only_b", "neither"]


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
    require_classes(run, say("a table of right and wrong"))
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
    return table_of(
        run,
        at,
        predicted_a=names_of(run, cells[table.a].predicted[at]),
        predicted_b=names_of(run, cells[table.b].predicted[at]),
    )
