"""A run class by class: what is taken for what, and how much of each class is found by layer."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from probing.figures.style import BOTTOM, DARK, LIGHT, SMALL, TOP, Style, dress, faded, width
from probing.figures.texts import NAMES, safe
from probing.figures.traces import SHOWN, band, stroke, title
from probing.figures.values import Line, Point, Scale
from probing.language import tr
from probing.per_class import Confusion, Recall

SHOWN_CLASSES = 12  # rows of the matrix, and panels; more could not be told apart on a page
COLUMNS = 3  # panels side by side: on a phone each still has room for seven layers
_ROW, _GAP = 118, 34  # pixels of a panel, and between two for the lower one's name


def confusion(
    found: Confusion, *, names: Mapping[str, str] = NAMES, dark: bool = False
) -> go.Figure:
    """A row per class: the shares of its sentences that were taken for each class.

    Of more than ``SHOWN_CLASSES`` classes those with the most mistakes have a row, and what they
    were taken for besides is one column of others.
    """
    style = DARK if dark else LIGHT
    kept = _kept(found)
    counts = found.counts[np.ix_(kept, kept)]
    labels = [safe(found.classes[k], 22) for k in kept]
    columns = list(labels)
    if len(kept) < len(found.classes):
        others = found.counts[kept].sum(axis=1) - counts.sum(axis=1)
        counts, columns = np.column_stack([counts, others]), [*labels, tr("others")]
    sizes = np.maximum(1, found.counts[kept].sum(axis=1))
    figure = go.Figure(_squares(counts, counts / sizes[:, None], labels, columns, style, found))
    dress(figure, style)
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=columns,
        tickangle=-45 if len(columns) > 4 else 0,
        showgrid=False,
        title={
            "text": tr("taken for"),
            "font": {"size": SMALL, "color": style.quiet},
            "standoff": 6,
        },
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))), ticktext=labels, autorange="reversed", showgrid=False
    )
    left = max(width(label) for label in labels) + 14
    title(figure, _finding(found, names), style.ink, left=left)
    below = BOTTOM + (round(0.72 * max(width(c) for c in columns)) if len(columns) > 4 else 12)
    figure.update_layout(
        height=TOP + 20 + below + max(3, len(labels)) * 34,
        margin={"l": left, "r": 12, "t": TOP + 20, "b": below},
    )
    return figure


def _kept(found: Confusion) -> np.ndarray:
    """The classes with a row, the most frequent first."""
    if len(found.classes) <= SHOWN_CLASSES:
        return np.arange(len(found.classes))
    wrong = found.counts.sum(axis=1) - found.counts.diagonal()
    return np.sort(np.argsort(-wrong, kind="stable")[:SHOWN_CLASSES])


def _finding(found: Confusion, names: Mapping[str, str]) -> str:
    where = tr("{pooling}, layer {layer}, n = {n}").format(
        pooling=names[found.pooling], layer=found.layer, n=f"{found.n:,}"
    )
    wrong = found.counts - np.diag(found.counts.diagonal())
    if not wrong.any():
        return tr("every sentence is taken for its class<br>{where}").format(where=where)
    a, b = np.unravel_index(int(wrong.argmax()), wrong.shape)
    said = tr("commonest mistake: {a} for {b}, {count} of {n}<br>{where}")
    return said.format(
        a=safe(found.classes[a], 18),
        b=safe(found.classes[b], 18),
        count=f"{wrong[a, b]:,}",
        n=f"{found.counts[a].sum():,}",
        where=where,
    )


def _squares(
    counts: np.ndarray,
    shares: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    style: Style,
    found: Confusion,
) -> go.Heatmap:
    said = tr("<b>{a}</b> taken for <b>{b}</b><br>{count} of {n}: {share}")
    shown = [
        [
            [
                said.format(
                    a=a,
                    b=b,
                    count=f"{counts[i, j]:,}",
                    n=f"{counts[i].sum():,}",
                    share=f"{shares[i, j]:.1%}",
                )
            ]
            for j, b in enumerate(columns)
        ]
        for i, a in enumerate(rows)
    ]
    colour = style.poolings[found.pooling]
    return go.Heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        # never so strong that the counts could not be read on it
        colorscale=[[0, faded(colour, 0)], [1, faded(colour, 0.6)]],
        showscale=False,
        text=[[f"{count:,}" if count else "" for count in row] for row in counts.tolist()],
        texttemplate="%{text}",
        textfont={"color": style.ink},
        customdata=shown,
        hovertemplate=SHOWN,
        xgap=2,
        ygap=2,
        name="confusion",
    )


# ---- small multiples


def by_class(
    recalls: Mapping[str, Sequence[Recall]],
    *,
    names: Mapping[str, str] = NAMES,
    dark: bool = False,
) -> go.Figure:
    """A small panel per class: the share of it that is found, by layer and pooling.

    The ``SHOWN_CLASSES`` most frequent classes, in that order; ``customdata`` as in ``accuracy``.
    """
    style, scale = (DARK if dark else LIGHT), Scale("")
    shown = list(recalls.items())[:SHOWN_CLASSES]
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    inside = rows * _ROW + (rows - 1) * _GAP
    figure = go.Figure()
    dress(figure, style)
    for number, (name, cells) in enumerate(shown):
        row, column = divmod(number, columns)
        axis = "" if number == 0 else str(number + 1)
        _panel(figure, _lines(cells, names), style, scale, axis)
        top = 1 - row * (_ROW + _GAP) / inside
        x = [(column + 0.04) / columns, (column + 0.96) / columns] if columns > 1 else [0, 1]
        last = number + columns >= len(shown)
        _axes(figure, axis, x, [top - _ROW / inside, top], labels=(last, column == 0))
        n = max((cell.n for cell in cells), default=0)
        figure.add_annotation(
            text=f"{safe(name, 26 // columns + 10)} <span style='color:{style.quiet}'>{n:,}</span>",
            x=x[0],
            y=top,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"size": SMALL, "color": style.ink},
            name="class",
        )
    figure.update_yaxes(gridcolor=style.grid)  # of all panels; dressed was only the first
    title(figure, _key(recalls, shown, names, style), style.ink, left=40)
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        height=TOP + 46 + inside + BOTTOM,
        margin={"l": 40, "r": 8, "t": TOP + 46, "b": BOTTOM},
    )
    # the title stands above the names of the first row
    figure.update_annotations(selector={"name": "title"}, yshift=28)
    return figure


def _key(
    recalls: Mapping[str, Sequence[Recall]],
    shown: Sequence[tuple[str, Sequence[Recall]]],
    names: Mapping[str, str],
    style: Style,
) -> str:
    """What is drawn, with the poolings' names in their colours instead of a legend."""
    poolings = dict.fromkeys(cell.pooling for _, cells in shown for cell in cells)
    key = tr(", ").join(
        f"<span style='color:{style.poolings[p]}'>{names[p]}</span>" for p in poolings
    )
    text = tr("share of each class that is found, by layer<br>{key}").format(key=key)
    if len(shown) < len(recalls):
        text += "; " + tr("the {shown} most frequent of {n} classes").format(
            shown=len(shown), n=f"{len(recalls):,}"
        )
    return text


