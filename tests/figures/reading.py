"""Reading a figure: what is in it and where, from its data and layout alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go


def lines(figure: go.Figure) -> dict[str, Any]:
    """Traces with lines and markers, by name."""
    return {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}


def trace(figure: go.Figure, name: str) -> Any:
    """The one trace of that name."""
    (found,) = (t for t in figure.data if t.name == name)
    return found


def notes(figure: go.Figure, name: str) -> list[Any]:
    """The annotations of that name: ``end`` labels, ``title``, ``note``."""
    return [note for note in figure.layout.annotations if note.name == name]


def ends(figure: go.Figure, axis: str = "y") -> list[str]:
    """Labels at the right end of a panel, the highest first."""
    found = [note for note in notes(figure, "end") if note.yref == axis]
    return [note.text for note in sorted(found, key=lambda note: -note.ay)]


def axis_of(figure: go.Figure, name: str) -> Any:
    """The layout of an axis as traces name it."""
    return getattr(figure.layout, f"yaxis{name[1:]}")


def pixels(figure: go.Figure, axis: str, place: float) -> float:
    """Pixels from the figure's top to a place on an axis (log10 where it is log)."""
    layout, at = figure.layout, axis_of(figure, axis)
    inside = layout.height - layout.margin.t - layout.margin.b
    low, high = at.range
    bottom, top = at.domain
    share = bottom + (top - bottom) * (place - low) / (high - low)
    return float(layout.margin.t + inside * (1 - share))


def every_text(figure: go.Figure) -> list[str]:
    """All strings of a figure, however deep."""

    def walk(value: Any) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [text for part in value.values() for text in walk(part)]
        if isinstance(value, Sequence | np.ndarray) and not isinstance(value, bytes):
            return [text for part in value for text in walk(part)]
        return []

    return walk(figure.to_dict())
