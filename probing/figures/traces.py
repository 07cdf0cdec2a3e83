"""What a chart by layer is made of: lines, bands, words."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from probing.figures.placing import polygon
from probing.figures.style import LABEL, LEFT, SMALL, faded
from probing.figures.texts import safe
from probing.figures.values import Line, Scale, hover
from probing.language import tr

SHOWN = "%{customdata[0]}<extra></extra>"
"""Hover text: the first of a point's custom data, and nothing else."""


def title(figure: go.Figure, text: str, colour: str, top: float = 1, left: int = LEFT) -> None:
    """What an axis shows, in words above it: no neck need be bent, and no width is lost."""
    font = {"size": LABEL, "color": colour}
    write(figure, text, colour, left, y=top, yanchor="bottom", yshift=12, name="title", font=font)


def write(figure: go.Figure, text: str, colour: str, left: int = LEFT, **where: Any) -> None:
    """Text from the left edge of a figure on, whose margin is ``left`` pixels."""
    figure.add_annotation(
        **{
            "text": text,
            "x": 0,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left",
            "xshift": 8 - left,
            "align": "left",
            "showarrow": False,
            "font": {"size": SMALL, "color": colour},
            "name": "note",
            **where,
        }
    )


def filled(
    x: Sequence[float | None], y: Sequence[float | None], colour: str, opacity: float, name: str
) -> go.Scatter:
    """A band."""
    return go.Scatter(
        x=x,
        y=y,
        fill="toself",
        fillcolor=faded(colour, opacity),
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        name=safe(name, 60),
    )


def band(line: Line, colour: str, half: float) -> go.Scatter:
    """A line's intervals; a layer that stands alone is ``half`` a layer wide on either side."""
    points = line.points
    x, y = polygon(
        [p.layer for p in points], [p.low for p in points], [p.high for p in points], half
    )
    return filled(x, y, colour, 0.13, tr("{name} interval").format(name=line.name))


def stroke(line: Line, colour: str, scale: Scale) -> go.Scatter:
    """The line with its points, open where a cell is constant, and what shows on hover."""
    where = tr(", layer {layer}")
    shown = [
        [hover(line.name, where.format(layer=p.layer), p, scale), p.layer, line.pooling]
        for p in line.points
    ]
    return go.Scatter(
        x=[p.layer for p in line.points],
        y=[p.value for p in line.points],
        mode="lines+markers",
        line={
            "color": faded(colour, 0.6) if line.quiet else colour,
            "width": 1.5 if line.quiet else 2.5,
            "dash": line.dash,
        },
        marker={
            "size": 5 if line.quiet else 8 if line.dash == "solid" else 6,
            "color": colour,
            "symbol": ["circle-open" if p.constant else "circle" for p in line.points],
        },
        connectgaps=False,
        customdata=shown,
        hovertemplate=SHOWN,
        name=safe(line.name, 60),
    )
