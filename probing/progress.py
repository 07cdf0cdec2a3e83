"""How far a long computation is, and how it is asked to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from probing.evidence import Metric
from probing.language import later

Stage = Literal[
    "load",
    "encode",
    "probe",
    "check",
    "shape",
    "baseline",
    "conditional",
    "compare",
    "twin",
    "control",
    "map",
    "save",
    "readers",
    "ledger",
    "knockout",
    "gradients",
    "look",
    "picture",
]
STAGES: dict[Stage, str] = {
    "load": later("Loading the encoder"),
    "encode": later("Encoding sentences"),
    "probe": later("Fitting probes"),
    "check": later("Fitting controls"),
    "shape": later("Measuring geometry"),
    "baseline": later("Scoring baselines"),
    "conditional": later("Probing CLS and mean together"),
    "compare": later("Comparing"),
    "twin": later("Probing the encoder with random weights"),
    "control": later("Permuting labels, measuring description lengths"),
    "map": later("Drawing maps"),
    "save": later("Saving"),
}
"""The stages of a run in order, with their names for people, to be shown by ``tr``."""
INSIDE: dict[Stage, str] = {
    "readers": later("Fitting probes that read new vectors"),
    "ledger": later("Adding up what CLS receives"),
    "knockout": later("Keeping CLS from reading"),
    "gradients": later("Following the error back"),
    "look": later("Reading the sentence"),
}
"""The stages of a look inside a finished run's encoder."""
NAMES = {**STAGES, **INSIDE, "picture": later("Drawing charts")}
DEEP: tuple[Stage, ...] = ("twin", "control")
"""Those of an in-depth run only."""


@dataclass(frozen=True)
class CellScore:
    """What a cell's probe scored, as soon as it is known."""

    pooling: str
    layer: int
    layers: int
    """How many there are, the embedding output included."""
    metric: Metric
    score: float
    """On held-out sentences, under that metric."""


@dataclass(frozen=True)
class Progress:
    """One step forward."""

    stage: Stage
    done: int
    """Units of this stage finished: sentences, cells or maps."""
    total: int
    """Units of this stage in all."""
    seconds_left: float | None = None
    """Estimate for the rest of this stage, from its rate so far; None before there is a rate."""
    cell: CellScore | None = None
    """The cell that was just probed."""


Report = Callable[[int, int], None]
"""Called with (done, total) within a stage; may raise ``Cancelled`` to stop."""


Listener = Callable[[Progress], None]
"""Hears of progress; may raise ``Cancelled`` to stop the run."""


@dataclass(frozen=True)
class Reporter:
    """Tells a listener how far each stage is."""

    listener: Listener

    def stage(self, stage: Stage) -> Report:
        """A ``Report`` that adds the stage and, from its rate so far, the time left."""
        began = time.perf_counter()

        def report(done: int, total: int) -> None:
            passed = time.perf_counter() - began
            left = passed / done * (total - done) if done else None
            self.listener(Progress(stage, done, total, left))

        return report

    def cell(self, score: CellScore, done: int, total: int) -> None:
        """A cell has been probed."""
        self.listener(Progress("probe", done, total, cell=score))


def silent(done: int, total: int) -> None:
    """A ``Report`` that tells nobody."""
