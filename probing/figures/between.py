"""Several runs on one chart by layer: a line per run, one pooling at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from probing.figures.chart import Chart
from probing.figures.of_run import lines_of, majority, references_of
from probing.figures.placing import polygon
from probing.figures.style import DARK, LIGHT
from probing.figures.texts import NAMES, safe, short
from probing.figures.traces import SHOWN, filled
from probing.figures.values import METRICS, Line, Reference, Scale, hover
from probing.language import later, tr

if TYPE_CHECKING:
    from probing.evidence import Metric
    from probing.record import Run

RUNS = 6
"""Runs that have a colour of their own."""
LABEL = 16  # characters of a run's name at the end of its line
DEPTH = later("relative depth (1 = last layer)")
SAME_LEVEL = 5e-4  # difference of two majority baselines that are drawn as one


@dataclass(frozen=True)
class Curve:
    """A pooling of one run by layer."""

    name: str
    """The run's."""
    layers: int
    """Of its encoder: the last one's number."""
    line: Line


def curves_of(
    runs: Sequence["Run"], names: Sequence[str], pooling: str, metric: "Metric"
) -> tuple[Curve, ...]:
    """A pooling's line of each run under one metric; empty lines where a run lacks it."""
    found = []
    for run, name in zip(runs, names, strict=True):
        lines = [line for line in lines_of(_under(run, metric), "probe") if line.pooling == pooling]
        line = lines[0] if run.kind != "none" and lines else Line(name, pooling, ())
        found.append(Curve(name, int(run.record["encoder"]["layers"]), replace(line, name=name)))
    return tuple(found)


def floor_of(runs: Sequence["Run"], metric: "Metric") -> Reference | None:
    """The most frequent class, where it scores the same in all runs; None else and for numbers."""
    levels = [
        next((r.value for r in references_of(_under(run, metric)) if r.name == "majority"), None)
        for run in runs
        if majority(run) is not None
    ]
    known = [level for level in levels if level is not None]
    if not known or len(known) < len(runs) or max(known) - min(known) > SAME_LEVEL:
        return None
    return Reference("majority", known[0])


def _under(run: "Run", metric: "Metric") -> "Run":
    """The run as if that metric led."""
    if run.kind != "classes" or run.evidence.metric == metric:
        return run
    evidence = {**(run.record.get("evidence") or {}), "metric": metric}
    return replace(run, record={**run.record, "evidence": evidence})


def overlay(
    curves: Sequence[Curve],
    floor: Reference | None = None,
    *,
    scale: Scale = METRICS["accuracy"],
    dark: bool = False,
) -> go.Figure:
    """Runs by layer, a line with its 95 % band per run, its name where it ends.

    By relative depth where their encoders differ in the number of layers. An open marker is a
    constant cell. ``customdata`` of a point: its hover text and its layer. Colours go by the place
    in ``curves``, so that a run keeps its own when another pooling is drawn.
    """
    depths = {curve.layers for curve in curves}
    relative = len(depths) > 1
    kind = _Relative if relative else Chart
    at: list[Any] = [0.0, 1.0] if relative else list(range(max(depths) + 1))
    pooling = next(curve.line.pooling for curve in curves)
    title = f"{scale.title}, {NAMES[pooling]}"
    chart = kind([replace(scale, title=title)], at, dark=dark)
    if floor is not None:
        chart.references([floor])
    places = [[_x(p.layer, curve, relative) for p in curve.line.points] for curve in curves]
    colours = run_colours(dark)
    for curve, x, colour in zip(curves, places, colours, strict=False):
        if any(p.low is not None for p in curve.line.points):
            chart.add(_band(curve, x, colour, chart.sliver))
    for curve, x, colour in zip(curves, places, colours, strict=False):
        if curve.line.drawn:
            chart.add(_stroke(curve, x, colour, scale))
            last = float(curve.line.drawn[-1].value or 0.0)
            chart.end(last, ending(curve.name), colour=colour)
            chart.panels[0].values += [
                v for p in curve.line.drawn for v in (p.value, p.low, p.high) if v is not None
            ]
    return chart.finish()


def ending(name: str) -> str:
    """A run's name as it fits at the end of a line: what tells runs apart is often at its end."""
    flat = short(name, len(name) + 1)
    return flat if len(flat) <= LABEL else f"{flat[: LABEL // 2 - 1]}…{flat[-LABEL // 2 :]}"


def run_colours(dark: bool) -> tuple[str, ...]:
    """A colour per run, in the order they are given."""
    return (DARK if dark else LIGHT).classes[:RUNS]


def _x(layer: int, curve: Curve, relative: bool) -> float:
    return layer / max(1, curve.layers) if relative else layer


def _band(curve: Curve, at: Sequence[float], colour: str, half: float) -> go.Scatter:
    points = curve.line.points
    x, y = polygon(at, [p.low for p in points], [p.high for p in points], half)
    return filled(x, y, colour, 0.13, f"{curve.name} interval")


def _stroke(curve: Curve, x: Sequence[float], colour: str, scale: Scale) -> go.Scatter:
    points = curve.line.points
    shown = [[hover(curve.name, f", layer {p.layer}", p, scale), p.layer] for p in points]
    return go.Scatter(
        x=list(x),
        y=[p.value for p in points],
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={
            "size": 8,
            "color": colour,
            "symbol": ["circle-open" if p.constant else "circle" for p in points],
        },
        connectgaps=False,
        customdata=shown,
        hovertemplate=SHOWN,
        name=safe(curve.name, 60),
    )


class _Relative(Chart):
    """By relative depth instead of by layer."""

    def axis(self) -> dict[str, Any]:
        """From the embedding output to the last layer, in quarters."""
        return {
            "title_text": tr(DEPTH),
            "tick0": 0,
            "dtick": 0.25,
            "tickformat": ".2~f",
            "tickangle": 0,
            "range": list(self.across),
        }


# ---- maps beside each other


def same_colours(first: go.Figure, other: go.Figure) -> go.Figure:
    """``other`` with the colours and markers that ``first`` has for the same classes.

    On a map, classes are coloured by how frequent they are, which may differ between runs. Where
    one has a class that the other has not, ``other`` stays as it is.
    """
    known = {_class(trace): trace.marker for trace in first.data}
    if {_class(trace) for trace in other.data} != set(known):
        return other
    changed = go.Figure(other)
    for trace in changed.data:
        like = known[_class(trace)]
        trace.marker.color, trace.marker.symbol = like.color, like.symbol
    return changed


def _class(trace: Any) -> str:
    """The class of a trace's legend, ``name (count)``."""
    return str(trace.name).rpartition(" (")[0] or str(trace.name)
