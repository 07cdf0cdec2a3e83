"""Maps: a point per sentence."""

import html
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from probing.figures.colouring import SYMBOLS, by_class
from probing.figures.style import DARK, LIGHT, Style, dress
from probing.figures.texts import safe, short
from probing.projections import Projection

_SYMBOLS_3D = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open") * 2
_SVG_POINTS = 1_000  # points up to which SVG is sharper and quick enough; beyond, WebGL


def scatter(
    projection: Projection,
    texts: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    numbers: Sequence[float] | None = None,
    new: Sequence[float] | None = None,
    webgl: bool = True,
    dark: bool = False,
) -> go.Figure:
    """A map with a point per sentence, coloured by label; hover shows the sentence.

    With more than ``SHOWN_CLASSES`` classes the most frequent have colours, the others are grey
    together. Where the labels are quantities, ``numbers`` are their values, and colour is a scale.
    ``webgl``: False where the page forbids code made at run time, which Plotly's WebGL points are.
    ``new`` (2,) is where a sentence lies that the map was drawn without.
    ``customdata[1]`` is the point's position among the sentences.
    """
    style = DARK if dark else LIGHT
    groups = _groups(None if numbers is not None else labels, len(texts), style)
    figure = go.Figure()
    hover = _hover(tuple(texts), None if labels is None else tuple(labels))
    for number, (name, members, colour) in enumerate(groups):
        shown = [hover[i] for i in members]
        figure.add_trace(_points(projection, members, shown, name, colour, number, webgl))
    if numbers is not None:
        figure.update_traces(marker=_scale(numbers, style))
    if new is not None:
        figure.add_trace(_newcomer(new, style))
    dress(figure, style)
    hidden = {"showticklabels": False, "title_text": "", "zeroline": False, "showgrid": False}
    if projection.points.shape[1] == 3:
        figure.update_scenes(
            **{
                f"{axis}axis": {
                    "showticklabels": False,
                    "showbackground": False,
                    "gridcolor": style.grid,
                    "title": {"text": ""},
                }
                for axis in "xyz"
            }
        )
    figure.update_xaxes(**hidden, showline=False)
    figure.update_yaxes(**hidden, showline=False, scaleanchor="x")
    figure.update_layout(
        showlegend=len(groups) > 1,
        legend={"orientation": "h", "y": 0, "yanchor": "top", "itemsizing": "constant"},
        margin={"l": 8, "r": 8, "t": 8, "b": 64},
        dragmode="pan" if projection.points.shape[1] == 2 else "orbit",
    )
    return figure


def _newcomer(point: Sequence[float], style: Style) -> Any:
    return go.Scatter(
        x=[point[0]],
        y=[point[1]],
        mode="markers+text",
        name="your sentence",
        text=["your sentence"],
        textposition="top center",
        textfont={"color": style.ink, "size": 14},
        hoverinfo="name",
        showlegend=False,
        marker={
            "size": 18,
            "symbol": "star",
            "color": style.ink,
            "line": {"width": 2, "color": style.paper},
        },
    )


def _scale(numbers: Sequence[float], style: Style) -> dict[str, Any]:
    """Colours by value: lightness rises with it, seen alike with any colour vision."""
    return {
        "color": list(numbers),
        "colorscale": [[i / 3, colour] for i, colour in enumerate(style.numbers)],
        "showscale": True,
        "colorbar": {
            "thickness": 10,
            "len": 0.6,
            "outlinewidth": 0,
            "tickfont": {"color": style.quiet},
            "nticks": 5,
        },
    }


def _groups(
    labels: Sequence[str] | None, n: int, style: Style
) -> list[tuple[str, np.ndarray, str]]:
    """(legend name, indices of the points, colour), the most frequent class first."""
    if labels is None:
        return [("sentences", np.arange(n), style.classes[0])]
    found = by_class(labels, style)
    return [
        (f"{safe(g.name, 60)} ({g.count:,})", np.flatnonzero(found.codes == g.code), g.colour)
        for g in sorted(found.groups, key=lambda g: g.code)
    ]


@lru_cache(maxsize=4)
def _hover(texts: tuple[str, ...], labels: tuple[str, ...] | None) -> tuple[tuple[str, int], ...]:
    """What a point shows of its sentence, with its position; the same on every map of a run."""
    shown = []
    for i, text in enumerate(texts):
        label = f"<b>{safe(labels[i], 60)}</b><br>" if labels is not None else ""
        lines = textwrap.wrap(short(text, 300), 60)
        shown.append((label + "<br>".join(html.escape(line, quote=False) for line in lines), i))
    return tuple(shown)


def _points(
    projection: Projection,
    members: np.ndarray,
    shown: list[tuple[str, int]],
    name: str,
    colour: str,
    number: int,
    webgl: bool,
) -> Any:
    points = projection.points[members]
    n = len(projection.points)
    common: dict[str, Any] = {
        "mode": "markers",
        "name": name,
        "customdata": shown,
        "hovertemplate": "%{customdata[0]}<extra></extra>",
        "x": points[:, 0],
        "y": points[:, 1],
    }
    size = 8 if n <= 500 else 6 if n <= 3_000 else 4
    if points.shape[1] == 3:
        marker = {"size": size / 2, "color": colour, "symbol": _SYMBOLS_3D[number]}
        return go.Scatter3d(z=points[:, 2], marker=marker, **common)
    marker = {"size": size, "color": colour, "opacity": 0.8, "symbol": SYMBOLS[number % 9]}
    kind = go.Scattergl if webgl and n > _SVG_POINTS else go.Scatter
    return kind(marker=marker, **common)
