"""How sure a figure is, and whether two figures differ.

Copies of a text are no independent witnesses, so everything here counts *groups*: ``groups`` is an
int64 (n,) number per scored sentence, equal for copies of one text, in any order. A group is drawn,
flipped or counted as a whole. Copying every sentence in its group changes no interval and no p.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
FEW = 20
"""Distinct texts on the rarer side below which a share's bootstrap interval is not to be trusted.

With fewer, it is too narrow, up to [1, 1] where all is right; with Wilson's in its place below 10
only, the interval at n = 100 and a share of .95 would cover 99 % instead of 95 %.
"""
BLOCK = 4_000_000  # numbers in one block of resamples or flips (32 MB)
TIE = 1e-9  # difference of two test statistics (in standard errors) that is rounding only

Tick = Callable[[], None]


def wilson(correct: float, n: float) -> tuple[float, float]:
    """95 % interval of a share of ``correct`` among ``n`` (Wilson 1927); needs n ≥ 1.

    Holds near 0 and 1, where the usual p ± 1.96·√(p(1−p)/n) leaves the unit interval.
    """
    share, z2 = correct / n, Z95 * Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


# ---- resamples


@dataclass(frozen=True, eq=False)
class Resamples:
    """Bootstrap resamples of the groups: as many as there are, drawn with replacement.

    Made of the same groups and seed, they are the same for every call, so differences of samples
    are paired. Weights of more than a ``BLOCK`` are drawn again by each call instead of being kept:
    2,000 resamples of 27,000 sentences take half a second and would fill 430 MB.
    """

    groups: np.ndarray
    """int64 (n,) the group of each scored sentence."""
    seed: int
    count: int = 2_000
    """How many."""
    tick: Tick = lambda: None
    """Called after each block of them; may raise to stop."""

    def means(self, values: np.ndarray) -> np.ndarray:
        """(count, m) mean of each column of ``values`` (n, m) over each resample's sentences."""
        sums, sizes = self._sums(values), self._sizes
        return self._blocks(lambda weights: (weights @ sums) / (weights @ sizes)[:, None])

    def class_means(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(count, m) mean over the classes of ``y`` (n,) of each class's mean of ``values`` (n, m).

        Balanced accuracy where the values are 1 for right and 0 for wrong. A class that a resample
        lacks is left out of its mean.
        """
        values = np.asarray(values, dtype=np.float64)
        classes = []
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            own, inverse = np.unique(self._number[rows], return_inverse=True)
            classes.append((own, _sums(values[rows], inverse), np.bincount(inverse).astype(float)))

        def balanced(weights: np.ndarray) -> np.ndarray:
            total = np.zeros((len(weights), values.shape[1]))
            present = np.zeros(len(weights))
            for own, sums, sizes in classes:
                drawn = weights[:, own]
                size = drawn @ sizes
                total += (drawn @ sums) / np.maximum(size, 1)[:, None]
                present += size > 0
            return total / present[:, None]

        return self._blocks(balanced)

    def r2(self, truth: np.ndarray, errors: np.ndarray) -> np.ndarray:
        """(count, m) R² of predictions with squared ``errors`` (n, m) of ``truth`` (n,).

        1 − Σ error / Σ (truth − the resample's own mean)². Where a resample's truth is one number,
        as in scikit-learn: 1 if there is no error either, else 0.
        """
        centred = np.asarray(truth, dtype=np.float64)
        centred = centred - centred.mean()
        moments = self._sums(np.stack([centred, centred**2], axis=1))
        sums, sizes = self._sums(errors), self._sizes

        def explained(weights: np.ndarray) -> np.ndarray:
            first, second = (weights @ moments).T
            spread = second - first**2 / (weights @ sizes)
            flat = spread <= 1e-12 * second
            error = weights @ sums
            ratio = error / np.where(flat, 1.0, spread)[:, None]
            return 1 - np.where(flat[:, None], error > 0, ratio)

        return self._blocks(explained)

    @cached_property
    def _number(self) -> np.ndarray:
        """int64 (n,) the groups numbered from 0."""
        return np.unique(self.groups, return_inverse=True)[1]

    @cached_property
    def _sizes(self) -> np.ndarray:
        """float64 (groups,) sentences of each group."""
        return np.bincount(self._number).astype(np.float64)

    def _sums(self, values: np.ndarray) -> np.ndarray:
        return _sums(values, self._number)

    def _weights(self) -> Iterator[np.ndarray]:
        """Float64 (block, groups): how often each resample of a block holds each group."""
        if self.count * len(self._sizes) > BLOCK:
            return self._drawn()
        return iter(self._kept)

    @cached_property
    def _kept(self) -> list[np.ndarray]:
        return list(self._drawn())

    def _drawn(self) -> Iterator[np.ndarray]:
        generator, groups = np.random.default_rng(self.seed), len(self._sizes)
        for size in _blocks(self.count, groups):
            drawn = generator.integers(0, groups, size=(size, groups))
            drawn += groups * np.arange(size)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=size * groups)
            yield counts.reshape(size, groups).astype(np.float64)

    def _blocks(self, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        found = []
        for weights in self._weights():
            found.append(statistic(weights))
            self.tick()
        return np.concatenate(found)


def interval(samples: np.ndarray) -> np.ndarray:
    """(m, 2) 95 % percentile intervals of (resamples, m) samples without NaN."""
    return np.percentile(samples, [2.5, 97.5], axis=0).T


def share_intervals(correct: np.ndarray, samples: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(m, 2) 95 % intervals of the shares of 1 in ``correct`` (n, m).

    ``samples`` (resamples, m) are ``Resamples.means`` of it. Their percentiles hold unless fewer
    than ``FEW`` distinct texts are right, or wrong, in a column: there the interval is Wilson's,
    for the number of texts that weigh as much as these do (see ``_independent``).
    """
    number = np.unique(groups, return_inverse=True)[1]
    right, wrong = _sums(correct, number), _sums(1 - np.asarray(correct, np.float64), number)
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
        sides = [(_sums(side, number) > 0).sum(axis=0) for side in (own, 1 - own)]
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
    ups, downs = (_sums(np.maximum(sign * differences, 0), number) for sign in (1, -1))
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


# ---- tests


def mcnemar(a: np.ndarray, b: np.ndarray, groups: np.ndarray) -> tuple[int, int, float]:
    """Texts that a alone does better, that b alone does better, and the exact two-sided p.

    ``a`` and ``b`` (n,) say for each sentence whether a method is right (or how good it is). A
    group of copies counts for the one with the higher sum. p is the binomial test of equal chances
    (McNemar 1947); 1 where nothing differs.
    """
    from scipy.special import bdtr

    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    sums = _sums(difference[:, None], np.unique(groups, return_inverse=True)[1])
    only_a, only_b = int((sums > 0).sum()), int((sums < 0).sum())
    p = 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)) if only_a + only_b else 1.0
    return only_a, only_b, min(1.0, p)


