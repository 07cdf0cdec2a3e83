"""A chart by layer: panels above each other, lines with bands, labels where the lines end.

Labels stand beside their lines instead of in a legend. They are moved apart where they would
overlap, and a thin stroke then leads from each to its line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from probing.figures.placing import apart, wrapped
from probing.figures.style import (
    BOTTOM,
    DARK,
    HEIGHT,
    LABEL,
    LEFT,
    LIGHT,
    SMALL,
    TOP,
    dress,
    faded,
    width,
)
from probing.figures.texts import safe
from probing.figures.traces import SHOWN, band, stroke, title, write
from probing.figures.values import Line, Reference, Scale, figures_of, hover
from probing.language import later, tr

BETWEEN = 46  # pixels between two panels: room for the lower one's title
LINE = 17  # pixels that a line of text takes
LAYERS = later("layer (0 = embedding output)")


@dataclass(frozen=True)
class End:
    """A label to be put at the right end of a line."""

    value: float
    text: str
    colour: str
    size: int = LABEL


@dataclass
class Panel:
    """One pair of axes, filled while it is drawn."""

    scale: Scale
    number: int
    title_colour: str
    values: list[float] = field(default_factory=list)
    """What the axis must hold."""
    ends: list[End] = field(default_factory=list)

    @property
    def axis(self) -> str:
        """As traces name it."""
        return "y" if self.number == 0 else f"y{self.number + 1}"

    def span(self) -> tuple[float, float]:
        """The axis' ends, in the axis' own coordinates (log10 where it is logarithmic)."""
        lowest, highest = self.scale.lowest, self.scale.highest
        found = np.array(self.values or [0.0, 1.0], dtype=np.float64)
        found = np.log10(found) if self.scale.log else found.clip(lowest, highest)
        low, high = float(found.min()), float(found.max())
        room = 0.05 * ((high - low) or abs(high) or 1.0)
        # a little beyond the last figure there can be, so that no marker is cut in two
        return max(low - room, lowest - room / 3), min(high + room, highest + room / 3)

    def place(self, value: float) -> float:
        """A figure in the axis' own coordinates."""
        return float(np.log10(value)) if self.scale.log else value


