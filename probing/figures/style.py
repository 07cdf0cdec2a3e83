"""How all charts look: colours for light and dark, grid, fonts, room for labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

HEIGHT = 480  # pixels of a chart by layer; the distances between its labels rest on it
TOP, BOTTOM, LEFT = 42, 48, 52  # pixels around the plot: a title line, an axis title, tick labels
NARROW = 340  # pixels of text that fit across a phone
LABEL = 13  # font size of labels, in pixels
FAMILY = "Source Sans, system-ui, sans-serif"
SMALL = 12  # font size of what stays in the background


@dataclass(frozen=True)
class Style:
    """Colours of one appearance. Okabe & Ito's palette, told apart with any colour vision."""

    paper: str
    """What charts lie on: they are transparent, but open markers are filled with it."""
    ink: str
    quiet: str
    grid: str
    rest: str
    """Points that have no colour of their own: seen (3:1), and less than any other."""
    poolings: dict[str, str]
    classes: tuple[str, ...]
    numbers: tuple[str, ...]
    """From low to high: cividis, without the end that the background swallows."""


LIGHT = Style(
    paper="#ffffff",
    ink="#1f2933",
    quiet="#66717d",
    grid="#e3e7eb",
    rest="#8a949e",
    poolings={"cls": "#0072B2", "pooled": "#B85400", "mean": "#007A5A", "mean_words": "#A3457F"},
    classes=(
        "#0072B2",
        "#D55E00",
        "#009E73",
        "#CC79A7",
        "#8A6D00",
        "#56B4E9",
        "#7A4FBF",
        "#E69F00",
        "#3D3D3D",
    ),
    numbers=("#00224e", "#575d6d", "#918e75", "#c7b33c"),
)
DARK = Style(
    paper="#0e1117",
    ink="#e8ecf0",
    quiet="#9aa5b1",
    grid="#2c353f",
    rest="#5d6873",
    poolings={"cls": "#56B4E9", "pooled": "#F0904D", "mean": "#3CC9A0", "mean_words": "#E29CC5"},
    classes=(
        "#56B4E9",
        "#F0904D",
        "#3CC9A0",
        "#E29CC5",
        "#F0E442",
        "#4D8FE0",
        "#B79CF2",
        "#E6B34D",
        "#D0D6DC",
    ),
    numbers=("#4f6fa8", "#8f8d80", "#c4b25e", "#fee838"),
)


def faded(colour: str, opacity: float) -> str:
    """``#rrggbb`` as an rgba colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def width(text: str, size: int = LABEL) -> int:
    """Pixels that a line of text takes at most, in whichever sans-serif font is there."""
    return round(sum(_ems(c) for c in text) * size)


def is_wide(character: str) -> bool:
    """Whether it takes a square, as Chinese does."""
    return east_asian_width(character) in "WF"


def _ems(character: str) -> float:
    if is_wide(character):
        return 1.0
    if character in "mwMW@":
        return 0.76
    return 0.72 if character.isupper() else 0.56


def name_rows(figure: Any, names: Sequence[str], **own: Any) -> None:
    """Names down the left side of rows 0, 1, 2 …, the first one on top."""
    figure.update_yaxes(
        showgrid=False,
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=names,
        autorange="reversed",
        **own,
    )


def dress(figure: Any, style: Style) -> None:
    """What all charts share: no background, quiet grid, ink for text."""
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": style.ink, "size": LABEL, "family": FAMILY},
        margin={"l": 56, "r": 16, "t": 12, "b": 48},
        hoverlabel={"align": "left", "font": {"size": LABEL, "family": FAMILY}},
    )
    axis = {"gridcolor": style.grid, "zeroline": False, "linecolor": style.grid}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
