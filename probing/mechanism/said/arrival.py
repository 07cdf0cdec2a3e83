"""When CLS becomes about the sentence, in words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probing.evidence import Check, Estimate, Metric, Shape
from probing.geometry import CONSTANT
from probing.wording import Words, capital, layer_list, significant

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
    same = f"[CLS] is the same vector for every sentence at {layer_list(constant or [0])}"
    if not varying:
        return f"{same}."
    first, last = varying[0], varying[-1]
    start = f"{same}; " if constant else ""
    noisy = {c.layer: c.noisy for c in checks if c.pooling == "cls" and c.noisy is not None}
    both = [layer for layer in varying if layer in noisy and layer in (plain or {})]
    if plain is None or not both:
        grown = f"its relative variance is {significant(spread[first])} at layer {first}"
        more = f" and {significant(spread[last])} at layer {last}" if last > first else ""
        return capital(f"{start}{grown}{more}.".replace("its", "its" if start else "[CLS]'s", 1))
    level = Words(metric).level
    first = both[0]
    return (
        f"{capital(start)}{'at' if start else 'At'} layer {first}, on a relative variance of "
        f"{significant(spread[first])}, a linear probe reads {level(plain[first].value)}, and with "
        f"1 % noise {level(noisy[first].value)}. {_robust(both, plain, noisy, metric)}"
    )


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
    here = "" if since == last else f" at layer {last}"
    scores = f"{level(noisy[last].value)} against {level(plain[last].value)}{here}"
    n = f"n = {plain[last].n:,}"
    if since is None:
        return f"The noise takes from what is read up to the last layer ({scores}; {n})."
    where = f"From layer {since} on" if since < last else f"At layer {last}"
    return f"{where}, noise takes nothing that this sample shows ({scores}; {n})."
