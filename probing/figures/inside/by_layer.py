"""Lines by layer: knockouts, shares of the gradient, one sentence as the probes read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures.chart import Chart
from probing.figures.texts import NAMES, safe
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
from probing.geometry import CONSTANT
from probing.language import Spoken, later, tr
from probing.mechanism.values import Gradients, GradientShare, Knockout, Look, Missing, Rung

KINDS = Spoken(
    {"single": later("only here"), "from": later("from here up"), "up to": later("up to here")}
)
"""Where [CLS] is cut off, seen from the layer below the marker."""
HUES = {"single": "cls", "from": "pooled", "up to": "mean_words"}
"""Kind → the pooling whose colour it borrows."""
SCORE = replace(METRICS["accuracy"], title=later("accuracy of the fixed probe, [CLS] cut off"))
MOVED = Scale(
    later("how far [CLS] moves: ‖Δh‖² / tr Cov (log)"),
    "{:.3g}",
    ticks="",
    lowest=-inf,
    highest=inf,
    log=True,
)
SHARE = Scale(later("[CLS]'s share of the gradient"))
NOTES = (
    later(
        "Cut off: [CLS] may not read any other token in this layer only, in this layer and all "
        "above, or in this layer and all below."
    ),
    later("Spread: as far as the sentences lie from their mean."),
)
HEADS = later("Solid: the head is fitted to the labels. Dashed: it is random.")


class _Layers(Chart):
    """A chart over layers that compute something: there is no layer 0."""

    def axis(self) -> dict[str, Any]:
        return {**super().axis(), "title_text": tr("layer")}


def knockout(found: Knockout, *, dark: bool = False) -> go.Figure:
    """What the fixed probe still reads, and how far [CLS] moves, by layer that is cut off.

    A line per kind of cut, with 95 % bands. Across: the score on intact vectors and the majority's.
    Without classes the lower panel stands alone.
    """
    scored = any(rung.score is not None for rung in found.rungs)
    moved = replace(MOVED, title=MOVED.counted(found.sentences))
    chart = _Layers(
        [SCORE, moved] if scored else [moved],
        [rung.layer for rung in found.rungs],
        dark=dark,
        height=600 if scored else 420,
        notes=[tr(note) for note in NOTES],
    )
    hues = {kind: chart.style.poolings[hue] for kind, hue in HUES.items()}
    chart.style = replace(chart.style, poolings=hues)
    if scored:
        chart.references(_beside(found))
        chart.lines(_rungs(found.rungs, _read))
    chart.references([Reference(tr("spread"), 1.0)], panel=int(scored))
    chart.lines(_rungs(found.rungs, _shifted), panel=int(scored))
    return chart.finish()


def _beside(found: Knockout) -> list[Reference]:
    across = []
    if found.intact is not None:
        i = found.intact
        across.append(Reference(tr("intact"), i.value, i.low, i.high, i.n, "dash"))
    if found.majority is not None:
        across.append(Reference(tr("majority"), found.majority))
    return across


def _rungs(rungs: Sequence[Rung], drawn: Callable[[Rung], Point]) -> list[Line]:
    """A line per kind, "only here" on top of the others."""
    order = [kind for kind in ("up to", "from", "single") if any(r.kind == kind for r in rungs)]
    return [
        Line(
            tr("cut off {where}").format(where=KINDS[kind]),
            kind,
            tuple(drawn(r) for r in sorted(rungs, key=lambda r: r.layer) if r.kind == kind),
            label=KINDS[kind],
        )
        for kind in order
    ]


def _read(rung: Rung) -> Point:
    return point(rung.layer, rung.score)


def _shifted(rung: Rung) -> Point:
    """How far; what is float noise lies on its edge, so that a logarithm can be had."""
    below = rung.moved < CONSTANT
    instead = tr("less than 1e−9: not at all") if below else ""
    return Point(rung.layer, max(rung.moved, CONSTANT), instead=instead)


# ---- gradients


def gradient_shares(
    found: Gradients, *, names: Mapping[str, str] = NAMES, dark: bool = False
) -> go.Figure:
    """[CLS]'s share of ‖∂L/∂h_l‖ by layer: a colour per head, fitted solid, random dashed.

    Across: 1/T, the share that each token would have if all were alike.
    """
    drawn = [_share(share, found, names) for share in sorted(found.shares, key=lambda s: s.fitted)]
    scale = replace(SHARE, title=SHARE.counted(found.sentences))
    fits = {share.fitted for share in found.shares}
    notes = [tr(HEADS)] if len(fits) > 1 else []
    chart = Chart([scale], range(len(found.uniform)), dark=dark, notes=notes)
    chart.references([Reference(tr("1 / tokens"), found.uniform[0], n=found.sentences)])
    chart.lines(drawn)
    chart.panels[0].values += [0.0, 1.0]
    return chart.finish()


def _share(share: GradientShare, found: Gradients, names: Mapping[str, str]) -> Line:
    name = names[share.head]
    head = tr("fitted head on {pooling}") if share.fitted else tr("random head on {pooling}")
    alone = not any(s.head == share.head and s.fitted for s in found.shares)
    line = Line(
        head.format(pooling=name),
        share.head,
        tuple(Point(i, value, n=found.sentences) for i, value in enumerate(share.shares)),
        label=name if share.fitted or alone else "",
    )
    return line if share.fitted else quieter(line, dash="dash")


# ---- one sentence


def readings(
    look: Look, chosen: int, *, names: Mapping[str, str] = NAMES, dark: bool = False
) -> go.Figure:
    """The probability that each cell's probe gives one class, by layer, a line per pooling.

    ``chosen`` is the class's number. Across: what every class would get if all were alike. A cell
    that is the same for every sentence has no probe, so no point. SettingsError without readings.
    """
    if isinstance(look.readings, Missing):
        raise SettingsError(look.readings.reason)
    drawn = lines(((r, Point(r.layer, r.probabilities[chosen])) for r in look.readings), names)
    title = tr("probability of “{label}”").format(label=safe(look.classes[chosen], 24))
    deepest = max((p for p in layers_of(drawn)), default=1)
    chart = Chart([Scale(title)], range(deepest + 1), dark=dark)
    chart.references([Reference(tr("1 in {n}").format(n=len(look.classes)), 1 / len(look.classes))])
    chart.lines(drawn)
    chart.panels[0].values += [0.0, 1.0]
    return chart.finish()
