"""Which sentences train, choose and score where labels are numbers: folds with alike numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from probing.errors import DataError
from probing.language import say, say_n
from probing.probes import folds
from probing.probes.folds import INNER_FOLDS, Plan

BINS = 5
"""Groups of texts with like numbers, of which every fold gets an even share."""
FEWEST = 4
"""Distinct texts that cross-validation needs: two to learn from and two to score."""


def cross_validation(target: np.ndarray, groups: np.ndarray, wanted: int, seed: int) -> Plan:
    """``folds.cross_validation`` stratified by the quantiles of ``target`` (n,).

    With fewer distinct texts than two a fold there are fewer folds. Raises ``DataError`` where
    there are fewer than ``FEWEST``.
    """
    texts = len(np.unique(groups))
    if texts < FEWEST:
        raise DataError(
            "there are {texts} different sentences; a regression needs at least {fewest}: two to "
            "learn from and two to score. Add more rows.",
            texts=texts,
            fewest=FEWEST,
        )
    used = min(wanted, texts // 2)
    everything = np.arange(len(target))
    y = _quantiles(target, groups, everything, min(BINS, texts // used))
    plan = folds.cross_validation(y, groups, used, seed)
    if used == wanted:
        return plan
    notice = say(
        "There are {n} different sentences, so there are {used} folds instead of {wanted}.",
        n=texts,
        used=used,
        wanted=wanted,
    )
    return replace(plan, notices=(notice, *plan.notices))


def given_split(target: np.ndarray, groups: np.ndarray, splits: Sequence[str], seed: int) -> Plan:
    """``folds.given_split`` for the numbers ``target`` (n,)."""
    which = np.array(splits)
    train = np.flatnonzero(which == "train")
    scored = "test" if "test" in splits else "dev"
    if len(train) and scored in splits:
        _check_part("train", which, target, groups, say("learn from"))
        _check_part(scored, which, target, groups, say("score"))
    texts = len(np.unique(groups[train]))
    y = _quantiles(target, groups, train, min(BINS, max(2, texts // INNER_FOLDS)))
    return folds.given_split(y, groups, splits, seed)


def duplicate_notices(groups: np.ndarray, target: np.ndarray) -> tuple[str, ...]:
    """What to say about texts that occur more than once, and about those that disagree."""
    repeats = folds.duplicate_notices(groups, np.zeros_like(groups))
    _, inverse = np.unique(target, return_inverse=True)
    pairs = np.unique(np.stack([groups, inverse]), axis=1)
    count = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    if not count:
        return repeats
    return (
        *repeats,
        say_n(
            "{n:,} text occurs with different numbers; no probe can get every copy right.",
            "{n:,} texts occur with different numbers; no probe can get every copy right.",
            count,
        ),
    )


def _check_part(
    name: str, which: np.ndarray, target: np.ndarray, groups: np.ndarray, purpose: str
) -> None:
    numbers, texts = (len(np.unique(of[which == name])) for of in (target, groups))
    if min(numbers, texts) < 2:
        raise DataError(
            "the {name} sentences of the split column are {texts!s} with {numbers!s}; a regression "
            "needs two of each to {purpose!s}. Choose no split column (--split none) to use "
            "cross-validation.",
            name=name,
            texts=say_n("{n} different text", "{n} different texts", texts),
            numbers=say_n("{n} different number", "{n} different numbers", numbers),
            purpose=purpose,
        )


def _quantiles(target: np.ndarray, groups: np.ndarray, rows: np.ndarray, bins: int) -> np.ndarray:
    """int64 (n,) bin of each sentence, by the rank of its text's mean number among ``rows``.

    Bins are of equal size (± one text) and never part copies, nor do they depend on the numbers
    of other sentences, which are in bin 0.
    """
    texts, inverse = np.unique(groups[rows], return_inverse=True)
    mean = np.bincount(inverse, target[rows]) / np.bincount(inverse)
    rank = np.argsort(np.argsort(mean, kind="stable"))
    y = np.zeros(len(target), dtype=np.int64)
    y[rows] = (rank * bins // len(texts))[inverse]
    return y
