"""Values to Plotly figures. The only importer of plotly.

Texts and labels are the user's: Plotly reads a small HTML in hover, titles and legends (links,
remote images), so they are escaped wherever they go in.
"""

import html
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.probes.result import ProbeResult
from probing.projections import Projection
from probing.record import Run
from probing.sentences import Sentences
from probing.style import DARK, LIGHT, Style, dress, faded

NAMES = {"cls": "CLS", "pooled": "pooled", "mean": "mean", "mean_words": "mean of words"}
"""Poolings as they are called on charts."""
SHOWN_CLASSES = 9  # classes with a colour of their own on a map; the others are grey together
BARS = 20  # bars of a class chart
_SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon", "bowtie")
_SYMBOLS_3D = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open") * 2
_SVG_POINTS = 1_000  # points up to which SVG is sharper and quick enough; beyond, WebGL


def draw(run: Run, name: str = "accuracy", *, dark: bool = False, **options: Any) -> go.Figure:
    """The figure ``name`` of a run: ``accuracy`` or ``map``.

    ``map`` takes method, layer, pooling and dimensions; by default the run's last map.
    """
    unknown = set(options) - {"method", "layer", "pooling", "dimensions"}
    if unknown or (options and name == "accuracy"):
        raise SettingsError(
            f"the figure {name} has no option {sorted(unknown or options)[0]!r}; map takes method, "
            "layer, pooling and dimensions, accuracy none."
        )
    if name == "accuracy":
        if not run.probes:
            raise SettingsError("this run has no labels, so it has no accuracy; draw a map.")
        pooler = run.record["encoder"]["pooler"]
        names = NAMES if pooler["trained"] else {**NAMES, "pooled": "untrained pooler"}
        majority = run.record["baselines"]["majority"]["accuracy"]
        return accuracy(run.probes, majority, names=names, dark=dark)
    if name != "map":
        raise SettingsError(f"there is no figure {name!r}; the figures are accuracy, map.")
    asked = {key: value for key, value in options.items() if value is not None}
    for projection in reversed(run.projections):
        if all(projection.to_json()[key] == value for key, value in asked.items()):
            return scatter(projection, run.sentences.texts, run.sentences.labels, dark=dark)
    drawn = ", ".join(p.name for p in run.projections) or "none"
    raise SettingsError(f"this run has no such map; its maps are: {drawn}.")


