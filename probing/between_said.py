"""What may honestly be said of two runs, in sentences: by the rules of ``verdict``.

A difference is named only where it survives the correction for all contrasts of the comparison; of
the others it is said what it would take to tell.
"""

from collections.abc import Mapping, Sequence

from probing.between import Comparison
from probing.comparison import FEWEST
from probing.contrasts import is_ahead, size, telling_sentences
from probing.evidence import Contrast, Estimate, Metric
from probing.language import later, tr, tr_n
from probing.representations import POOLINGS
from probing.wording import MANY, number, spans, two_digits

VECTORS = {
    "cls": later("CLS"),
    "pooled": later("the pooled vector"),
    "mean": later("the mean"),
    "mean_words": later("the mean of words"),
}
SCORES: Mapping[Metric, str] = {
    "accuracy": later("an accuracy of {score}"),
    "balanced_accuracy": later("a balanced accuracy of {score}"),
    "r2": later("an R² of {score}"),
}


def sentences(found: Comparison) -> list[str]:
    """What a comparison says, the most important first; why not, where nothing is tested."""
    if found.reason not in ("", "few"):
        return [refusal(found)]
    said = [_best(found)] if found.best is not None else [_no_best(found)]
    if found.reason == "few":
        return [*said, refusal(found)]
    said += [_pooling(found, pooling) for pooling in POOLINGS]
    return [sentence for sentence in [*said, _largest(found), _limits(found)] if sentence]


def shared(found: Comparison) -> str:
    """How many sentences both runs scored."""
    if found.reason in ("hidden", "unlabelled"):
        return ""
    if found.reason in ("kinds", "classes") or found.texts == found.n:
        return tr_n("{n} sentence shared", "{n} different sentences shared", found.texts).format(
            n=f"{found.texts:,}"
        )
    return tr("{n} different sentences shared, {same} of them with the same label").format(
        n=f"{found.texts:,}", same=f"{found.n:,}"
    )


def refusal(found: Comparison) -> str:
    """Why nothing is tested; empty where it is."""
    a, b = found.names
    if found.reason == "few":
        return tr(
            "Nothing is tested: the runs share {n} different sentences, and a test takes at least "
            "{fewest}."
        ).format(n=f"{found.n:,}", fewest=FEWEST)
    if found.reason == "classes":
        only = [
            tr("only {run} has {classes}").format(run=run, classes=_few(classes))
            for run, classes in zip(found.names, found.only_classes, strict=True)
            if classes
        ]
        return tr(
            "Nothing is tested: the runs have different classes ({which}), so their probes had "
            "different tasks. Run both on the same label column."
        ).format(which="; ".join(only))
    reasons = {
        "hidden": tr(
            "Nothing is tested: one of the runs is shared without its sentences, so they cannot be "
            "paired."
        ),
        "unlabelled": tr(
            "Nothing is tested: one of the runs has no labels, and so no scores. Their maps and "
            "settings can be compared."
        ),
        "kinds": tr(
            "Nothing is tested: one run has classes and the other numbers. Accuracy and R² cannot "
            "be compared."
        ),
        "none": tr(
            "Nothing is tested: {a} and {b} share no sentences with the same labels. Make both "
            "runs of the same file and label column."
        ).format(a=a, b=b),
    }
    return reasons.get(found.reason, "")


