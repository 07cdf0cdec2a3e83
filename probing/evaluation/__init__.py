"""A run's representations against its labels: probes, and what makes them believable or not.

Every cell (layer × pooling) is probed first, since the curve is what people wait for; then come its
controls, and what compares cells, on held-out predictions alone.
"""

from typing import TYPE_CHECKING

from probing.evaluation.asked import Asked
from probing.evaluation.findings import Findings, cells_of, shapes_of
from probing.evidence import Evidence
from probing.preparation import Task
from probing.progress import Reporter
from probing.representations import Representations
from probing.scratch import Scratch
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
    scratch: Scratch = Scratch(),  # noqa: B008 - frozen
) -> Findings:
    """Everything that a run says about its labels; of sentences without labels, their shapes.

    What is found in ``scratch`` is not made again: of classes all that takes long, of numbers the
    encoders with random weights.
    """
    from probing.evaluation import classes, numbers

    if task.plan is None:
        return Findings(
            evidence=Evidence(shapes=shapes_of(representations, reporter.stage("shape")))
        )
    asked = Asked(task, task.plan, representations, encoder, settings, reporter, scratch)
    if task.target is not None:  # ridge regression takes less time than keeping it would
        return numbers.evaluate(asked)
    return classes.evaluate(asked)