def accuracy(
    probes: Sequence[ProbeResult],
    majority: float,
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """Accuracy by layer, a line with its 95 % band per pooling, and the majority baseline.

    ``names`` are the lines' labels by pooling. A constant cell has an open marker.
    """
    style = DARK if dark else LIGHT
    figure = go.Figure()
    ends: list[tuple[float, str, str]] = []
    for pooling in dict.fromkeys(probe.pooling for probe in probes):
        cells = sorted((p for p in probes if p.pooling == pooling), key=lambda p: p.layer)
        colour = style.poolings[pooling]
        figure.add_trace(_band(cells, colour, names[pooling]))
        figure.add_trace(_line(cells, colour, names[pooling]))
        ends.append((cells[-1].accuracy, names[pooling], colour))
    last = max(probe.layer for probe in probes)
    figure.add_hline(majority, line={"color": style.quiet, "width": 1.5, "dash": "dot"})
    ends.append((majority, "majority", style.quiet))
    lowest = min(majority, *(p.ci_low for p in probes))
    floor = max(0.0, np.floor((lowest - 0.02) * 20) / 20)
    top = min(1.005, max(p.ci_high for p in probes) + 0.03)
    _label_ends(figure, ends, last, (top - floor) * 0.055)
    dress(figure, style)
    figure.update_layout(showlegend=False, hovermode="closest", margin={"r": 128})
    figure.update_xaxes(
        title_text="layer (0 = embedding output)",
        dtick=1 if last <= 14 else 2,
        range=[-0.2, last + 0.15],
        showgrid=False,
    )
    figure.update_yaxes(title_text="accuracy", tickformat=".0%", range=[floor, top])
    return figure


def _band(cells: list[ProbeResult], colour: str, name: str) -> go.Scatter:
    layers = [c.layer for c in cells]
    return go.Scatter(
        x=[*layers, *layers[::-1]],
        y=[c.ci_high for c in cells] + [c.ci_low for c in cells][::-1],
        fill="toself",
        fillcolor=faded(colour, 0.13),
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        name=f"{name} interval",
    )


def _line(cells: list[ProbeResult], colour: str, name: str) -> go.Scatter:
    texts = [
        f"<b>{name}, layer {c.layer}</b><br>{c.accuracy:.1%} "
        f"[{c.ci_low:.1%}, {c.ci_high:.1%}], n = {c.n:,}"
        + ("<br>the same vector for every sentence" if c.constant else "")
        for c in cells
    ]
    return go.Scatter(
        x=[c.layer for c in cells],
        y=[c.accuracy for c in cells],
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={
            "size": 8,
            "color": colour,
            "symbol": ["circle-open" if c.constant else "circle" for c in cells],
        },
        customdata=texts,
        hovertemplate="%{customdata}<extra></extra>",
        name=name,
    )


def _label_ends(
    figure: go.Figure, ends: list[tuple[float, str, str]], last: int, gap: float
) -> None:
    """Names at the right end of the lines, moved apart where they would overlap."""
    height = -np.inf
    for value, name, colour in sorted(ends):
        height = max(value, height + gap)
        figure.add_annotation(
            x=1,
            xref="paper",
            y=height,
            text=name,
            showarrow=False,
            xanchor="left",
            xshift=10,
            font={"color": colour, "size": 13},
        )


def scatter(
    projection: Projection,
    texts: Sequence[str],
    labels: Sequence[str] | None = None,
    *,
    dark: bool = False,
) -> go.Figure:
    """A map with a point per sentence, coloured by label; hover shows the sentence.

    With more than ``SHOWN_CLASSES`` classes the most frequent have colours, the others are grey
    together. ``customdata[1]`` is the point's position among the sentences.
    """
    style = DARK if dark else LIGHT
    groups = _groups(labels, len(texts), style)
    figure = go.Figure()
    for number, (name, members, colour) in enumerate(groups):
        shown = _hover(texts, labels, members)
        figure.add_trace(_points(projection, members, shown, name, colour, number))
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


def _groups(
    labels: Sequence[str] | None, n: int, style: Style
) -> list[tuple[str, np.ndarray, str]]:
    """(legend name, indices of the points, colour), the most frequent class first."""
    if labels is None:
        return [("sentences", np.arange(n), style.classes[0])]
    values = np.array(labels, dtype=object)
    counts = Counter(labels).most_common()
    own = counts if len(counts) <= SHOWN_CLASSES else counts[: SHOWN_CLASSES - 1]
    groups = [
        (f"{_safe(label, 40)} ({count:,})", np.flatnonzero(values == label), colour)
        for (label, count), colour in zip(own, style.classes, strict=False)
    ]
    rest = {label for label, _ in counts[len(own) :]}
    if rest:
        members = np.array([i for i, label in enumerate(labels) if label in rest])
        groups.insert(0, (f"{len(rest)} other classes ({len(members):,})", members, style.grid))
    return groups


def _hover(
    texts: Sequence[str], labels: Sequence[str] | None, members: np.ndarray
) -> list[tuple[str, int]]:
    shown = []
    for i in members:
        label = f"<b>{_safe(labels[i], 60)}</b><br>" if labels is not None else ""
        lines = textwrap.wrap(_short(texts[i], 300), 60)
        shown.append(
            (label + "<br>".join(html.escape(line, quote=False) for line in lines), int(i))
        )
    return shown


def _points(
    projection: Projection,
    members: np.ndarray,
    shown: list[tuple[str, int]],
    name: str,
    colour: str,
    number: int,
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
    marker = {"size": size, "color": colour, "opacity": 0.8, "symbol": _SYMBOLS[number % 9]}
    kind = go.Scatter if n <= _SVG_POINTS else go.Scattergl
    return kind(marker=marker, **common)


def class_counts(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Sentences of each class, a bar each, the largest on top; the small ones of many together."""
    style = DARK if dark else LIGHT
    counts = Counter(sentences.class_counts).most_common()
    own = counts if len(counts) <= BARS else counts[: BARS - 1]
    names, values = [_safe(name, 32) for name, _ in own], [count for _, count in own]
    if len(own) < len(counts):
        names.append(f"{len(counts) - len(own)} other classes")
        values.append(sum(count for _, count in counts[len(own) :]))
    bars = go.Bar(
        x=values[::-1],
        y=list(range(len(values)))[::-1],
        orientation="h",
        text=[f"{value:,}" for value in values[::-1]],
        textposition="outside",
        cliponaxis=False,
        marker={"color": style.poolings["cls"]},
        hoverinfo="skip",
    )
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_xaxes(showgrid=False, showticklabels=False)
    figure.update_yaxes(
        showgrid=False,
        tickmode="array",
        tickvals=list(range(len(values))),
        ticktext=names,
        autorange="reversed",
        automargin=True,
    )
    figure.update_layout(height=60 + 24 * len(values), margin={"b": 12, "r": 56})
    return figure


def lengths(sentences: Sentences, *, dark: bool = False) -> go.Figure:
    """Histogram of the sentences' lengths in words (white-space separated)."""
    style = DARK if dark else LIGHT
    words = [len(text.split()) for text in sentences.texts]
    bars = go.Histogram(x=words, nbinsx=40, marker={"color": style.poolings["cls"]})
    figure = go.Figure(bars)
    dress(figure, style)
    figure.update_traces(hovertemplate="%{x} words: %{y:,}<extra></extra>")
    figure.update_xaxes(title_text="words", showgrid=False)
    figure.update_yaxes(title_text="sentences")
    figure.update_layout(height=320, bargap=0.05)
    return figure


def _short(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _safe(text: str, most: int) -> str:
    return html.escape(_short(text, most), quote=False)
