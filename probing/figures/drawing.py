"""A run's figures by name."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures.drawn import inside, scores, sentences
from probing.language import say

if TYPE_CHECKING:
    from probing.record import Run


def draw(run: "Run", name: str = "accuracy", *, dark: bool = False, **options: Any) -> go.Figure:
    """The figure ``name`` of a run, one of ``FIGURES``.

    ======================  =====================================================================
    ``accuracy``            score by layer and pooling; ``score``: probe, noisy, cosine, cosine_z
    ``map``                 a point a sentence; ``method``, ``layer``, ``pooling``, ``dimensions``
    ``arrival``             when CLS becomes about the sentence
    ``comparisons``         all differences between cells that were tested
    ``conditional``         bits that CLS and the mean add to each other
    ``learning``            score by number of training sentences, at a ``layer``
    ``description``         description length by layer; ``measure``: compression or bits
    ``selectivity``         score beside the control task's
    ``geometry``            shape of the vectors by layer; ``measure``: one of ``MEASURES``
    ``calibration``         confidence against accuracy of a cell, ``layer`` and ``pooling``
    ``confusion``           which class a cell takes for which, ``layer`` and ``pooling``
    ``classes``             recall of each class by layer
    ``path``                one sentence through the layers; ``sentence``: its place
    ``choices``             the cells that the folds chose
    ``counts``              sentences of each class
    ``lengths``             sentences by length in words
    ``knockout``            scores with CLS kept from reading
    ``ledger``              what CLS receives, by layer; ``rollout``: attention rollout beside it
    ``gradients``           CLS's share of the loss's gradient by layer
    ``rows``                embedding rows that the loss pulls most, for a ``head`` (a pooling)
    ======================  =====================================================================

    The last four need what ``python -m probing inside RUN`` measures. An option that is None
    counts as not given. SettingsError for an unknown figure or option, and for a figure whose
    evidence the run does not have.
    """
    if name not in FIGURES:
        raise SettingsError(
            "there is no figure {name!r}; the figures are {figures}.",
            name=name,
            figures=", ".join(FIGURES),
        )
    make, able = FIGURES[name]
    unknown = sorted(set(options) - set(able))
    if unknown:
        takes = say("it takes {names}", names=", ".join(able)) if able else say("it takes none")
        raise SettingsError(
            "the figure {name} has no option {unknown!r}; {takes!s}.",
            name=name,
            unknown=unknown[0],
            takes=takes,
        )
    return make(run, dark, **{key: value for key, value in options.items() if value is not None})


FIGURES: Mapping[str, tuple[Callable[..., go.Figure], tuple[str, ...]]] = {
    "accuracy": (scores.draw_accuracy, ("score", "pooling")),
    "map": (sentences.draw_map, ("method", "layer", "pooling", "dimensions")),
    "arrival": (scores.draw_arrival, ()),
    "comparisons": (scores.draw_comparisons, ()),
    "conditional": (scores.draw_conditional, ()),
    "learning": (scores.draw_learning, ("layer",)),
    "description": (scores.draw_description, ("measure",)),
    "selectivity": (scores.draw_selectivity, ()),
    "geometry": (scores.draw_geometry, ("measure",)),
    "calibration": (sentences.draw_calibration, ("layer", "pooling")),
    "confusion": (sentences.draw_confusion, ("layer", "pooling")),
    "classes": (sentences.draw_classes, ()),
    "path": (sentences.draw_path, ("sentence",)),
    "choices": (scores.draw_choices, ()),
    "counts": (sentences.draw_counts, ()),
    "lengths": (sentences.draw_lengths, ()),
    "knockout": (inside.draw_knockout, ()),
    "ledger": (inside.draw_ledger, ("rollout",)),
    "gradients": (inside.draw_gradients, ()),
    "rows": (inside.draw_rows, ("head",)),
}
"""Name → how it is drawn, and the options that it takes."""
