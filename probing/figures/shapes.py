"""The shapes of clouds of vectors by layer. No labels play a part."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.evidence import Shape
from probing.figures.chart import Chart
from probing.figures.texts import NAMES
from probing.figures.values import Line, Point, Reference, Scale, layers_of, lines
from probing.geometry import CONSTANT
from probing.language import later, tr

_COSINE = Scale("", "{:.3f}", ticks=".2f", lowest=-1.0)
_DIMENSIONS = Scale("", "{:.1f}", later(" dimensions"), "", highest=inf)
MEASURES: Mapping[str, Scale] = {
    "relative_variance": Scale(
        later("relative variance (log)"), "{:.1e}", ticks="", lowest=-inf, highest=inf, log=True
    ),
    "anisotropy": replace(_COSINE, title=later("anisotropy: mean cosine of two sentences")),
    "anisotropy_z": replace(_COSINE, title=later("anisotropy, z-scored: mean cosine")),
    "top_share": Scale(later("top dimension's share of the energy")),
    "participation_ratio": replace(_DIMENSIONS, title=later("participation ratio (dimensions)")),
    "rankme": replace(_DIMENSIONS, title=later("RankMe (effective dimensions)")),
    "cka_mean": replace(_COSINE, title=later("CKA with the mean")),
}
"""What a cloud of vectors is measured by, and what it is called."""


def geometry(
    shapes: Sequence[Shape],
    measure: str = "relative_variance",
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """One measure of the vectors' shape by layer, a line per pooling.

    ``measure`` is one of ``MEASURES``. SettingsError for any other.
    """
    if measure not in MEASURES:
        raise SettingsError(
            "there is no measure {measure!r}; the measures are {there}.",
            measure=measure,
            there=", ".join(MEASURES),
        )
    scale, n = MEASURES[measure], max(s.n for s in shapes)
    drawn = lines(((s, measured(s, measure)) for s in shapes), names)
    kept = [line for line in drawn if line.drawn]
    if not kept:
        raise SettingsError(
            "no cell of this run has {measure}: all are constant, or (cka_mean) there is no "
            "pooling beside the mean; draw relative_variance.",
            measure=measure,
        )
    scale = replace(scale, title=scale.counted(n))
    chart = Chart([scale], layers_of(drawn), dark=dark)
    chart.references(floor_of(drawn))
    chart.lines(kept)
    return chart.finish()


def measured(shape: Shape, measure: str) -> Point:
    """One measure of a shape. A relative variance below 1e-9 is float noise and drawn at 1e-9."""
    value: float | None = getattr(shape, measure)
    if measure == "relative_variance" and shape.relative_variance < CONSTANT:
        below = tr("relative variance below 1e−9")
        return Point(shape.layer, CONSTANT, n=shape.n, constant=True, instead=below)
    return Point(shape.layer, value, n=shape.n)


def floor_of(drawn: Sequence[Line]) -> list[Reference]:
    """The line that constant cells lie on, where there are any."""
    any_constant = any(p.constant for line in drawn for p in line.points)
    return [Reference(tr("constant"), CONSTANT)] if any_constant else []
