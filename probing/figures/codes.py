"""The online code: how many labels it takes, and how short they can be written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from statistics import median
from typing import Any

import numpy as np
import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.evidence import Code
from probing.figures.chart import Chart
from probing.figures.texts import NAMES, safe
from probing.figures.traces import SHOWN
from probing.figures.values import Point, Reference, Scale, layers_of, lines, quieter
from probing.language import later, tr

CROWDED = 1.9  # labels on the axis are that many times apart, to fit across a phone
MOST = 5


class _LabelsSeen(Chart):
    """A chart over the labels seen, on a logarithmic axis."""

    @property
    def across(self) -> tuple[float, float]:
        room = (self.at[-1] / self.at[0]) ** 0.04
        return self.at[0] / room, self.at[-1] * room

    def axis(self) -> dict[str, Any]:
        ticks = _ticks(self.at)
        return {
            "title_text": tr("labels seen (log)"),
            "type": "log",
            "tickvals": ticks,
            "ticktext": [f"{tick:,}" for tick in ticks],
            "tickangle": 0,
            "range": np.log10(self.across).tolist(),
        }


def learning(
    codes: Sequence[Code],
    majority: float | None = None,
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Accuracy on the next block of sentences against the labels seen, a line per pooling.

    ``codes`` are those of one layer; ``majority`` is the accuracy of the most frequent class. Where
    CLS meets the mean, it has caught up with it.
    """
    first = codes[0]
    title = tr("accuracy on the next block, layer {layer}, n = {n}")
    scale = Scale(title.format(layer=first.layer, n=f"{first.n:,}"))
    chart = _LabelsSeen([scale], [seen for code in codes for seen in code.seen], dark=dark)
    references = [Reference(tr("1 in {n}").format(n=first.classes), 1 / first.classes)]
    if majority is not None:
        references = [Reference(tr("majority"), majority)]
    chart.references(references)
    for code in codes:
        colour = chart.style.poolings[code.pooling]
        chart.add(_curve(code, names[code.pooling], colour, scale))
        chart.panels[0].values += code.accuracy
        chart.end(code.accuracy[-1], names[code.pooling], colour=colour)
    return chart.finish()


def _curve(code: Code, name: str, colour: str, scale: Scale) -> go.Scatter:
    ends = [*code.seen[1:], code.n]
    said = tr(
        "<b>{name} after {seen} labels</b><br>{share} of the next {next} right<br>"
        "mean of {orders} orders, n = {n}"
    )
    shown = [
        [
            said.format(
                name=safe(name, 60),
                seen=f"{seen:,}",
                share=scale.write(value),
                next=f"{end - seen:,}",
                orders=code.shuffles,
                n=f"{code.n:,}",
            ),
            code.layer,
            code.pooling,
        ]
        for seen, end, value in zip(code.seen, ends, code.accuracy, strict=True)
    ]
    return go.Scatter(
        x=code.seen,
        y=code.accuracy,
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"size": 8, "color": colour},
        customdata=shown,
        hovertemplate=SHOWN,
        name=safe(name, 60),
    )


def _ticks(seen: Sequence[int]) -> list[int]:
    """Some of the ascending ``seen``, the last one always."""
    kept = [seen[-1]]
    for value in seen[::-1]:
        if kept[-1] / value >= CROWDED:
            kept.append(value)
    step = -(-len(kept) // MOST)
    return kept[::step][::-1]


# ---- by layer

LENGTHS: Mapping[str, Scale] = {
    "compression": Scale(
        later("compression of the labels (uniform code = 1)"), "{:.2f}", "×", ".1f", highest=inf
    ),
    "bits": Scale(later("bits a label"), "{:.2f}", later(" bits"), ".1f", highest=inf),
}
"""How a code's length is told: how many times shorter than log2 K a label, or as it is."""


def description(
    codes: Sequence[Code],
    measure: str = "compression",
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Length of the online code by layer: a line per pooling with ± 1 s.d. over the shuffles.

    Dotted, the code for permuted labels; across, the code that knows the classes' shares only.
    ``measure`` is ``compression`` (more is better) or ``bits``. SettingsError for any other.
    """
    if measure not in LENGTHS:
        raise SettingsError(
            "there is no measure {measure!r}; the measures are {there}.",
            measure=measure,
            there=", ".join(LENGTHS),
        )
    scale, first = LENGTHS[measure], codes[0]
    drawn = lines(((c, _coded(c, measure)) for c in codes), names)
    permuted = [
        quieter(line, label="")
        for line in lines(
            ((c, Point(c.layer, _told(c, c.permuted_bits, measure), n=c.n)) for c in codes),
            {p: tr("{name}, labels permuted").format(name=name) for p, name in names.items()},
            dash="dot",
        )
    ]
    scale = replace(scale, title=scale.counted(first.n))
    chart = Chart([scale], layers_of(drawn), dark=dark)
    known = _told(first, first.prior_bits, measure)
    chart.references([Reference(tr("class shares only"), known, n=first.n, dash="dash")])
    chart.lines([*permuted, *drawn])
    chart.end(median(float(p.points[-1].value or 0) for p in permuted), tr("labels permuted"))
    return chart.finish()


def _coded(code: Code, measure: str) -> Point:
    value = _told(code, code.bits, measure)
    ends = sorted(_told(code, code.bits + sign * code.bits_sd, measure) for sign in (-1, 1))
    note = tr("the interval is ± 1 s.d. of {n} orders").format(n=code.shuffles)
    return Point(code.layer, value, ends[0], ends[1], code.n, note=note)


def _told(code: Code, bits: float, measure: str) -> float:
    return code.uniform_bits / bits if measure == "compression" else bits / code.n
