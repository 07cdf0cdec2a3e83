"""Colours of points by what is known of their sentences: the same on every map of a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from probing.figures.style import Style
from probing.figures.texts import short
from probing.language import later, tr
from probing.parsing.numbers import read_numbers

SHOWN_CLASSES = 9  # classes with a colour of their own on a map; the others are grey together
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon", "bowtie")
STEPS = 64  # colours of a scale
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none"))  # among numbers, in lower case


@dataclass(frozen=True, eq=False)
class Group:
    """Points that look alike."""

    code: int
    """Theirs, in ``Colouring.codes``."""
    name: str
    """One line, as the user wrote it: whoever shows it escapes it."""
    count: int
    colour: str
    symbol: str


@dataclass(frozen=True, eq=False)
class Colouring:
    """How n points look: members of groups, or steps of a scale."""

    codes: np.ndarray
    """Read-only uint8 (n,): places in ``colours``."""
    colours: tuple[str, ...]
    symbols: tuple[str, ...]
    """One for each colour."""
    groups: tuple[Group, ...] = ()
    """For a legend, the most frequent first; of a scale only what is not on it."""
    ends: tuple[float, float] | None = None
    """The numbers at the ends of a scale; what lies beyond has the colour of the end."""

    def __post_init__(self) -> None:
        self.codes.flags.writeable = False


def by_class(
    values: Sequence[str | None],
    style: Style,
    classes: Sequence[str] | None = None,
    *,
    others: str = later("{n} other classes"),
    none: str = later("not scored"),
) -> Colouring:
    """Points by class; a class has the same colour whatever is coloured.

    ``classes`` (m,) are the labels whose frequencies decide which classes have colours of their
    own; ``values`` themselves by default. Of more than ``SHOWN_CLASSES`` the rest is grey together,
    named ``others``; so are points without a value, named ``none``.
    """
    known = [value for value in values if value is not None]
    ranked = [name for name, _ in Counter(known if classes is None else classes).most_common()]
    own = ranked if len(ranked) <= SHOWN_CLASSES else ranked[: SHOWN_CLASSES - 1]
    rest = len(own) < len(ranked)
    # the grey ones come first, below the others
    code = {name: number + rest for number, name in enumerate(own)}
    last = len(own) + rest
    codes = np.array(
        [last if value is None else code.get(value, 0) for value in values], dtype=np.uint8
    )
    counts = np.bincount(codes, minlength=last + 1).tolist()
    colours = [*([style.rest] if rest else []), *style.classes[: len(own)], style.rest]
    symbols = [*SYMBOLS[:last], "x" if rest else "circle"]  # two groups may be grey
    names = [short(name, 40) for name in own]
    if rest:
        names.insert(0, tr(others).format(n=len(ranked) - len(own)))
    names.append(tr(none))
    order = [*range(int(rest), last), *([0] if rest else []), *([last] if counts[last] else [])]
    groups = tuple(Group(i, names[i], counts[i], colours[i], symbols[i]) for i in order)
    return Colouring(codes, tuple(colours), tuple(symbols), groups)


def by_truth(right: Sequence[bool | None], style: Style) -> Colouring:
    """Points by whether a prediction is right; None where there is none."""
    codes = np.array([2 if one is None else int(not one) for one in right], dtype=np.uint8)
    counts = np.bincount(codes, minlength=3).tolist()
    names = (tr("right"), tr("wrong"), tr("not scored"))
    colours = (style.classes[0], style.classes[1], style.rest)
    symbols = ("circle", "x", "circle")
    groups = tuple(
        Group(i, names[i], counts[i], colours[i], symbols[i])
        for i in range(3)
        if i < 2 or counts[i]
    )
    return Colouring(codes, colours, symbols, groups)


def by_number(
    values: np.ndarray, style: Style, ends: tuple[float, float] | None = None
) -> Colouring:
    """Points by a quantity: lightness rises with it. NaN is grey.

    ``ends`` are those of the values, less the outer hundredth on each side, by default.
    """
    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values)
    if ends is None:
        found = np.quantile(values[known], (0.01, 0.99)) if known.any() else np.zeros(2)
        ends = float(found[0]), float(found[1])
    span = (ends[1] - ends[0]) or 1.0
    place = np.clip((np.where(known, values, ends[0]) - ends[0]) / span, 0, 1)
    codes = np.where(known, np.round(place * (STEPS - 1)), STEPS).astype(np.uint8)
    colours = (*scale(style), style.rest)
    return Colouring(codes, colours, ("circle",) * len(colours), ends=ends)


def by_value(values: Sequence[str], style: Style) -> Colouring:
    """Points by a column's cells: on a scale where all are numbers and too many for colours of
    their own, else as categories. Blank cells are grey; so is ``NA`` and the like among numbers.
    """
    distinct = {value for value in set(values) if value.strip().casefold() not in _MISSING}
    read = dict(zip(distinct, read_numbers(tuple(distinct)).values, strict=True))
    if None in read.values() or len(set(read.values())) <= SHOWN_CLASSES:
        categories = [value if value.strip() else None for value in values]
        words = {"others": later("{n} other values"), "none": later("no value")}
        return by_class(categories, style, **words)
    found = by_number(np.array([read.get(value, np.nan) for value in values], np.float64), style)
    missing = int((found.codes == STEPS).sum())
    if not missing:
        return found
    return replace(found, groups=(Group(STEPS, tr("no value"), missing, style.rest, "circle"),))


def scale(style: Style) -> tuple[str, ...]:
    """``STEPS`` colours from the lowest number to the highest."""
    anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in style.numbers])
    at = np.linspace(0, len(anchors) - 1, STEPS)
    mixed = [np.interp(at, np.arange(len(anchors)), channel) for channel in anchors.T]
    return tuple("#" + "".join(f"{round(part):02x}" for part in rgb) for rgb in np.transpose(mixed))
