"""95 % intervals of shares, balanced accuracies and paired differences, also where all is right."""

from math import sqrt

import numpy as np

from probing.statistics import grouped
from probing.statistics.resamples import interval

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
FEW = 20
"""Distinct texts on the rarer side below which a share's bootstrap interval is not to be trusted.

With fewer, it is too narrow, up to [1, 1] where all is right; with Wilson's in its place below 10
only, the interval at n = 100 and a share of .95 would cover 99 % instead of 95 %.
"""


def wilson(correct: float, n: float) -> tuple[float, float]:
    """95 % interval of a share of ``correct`` among ``n`` (Wilson 1927); needs n ≥ 1.

    Holds near 0 and 1, where the usual p ± 1.96·√(p(1−p)/n) leaves the unit interval.
    """
    share, z2 = correct / n, Z95 * Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def share_intervals(correct: np.ndarray, samples: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(m, 2) 95 % intervals of the shares of 1 in ``correct`` (n, m).

    ``samples`` (resamples, m) are ``Resamples.means`` of it. Their percentiles hold unless fewer
    than ``FEW`` distinct texts are right, or wrong, in a column: there the interval is Wilson's,
    for the number of texts that weigh as much as these do (see ``_independent``).
    """
    number = np.unique(groups, return_inverse=True)[1]
    right, wrong = (
        grouped.sums(correct, number),
        grouped.sums(1 - np.asarray(correct, np.float64), number),
    )
    rarer = np.minimum((right > 0).sum(axis=0), (wrong > 0).sum(axis=0))
    n, shares, found = _independent(number), right.sum(axis=0) / len(number), interval(samples)
    for k in np.flatnonzero(rarer < FEW):
        found[k] = wilson(shares[k] * n, n)
    return found


def balanced_intervals(
    correct: np.ndarray, y: np.ndarray, samples: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """(m, 2) 95 % intervals of balanced accuracies of ``correct`` (n, m), classes ``y`` (n,).

    ``samples`` (resamples, m) are ``Resamples.class_means`` of it. Their percentiles hold unless
    fewer than ``FEW`` distinct texts of any class are right, or wrong, in a column: there it is
    Wilson's interval for as many sentences of one class as would be as uncertain (Kott & Carr
    1997). So that a small class that is all right does not pass for certain, that number is found
    with two more sentences of the mean's rightness in each class.
    """
    recalls, texts, rarer = [], [], []
    for label in np.unique(y):
        number = np.unique(groups[y == label], return_inverse=True)[1]
        own = np.asarray(correct, dtype=np.float64)[y == label]
        sides = [(grouped.sums(side, number) > 0).sum(axis=0) for side in (own, 1 - own)]
        rarer.append(np.minimum(*sides))
        recalls.append(own.mean(axis=0))
        texts.append(_independent(number))
    recall, size, found = np.array(recalls), np.array(texts)[:, None], interval(samples)
    share, classes = recall.mean(axis=0), len(recall)
    smooth = (recall * size + 2 * share) / (size + 2)
    variance = (smooth * (1 - smooth) / size).sum(axis=0) / classes**2
    for k in np.flatnonzero(np.min(rarer, axis=0) < FEW):
        mixed = 0 < share[k] < 1
        n = share[k] * (1 - share[k]) / variance[k] if mixed else classes**2 / (1 / size).sum()
        found[k] = wilson(share[k] * n, n)
    return found


def difference_intervals(
    differences: np.ndarray, samples: np.ndarray, groups: np.ndarray
) -> np.ndarray:
    """(m, 2) 95 % intervals of mean ``differences`` (n, m), each −1, 0 or 1: paired shares.

    ``samples`` (resamples, m) are ``Resamples.means`` of it. Their percentiles hold unless fewer
    than ``FEW`` distinct texts differ in a column: there, where the bootstrap may give [0, 0], it
    is the adjusted interval of Bonett & Price 2012 (one text more on either side).
    """
    number = np.unique(groups, return_inverse=True)[1]
    ups, downs = (grouped.sums(np.maximum(sign * differences, 0), number) for sign in (1, -1))
    n, found = _independent(number), interval(samples)
    for k in np.flatnonzero(((ups + downs) > 0).sum(axis=0) < FEW):
        up, down = ((side[:, k].sum() / len(number) * n + 1) / (n + 2) for side in (ups, downs))
        half = Z95 * sqrt((up + down - (up - down) ** 2) / (n + 2))
        found[k] = max(-1.0, up - down - half), min(1.0, up - down + half)
    return found


def _independent(number: np.ndarray) -> float:
    """Single texts that tell as much as these groups do: (Σ size)² / Σ size² (Kish 1965)."""
    sizes = np.bincount(number).astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes**2).sum())
