"""Horizontal bars: panels side by side that share their rows, one row per token."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from probing.figures.placing import wrapped
from probing.figures.style import DARK, LIGHT, NARROW, SMALL, Style, dress, width
from probing.figures.texts import short
from probing.figures.traces import SHOWN, write
from probing.language import tr
from probing.wording import places

ROW = 21  # pixels of one row
WIDEST = 84  # pixels of a row's label: two panels fit beside it across a phone
BETWEEN = 0.06  # of the width, between two panels
LINE = 17  # pixels of a line of text
FONT = SMALL - 1  # of the figures
SHORTEST = 24  # pixels that bars have at least, from end to end
STEPS = 40  # towards the range that just fits; each leaves a share of the rest
GAP = 6  # pixels between a bar and its figure, and after it


@dataclass(frozen=True)
class Labels:
    """What a row is called: beside its bars, and in hover."""

    label: str
    name: str


@dataclass(frozen=True)
class Bars:
    """One panel: a bar per row."""

    title: str
    values: Sequence[float | None]
    """None has no bar."""
    write: Callable[[float], str]
    colours: Sequence[str]
    """By row."""
    meaning: str = ""
    """What hover says of a figure, with one field for it; the figure alone where empty."""


def percents(shares: Sequence[float]) -> Callable[[float], str]:
    """How shares are written below each other: with the places that the largest of them needs."""
    digits = max(1, places(max(shares, default=0.0)))
    least = 10.0**-digits

    def write(share: float) -> str:
        if 0 < 100 * share < least / 2:
            return tr("under {share}").format(share=f"{least:.{digits}f}%")
        return f"{100 * share:.{digits}f}%"

    return write


def signed(digits: int) -> Callable[[float], str]:
    """How figures are written with their sign: a true minus, none before 0."""

    def write(value: float) -> str:
        text = f"{abs(value):.{digits}f}"
        return text if float(text) == 0 else f"{'−' if value < 0 else '+'}{text}"

    return write


def signed_like(values: Sequence[float | None]) -> Callable[[float], str]:
    """The same with as many places as show three digits of the largest."""
    largest = max((abs(v) for v in values if v is not None), default=0.0)
    return signed(min(4, max(0, places(largest / 100))) if largest else 0)


def bars(
    rows: Sequence[Labels],
    panels: Sequence[Bars],
    heading: str,
    notes: Sequence[str] = (),
    *,
    dark: bool = False,
) -> go.Figure:
    """Panels side by side over the same rows, the first row on top.

    ``heading`` and ``notes`` are plain text and wrapped to a phone's width.
    """
    style = DARK if dark else LIGHT
    figure = go.Figure()
    dress(figure, style)
    left = left_of([row.label for row in rows])
    each = (1 - BETWEEN * (len(panels) - 1)) / len(panels)
    pixels = each * (NARROW - left)
    for number, panel in enumerate(panels):
        axis = "" if number == 0 else str(number + 1)
        start = number * (each + BETWEEN)
        figure.add_trace(_bars(rows, panel, f"x{axis}"))
        figure.update_layout({f"xaxis{axis}": _axis(panel, start, start + each, pixels, style)})
        _above(figure, panel.title, start, _hue(panel, style))
    label_rows(figure, [row.label for row in rows])
    frame(figure, style, heading, notes, left, ROW * len(rows))
    return figure


def fitting(text: str) -> str:
    """On one line, and cut to ``WIDEST``."""
    flat = short(text, 60)
    kept = flat
    while width(kept, SMALL) > WIDEST:
        flat = flat[:-1]
        kept = f"{flat}…"
    return kept


def left_of(labels: Sequence[str]) -> int:
    """Pixels that row labels take."""
    return max([width(label, SMALL) for label in labels] or [0]) + 16


def label_rows(figure: go.Figure, labels: Sequence[str]) -> None:
    """Row labels at the left; a row's key is its number, so that equal tokens stay apart."""
    figure.update_yaxes(
        showgrid=False,
        showline=False,
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=[html.escape(label, quote=False) for label in labels],
        tickfont={"size": SMALL},
        range=[len(labels) - 0.5, -0.5],
        ticklen=6,
        tickcolor="rgba(0,0,0,0)",
        ticks="outside",
    )


def frame(
    figure: go.Figure, style: Style, heading: str, notes: Sequence[str], left: int, inside: int
) -> None:
    """Heading above, notes below, the height that ``inside`` pixels of rows need."""
    above, below = wrapped(heading), [line for note in notes for line in wrapped(note)]
    top, bottom = 30 + LINE * len(above), 14 + LINE * len(below) + (6 if below else 0)
    words = "<br>".join(html.escape(line, quote=False) for line in above)
    write(
        figure, words, style.ink, left, y=1, yanchor="bottom", yshift=24, name="title",
        font={"size": 13, "color": style.ink},
    )  # fmt: skip
    if below:
        words = "<br>".join(html.escape(line, quote=False) for line in below)
        write(figure, words, style.quiet, left, y=0, yanchor="top", yshift=-10)
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        bargap=0.28,
        height=top + bottom + inside,
        margin={"l": left, "r": 10, "t": top, "b": bottom},
    )


def _hue(panel: Bars, style: Style) -> str:
    """The colour of a panel's title: that of its bars, where they have one."""
    kinds = set(panel.colours)
    return kinds.pop() if len(kinds) == 1 else style.ink


def _above(figure: go.Figure, text: str, start: float, colour: str) -> None:
    figure.add_annotation(
        x=start,
        xref="paper",
        y=1,
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        yshift=3,
        text=html.escape(text, quote=False),
        showarrow=False,
        font={"size": SMALL, "color": colour},
        name="panel",
    )


def _axis(panel: Bars, start: float, stop: float, pixels: float, style: Style) -> dict[str, object]:
    return {
        "domain": [start, stop],
        "range": _range(panel, pixels),
        "showgrid": False,
        "showline": False,
        "showticklabels": False,
        "zeroline": True,
        "zerolinecolor": style.quiet,
        "zerolinewidth": 1,
        "fixedrange": True,
    }


def _range(panel: Bars, pixels: float) -> list[float]:
    """Ends of an axis ``pixels`` long that hold each bar with the figure at its end."""
    drawn = [(v, width(panel.write(v), FONT) + GAP) for v in panel.values if v is not None]
    low, high = min([0.0, *(v for v, _ in drawn)]), max([0.0, *(v for v, _ in drawn)])
    if low == high:
        return [0.0, 1.0]
    least, most = low, high
    for _ in range(STEPS):
        pixel = min((most - least) / pixels, (high - low) / SHORTEST)
        least = min([0.0, *(v - room * pixel for v, room in drawn if v < 0)])
        most = max([0.0, *(v + room * pixel for v, room in drawn if v >= 0)])
    return [least, most]


def _told(panel: Bars, figure: str) -> str:
    return panel.meaning.format(figure=figure, share=figure) if panel.meaning else figure


def _bars(rows: Sequence[Labels], panel: Bars, axis: str) -> go.Bar:
    written = ["" if v is None else panel.write(v) for v in panel.values]
    shown = [
        [f"<b>{html.escape(row.name, quote=False)}</b><br>{_told(panel, text)}" if text else ""]
        for row, text in zip(rows, written, strict=True)
    ]
    return go.Bar(
        x=list(panel.values),
        y=list(range(len(rows))),
        xaxis=axis,
        orientation="h",
        text=written,
        textposition="outside",
        textfont={"size": FONT},
        cliponaxis=False,
        marker={"color": list(panel.colours), "line": {"width": 0}},
        customdata=shown,
        hovertemplate=SHOWN,
        name=panel.title,
    )
