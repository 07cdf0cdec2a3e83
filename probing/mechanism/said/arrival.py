"""When CLS becomes about the sentence, in words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probing.evidence import Check, Estimate, Metric, Shape
from probing.geometry import CONSTANT
from probing.language import tr
from probing.wording import Words, layer_list, listed, one_by_one, significant

if TYPE_CHECKING:
    from probing.probes.regression import RegressionResult
    from probing.probes.result import ProbeResult
    from probing.record import Run


def plain_scores(run: "Run") -> dict[int, Estimate]:
    """Layer → the plain probe's score on CLS in the run's leading metric; constant ones
    have none."""
    rows: list[tuple[int, float | None, float | None, float | None, int]]
    if run.kind == "numbers":
        rows = [(r.layer, r.r2, r.ci_low, r.ci_high, r.n) for r in run.regressions if _leads(r)]
    elif run.evidence.metric == "balanced_accuracy":
        rows = [
            (p.layer, p.balanced_accuracy, p.balanced_low, p.balanced_high, p.n)
            for p in run.probes
            if _leads(p)
        ]
    else:
        rows = [(p.layer, p.accuracy, p.ci_low, p.ci_high, p.n) for p in run.probes if _leads(p)]
    return {
        layer: Estimate(value, low, high, n)
        for layer, value, low, high, n in rows
        if value is not None and low is not None and high is not None
    }


def _leads(cell: "ProbeResult | RegressionResult") -> bool:
    return cell.pooling == "cls" and not cell.constant


def said_of_arrival(
    shapes: Sequence[Shape],
    checks: Sequence[Check],
    plain: Mapping[int, Estimate] | None = None,
    metric: Metric = "accuracy",
) -> str:
    """Where CLS is constant, and from which layer noise takes nothing from what a probe reads.

    ``plain`` is layer → the plain probe's score (``plain_scores``); without it, variance alone.
    """
    spread = {s.layer: s.relative_variance for s in shapes if s.pooling == "cls"}
    varying = [layer for layer in sorted(spread) if spread[layer] >= CONSTANT]
    if not spread:
        return ""
    constant = [layer for layer in spread if layer not in varying]
    same = tr("[CLS] is the same vector for every sentence at {layers}").format(
        layers=layer_list(constant or [0])
    )
    if not varying:
        return tr("{same}.").format(same=same)
    first, last = varying[0], varying[-1]
    noisy = {c.layer: c.noisy for c in checks if c.pooling == "cls" and c.noisy is not None}
    both = [layer for layer in varying if layer in noisy and layer in (plain or {})]
    if plain is None or not both:
        if constant:
            said = tr("{same}; its relative variance is {grown}.")
        else:
            said = tr("[CLS]'s relative variance is {grown}.")
        at = tr("{value} at layer {layer}")
        ends = [at.format(value=significant(spread[n]), layer=n) for n in (first, last)]
        return said.format(same=same, grown=listed(ends if last > first else ends[:1]))
    level = Words(metric).level
    first = both[0]
    if constant:
        said = tr(
            "{same}; at layer {layer}, on a relative variance of {variance}, a linear probe reads "
            "{plain}, and with 1% noise {noisy}."
        )
    else:
        said = tr(
            "At layer {layer}, on a relative variance of {variance}, a linear probe reads "
            "{plain}, and with 1% noise {noisy}."
        )
    start = said.format(
        same=same,
        layer=first,
        variance=significant(spread[first]),
        plain=level(plain[first].value),
        noisy=level(noisy[first].value),
    )
    return one_by_one([start, _robust(both, plain, noisy, metric)])


def _robust(
    layers: Sequence[int], plain: Mapping[int, Estimate], noisy: Mapping[int, Estimate],
    metric: Metric,
) -> str:  # fmt: skip
    """From which layer up to the last one both probes' intervals meet."""
    level, last = Words(metric).level, layers[-1]
    since = None
    for layer in reversed(layers):
        if noisy[layer].high < plain[layer].low:
            break
        since = layer
    if since is None:
        said = tr(
            "The noise takes from what is read up to the last layer ({noisy} against {plain} at "
            "layer {last}; n = {n})."
        )
    elif since < last:
        said = tr(
            "From layer {since} on, noise takes nothing that this sample shows ({noisy} against "
            "{plain} at layer {last}; n = {n})."
        )
    else:
        said = tr(
            "At layer {last}, noise takes nothing that this sample shows ({noisy} against {plain}; "
            "n = {n})."
        )
    return said.format(
        since=since,
        last=last,
        noisy=level(noisy[last].value),
        plain=level(plain[last].value),
        n=f"{plain[last].n:,}",
    )
