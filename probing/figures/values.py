"""What is drawn by layer: points in lines, baselines, and the scale they are read on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from probing.evidence import Estimate, Metric
from probing.figures.texts import NAMES, safe
from probing.language import later, tr

Dash = Literal["solid", "dash", "dot"]


@dataclass(frozen=True)
class Scale:
    """How figures of one kind are written and how far their axis goes."""

    title: str
    """What the axis shows: marked by ``later``, or in the language of now already."""
    written: str = "{:.1%}"
    """Format of one figure in the hover text."""
    unit: str = ""
    """What follows it, once."""
    ticks: str = ".0%"
    """d3 format of the axis."""
    lowest: float = 0.0
    """The axis goes no lower, however low a figure is; −inf where nothing bounds it."""
    highest: float = 1.0
    log: bool = False

    @property
    def heading(self) -> str:
        """What the axis shows, in the language of now."""
        return tr(self.title)

    def counted(self, n: int) -> str:
        """The same with the number of sentences."""
        return tr("{title}, n = {n}").format(title=self.heading, n=f"{n:,}")

    def write(self, value: float) -> str:
        """A figure for people, with a true minus and without the unit."""
        return self.written.format(value).replace("-", "−")

    def between(self, value: float, low: float | None, high: float | None) -> str:
        """A figure with its unit and, where there is one, its interval."""
        text = self.write(value) + tr(self.unit)
        if low is None or high is None:
            return text
        return f"{text} [{self.write(low)}, {self.write(high)}]"


METRICS: Mapping[Metric, Scale] = {
    "accuracy": Scale(later("accuracy")),
    "balanced_accuracy": Scale(later("balanced accuracy")),
    "r2": Scale("R²", "{:.3f}", ticks=".2f", lowest=-0.5),
}
"""A negative R² may be of any size and says only "worse than the mean": the axis ends at −0.5."""


@dataclass(frozen=True)
class Point:
    """One figure of one layer."""

    layer: int
    value: float | None
    """None leaves a gap in the line."""
    low: float | None = None
    high: float | None = None
    n: int | None = None
    constant: bool = False
    """Whether every sentence has the same vector here: drawn with an open marker."""
    note: str = ""
    """A further line of the hover text."""
    instead: str = ""
    """What the hover text says instead of the figure."""


@dataclass(frozen=True)
class Line:
    """Figures by layer under one name."""

    name: str
    pooling: str
    """Whose colour it has, and what a click on it means."""
    points: tuple[Point, ...]
    dash: Dash = "solid"
    quiet: bool = False
    """Thinner and paler than the others."""
    label: str | None = None
    """At the right end; ``name`` where None, nothing where empty."""

    @property
    def drawn(self) -> tuple[Point, ...]:
        """The points that have a figure."""
        return tuple(p for p in self.points if p.value is not None)


@dataclass(frozen=True)
class Reference:
    """What a method without layers gets: a quiet line across."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    dash: Dash = "dot"


class Cell(Protocol):
    """Whatever lies at one layer and pooling."""

    @property
    def layer(self) -> int:
        """0 … L."""

    @property
    def pooling(self) -> str:
        """``cls``, …"""


def lines(
    cells: Iterable[tuple[Cell, Point]], names: Mapping[str, str] = NAMES, **options: Any
) -> tuple[Line, ...]:
    """A line per pooling, in the order they come, of cells with their points."""
    found: dict[str, list[Point]] = {}
    for cell, point in cells:
        found.setdefault(cell.pooling, []).append(point)
    return tuple(
        Line(names[pooling], pooling, tuple(sorted(points, key=lambda p: p.layer)), **options)
        for pooling, points in found.items()
    )


def point(layer: int, estimate: Estimate | None) -> Point:
    """An estimate at a layer; a gap where there is none."""
    if estimate is None:
        return Point(layer, None)
    return Point(layer, estimate.value, estimate.low, estimate.high, estimate.n)


def quieter(line: Line, **changes: Any) -> Line:
    """The same line in the background."""
    return replace(line, quiet=True, **changes)


def hover(name: str, where: str, point: Point | Reference, scale: Scale) -> str:
    """A figure with its interval and its n, as it shows on hover."""
    if point.value is None:
        return ""
    instead = point.instead if isinstance(point, Point) else ""
    figure = instead or scale.between(point.value, point.low, point.high)
    text = f"<b>{safe(name, 60)}{where}</b><br>{figure}"
    text += tr(", n = {n}").format(n=f"{point.n:,}") if point.n is not None else ""
    if isinstance(point, Point):
        text += "<br>" + tr("the same vector for every sentence") if point.constant else ""
        text += f"<br>{point.note}" if point.note else ""
    return text


def figures_of(lines: Sequence[Line]) -> list[float]:
    """Every figure and interval end of some lines: what an axis must hold."""
    return [
        value
        for line in lines
        for p in line.drawn
        for value in (p.value, p.low, p.high)
        if value is not None
    ]


def layers_of(lines: Iterable[Line]) -> list[int]:
    """Every layer that some lines have a point at."""
    return [p.layer for line in lines for p in line.points]
