"""How far a long computation is, and how it is asked to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal[
    "load",
    "encode",
    "probe",
    "baseline",
    "conditional",
    "compare",
    "twin",
    "control",
    "map",
    "save",
]
STAGES: dict[Stage, str] = {
    "load": "Loading the encoder",
    "encode": "Encoding sentences",
    "probe": "Fitting probes and their controls",
    "baseline": "Scoring baselines",
    "conditional": "Probing CLS and mean together",
    "compare": "Comparing",
    "twin": "Probing the encoder with random weights",
    "control": "Permuting labels, measuring description lengths",
    "map": "Drawing maps",
    "save": "Saving",
}
"""The stages of a run in order, with their names for people."""
DEEP: tuple[Stage, ...] = ("twin", "control")
"""Those of an in-depth run only."""


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


Report = Callable[[int, int], None]
"""Called with (done, total) within a stage; may raise ``Cancelled`` to stop."""


def silent(done: int, total: int) -> None:
    """A ``Report`` that tells nobody."""
