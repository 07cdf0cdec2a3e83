"""Where the sentence enters [CLS], in words: what the fixed probe no longer reads."""

from collections.abc import Sequence

from probing.evidence import Estimate
from probing.geometry import CONSTANT
from probing.language import tr
from probing.mechanism.said.counted import sentences
from probing.mechanism.values import Knockout
from probing.wording import layer_list, one_by_one, percent, significant


def said_of_knockout(found: Knockout) -> str:
    """Which layer alone costs what the probe reads, and what is left with several cut off."""
    layers = sorted({r.layer for r in found.rungs})
    single = {r.layer: r for r in found.rungs if r.kind == "single"}
    if not single:
        return ""
    scores = {layer: r.score for layer, r in single.items() if r.score is not None}
    if found.intact is None or not scores:
        return one_by_one([_moves(found), _blocked(found)])
    intact, n = found.intact, f"{found.intact.n:,}"
    if found.majority is not None and intact.low <= found.majority:
        said = tr(
            "Even intact, [CLS] at the last layer is read at {intact} (n = {n}), which cannot be "
            "told from the most frequent class ({majority}): there is nothing for a knockout to "
            "take."
        ).format(intact=_score(intact), n=n, majority=percent(found.majority))
        return one_by_one([said, _blocked(found)])
    lost = [layer for layer, score in scores.items() if score.high < intact.low]
    if not lost:
        said = tr(
            "Cut off from the other tokens in any one layer, [CLS] at the last layer is still read "
            "at {least} or more, intact at {intact} (n = {n})."
        ).format(least=percent(min(s.value for s in scores.values())), intact=_score(intact), n=n)
        return one_by_one([said, *_together(found, layers)])
    worst = min(lost, key=lambda layer: scores[layer].value)
    if len(layers) == 1:
        said = tr(
            "Cut off from the other tokens in its only layer, [CLS] at the last layer is read at "
            "{score}{chance}; intact at {intact} (n = {n}){rest}."
        )
    else:
        said = tr(
            "Cut off from the other tokens in layer {worst} alone, [CLS] at the last layer is read "
            "at {score}{chance}; intact at {intact} (n = {n}){rest}."
        )
    others, rest = [layer for layer in lost if layer != worst], ""
    if others:
        rest = tr("; a loss shows at {layers} alone too").format(layers=layer_list(others))
    elif len(layers) > 1:
        rest = tr("; no other single layer shows a loss")
    said = said.format(
        worst=worst,
        score=_score(scores[worst]),
        chance=_chance(scores[worst], found),
        intact=_score(intact),
        n=n,
        rest=rest,
    )
    return one_by_one([said, *_together(found, layers)])


def _score(score: Estimate) -> str:
    return f"{percent(score.value)} [{percent(score.low)}, {percent(score.high)}]"


def _chance(score: Estimate, found: Knockout) -> str:
    if found.majority is None or score.low > found.majority:
        return ""
    said = tr(", no better than the most frequent class ({majority})")
    return said.format(majority=percent(found.majority))


def _together(found: Knockout, layers: Sequence[int]) -> list[str]:
    """The most of the lower layers that can be cut off without a loss, and all of them."""
    low = found.intact.low if found.intact is not None else 0.0
    kept = {
        r.layer: r.score
        for r in found.rungs
        if r.kind == "up to" and r.score is not None and r.score.high >= low
        and r.layer < layers[-1]
    }  # fmt: skip
    if not kept or max(kept) == layers[0]:
        return [_blocked(found)]
    most = max(kept)
    below = [layer for layer in layers if layer <= most]
    above = [layer for layer in layers if layer > most]
    said = tr(
        "Cut off in {below} together, it is still read at {score}: {above} can bring what is read."
    )
    score = percent(kept[most].value)
    said = said.format(below=layer_list(below), score=score, above=layer_list(above))
    return [said, _blocked(found)]


def _blocked(found: Knockout) -> str:
    only = {r.layer for r in found.rungs} == {1}
    if found.blocked_variance < CONSTANT:
        said = (
            tr(
                "Cut off there, it is the same vector for every sentence again (relative variance "
                "{size})."
            )
            if only
            else tr(
                "Cut off in all layers, it is the same vector for every sentence again (relative "
                "variance {size})."
            )
        )
    elif only:
        said = tr("Cut off there, it still varies (relative variance {size}).")
    else:
        said = tr("Cut off in all layers, it still varies (relative variance {size}).")
    return said.format(size=significant(found.blocked_variance))


def _moves(found: Knockout) -> str:
    moved = {r.layer: r.moved for r in found.rungs if r.kind == "single"}
    most, least = (f(moved, key=lambda layer: moved[layer]) for f in (max, min))
    if len(moved) == 1:
        said = tr(
            "Cut off from the other tokens in its only layer, [CLS] moves: ‖Δh‖² is {much} times "
            "the sentences' variance ({n})."
        )
    else:
        said = tr(
            "Cut off from the other tokens in one layer, [CLS] at the last layer moves most with "
            "layer {most}: ‖Δh‖² is {much} times the sentences' variance; least with layer "
            "{least}, {little} times ({n})."
        )
    return said.format(
        most=most,
        much=significant(moved[most]),
        least=least,
        little=significant(moved[least]),
        n=sentences(found.sentences),
    )
