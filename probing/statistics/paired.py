"""Tests of methods on the same sentences: McNemar, sign flips over a family, cross-validation."""

from collections.abc import Callable

import numpy as np

from probing.statistics import grouped

TIE = 1e-9  # difference of two test statistics (in standard errors) that is rounding only

Tick = Callable[[], None]


def mcnemar(a: np.ndarray, b: np.ndarray, groups: np.ndarray) -> tuple[int, int, float]:
    """Texts that a alone does better, that b alone does better, and the exact two-sided p.

    ``a`` and ``b`` (n,) say for each sentence whether a method is right (or how good it is). A
    group of copies counts for the one with the higher sum. p is the binomial test of equal chances
    (McNemar 1947); 1 where nothing differs.
    """
    from scipy.special import bdtr

    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    sums = grouped.sums(difference[:, None], np.unique(groups, return_inverse=True)[1])
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
    sums = grouped.sums(differences, np.unique(groups, return_inverse=True)[1])
    norms = np.sqrt(np.square(sums).sum(axis=0))
    unit = sums / np.where(norms > 0, norms, 1.0)
    observed = np.abs(unit.sum(axis=0)) / np.sqrt(inflation)
    generator, reached = np.random.default_rng(seed), np.zeros(len(norms), dtype=np.int64)
    for size in grouped.blocks(flips, len(unit)):
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
