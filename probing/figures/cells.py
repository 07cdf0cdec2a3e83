"""Of single cells: whether a probe's confidence can be taken at its word, and which were chosen."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from probing.contrasts import cell_of
from probing.errors import SettingsError
from probing.evidence import Best
from probing.figures.style import (
    BOTTOM,
    DARK,
    LEFT,
    LIGHT,
    SMALL,
    TOP,
    Style,
    dress,
    name_rows,
    width,
)
from probing.figures.texts import NAMES, safe
from probing.figures.traces import SHOWN, title
from probing.figures.values import METRICS
from probing.language import tr
from probing.probes.metrics import BINS, reliability
from probing.probes.result import ProbeResult
from probing.statistics import wilson

SHARE = METRICS["accuracy"]
SMALLEST, LARGEST = 6.0, 26.0  # pixels across of the markers of the emptiest and the fullest bin


def calibration(
    probe: ProbeResult,
    y: np.ndarray,
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """How often a probe is right when it is so-and-so sure, in 15 equal bins of confidence.

    ``y`` int (n,) the true class numbers. A marker's area is the number of sentences in the bin,
    its bar the 95 % Wilson interval. SettingsError for a constant cell, which has no confidence.
    """
    if probe.constant:
        raise SettingsError(
            "{pooling} is the same vector for every sentence at layer {layer}, so its probe has no "
            "confidence to judge; choose another cell.",
            pooling=names[probe.pooling],
            layer=probe.layer,
        )
    style = DARK if dark else LIGHT
    figure = go.Figure([_diagonal(style), _bins(probe, y, style.poolings[probe.pooling])])
    dress(figure, style)
    quiet = {"size": SMALL, "color": style.quiet}
    figure.update_xaxes(
        title={"text": tr("confidence"), "font": quiet, "standoff": 6},
        tickformat=".0%",
        range=[-0.02, 1.04],
        nticks=6,
    )
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.06], nticks=6)
    figure.add_annotation(
        x=1,  # few bins are sure and wrong; at the line's end lies the largest
        y=0,
        text="··· " + tr("as sure as right"),
        showarrow=False,
        xanchor="right",
        yanchor="bottom",
        font=quiet,
        name="end",
    )
    error = "–" if probe.calibration_error is None else SHARE.write(probe.calibration_error)
    said = tr("accuracy: {pooling}, layer {layer}<br>calibration error {error}, n = {n}").format(
        pooling=names[probe.pooling], layer=probe.layer, error=error, n=f"{probe.n:,}"
    )
    title(figure, said, style.ink)
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        height=460,
        margin={"l": LEFT, "r": 16, "t": TOP + 17, "b": BOTTOM},
    )
    return figure


def _diagonal(style: Style) -> go.Scatter:
    return go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": style.quiet, "width": 1.25, "dash": "dot"},
        hoverinfo="skip",
        name=tr("as sure as right"),
    )


def _bins(probe: ProbeResult, y: np.ndarray, colour: str) -> go.Scatter:
    kept = probe.scored
    per_bin = reliability(probe.confidence[kept], (probe.predicted == y)[kept])
    full = np.flatnonzero(per_bin[0])
    counts, sure, share = (values[full] for values in per_bin)
    correct = np.rint(share * counts)
    ends = np.array([wilson(int(k), int(n)) for k, n in zip(correct, counts, strict=True)])
    said = tr("<b>{low} to {high} sure</b><br>right: {share}, n = {n}<br>mean confidence {mean}")
    shown = [
        [
            said.format(
                low=f"{b / BINS:.0%}",
                high=f"{(b + 1) / BINS:.0%}",
                share=SHARE.between(share[i], *ends[i]),
                n=f"{counts[i]:,}",
                mean=SHARE.write(sure[i]),
            ),
            probe.layer,
            probe.pooling,
        ]
        for i, b in enumerate(full)
    ]
    return go.Scatter(
        x=sure,
        y=share,
        error_y={
            "type": "data",
            "symmetric": False,
            "array": ends[:, 1] - share,
            "arrayminus": share - ends[:, 0],
            "color": colour,
            "thickness": 1.25,
            "width": 0,
        },
        mode="markers",
        marker={
            "size": np.maximum(SMALLEST, LARGEST * np.sqrt(counts / counts.max())),
            "color": colour,
            "opacity": 0.85,
            "line": {"width": 0},
        },
        customdata=shown,
        hovertemplate=SHOWN,
        name="bins",
    )


def choices(best: Best, *, names: Mapping[str, str] = NAMES, dark: bool = False) -> go.Figure:
    """Which cells the outer folds chose on their inner folds, a bar each, the most chosen on top.

    One cell in all folds: the choice is stable. A cell each: the sample cannot tell them apart.
    """
    style = DARK if dark else LIGHT
    ordered = sorted(best.choices.items(), key=lambda item: -item[1])
    folds, cells = sum(best.choices.values()), [cell_of(name) for name, _ in ordered]
    place, chosen = tr("{pooling}, layer {layer}"), tr("chosen by {count} of {folds} folds")
    labels = [
        safe(name, 32) if cell is None else place.format(pooling=names[cell[0]], layer=cell[1])
        for (name, _), cell in zip(ordered, cells, strict=True)
    ]
    bars = go.Bar(
        x=[count for _, count in ordered],
        y=list(range(len(ordered))),
        orientation="h",
        width=0.62,
        text=[tr("{n} of {all}").format(n=n, all=folds) for _, n in ordered],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [style.poolings[c[0]] if c else style.quiet for c in cells],
        },
        customdata=[
            [
                f"<b>{label}</b><br>" + chosen.format(count=count, folds=folds),
                *(reversed(c or ("", None))),
            ]
            for label, (_, count), c in zip(labels, ordered, cells, strict=True)
        ],
        hovertemplate=SHOWN,
        name="folds",
    )
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_xaxes(showgrid=False, showline=False, showticklabels=False, range=[0, folds])
    name_rows(figure, labels, ticklen=6, tickcolor="rgba(0,0,0,0)", ticks="outside")
    left = max(width(label) for label in labels) + 16
    title(figure, tr("folds that chose a cell as the best"), style.ink, left=left)
    figure.update_layout(
        height=TOP + 30 + 26 * len(ordered), margin={"t": TOP, "b": 12, "r": 64, "l": left}
    )
    return figure