def _lines(cells: Sequence[Recall], names: Mapping[str, str]) -> list[Line]:
    by_pooling: dict[str, list[Point]] = {}
    for cell in sorted(cells, key=lambda cell: cell.layer):
        point = Point(cell.layer, cell.share, cell.low, cell.high, cell.n, cell.constant)
        by_pooling.setdefault(cell.pooling, []).append(point)
    return [Line(names[p], p, tuple(points), label="") for p, points in by_pooling.items()]


def _panel(figure: go.Figure, lines: Sequence[Line], style: Style, scale: Scale, axis: str) -> None:
    for line in lines:
        colour = style.poolings[line.pooling]
        traces = (band(line, colour, 0.05), stroke(line, colour, scale))
        traces[1].update(line={"width": 1.75}, marker={"size": 4})
        for trace in traces:
            figure.add_trace(trace.update(xaxis=f"x{axis}", yaxis=f"y{axis}"))


def _axes(
    figure: go.Figure,
    axis: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    labels: tuple[bool, bool],
) -> None:
    figure.update_layout(
        {
            f"xaxis{axis}": {
                "domain": list(x),
                "anchor": f"y{axis}",
                "showgrid": False,
                "zeroline": False,
                "showticklabels": labels[0],
                "nticks": 4,
                "tickformat": "d",
                "title": {
                    "text": tr("layer") if labels[0] else "",
                    "standoff": 4,
                    "font": {"size": SMALL},
                },
                "linecolor": "rgba(0,0,0,0)",
            },
            f"yaxis{axis}": {
                "domain": [max(0.0, y[0]), y[1]],
                "anchor": f"x{axis}",
                "range": [-0.04, 1.04],
                "tickvals": [0, 0.5, 1],
                "tickformat": ".0%",
                "showticklabels": labels[1],
                "zeroline": False,
                "linecolor": "rgba(0,0,0,0)",
            },
        }
    )
