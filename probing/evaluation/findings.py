"""What an evaluation found."""

from dataclasses import dataclass, field

from probing.evidence import Evidence, Shape
from probing.geometry import shape
from probing.probes.regression import NumericBaseline, RegressionResult
from probing.probes.result import Baseline, ProbeResult
from probing.progress import Report
from probing.representations import Representations


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found: for classes, for numbers, or (no labels) shapes only."""

    probes: tuple[ProbeResult, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    regressions: tuple[RegressionResult, ...] = ()
    numeric_baselines: tuple[NumericBaseline, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    notices: tuple[str, ...] = ()
    """What the person should know of how it was found."""


def cells_of(representations: Representations) -> list[tuple[str, int]]:
    """(pooling, layer) of every cell, by pooling, then by layer."""
    return [(p, layer) for p in representations.poolings for layer in range(representations.layers)]


def shapes_of(representations: Representations, report: Report) -> tuple[Shape, ...]:
    """The shape of every cell, beside the mean's where there is one."""
    cells, found = cells_of(representations), []
    for done, (pooling, layer) in enumerate(cells):
        report(done, len(cells))
        has_mean = "mean" in representations.poolings and pooling != "mean"
        mean = representations.cell(layer, "mean") if has_mean else None
        found.append(shape(representations.cell(layer, pooling), layer, pooling, mean))
    report(len(cells), len(cells))
    return tuple(found)
