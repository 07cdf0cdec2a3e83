"""A run's figures by name."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures import cells, classes, codes, counts, differences, inside, layers, shapes
from probing.figures.maps import scatter
from probing.figures.of_run import (
    SCORES,
    leading,
    lines_of,
    majority,
    named,
    references_of,
    scored,
)
from probing.figures.onset import arrival
from probing.figures.path import path
from probing.language import say

if TYPE_CHECKING:
    from probing.record import Run

AGAIN = say("make it again")
IN_DEPTH = say("this run was made without --depth full (in the dashboard: In depth), which gives")


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


def _accuracy(
    run: "Run", dark: bool, score: str = "probe", pooling: str | None = None
) -> go.Figure:
    if score not in SCORES:
        raise SettingsError(
            "there is no score {score!r}; the scores are {scores}.",
            score=score,
            scores=", ".join(SCORES),
        )
    if run.kind == "none":
        raise SettingsError("this run has no labels, so it has no accuracy; draw a map.")
    drawn = [line for line in lines_of(run, score) if pooling in (None, line.pooling)]
    if pooling is not None and not drawn:
        raise SettingsError(_no_pooling(run, pooling))
    if not any(line.drawn for line in drawn):
        why = say("no cell of it varies, or it was made by an older version")
        if run.kind == "numbers" and score.startswith("cosine"):
            why = say("neighbours vote for classes, and its labels are numbers")
        raise SettingsError(
            "this run was not scored by {score}: {why!s}; draw the score probe.",
            score=score,
            why=why,
        )
    # of the other scores the encoders with random weights have none
    twins = [t for t in run.evidence.twins if score == "probe" and pooling in (None, t.pooling)]
    return layers.accuracy(
        drawn,
        references_of(run),
        twins,
        scale=scored(run, score),
        names=named(run),
        dark=dark,
    )


def _no_pooling(run: "Run", pooling: str) -> str:
    there = ", ".join(dict.fromkeys(line.pooling for line in lines_of(run, "probe")))
    return say(
        "this run has no pooling {pooling!r}; its poolings are {there}.",
        pooling=pooling,
        there=there,
    )


def _arrival(run: "Run", dark: bool) -> go.Figure:
    found = _required(run.evidence.shapes, say("no shapes of its vectors"))
    if run.kind == "none":
        raise SettingsError("this run has no labels, so no probe arrives; draw geometry.")
    noisy = [line for line in lines_of(run, "noisy") if line.drawn]
    _required(noisy, say("no probe with noise"))
    if not any(shape.pooling in ("cls", "mean") for shape in found):
        raise SettingsError("this run has neither CLS nor the mean; choose one of them.")
    return arrival(
        found,
        lines_of(run, "probe"),
        noisy,
        references_of(run)[:1],
        scale=leading(run),
        names=named(run),
        dark=dark,
    )


def _comparisons(run: "Run", dark: bool) -> go.Figure:
    found = _required(run.evidence.contrasts, say("no comparisons"))
    return differences.comparisons(
        found,
        run.evidence.detectable,
        metric=run.evidence.metric,
        names=named(run),
        dark=dark,
    )


def _conditional(run: "Run", dark: bool) -> go.Figure:
    found = _required(
        run.evidence.conditionals,
        say("no conditional probes, which need classes and the poolings cls and mean"),
    )
    return differences.conditional(found, names=named(run), dark=dark)


def _learning(run: "Run", dark: bool, layer: int | None = None) -> go.Figure:
    found = _in_depth(run, run.evidence.codes, say("learning curves"))
    there = sorted({code.layer for code in found})
    wanted = there[-1] if layer is None else layer
    if wanted not in there:
        listed = ", ".join(map(str, there))
        raise SettingsError(
            "layer {wanted} has no learning curve; the layers are {listed}.",
            wanted=wanted,
            listed=listed,
        )
    at = [code for code in found if code.layer == wanted]
    return codes.learning(at, majority(run), names=named(run), dark=dark)


def _description(run: "Run", dark: bool, measure: str = "compression") -> go.Figure:
    found = _in_depth(run, run.evidence.codes, say("description lengths"))
    return codes.description(found, measure, names=named(run), dark=dark)


def _selectivity(run: "Run", dark: bool) -> go.Figure:
    checks = [check for check in run.evidence.checks if check.control is not None]
    found = _required(checks, say("no control task, which needs classes and types that recur"))
    return layers.selectivity(found, run.probes, names=named(run), dark=dark)


def _geometry(run: "Run", dark: bool, measure: str = "relative_variance") -> go.Figure:
    found = _required(run.evidence.shapes, say("no shapes of its vectors"))
    return shapes.geometry(found, measure, names=named(run), dark=dark)


def _calibration(
    run: "Run", dark: bool, layer: int | None = None, pooling: str | None = None
) -> go.Figure:
    from probing.answers import class_numbers

    if run.kind != "classes":
        raise SettingsError("calibration is of probabilities of classes; this run has no classes.")
    at, wanted = _cell(run, layer, pooling)
    return cells.calibration(run.cell(at, wanted), class_numbers(run), names=named(run), dark=dark)


def _cell(run: "Run", layer: int | None, pooling: str | None) -> tuple[int, str]:
    """Layer and pooling as asked for: by default the first pooling's last layer."""
    wanted = run.probes[0].pooling if pooling is None and run.probes else pooling or "cls"
    there = [probe.layer for probe in run.probes if probe.pooling == wanted]
    if run.probes and not there:
        raise SettingsError(_no_pooling(run, wanted))
    at = max(there, default=0) if layer is None else layer
    if there and at not in there:
        raise SettingsError(
            "there is no layer {at!r}; the layers are 0 to {there}.", at=at, there=max(there)
        )
    return at, wanted


