"""Figures of a run's sentences and classes, and of one cell's answers to them."""

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures import cells, classes, counts
from probing.figures.drawn.missing import no_pooling
from probing.figures.maps import scatter
from probing.figures.of_run import named
from probing.figures.path import path
from probing.language import say

if TYPE_CHECKING:
    from probing.record import Run


def draw_map(run: "Run", dark: bool, **asked: Any) -> go.Figure:
    """The map drawn last that is as asked for."""
    for projection in reversed(run.projections):
        about = projection.to_json()
        if all(about[key] == value for key, value in asked.items()):
            numbers = None
            if run.kind == "numbers":
                from probing.labels import quantities

                numbers = quantities(run.sentences, "numbers")
            texts, labels = run.sentences.texts, run.sentences.labels
            return scatter(projection, texts, labels, numbers=numbers, dark=dark)
    drawn = ", ".join(p.name for p in run.projections) or say("none")
    raise SettingsError("this run has no such map; its maps are: {drawn!s}.", drawn=drawn)


def draw_calibration(
    run: "Run", dark: bool, layer: int | None = None, pooling: str | None = None
) -> go.Figure:
    """Confidence against accuracy of a cell."""
    from probing.answers import class_numbers

    if run.kind != "classes":
        raise SettingsError("calibration is of probabilities of classes; this run has no classes.")
    at, wanted = _cell(run, layer, pooling)
    return cells.calibration(run.cell(at, wanted), class_numbers(run), names=named(run), dark=dark)


def draw_confusion(
    run: "Run", dark: bool, layer: int | None = None, pooling: str | None = None
) -> go.Figure:
    """Which class a cell takes for which."""
    from probing.per_class import confusion

    return classes.confusion(
        confusion(run, *_cell(run, layer, pooling)), names=named(run), dark=dark
    )


def draw_classes(run: "Run", dark: bool) -> go.Figure:
    """Recall of each class by layer."""
    from probing.per_class import recalls

    return classes.by_class(recalls(run), names=named(run), dark=dark)


def draw_path(run: "Run", dark: bool, sentence: int = 0) -> go.Figure:
    """One sentence through the layers."""
    from probing import paths, per_sentence

    if run.kind != "classes":
        raise SettingsError("a path is of probabilities of classes; this run has no classes.")
    probabilities = per_sentence.by_cell(run, sentence)
    return path(
        probabilities,
        paths.predicted(run, sentence),
        (run.sentences.labels or ())[sentence],
        len(run.sentences.classes),
        names=named(run),
        dark=dark,
    )


def draw_counts(run: "Run", dark: bool) -> go.Figure:
    """Sentences of each class."""
    if run.kind != "classes":
        raise SettingsError("this run has no classes to count; draw lengths.")
    return counts.class_counts(run.sentences, dark=dark)


def draw_lengths(run: "Run", dark: bool) -> go.Figure:
    """Sentences by length in words."""
    return counts.lengths(run.sentences, dark=dark)


def _cell(run: "Run", layer: int | None, pooling: str | None) -> tuple[int, str]:
    """Layer and pooling as asked for: by default the first pooling's last layer."""
    wanted = run.probes[0].pooling if pooling is None and run.probes else pooling or "cls"
    there = [probe.layer for probe in run.probes if probe.pooling == wanted]
    if run.probes and not there:
        raise SettingsError(no_pooling(run, wanted))
    at = max(there, default=0) if layer is None else layer
    if there and at not in there:
        raise SettingsError(
            "there is no layer {at!r}; the layers are 0 to {there}.", at=at, there=max(there)
        )
    return at, wanted