class Chart:
    """A figure in the making; ``finish`` lays out what depends on everything in it."""

    def __init__(
        self,
        scales: Sequence[Scale],
        at: Sequence[int],
        *,
        dark: bool = False,
        height: int = HEIGHT,
        notes: Sequence[str] = (),
        title_colours: Sequence[str] = (),
    ) -> None:
        self.style = DARK if dark else LIGHT
        self.figure = go.Figure()
        self.at = sorted(set(at))
        self.notes = [part for note in notes for part in wrapped(note)]
        self.below = BOTTOM + (LINE * len(self.notes) + 6 if self.notes else 0)
        self.height = height + self.below - BOTTOM
        colours = title_colours or [self.style.ink] * len(scales)
        self.panels = [Panel(s, i, c) for i, (s, c) in enumerate(zip(scales, colours, strict=True))]

    # ---- what is drawn

    def lines(self, lines: Sequence[Line], panel: int = 0) -> None:
        """Lines with the bands of their intervals, all bands below all lines."""
        for line in lines:
            if not line.quiet and any(p.low is not None for p in line.points):
                self.add(band(line, self.style.poolings[line.pooling], self.sliver), panel)
        for line in lines:
            colour = self.style.poolings[line.pooling]
            self.add(stroke(line, colour, self.panels[panel].scale), panel)
            label = line.name if line.label is None else line.label
            if label and line.drawn:
                self.end(float(line.drawn[-1].value or 0.0), label, panel, colour)
        shown = [line for line in lines if not line.quiet]
        centres = [float(p.value or 0) for line in lines for p in line.drawn]
        self.panels[panel].values += figures_of(shown) + centres

    def references(self, references: Sequence[Reference], panel: int = 0) -> None:
        """Quiet lines across, each with its hover text at every layer."""
        left, right = self.across
        for reference in references:
            x = [left, *self.at, right]
            text = hover(reference.name, "", reference, self.panels[panel].scale)
            trace = go.Scatter(
                x=x,
                y=[reference.value] * len(x),
                mode="lines",
                line={"color": faded(self.style.quiet, 0.8), "width": 1, "dash": reference.dash},
                customdata=[[text]] * len(x),
                hovertemplate=SHOWN,
                name=safe(reference.name, 60),
            )
            self.add(trace, panel)
            self.panels[panel].values.append(reference.value)
            self.end(reference.value, reference.name, panel)

    def end(self, value: float, text: str, panel: int = 0, colour: str | None = None) -> None:
        """A label at the right end, quiet where it has no colour."""
        size = LABEL if colour else SMALL
        self.panels[panel].ends.append(End(value, text, colour or self.style.quiet, size))

    def add(self, trace: Any, panel: int = 0) -> None:
        """A trace of one's own."""
        self.figure.add_trace(trace.update(yaxis=self.panels[panel].axis))

    @property
    def across(self) -> tuple[float, float]:
        """Where the axis of layers begins and ends."""
        room = 0.06 + 0.02 * (self.at[-1] - self.at[0])
        return self.at[0] - room, self.at[-1] + room

    @property
    def sliver(self) -> float:
        """Half the width of a band that has one layer."""
        left, right = self.across
        return 0.012 * (right - left)

    # ---- what depends on all of it

    def finish(self) -> go.Figure:
        """The figure with its axes, titles, labels and notes."""
        dress(self.figure, self.style)
        inside = self.height - TOP - self.below
        each = (inside - BETWEEN * (len(self.panels) - 1)) / len(self.panels)
        for number, panel in enumerate(self.panels):
            top = 1 - number * (each + BETWEEN) / inside
            self._axis(panel, top, top - each / inside)
            title(self.figure, panel.scale.heading, panel.title_colour, top)
            self._labels(panel, each)
        self.figure.update_xaxes(**self.axis(), showgrid=False, anchor=self.panels[-1].axis)
        quiet = {"size": SMALL, "color": self.style.quiet}
        self.figure.update_xaxes(title={"font": quiet, "standoff": 6})
        if self.notes:
            words = "<br>".join(self.notes)
            write(self.figure, words, self.style.quiet, y=0, yanchor="top", yshift=-BOTTOM)
        widest = max((width(e.text, e.size) for p in self.panels for e in p.ends), default=0)
        self.figure.update_layout(
            showlegend=False,
            hovermode="closest",
            height=self.height,
            margin={
                "l": LEFT,
                "r": widest + 28 if widest else 14,
                "t": TOP,
                "b": self.below,
            },
        )
        return self.figure

    def _axis(self, panel: Panel, top: float, bottom: float) -> None:
        axis = "yaxis" + panel.axis[1:]
        self.figure.update_layout(
            {
                axis: {
                    "domain": [max(0.0, bottom), top],
                    "range": list(panel.span()),
                    "type": "log" if panel.scale.log else "linear",
                    "tickformat": panel.scale.ticks,
                    "exponentformat": "power",
                    # Plotly writes powers of ten larger than other figures
                    "tickfont": {"size": LABEL - 2 if panel.scale.log else LABEL},
                    "nticks": 8 if len(self.panels) == 1 else 5,
                    "gridcolor": self.style.grid,
                    "zeroline": False,
                    "title": {"text": ""},
                }
            }
        )

    def axis(self) -> dict[str, Any]:
        """The axis that all panels share."""
        many = self.at[-1] - self.at[0]
        return {
            "title_text": tr(LAYERS),
            "tick0": 0,
            "dtick": 1 if many <= 7 else 2 if many <= 14 else 4,
            "tickangle": 0,
            "minor": {
                "dtick": 1,
                "ticks": "outside",
                "ticklen": 3,
                "tickcolor": self.style.grid,
            },
            "range": list(self.across),
        }

    def _labels(self, panel: Panel, height: float) -> None:
        """The labels of a panel ``height`` pixels high, moved apart."""
        low, high = panel.span()
        pixel = (high - low) / height
        wanted = [panel.place(end.value) for end in panel.ends]
        heights = apart(wanted, LINE * pixel, low, high)
        for end, true, moved in zip(panel.ends, wanted, heights, strict=True):
            self.figure.add_annotation(
                x=1,
                xref="paper",
                y=min(max(true, low), high),
                yref=panel.axis,
                ax=18,
                axref="pixel",
                ay=moved,
                ayref=panel.axis,
                text=safe(end.text, 40),
                name="end",
                showarrow=True,
                arrowhead=0,
                arrowwidth=1,
                arrowcolor=faded(end.colour, 0.45 if abs(moved - true) > 3 * pixel else 0),
                xanchor="left",
                yanchor="middle",
                borderpad=0,
                font={"color": end.colour, "size": end.size},
            )
