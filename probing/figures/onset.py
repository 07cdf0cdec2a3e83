"""When CLS becomes about the sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go

from probing.evidence import Shape
from probing.figures.chart import Chart
from probing.figures.shapes import MEASURES, floor_of, measured
from probing.figures.texts import NAMES
from probing.figures.values import METRICS, Line, Reference, Scale, lines
from probing.language import tr

HEIGHT = 560
LEADING = "cls"
QUIETER = "mean"


def arrival(
    shapes: Sequence[Shape],
    plain: Sequence[Line],
    noisy: Sequence[Line],
    references: Sequence[Reference] = (),
    *,
    scale: Scale = METRICS["accuracy"],
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Relative variance by layer, and below it what a probe reads with and without 1 % noise.

    CLS leads, the mean stands behind it, other poolings are left out. A probe is blind to scale: it
    reads what a millionth of the variance holds. Noise of 1 % of the vectors' rms takes that away.
    A constant cell lies, open, on the line below which there is nothing but float noise.
    """
    spread = _in_order(
        lines(
            (
                (s, measured(s, "relative_variance"))
                for s in shapes
                if s.pooling in (LEADING, QUIETER)
            ),
            names,
        )
    )
    probes = _in_order(plain)
    robust = [
        replace(line, dash="dash", name=tr("{name} + noise").format(name=line.name))
        for line in _in_order(noisy)
    ]
    said = tr("{metric}: plain, and with 1% noise (dashed)")
    lower = replace(scale, title=said.format(metric=scale.heading))
    layers = [p.layer for line in [*spread, *probes] for p in line.points]
    chart = Chart([MEASURES["relative_variance"], lower], layers, dark=dark, height=HEIGHT)
    chart.references(floor_of(spread))
    chart.lines(spread)
    chart.references(references, panel=1)
    chart.lines([*probes, *robust], panel=1)
    return chart.finish()


def _in_order(drawn: Sequence[Line]) -> list[Line]:
    """The mean first, in the background; CLS over it. One alone leads."""
    kept = {line.pooling: line for line in drawn if line.pooling in (LEADING, QUIETER)}
    if LEADING not in kept:
        return list(kept.values())
    behind = [replace(kept[QUIETER], quiet=True)] if QUIETER in kept else []
    return [*behind, kept[LEADING]]
