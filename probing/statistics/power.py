"""How much a sample can tell: differences that a test finds, sentences that it takes."""

from math import ceil, sqrt
from statistics import NormalDist


def detectable_difference(
    n: float, discordant: float, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Smallest difference of two paired shares that McNemar's test finds with ``power``.

    ``n`` sentences, of which a share ``discordant`` is right by one method only. Solves
    n·δ² = (z(1−α/2)·√ψ + z(power)·√(ψ − δ²))² for δ (Miettinen 1968; Connor 1987). A difference
    cannot exceed the discordant share: where δ > ψ it is the smallest one when all discordant texts
    speak for the same method (ψ = δ), and 1 where even that is not enough (n < 4).
    """
    at, of = _quantiles(power, alpha)
    spare = n + of * of - at * at
    if n <= at * at:
        return 1.0
    found = sqrt(discordant) * (at * sqrt(n) + of * sqrt(spare)) / (n + of * of)
    if 0 < found <= discordant:
        return found
    root = (sqrt(n * spare) - at * of) / (n + of * of)  # √(1 − δ) of the equation with ψ = δ
    return 1 - root * root


def sentences_needed(
    difference: float, discordant: float, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """Sentences with which McNemar's test finds ``difference`` with ``power``; None where it is 0.

    The inverse of ``detectable_difference``; its sign does not matter, and a ``discordant`` share
    below the difference is raised to it.
    """
    gap = abs(difference)
    if gap == 0:
        return None
    share, (at, of) = max(discordant, gap), _quantiles(power, alpha)
    root = at * sqrt(share) + of * sqrt(max(0.0, share - gap * gap))
    return ceil((root / gap) ** 2 - 1e-9)


def _quantiles(power: float, alpha: float) -> tuple[float, float]:
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
