"""Which sentences train a probe, which choose its C and which score it."""

import re
import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from probing.errors import DataError, SettingsError
from probing.language import say, say_n

INNER_FOLDS = 3


@dataclass(frozen=True, eq=False)
class Fold:
    """One probe's training and scoring sentences. No sentence is in two of the parts."""

    train: np.ndarray
    """int64 indices of the sentences that the scored probe is fitted on."""
    test: np.ndarray
    """int64 indices of the sentences that are scored."""
    inner: tuple[tuple[np.ndarray, np.ndarray], ...]
    """(train, validation) index pairs for choosing C, disjoint from ``test``; may be empty."""


@dataclass(frozen=True)
class Plan:
    """The folds of a run, the same for every cell: cells are compared sentence by sentence."""

    folds: tuple[Fold, ...]
    description: str
    """How scores come about, for people, e.g. ``"5-fold cross-validation"``."""
    notices: tuple[str, ...]
    """What the person should know about the split."""


def fold_text(text: str) -> str:
    """The text with white space and case folded: equal results are duplicates."""
    return re.sub(r"\s+", " ", text).strip().casefold()


def duplicate_groups(texts: Sequence[str]) -> np.ndarray:
    """int64 (n,) group of each text; duplicates share one. Groups are numbered as they appear."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(fold_text(t), len(numbers)) for t in texts], dtype=np.int64)


def usable_classes(labels: Sequence[str], groups: np.ndarray) -> set[str]:
    """Labels on at least two distinct texts: one to learn from and one to score."""
    distinct = Counter(label for label, _ in set(zip(labels, groups.tolist(), strict=True)))
    return {label for label, count in distinct.items() if count >= 2}


def duplicate_notices(groups: np.ndarray, y: np.ndarray) -> tuple[str, ...]:
    """What to say about texts that occur more than once, and about those that disagree."""
    pairs = set(zip(groups.tolist(), y.tolist(), strict=True))
    labels_per_text = Counter(group for group, _ in pairs)
    repeated = len(groups) - len(labels_per_text)
    conflicting = sum(count > 1 for count in labels_per_text.values())
    notices = []
    if repeated:
        notices.append(
            say_n(
                "{n:,} sentence repeats an earlier one (apart from case and white space).",
                "{n:,} sentences repeat an earlier one (apart from case and white space).",
                repeated,
            )
        )
    if conflicting:
        notices.append(
            say_n(
                "{n:,} text occurs with different labels; no probe can get every copy right.",
                "{n:,} texts occur with different labels; no probe can get every copy right.",
                conflicting,
            )
        )
    return tuple(notices)


def cross_validation(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> Plan:
    """Stratified folds over distinct texts, with inner folds for the choice of C.

    ``y`` int64 (n,) class numbers, every class on at least two texts. With fewer texts of a class
    than folds, there are as many folds as that class has texts.
    """
    if not 2 <= folds <= 20:
        raise SettingsError(
            "folds is {folds}; it must be between 2 and 20. The default is 5.", folds=folds
        )
    smallest = int(_texts_per_class(y, groups).min())
    used = min(folds, smallest)
    notices: tuple[str, ...] = ()
    if used < folds:
        notices = (
            say(
                "The smallest class has {n} distinct sentences, so there are {used} folds instead "
                "of {folds}.",
                n=smallest,
                used=used,
                folds=folds,
            ),
        )
    everything = np.arange(len(y))
    parts = [
        Fold(train, test, _inner(train, y, groups, seed))
        for train, test in _stratified(everything, y, groups, used, seed)
    ]
    if len(np.unique(groups)) < len(groups):
        notices += (say("Copies of a sentence always stay in the same fold."),)
    return Plan(tuple(parts), say("{n}-fold cross-validation", n=used), notices)


def given_split(y: np.ndarray, groups: np.ndarray, splits: Sequence[str], seed: int) -> Plan:
    """Train, dev and test as the file gives them: C on dev, the score on test, once.

    Without dev, C comes from inner folds of train. Without test, dev is scored.
    """
    check_split(y.tolist(), splits)
    which = np.array(splits)
    train, dev, test = (np.flatnonzero(which == name) for name in ("train", "dev", "test"))
    scored = "test" if len(test) else "dev"
    if not len(test):
        dev, test = test, dev
    notices = []
    leaked = int(np.isin(groups[test], groups[train]).sum())
    if leaked:
        notices.append(
            say(
                "{leaked:,} of {n:,} {scored} sentences also stand in train, so scores are "
                "flattered. Choose no split column to keep copies together.",
                leaked=leaked,
                n=len(test),
                scored=scored,
            )
        )
    inner = ((train, dev),) if len(dev) else _inner(train, y, groups, seed)
    choice = say("C chosen on dev") if len(dev) else say("C chosen by inner folds of train")
    description = say(
        "given split: fitted on {n:,} train, {choice!s}, scored on {scored}",
        n=len(train),
        choice=choice,
        scored=scored,
    )
    return Plan((Fold(train, test, inner),), description, tuple(notices))


def check_split(labels: Sequence[Hashable], splits: Sequence[str]) -> None:
    """Raise ``DataError`` where a given split leaves nothing to learn from or to score."""
    learnt = [label for label, split in zip(labels, splits, strict=True) if split == "train"]
    scored = len(splits) - len(learnt)
    if not learnt or not scored:
        raise DataError(
            "the split column gives {n} train and {scored} test or dev sentences; both are "
            "needed. Choose no split column (--split none) to use cross-validation.",
            n=len(learnt),
            scored=scored,
        )
    if len(set(learnt)) < 2:
        raise DataError(
            "all train sentences of the split column have the same label; a probe needs two "
            "classes to learn from. Choose no split column (--split none) to use cross-validation."
        )


def _texts_per_class(y: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Distinct texts of each class that occurs."""
    pairs = np.unique(np.stack([y, groups]), axis=1)
    return np.unique(pairs[0], return_counts=True)[1]


def _inner(
    train: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Inner folds of ``train``. A class too rare for all of them is missing from some."""
    texts_per_class = _texts_per_class(y[train], groups[train])
    used = min(INNER_FOLDS, int(texts_per_class.max()), len(np.unique(groups[train])))
    if used < 2:
        return ()
    pairs = _stratified(train, y, groups, used, seed)
    return tuple(pair for pair in pairs if len(np.unique(y[pair[0]])) > 1 and len(pair[1]))


def _stratified(
    rows: np.ndarray, y: np.ndarray, groups: np.ndarray, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split ``rows`` by their distinct texts, each counted with the most frequent of its labels."""
    from sklearn.model_selection import KFold, StratifiedKFold

    texts, first, inverse = np.unique(groups[rows], return_index=True, return_inverse=True)
    label = y[rows][first]
    # only texts that occur more than once need counting
    for text in np.flatnonzero(np.bincount(inverse) > 1):
        label[text] = np.bincount(y[rows][inverse == text]).argmax()
    folds = min(folds, len(texts))
    # texts with several labels each may leave no class with a text a fold to its own
    stratified = int(np.bincount(label).max()) >= folds
    splitter = (StratifiedKFold if stratified else KFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # said in a notice where it matters: a class has fewer texts than there are folds
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        pairs = list(splitter.split(texts, label))
    return [(rows[np.isin(inverse, train)], rows[np.isin(inverse, test)]) for train, test in pairs]
