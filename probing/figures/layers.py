"""Scores by layer: accuracy with what it stands beside, and selectivity."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

import plotly.graph_objects as go

from probing.evidence import Check, Twin
from probing.figures.chart import Chart
from probing.figures.placing import polygon
from probing.figures.texts import NAMES
from probing.figures.traces import SHOWN, filled
from probing.figures.values import (
    METRICS,
    Line,
    Point,
    Reference,
    Scale,
    layers_of,
    lines,
    point,
    quieter,
)
from probing.language import later, tr
from probing.probes.result import ProbeResult
from probing.progress import CellScore

RANDOM = later("random weights")


def accuracy(
    drawn: Sequence[Line],
    references: Sequence[Reference] = (),
    twins: Sequence[Twin] = (),
    *,
    scale: Scale = METRICS["accuracy"],
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """A score by layer, a line with its 95 % band per pooling, and what it stands beside.

    ``references`` are baselines, across in grey. ``twins`` are the cells of the encoder with random
    weights: one grey band from the lowest to the highest of all seeds and poolings given. An open
    marker is a constant cell. ``customdata`` of a line's point: its hover text, layer and pooling.
    """
    chart = Chart([scale], layers_of(drawn), dark=dark)
    # one vector for all sentences is that with any weights: it says nothing of random ones
    constant = {(p.layer, line.pooling) for line in drawn for p in line.points if p.constant}
    telling = [twin for twin in twins if (twin.layer, twin.pooling) not in constant]
    if telling:
        _random_weights(chart, telling, scale, names)
    chart.references(references)
    chart.lines(drawn)
    return chart.finish()


def first_scores(
    cells: Sequence[CellScore], *, names: Mapping[str, str] = NAMES, dark: bool = False
) -> go.Figure:
    """What the cells of a run that is still computing have scored so far, at least one.

    Without intervals, which come from resamples of all cells together.
    """
    scale = METRICS[cells[0].metric]
    drawn = lines(((c, Point(c.layer, c.score)) for c in cells), names)
    chart = Chart([scale], range(cells[0].layers), dark=dark)
    chart.lines(drawn)
    return chart.finish()


def _random_weights(
    chart: Chart, twins: Sequence[Twin], scale: Scale, names: Mapping[str, str]
) -> None:
    layers = sorted({t.layer for t in twins})
    at = {layer: [t for t in twins if t.layer == layer] for layer in layers}
    low = [min(min(t.accuracies) for t in at[layer]) for layer in layers]
    high = [max(max(t.accuracies) for t in at[layer]) for layer in layers]
    x, y = polygon(layers, low, high, chart.sliver)
    chart.add(filled(x, y, chart.style.quiet, 0.22, tr(RANDOM)))
    middles = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    where = tr("<b>random weights, layer {layer}</b>")
    shown = [
        "<br>".join([where.format(layer=layer), *(_seeds(t, scale, names) for t in at[layer])])
        for layer in layers
    ]
    # a band has no hover of its own: points that are not seen carry it
    chart.add(
        go.Scatter(
            x=layers,
            y=middles,
            mode="markers",
            marker={"size": 10, "opacity": 0},
            customdata=[[text] for text in shown],
            hovertemplate=SHOWN,
            name=tr("random weights, middle"),
        )
    )
    chart.panels[0].values += low + high
    chart.end(middles[-1], tr(RANDOM))


def _seeds(twin: Twin, scale: Scale, names: Mapping[str, str]) -> str:
    low, high = min(twin.accuracies), max(twin.accuracies)
    return tr("{pooling} {low} to {high}, {seeds} seeds, n = {n}").format(
        pooling=names[twin.pooling],
        low=scale.write(low),
        high=scale.write(high),
        seeds=len(twin.accuracies),
        n=f"{twin.n:,}",
    )


# ---- selectivity


def selectivity(
    checks: Sequence[Check],
    probes: Sequence[ProbeResult],
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Accuracy on the labels and, dashed, on the control task, by layer and pooling."""
    found = {(c.layer, c.pooling): c for c in checks}
    task = lines(((p, _task(p, found.get((p.layer, p.pooling)))) for p in probes), names)
    control = lines(((c, point(c.layer, c.control)) for c in checks), names, dash="dash")
    control = tuple(
        quieter(line, name=tr("{name}, control task").format(name=line.name), label="")
        for line in control
        if line.drawn
    )
    scale = replace(METRICS["accuracy"], title=tr("accuracy: labels, and control task (dashed)"))
    chart = Chart([scale], layers_of(task), dark=dark)
    chart.lines([*task, *control])
    if control:
        chart.end(
            median(float(line.drawn[-1].value or 0.0) for line in control), tr("control task")
        )
    return chart.finish()


def _task(probe: ProbeResult, check: Check | None) -> Point:
    note = ""
    if check is not None and check.selectivity is not None:
        s = check.selectivity
        said = METRICS["accuracy"].between(s.value, s.low, s.high)
        note = tr("selectivity {value}").format(value=said)
    ends = (probe.ci_low, probe.ci_high)
    return Point(probe.layer, probe.accuracy, *ends, probe.n, probe.constant, note)
