"""Where the sentence enters [CLS], in words: what the fixed probe no longer reads."""

from collections.abc import Sequence

from probing.evidence import Estimate
from probing.geometry import CONSTANT
from probing.mechanism.said.counted import sentences
from probing.mechanism.values import Knockout
from probing.wording import layer_list, percent, significant


def said_of_knockout(found: Knockout) -> str:
    """Which layer alone costs what the probe reads, and what is left with several cut off."""
    layers = sorted({r.layer for r in found.rungs})
    single = {r.layer: r for r in found.rungs if r.kind == "single"}
    if not single:
        return ""
    scores = {layer: r.score for layer, r in single.items() if r.score is not None}
    if found.intact is None or not scores:
        return f"{_moves(found)} {_blocked(found)}"
    intact, n = found.intact, f"n = {found.intact.n:,}"
    if found.majority is not None and intact.low <= found.majority:
        return (
            f"Even intact, [CLS] at the last layer is read at {_score(intact)} ({n}), which cannot "
            f"be told from the most frequent class ({percent(found.majority)}): there is nothing "
            f"for a knockout to take. {_blocked(found)}"
        )
    lost = [layer for layer, score in scores.items() if score.high < intact.low]
    if not lost:
        least = min(scores.values(), key=lambda s: s.value)
        return (
            f"Cut off from the other tokens in any one layer, [CLS] at the last layer is still "
            f"read at {percent(least.value)} or more, intact at {_score(intact)} ({n}). "
            f"{_together(found, layers)}"
        )
    worst = min(lost, key=lambda layer: scores[layer].value)
    where = "its only layer" if len(layers) == 1 else f"layer {worst} alone"
    said = (
        f"Cut off from the other tokens in {where}, [CLS] at the last layer is read at "
        f"{_score(scores[worst])}{_chance(scores[worst], found)}; intact at {_score(intact)} ({n})"
    )
    rest = [layer for layer in lost if layer != worst]
    if rest:
        said += f"; a loss shows at {layer_list(rest)} alone too"
    elif len(layers) > 1:
        said += "; no other single layer shows a loss"
    return f"{said}. {_together(found, layers)}"


def _score(score: Estimate) -> str:
    return f"{percent(score.value)} [{percent(score.low)}, {percent(score.high)}]"


def _chance(score: Estimate, found: Knockout) -> str:
    if found.majority is None or score.low > found.majority:
        return ""
    return f", no better than the most frequent class ({percent(found.majority)})"


def _together(found: Knockout, layers: Sequence[int]) -> str:
    """The most of the lower layers that can be cut off without a loss, and all of them."""
    low = found.intact.low if found.intact is not None else 0.0
    kept = {
        r.layer: r.score
        for r in found.rungs
        if r.kind == "up to" and r.score is not None and r.score.high >= low
        and r.layer < layers[-1]
    }  # fmt: skip
    if not kept or max(kept) == layers[0]:
        return _blocked(found)
    most = max(kept)
    below = [layer for layer in layers if layer <= most]
    above = [layer for layer in layers if layer > most]
    return (
        f"Cut off in {layer_list(below)} together, it is still read at "
        f"{percent(kept[most].value)}: {layer_list(above)} can bring what is read. "
        f"{_blocked(found)}"
    )


def _blocked(found: Knockout) -> str:
    size = significant(found.blocked_variance)
    where = "there" if {r.layer for r in found.rungs} == {1} else "in all layers"
    if found.blocked_variance < CONSTANT:
        how = "is the same vector for every sentence again"
    else:
        how = "still varies"
    return f"Cut off {where}, it {how} (relative variance {size})."


def _moves(found: Knockout) -> str:
    moved = {r.layer: r.moved for r in found.rungs if r.kind == "single"}
    most, least = (f(moved, key=lambda layer: moved[layer]) for f in (max, min))
    n = sentences(found.sentences)
    times = f"‖Δh‖² is {significant(moved[most])} times the sentences' variance"
    if len(moved) == 1:
        return f"Cut off from the other tokens in its only layer, [CLS] moves: {times} ({n})."
    return (
        f"Cut off from the other tokens in one layer, [CLS] at the last layer moves most with "
        f"layer {most}: {times}; least with layer {least}, {significant(moved[least])} times ({n})."
    )
