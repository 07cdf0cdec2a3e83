"""By what the points of a map may be coloured."""

from collections.abc import Callable, Sequence

import numpy as np

from probing.answers import class_numbers, numbers
from probing.figures.colouring import Colouring, by_class, by_number, by_truth, by_value
from probing.figures.style import DARK, LIGHT
from probing.figures.texts import short
from probing.language import later, tr
from probing.record import Run
from probing.sentences import COLUMN

COLOURS = {
    "label": later("Label"),
    "predicted": later("Prediction"),
    "right": later("Right or wrong"),
    "probability": later("Probability of the label"),
    "error": later("Error"),
    "length": later("Length in characters"),
    "split": later("Split"),
}
OF_CELL = ("predicted", "right", "probability", "error")
"""Those that are another for each layer and pooling."""
_AT = "column-"  # before a column's place, in addresses: a name may hold any character
_BY_KIND = {
    "classes": ("label", "predicted", "right", "probability"),
    "numbers": ("label", "predicted", "error"),
    "none": (),
}


def offered(run: Run, *, texts: bool) -> list[str]:
    """Keys of ``COLOURS`` that this run knows, then ``column:`` and the name of each of its own.

    ``texts``: whether its sentences are shown.
    """
    found = [*_BY_KIND[run.kind]]
    if not found and run.sentences.labels is not None:
        found.append("label")
    if texts:
        found.append("length")
    if run.sentences.splits is not None:
        found.append("split")
    return found + [COLUMN + name for name in run.sentences.beside]


def titles(colours: Sequence[str]) -> dict[str, str]:
    """What ``offered`` colourings are called, on one line: a column as its file does.

    All differ, also where a column is called like another or like one of ours.
    """
    found = {colour: tr(COLOURS[colour]) for colour in colours if colour in COLOURS}
    taken = set(map(tr, COLOURS.values()))
    for colour in colours[len(found) :]:
        name = title = short(colour.removeprefix(COLUMN), 60)
        number = 1
        while title in taken:
            number += 1
            title = f"{name} ({number})"
        taken.add(title)
        found[colour] = title
    return found


def colouring(run: Run, colour: str, layer: int, pooling: str, *, dark: bool = False) -> Colouring:
    """The colours of a run's sentences at one cell; KeyError for what it does not know."""
    style = DARK if dark else LIGHT
    if colour == "length":
        return by_number(np.array([len(text) for text in run.sentences.texts]), style)
    if colour == "split":
        return by_class(run.sentences.splits or (), style)
    if colour.startswith(COLUMN):
        return by_value(run.sentences.beside[colour.removeprefix(COLUMN)], style)
    if colour not in COLOURS or run.sentences.labels is None:
        raise KeyError(colour)
    if run.kind == "numbers":
        return _of_number(run, colour, layer, pooling, by_number, dark=dark)
    if colour == "label":
        return by_class(run.sentences.labels, style)
    cell = run.cell(layer, pooling)
    if colour == "probability":
        return by_number(cell.true_probability, style, (0.0, 1.0))
    scored = cell.scored.tolist()
    if colour == "right":
        right = (cell.predicted == class_numbers(run)).tolist()
        return by_truth([r if s else None for r, s in zip(right, scored, strict=True)], style)
    classes = run.sentences.classes
    names = [classes[k] if s else None for k, s in zip(cell.predicted, scored, strict=True)]
    return by_class(names, style, run.sentences.labels)


def _places(run: Run) -> dict[str, str]:
    return {COLUMN + name: f"{_AT}{i}" for i, name in enumerate(run.sentences.beside)}


def in_address(run: Run, colour: str) -> str:
    """What stands for a colouring in an address: letters, digits and a hyphen."""
    return _places(run).get(colour, colour)


def codes_of(run: Run, addressed: str, layer: int, pooling: str) -> np.ndarray:
    """uint8 (n,) codes of a colouring, named as ``in_address`` does: the same in light and dark.

    KeyError for what the run does not know.
    """
    named = {place: colour for colour, place in _places(run).items()}
    return colouring(run, named.get(addressed, addressed), layer, pooling).codes


def _of_number(
    run: Run,
    colour: str,
    layer: int,
    pooling: str,
    by: Callable[..., Colouring],
    *,
    dark: bool,
) -> Colouring:
    style, true = (DARK if dark else LIGHT), numbers(run)
    low, high = np.quantile(true, (0.01, 0.99)).tolist()
    if colour == "label":
        return by(true, style, (low, high))
    cell = next(c for c in run.regressions if (c.layer, c.pooling) == (layer, pooling))
    if colour == "predicted":
        return by(cell.predicted, style, (low, high))
    return by(np.abs(cell.predicted - true), style, (0.0, (high - low) / 2))
