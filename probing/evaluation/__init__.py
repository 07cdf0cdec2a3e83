"""A run's representations against its labels: probes, and what makes them believable or not.

One pass over the cells (layer × pooling) does what needs a cell's vectors; what compares cells
comes after, on held-out predictions alone.
"""

from typing import TYPE_CHECKING

from probing.evaluation.findings import Findings, Reporter, cells_of, shape_of
from probing.evidence import Evidence, Shape
from probing.preparation import Task
from probing.representations import Representations
from probing.settings import Settings

if TYPE_CHECKING:
    from probing.encoders import Encoder

__all__ = ["Findings", "cells_of", "evaluate"]


def evaluate(
    task: Task,
    representations: Representations,
    encoder: "Encoder",
    settings: Settings,
    reporter: Reporter,
) -> Findings:
    """Everything that a run says about its labels; of sentences without labels, their shapes."""
    from probing.evaluation import classes, numbers

    if task.plan is None:
        return Findings(evidence=Evidence(shapes=_shapes(representations, reporter)))
    kind = numbers if task.target is not None else classes
    return kind.evaluate(task, task.plan, representations, encoder, settings, reporter)


def _shapes(representations: Representations, reporter: Reporter) -> tuple[Shape, ...]:
    cells, report, found = cells_of(representations), reporter("probe"), []
    for done, (pooling, layer) in enumerate(cells):
        report(done, len(cells))
        found.append(shape_of(representations, pooling, layer))
    report(len(cells), len(cells))
    return tuple(found)
