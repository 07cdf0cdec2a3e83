"""A contrast read: whether it holds, which side is ahead and by how much, what it takes to tell.

What is said of a run (``verdict_said``) and of two (``between_said``) goes by these rules.
"""

from dataclasses import replace
from math import ceil
from statistics import NormalDist

from probing.evidence import Contrast, Estimate
from probing.representations import POOLINGS
from probing.statistics import Z95, sentences_needed

ALPHA = 0.05
POWER = 0.8
ROUNDING = 1e-9  # difference of two scores that is none


def survives(contrast: Contrast, alpha: float = ALPHA) -> bool:
    """Whether the difference holds after correction for all contrasts of its family."""
    return contrast.p_max_t is not None and contrast.p_max_t <= alpha


def is_ahead(contrast: Contrast) -> bool:
    """Whether a is ahead of b, or level with it."""
    return contrast.difference.value >= 0


def size(difference: Estimate) -> Estimate:
    """The difference without its sign."""
    return difference if difference.value >= 0 else opposite(difference)


def opposite(difference: Estimate) -> Estimate:
    """b − a of a − b."""
    d = difference
    return replace(d, value=-d.value, low=-d.high, high=-d.low)


def cell_of(name: str) -> tuple[str, int] | None:
    """Pooling and layer of ``cls_6``; None for what is no cell: a baseline, the best."""
    pooling, _, layer = name.rpartition("_")
    return (pooling, int(layer)) if pooling in POOLINGS and layer.isdecimal() else None


def telling_sentences(
    contrast: Contrast, texts: int, metric: str, alpha: float, inflation: float
) -> int | None:
    """Different sentences with which a difference of this size would be found in four of five.

    ``alpha`` is corrected for all comparisons (Bonferroni: a little more than max-T asks for).
    Accuracy has McNemar's formula, times the ``inflation`` of cross-validation; other scores go by
    the width of the interval, which has it in already and shrinks with the root of n.
    """
    d = contrast.difference
    if abs(d.value) < ROUNDING:
        return None
    if metric == "accuracy":
        discordant = (contrast.only_a + contrast.only_b) / texts
        independent = sentences_needed(d.value, discordant, POWER, alpha)
        return None if independent is None else ceil(inflation * independent)
    normal, error = NormalDist(), (d.high - d.low) / (2 * Z95)
    beyond = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(POWER)
    return ceil(texts * (beyond * error / d.value) ** 2)