def max_t(
    differences: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    flips: int = 2_000,
    inflation: np.ndarray | float = 1.0,
    tick: Tick = lambda: None,
) -> np.ndarray:
    """(m,) p-values of the columns of ``differences`` (n, m), corrected for there being m.

    Under the null hypothesis each text's difference is as likely to have the other sign. A flip
    gives every group one random sign for all columns, so that their correlation is kept, and the
    greatest |Σ D| / √(Σ D²) of all columns is compared with each column's own: p = (1 + flips
    that reach it) / (1 + flips) (Westfall & Young 1993, single step). Rejecting where p ≤ α, any
    false rejection at all has a chance of at most α. A column of zeros has p = 1.

    ``inflation``, (m,) or for all: how many times the variance of a column's sum exceeds that of
    independent texts (see ``cross_validation_inflation``); what is observed counts for its root
    less.
    """
    sums = _sums(differences, np.unique(groups, return_inverse=True)[1])
    norms = np.sqrt(np.square(sums).sum(axis=0))
    unit = sums / np.where(norms > 0, norms, 1.0)
    observed = np.abs(unit.sum(axis=0)) / np.sqrt(inflation)
    generator, reached = np.random.default_rng(seed), np.zeros(len(norms), dtype=np.int64)
    for size in _blocks(flips, len(unit)):
        signs = 2.0 * generator.integers(0, 2, size=(size, len(unit)), dtype=np.int8) - 1
        greatest = np.abs(signs @ unit).max(axis=1)
        reached += (greatest[:, None] >= observed - TIE).sum(axis=0)
        tick()
    return (1 + reached) / (1 + flips)


def cross_validation_inflation(share: np.ndarray) -> np.ndarray:
    """How many times cross-validation inflates the variance of a ``share`` of right answers.

    Sentence i trains the probe that scores j, and j the one that scores i: a pair that happens to
    fit helps twice. Be a margin normal, with deviation τ owed to the n other sentences' labels: one
    of them moves it by k with E k² = τ²/n, in both directions of the pair, and so the chance to be
    right by k·φ(z)/τ, z = Φ⁻¹(p). Over all pairs that adds φ(z)² to the variance p(1 − p) of one
    answer. So 1 + φ(z)² / p(1 − p): 1 + 2/π at p = ½, exact for two classes of which nothing is
    known, a little too much for more classes, and too much where margins also differ for other
    reasons than training. 1 at p = 0 and 1.
    """
    from scipy.stats import norm

    p = np.asarray(share, dtype=np.float64)
    inner = (p > 0) & (p < 1)
    safe = np.where(inner, p, 0.5)
    added = np.square(norm.pdf(norm.ppf(safe))) / (safe * (1 - safe))
    return 1 + np.where(inner, added, 0.0)


# ---- how much a sample can tell


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


# ---- sums over groups


def _sums(values: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Float64 (groups, m) sums of the rows of (n, m) values; ``number`` (n,) counts from 0."""
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(number.max() + 1))
    return np.add.reduceat(np.asarray(values, dtype=np.float64)[order], starts, axis=0)


def _blocks(count: int, width: int) -> Iterator[int]:
    """Sizes of blocks of rows of ``width`` numbers, ``count`` rows in all."""
    most = max(1, BLOCK // width)
    yield from (min(most, count - start) for start in range(0, count, most))
