"""The ledger of many sentences: stacked shares by layer, raw attention below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from probing.figures.chart import Chart
from probing.figures.style import Style
from probing.figures.traces import SHOWN
from probing.figures.values import Scale
from probing.language import Spoken, later, tr
from probing.mechanism.values import GROUPS, Group, Ledger, LedgerLayer

CALLED: Mapping[Group, str] = Spoken(
    {
        "self": later("[CLS] itself"),
        "separator": later("separators"),
        "punctuation": later("punctuation"),
        "word": later("words"),
    }
)
"""Groups of tokens as charts call them."""
HUES: dict[Group, str] = {
    "word": "cls",
    "punctuation": "mean_words",
    "separator": "pooled",
    "self": "mean",
}
"""Group → the pooling whose colour it borrows."""
UPWARDS: tuple[Group, ...] = ("word", "punctuation", "separator", "self")
"""Words stand on the ground in every panel, where their shares are compared best."""
PANEL = 210  # pixels
PASSED_BY = later("passed by the attention unchanged (the residual stream)")


@dataclass(frozen=True)
class Stratum:
    """One part of every layer's stack."""

    name: str
    colour: str
    shares: tuple[float, ...]
    note: str = ""
    """What the hover text adds."""


class _Stacks(Chart):
    """A bar per layer, whole at both ends."""

    @property
    def across(self) -> tuple[float, float]:
        return self.at[0] - 0.6, self.at[-1] + 0.6

    def axis(self) -> dict[str, Any]:
        return {**super().axis(), "title_text": tr("layer")}


def ledger(found: Ledger, *, rollout: bool = False, dark: bool = False) -> go.Figure:
    """What [CLS] receives by layer, as norm shares, above its raw attention to the same groups.

    The two disagree: attention weighs tokens before the value vectors that it brings are known.
    ``rollout`` adds attention rollout, which is no measure of what arrives.
    """
    titles = [
        tr("what [CLS] receives, by norm, n = {n}").format(n=f"{found.sentences:,}"),
        tr("its raw attention, mean over heads"),
    ]
    if rollout:
        titles.append(tr("attention rollout from layer 0 up to here"))
    chart = _Stacks(
        [Scale(title) for title in titles],
        [layer.layer for layer in found.layers],
        dark=dark,
        height=90 + PANEL * len(titles) + 46 * (len(titles) - 1),
    )
    style = chart.style
    received = _groups([layer.parts for layer in found.layers], style)
    received += [
        Stratum(
            tr("own state"),
            mixed(style, 0.5),
            tuple(x.residual for x in found.layers),
            tr(PASSED_BY),
        ),
        Stratum(tr("bias"), mixed(style, 0.22), tuple(x.bias for x in found.layers)),
    ]
    _stack(chart, found.layers, received, 0)
    _stack(chart, found.layers, _groups([x.attention for x in found.layers], style), 1)
    if rollout:
        _stack(chart, found.layers, _groups([x.rollout for x in found.layers], style), 2)
    figure = chart.finish()
    return figure.update_layout(barmode="stack", bargap=0.22)


def mixed(style: Style, share: float) -> str:
    """Grey that covers the grid: ``share`` of the quiet colour on the paper."""
    pairs = [(int(style.quiet[i : i + 2], 16), int(style.paper[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def _groups(rows: Sequence[Sequence[float]], style: Style) -> list[Stratum]:
    return [
        Stratum(
            CALLED[group],
            style.poolings[HUES[group]],
            tuple(row[GROUPS.index(group)] for row in rows),
        )
        for group in UPWARDS
    ]


def _stack(
    chart: Chart, layers: Sequence[LedgerLayer], strata: Sequence[Stratum], panel: int
) -> None:
    scale, base = chart.panels[panel].scale, 0.0
    said = tr("<b>{name}, layer {layer}</b><br>{share}: {meaning}")
    chart.panels[panel].values += [0.0, 1.0]
    for stratum in strata:
        shown = [
            [
                said.format(
                    name=stratum.name,
                    layer=layer.layer,
                    share=scale.write(share),
                    meaning=scale.heading,
                )
                + (f"<br>{stratum.note}" if stratum.note else "")
            ]
            for layer, share in zip(layers, stratum.shares, strict=True)
        ]
        bars = go.Bar(
            x=[layer.layer for layer in layers],
            y=stratum.shares,
            marker={"color": stratum.colour, "line": {"width": 0}},
            customdata=shown,
            hovertemplate=SHOWN,
            name=stratum.name,
        )
        chart.add(bars, panel)
        if any(stratum.shares):
            middle = base + stratum.shares[-1] / 2
            named = stratum.colour in chart.style.poolings.values()
            chart.end(middle, stratum.name, panel, stratum.colour if named else None)
        base += stratum.shares[-1]