def _few(classes: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(
        f"“{name if len(name) <= 40 else name[:39] + '…'}”" for name in classes[:most]
    )
    more = len(classes) - most
    return shown if more <= 0 else tr("{some} and {n} more").format(some=shown, n=f"{more:,}")


def short(text: str, most: int) -> str:
    """On one line, and cut to ``most`` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


# ---- the best cells


def _best(found: Comparison) -> str:
    contrast, scores = found.best, found.scores
    if contrast is None or scores is None:
        return ""
    a, b = (_cell(name) for name in (contrast.a, contrast.b))
    score = tr(SCORES[found.metric])
    stand = tr(
        "On the {n} sentences that both runs scored, the best cell of {run_a}, {cell_a}, reaches "
        "{score_a}; that of {run_b}, {cell_b}, reaches {score_b}"
    ).format(
        n=f"{scores[0].n:,}",
        run_a=found.names[0],
        cell_a=a,
        score_a=score.format(score=level(scores[0], found.metric)),
        run_b=found.names[1],
        cell_b=b,
        score_b=level(scores[1], found.metric),
    )
    if not contrast.only_a + contrast.only_b:
        return tr("{stand}. They get the same sentences right.").format(stand=stand)
    gap = _gap(contrast.difference, found.metric)
    winner = found.names[0 if is_ahead(contrast) else 1]
    if found.survives(contrast):
        return tr(
            "{stand}. {run} is ahead by {gap}, which holds after correction for all {count} "
            "comparisons."
        ).format(stand=stand, run=winner, gap=gap, count=f"{len(found.contrasts):,}")
    if contrast.p_max_t is None:
        return tr("{stand}: a difference of {gap}.").format(stand=stand, gap=gap)
    return tr(
        "{stand}. They cannot be told apart: a difference of {gap} may be chance{needed}."
    ).format(stand=stand, gap=gap, needed=_needed(found, contrast))


def _no_best(found: Comparison) -> str:
    return tr(
        "One of the runs has no cell chosen on inner folds, so no best cells are compared; {n} "
        "sentences are shared."
    ).format(n=f"{found.n:,}")


def _needed(found: Comparison, contrast: Contrast) -> str:
    """How many sentences would tell; empty where there are as many, or no difference."""
    inflation = 1.0 if found.detectable is None else found.detectable.inflation
    alpha = found.alpha / max(1, len(found.contrasts))
    needed = telling_sentences(contrast, found.n, found.metric, alpha, inflation)
    if needed is None or max(needed, FEWEST) <= found.n:
        return ""
    if needed > MANY:
        return tr(" (if real, more than a million sentences would tell)")
    return tr(" (if real, about {n} sentences would tell)").format(
        n=two_digits(max(needed, FEWEST))
    )


# ---- layer by layer


def _pooling(found: Comparison, pooling: str) -> str:
    """Where one pooling of a and of b differ, at the depths that both have."""
    here = {
        layer: contrast
        for layer, contrast in matched(found).items()
        if _of(contrast) == pooling and contrast.only_a + contrast.only_b
    }
    if not here:
        return ""
    vector = tr(VECTORS[pooling])
    told = {layer: c for layer, c in here.items() if found.survives(c)}
    if not told:
        last = here[max(here)]
        return tr_n(
            "By {vector}, the runs cannot be told apart at their one common depth, where {run} is "
            "ahead by {gap}.",
            "By {vector}, the runs cannot be told apart at any of their {n} common depths; at the "
            "deepest {run} is ahead by {gap}.",
            len(here),
        ).format(
            vector=vector,
            n=len(here),
            run=_ahead(found, last),
            gap=_gap(last.difference, found.metric),
        )
    parts = []
    for run in found.names:
        layers = [layer for layer, c in told.items() if _ahead(found, c) == run]
        if layers:
            gaps = [told[layer].difference for layer in layers]
            parts.append(
                tr("{run} is ahead at {where} (by {gaps})").format(
                    run=run, where=_where(found, layers), gaps=_gaps(gaps, found.metric)
                )
            )
    rest = [layer for layer in here if layer not in told]
    if rest:
        parts.append(tr("{where}: not to be told").format(where=_where(found, rest)))
    return tr("By {vector}: {parts}.").format(vector=vector, parts="; ".join(parts))


def matched(found: Comparison) -> dict[tuple[str, int], Contrast]:
    """The contrasts of a pooling with itself at one relative depth, by pooling and a's layer."""
    by_layer = {}
    deep_a, deep_b = found.depths
    for contrast in found.contrasts:
        (one, a), (other, b) = split(contrast.a), split(contrast.b)
        if one == other and a * deep_b == b * deep_a:
            by_layer[one, a] = contrast
    return by_layer


def by_pooling(found: Comparison) -> dict[str, list[Contrast]]:
    """The contrasts at one layer of both, by pooling; empty where their layers differ in number."""
    if found.depths[0] != found.depths[1]:
        return {}
    here = sorted(matched(found).items(), key=lambda item: item[0][1])
    return {
        pooling: [contrast for (one, _), contrast in here if one == pooling]
        for pooling in POOLINGS
        if any(one == pooling for one, _ in matched(found))
    }


def _largest(found: Comparison) -> str:
    """Where runs of as many layers differ most, of several differences that hold."""
    told = [c for some in by_pooling(found).values() for c in some if found.survives(c)]
    if len(told) < 2:
        return ""
    most = max(told, key=lambda c: abs(c.difference.value))
    return tr(
        "The largest of the {n} differences that hold is that of {cell}, where {run} is ahead by "
        "{gap}; as the largest of many it is somewhat flattered."
    ).format(
        n=f"{len(told):,}",
        cell=_cell(most.a),
        run=_ahead(found, most),
        gap=_gap(most.difference, found.metric),
    )


def _of(contrast: Contrast) -> str:
    return split(contrast.a)[0]


def _ahead(found: Comparison, contrast: Contrast) -> str:
    return found.names[0 if is_ahead(contrast) else 1]


def _where(found: Comparison, keys: Sequence[tuple[str, int]]) -> str:
    """``layers 1–3, 5``; relative depths where the encoders' layers differ in number."""
    layers = sorted(layer for _, layer in keys)
    deep_a, deep_b = found.depths
    if deep_a != deep_b:
        depths = ", ".join(f"{layer / max(1, deep_a):.2g}" for layer in layers)
        return tr("relative depth {depths}").format(depths=depths)
    said = tr_n("layer {layers}", "layers {layers}", len(layers))
    return said.format(layers=", ".join(spans(layers)))


def _limits(found: Comparison) -> str:
    can = found.detectable
    if can is None:
        return ""
    return tr(
        "With {n} different sentences, a test of two cells alone finds a difference of {points} "
        "points of accuracy in four of five samples, a smaller one less often."
    ).format(n=f"{can.n:,}", points=f"{100 * can.difference:.1f}")


# ---- figures


def split(name: str) -> tuple[str, int]:
    """Pooling and layer of ``cls_6``."""
    pooling, _, layer = name.rpartition("_")
    return pooling, int(layer)


def _cell(name: str) -> str:
    pooling, layer = split(name)
    return tr("{vector} at layer {layer}").format(vector=tr(VECTORS[pooling]), layer=layer)


def level(score: Estimate, metric: Metric) -> str:
    """``84.3% [81.0%, 87.2%]``."""
    if metric == "r2":
        value, low, high = (number(v, 2) for v in (score.value, score.low, score.high))
    else:
        value, low, high = (f"{100 * v:.1f}%" for v in (score.value, score.low, score.high))
    return f"{value} [{low}, {high}]"


def _gap(difference: Estimate, metric: Metric) -> str:
    """The size of a difference: ``4.3 points [1.3, 7.3]``."""
    return _gaps([difference], metric)


def _gaps(differences: Sequence[Estimate], metric: Metric) -> str:
    """The smallest and the largest size of some, with their intervals."""
    sizes = sorted((size(d) for d in differences), key=lambda d: d.value)
    ends = sizes[:1] if len(sizes) == 1 else [sizes[0], sizes[-1]]
    scale, places = (1, 2) if metric == "r2" else (100, 1)
    shown = [
        (
            number(scale * d.value, places),
            f"[{number(scale * d.low, places)}, {number(scale * d.high, places)}]",
        )
        for d in ends
    ]
    template = "{value} {interval}" if metric == "r2" else tr("{value} points {interval}")
    written = [template.format(value=value, interval=interval) for value, interval in shown]
    return written[0] if len(written) == 1 else tr("{a} to {b}").format(a=written[0], b=written[1])
