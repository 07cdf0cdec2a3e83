"""Figures of all cells of a run: scores, and what makes them believable or not."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from probing.errors import SettingsError
from probing.figures import cells, codes, differences, layers, shapes
from probing.figures.drawn.missing import in_depth, no_pooling, required
from probing.figures.of_run import SCORES, leading, lines_of, majority, named, references_of, scored
from probing.figures.onset import arrival
from probing.language import say

if TYPE_CHECKING:
    from probing.record import Run


def draw_accuracy(
    run: "Run", dark: bool, score: str = "probe", pooling: str | None = None
) -> go.Figure:
    """The score of every cell by layer, baselines and random weights beside it."""
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
        raise SettingsError(no_pooling(run, pooling))
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


def draw_arrival(run: "Run", dark: bool) -> go.Figure:
    """When CLS becomes about the sentence."""
    found = required(run.evidence.shapes, say("no shapes of its vectors"))
    if run.kind == "none":
        raise SettingsError("this run has no labels, so no probe arrives; draw geometry.")
    noisy = [line for line in lines_of(run, "noisy") if line.drawn]
    required(noisy, say("no probe with noise"))
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


def draw_comparisons(run: "Run", dark: bool) -> go.Figure:
    """All differences between cells that were tested."""
    found = required(run.evidence.contrasts, say("no comparisons"))
    return differences.comparisons(
        found,
        run.evidence.detectable,
        metric=run.evidence.metric,
        names=named(run),
        dark=dark,
    )


def draw_conditional(run: "Run", dark: bool) -> go.Figure:
    """Bits that CLS and the mean add to each other."""
    found = required(
        run.evidence.conditionals,
        say("no conditional probes, which need classes and the poolings cls and mean"),
    )
    return differences.conditional(found, names=named(run), dark=dark)


def draw_learning(run: "Run", dark: bool, layer: int | None = None) -> go.Figure:
    """Score by number of training sentences, at the last layer by default."""
    found = in_depth(run, run.evidence.codes, say("learning curves"))
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


def draw_description(run: "Run", dark: bool, measure: str = "compression") -> go.Figure:
    """Description length by layer."""
    found = in_depth(run, run.evidence.codes, say("description lengths"))
    return codes.description(found, measure, names=named(run), dark=dark)


def draw_selectivity(run: "Run", dark: bool) -> go.Figure:
    """Score beside the control task's."""
    checks = [check for check in run.evidence.checks if check.control is not None]
    found = required(checks, say("no control task, which needs classes and types that recur"))
    return layers.selectivity(found, run.probes, names=named(run), dark=dark)


def draw_geometry(run: "Run", dark: bool, measure: str = "relative_variance") -> go.Figure:
    """The shape of the vectors by layer."""
    found = required(run.evidence.shapes, say("no shapes of its vectors"))
    return shapes.geometry(found, measure, names=named(run), dark=dark)


def draw_choices(run: "Run", dark: bool) -> go.Figure:
    """The cells that the folds chose."""
    best = run.evidence.best
    if best is None:
        raise SettingsError(
            "no cell was chosen in this run: there were no inner folds to choose by, or every cell "
            "is constant."
        )
    return cells.choices(best, names=named(run), dark=dark)