def _confusion(
    run: "Run", dark: bool, layer: int | None = None, pooling: str | None = None
) -> go.Figure:
    from probing.per_class import confusion

    return classes.confusion(
        confusion(run, *_cell(run, layer, pooling)), names=named(run), dark=dark
    )


def _classes(run: "Run", dark: bool) -> go.Figure:
    from probing.per_class import recalls

    return classes.by_class(recalls(run), names=named(run), dark=dark)


def _path(run: "Run", dark: bool, sentence: int = 0) -> go.Figure:
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


def _choices(run: "Run", dark: bool) -> go.Figure:
    best = run.evidence.best
    if best is None:
        raise SettingsError(
            "no cell was chosen in this run: there were no inner folds to choose by, or every cell "
            "is constant."
        )
    return cells.choices(best, names=named(run), dark=dark)


def _counts(run: "Run", dark: bool) -> go.Figure:
    if run.kind != "classes":
        raise SettingsError("this run has no classes to count; draw lengths.")
    return counts.class_counts(run.sentences, dark=dark)


def _lengths(run: "Run", dark: bool) -> go.Figure:
    return counts.lengths(run.sentences, dark=dark)


def _knockout(run: "Run", dark: bool) -> go.Figure:
    return inside.knockout(_measured(run, "knockout"), dark=dark)


def _ledger(run: "Run", dark: bool, rollout: bool = False) -> go.Figure:
    return inside.ledger(_measured(run, "ledger"), rollout=rollout, dark=dark)


def _gradients(run: "Run", dark: bool) -> go.Figure:
    return inside.gradient_shares(_measured(run, "gradients"), names=named(run), dark=dark)


def _rows(run: "Run", dark: bool, head: str | None = None) -> go.Figure:
    found = _measured(run, "gradients").rows
    if not found:
        raise SettingsError("this run has no embedding rows: they name words, which are hidden.")
    heads = list(dict.fromkeys(row.head for row in found))
    wanted = heads[0] if head is None else head
    if wanted not in heads:
        raise SettingsError(
            "there is no head {wanted!r}; the heads are {heads}.",
            wanted=wanted,
            heads=", ".join(heads),
        )
    # the fitted head where there is one: a random one pulls at random
    row = max((row for row in found if row.head == wanted), key=lambda row: row.fitted)
    return inside.row_ledger(row, names=named(run), dark=dark)


def _measured(run: "Run", name: str) -> Any:
    """A part of what was measured inside the encoder."""
    from probing.mechanism.values import Missing

    found = None if run.inside is None else getattr(run.inside, name)
    if found is None:
        raise SettingsError(
            "the {name} of this run was not measured yet, or not saved. Measure it with python -m "
            "probing inside RUN, then load the run again.",
            name=name,
        )
    if isinstance(found, Missing):
        raise SettingsError("this run has no {name}: {reason!s}", name=name, reason=found.reason)
    return found


def _map(run: "Run", dark: bool, **asked: Any) -> go.Figure:
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


def _required(found: Any, lacking: str) -> Any:
    if not found:
        raise SettingsError(
            "this run has {lacking!s}. If it was made by an older version, {again!s}.",
            lacking=lacking,
            again=AGAIN,
        )
    return found


def _in_depth(run: "Run", found: Any, what: str) -> Any:
    if not found and run.kind != "classes":
        raise SettingsError("{what!s} are of classes; this run has no classes.", what=what)
    if not found:
        raise SettingsError(
            "{in_depth!s} {what!s}; {again!s} with it.", in_depth=IN_DEPTH, what=what, again=AGAIN
        )
    return found


FIGURES: Mapping[str, tuple[Callable[..., go.Figure], tuple[str, ...]]] = {
    "accuracy": (_accuracy, ("score", "pooling")),
    "map": (_map, ("method", "layer", "pooling", "dimensions")),
    "arrival": (_arrival, ()),
    "comparisons": (_comparisons, ()),
    "conditional": (_conditional, ()),
    "learning": (_learning, ("layer",)),
    "description": (_description, ("measure",)),
    "selectivity": (_selectivity, ()),
    "geometry": (_geometry, ("measure",)),
    "calibration": (_calibration, ("layer", "pooling")),
    "confusion": (_confusion, ("layer", "pooling")),
    "classes": (_classes, ()),
    "path": (_path, ("sentence",)),
    "choices": (_choices, ()),
    "counts": (_counts, ()),
    "lengths": (_lengths, ()),
    "knockout": (_knockout, ()),
    "ledger": (_ledger, ("rollout",)),
    "gradients": (_gradients, ()),
    "rows": (_rows, ("head",)),
}
"""Name → how it is drawn, and the options that it takes."""
