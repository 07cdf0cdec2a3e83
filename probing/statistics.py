"""How sure a figure is."""

from math import sqrt

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point


def wilson(correct: int, n: int) -> tuple[float, float]:
    """95 % interval of a share of ``correct`` among ``n`` (Wilson 1927); needs n ≥ 1.

    Holds near 0 and 1, where the usual p ± 1.96·√(p(1−p)/n) leaves the unit interval.
    """
    share, z2 = correct / n, Z95 * Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
