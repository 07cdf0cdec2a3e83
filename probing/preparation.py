"""Sentences made ready to be probed: what is left out, the class numbers, the folds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from probing.errors import DataError
from probing.labels import check_labels, quantities
from probing.language import say
from probing.parsing.cells import shown
from probing.probes import folds, numeric_folds
from probing.sentences import Dropped, Sentences
from probing.settings import Settings


@dataclass(frozen=True, eq=False)
class Task:
    """Sentences made ready to be probed."""

    sentences: Sentences
    """Those that are used."""
    y: np.ndarray | None
    """int64 (n,) class numbers in the order of ``sentences.classes``; None without classes."""
    plan: folds.Plan | None
    """None without labels."""
    notices: tuple[str, ...]
    target: np.ndarray | None = None
    """float64 (n,) the labels where they are probed as numbers; None else."""


def prepare(sentences: Sentences, settings: Settings) -> Task:
    """Leave out what no probe can use, number the classes (or read the numbers), lay the folds.

    Raises ``DataError`` where too little is left.
    """
    if len(sentences) < 2:
        raise DataError(
            "there is {n} sentence to use; a run needs at least two. Add more rows.",
            n=len(sentences),
        )
    if sentences.labels is None:
        return Task(sentences, None, None, (say("There are no labels: no probes, only maps."),))
    label_notices = check_labels(sentences, settings.target)
    given = sentences.splits is not None and set(sentences.splits) != {"train"}
    numbers = quantities(sentences, settings.target)
    if numbers is not None:
        return _for_numbers(sentences, np.array(numbers), given, settings, label_notices)
    if given:
        folds.check_split(sentences.labels, sentences.splits or ())
    kept = _without_rare_classes(sentences, given)
    if len(kept.classes) < 2:
        raise _too_few_classes(sentences, kept)
    number = {name: i for i, name in enumerate(kept.classes)}
    y = np.array([number[label] for label in kept.labels or ()], dtype=np.int64)
    groups = folds.duplicate_groups(kept.texts)
    if given:
        plan = folds.given_split(y, groups, kept.splits or (), settings.seed)
    else:
        plan = folds.cross_validation(y, groups, settings.folds, settings.seed)
    notices = (*label_notices, *folds.duplicate_notices(groups, y), *plan.notices)
    return Task(kept, y, plan, notices + _unused_split(sentences, given))


def _unused_split(sentences: Sentences, given: bool) -> tuple[str, ...]:
    if sentences.splits is None or given:
        return ()
    return (say("The split column says train everywhere, so cross-validation is used."),)


def _without_rare_classes(sentences: Sentences, given: bool) -> Sentences:
    """Without the classes that cannot be both learnt and scored."""
    labels = sentences.labels or ()
    if given:
        learnt = {
            label
            for label, split in zip(labels, sentences.splits or (), strict=True)
            if split == "train"
        }
        reason = say("class that train does not have")
    else:
        learnt = folds.usable_classes(labels, folds.duplicate_groups(sentences.texts))
        reason = say("class with a single sentence")
    kept = [i for i, label in enumerate(labels) if label in learnt]
    if len(kept) == len(labels):
        return sentences
    rows = tuple(sentences.rows[i] for i, label in enumerate(labels) if label not in learnt)
    source = sentences.source
    dropped = (*source.dropped, Dropped(reason, rows))
    return replace(sentences.take(kept), source=replace(source, dropped=dropped))


def _too_few_classes(given: Sentences, kept: Sentences) -> DataError:
    column = given.source.label_column
    return DataError(
        "of the {n:,} classes in {where!s} only {kept} has two different sentences or more; a "
        "probe needs two such classes. Choose another label column, or none to see maps only.",
        n=len(given.classes),
        where=say("column '{column}'", column=shown(column)) if column else say("the labels"),
        kept=len(kept.classes),
    )


def _for_numbers(
    sentences: Sentences,
    target: np.ndarray,
    given: bool,
    settings: Settings,
    label_notices: tuple[str, ...],
) -> Task:
    groups = folds.duplicate_groups(sentences.texts)
    if given:
        plan = numeric_folds.given_split(target, groups, sentences.splits or (), settings.seed)
    else:
        plan = numeric_folds.cross_validation(target, groups, settings.folds, settings.seed)
    notices = (
        *label_notices,
        *numeric_folds.duplicate_notices(groups, target),
        *plan.notices,
        *_unused_split(sentences, given),
    )
    return Task(sentences, None, plan, notices, target)


def from_lists(texts: Sequence[str], labels: Sequence[Any] | None) -> Sentences:
    """Sentences from n strings and n labels; blank texts are left out and counted."""
    if isinstance(texts, str):
        raise DataError("texts is one string; give a list of sentences.")
    if labels is not None and len(labels) != len(texts):
        raise DataError(
            "there are {texts:,} texts and {labels:,} labels; give one label a text.",
            texts=len(texts),
            labels=len(labels),
        )
    blank = [not str(text).strip() for text in texts]
    missing = [
        not gone and labels is not None and _is_missing(labels[i]) for i, gone in enumerate(blank)
    ]
    dropped = tuple(
        Dropped(reason, tuple(i for i, hit in enumerate(hits) if hit))
        for reason, hits in (("blank text", blank), ("missing label", missing))
        if any(hits)
    )
    whole = Sentences(
        texts=tuple(_whole(text) for text in texts),
        labels=None if labels is None else tuple(_whole(label) for label in labels),
    )
    kept = [i for i in range(len(texts)) if not blank[i] and not missing[i]]
    source = replace(whole.source, rows_read=len(texts), dropped=dropped)
    return replace(whole.take(kept), source=source)


def _is_missing(label: Any) -> bool:
    """None, NaN and blank are no labels; ``"NA"`` is one."""
    return label is None or label != label or not str(label).strip()


def _whole(value: Any) -> str:
    """As text that can be written: half of a surrogate pair becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")
