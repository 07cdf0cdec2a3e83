"""Whether labels can be probed, as classes or as numbers, and what to know about them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from probing.errors import DataError
from probing.parsing.cells import listed, shown
from probing.parsing.numbers import read_numbers
from probing.sentences import Sentences

if TYPE_CHECKING:
    from probing.settings import Target

MANY_NUMBERS = 20
"""More different numbers than this are quantities, unless classes are asked for."""
FEWEST_NUMBERS = 3
"""Different numbers that a regression needs."""
MOSTLY = 0.9
"""Share of labels that must be numbers for a hint that the others may be mistakes."""


def is_identifier(distinct: int, n: int) -> bool:
    """Whether so many distinct labels in n rows name the rows rather than classes of them."""
    return n > 1 and (distinct == n or (n >= 20 and distinct > 0.5 * n))


def is_numbering(values: Sequence[float]) -> bool:
    """Whether numbers count the rows: whole, all different, and rising or a run without gaps."""
    n = len(values)
    if n < 2 or len(set(values)) < n or not all(float(value).is_integer() for value in values):
        return False
    return max(values) - min(values) == n - 1 or all(a < b for a, b in pairwise(values))


def quantities(sentences: Sentences, target: "Target | None" = "auto") -> tuple[float, ...] | None:
    """The n labels as finite numbers where they are probed as such; None where they are classes.

    ``auto``: more than ``MANY_NUMBERS`` different numbers and nothing else, unless they count the
    rows. ``numbers`` raises ``DataError`` where a label is none, or fewer than ``FEWEST_NUMBERS``
    differ. None, for a choice yet to be made: whatever can be probed as numbers.
    """
    if sentences.labels is None or target == "classes":
        return None
    number = _numbers(sentences.classes)
    distinct = len(set(number.values()))
    if target == "numbers":
        _require_numbers(sentences, number, distinct)
    fewest = MANY_NUMBERS + 1 if target == "auto" else FEWEST_NUMBERS
    if len(number) < len(sentences.classes) or distinct < fewest:
        return None
    values = tuple(number[label] for label in sentences.labels)
    return None if target == "auto" and is_numbering(values) else values


def _numbers(classes: Sequence[str]) -> dict[str, float]:
    """The labels that are numbers, with their value."""
    values = read_numbers(classes).values
    return {name: v for name, v in zip(classes, values, strict=True) if v is not None}


def _require_numbers(sentences: Sentences, number: Mapping[str, float], distinct: int) -> None:
    """Raise ``DataError`` where labels cannot be the numbers that they were asked to be."""
    where, classes = _where(sentences), "choose the target classes (--target classes)"
    bad = _quoted(name for name in dict.fromkeys(sentences.labels or ()) if name not in number)
    if bad:
        raise DataError(
            "{where} is to be probed as numbers, but {bad} {value}. Correct or leave out these "
            "rows, name another column with --label, or {classes}.",
            where=where,
            bad=listed(bad, 3),
            value="are none" if len(bad) > 1 else "is none",
            classes=classes,
        )
    if distinct < FEWEST_NUMBERS:
        raise DataError(
            "{where} has {distinct} different number{value}; a regression needs at least "
            "{fewest_numbers}. Name another column with --label, or {classes}.",
            where=where,
            distinct=distinct,
            value="s" * (distinct > 1),
            fewest_numbers=FEWEST_NUMBERS,
            classes=classes,
        )


def check_labels(sentences: Sentences, target: "Target | None" = "auto") -> tuple[str, ...]:
    """What the person should know about the labels, a sentence each; () without labels.

    ``target`` says what the labels are to be, as in ``Settings``; None where that is chosen later:
    only what no choice could use is refused. Raises ``DataError`` where there is nothing to
    compare: a single sentence, a single label, or a label for nearly every sentence (all
    different, or more than one for every two of 20 and more sentences) that is no quantity; and
    as ``quantities`` does.
    """
    n = len(sentences)
    if n < 2:
        raise DataError(
            "{name} has one sentence that can be used; at least two are needed to compare "
            "anything. Give more rows.",
            name=sentences.source.name,
        )
    if sentences.labels is None:
        return ()
    if len(sentences.classes) == 1:
        raise DataError(
            "{sentences} says '{classes}' for all {n:,} sentences: there is nothing to tell "
            "apart. Name another with --label, or none: geometry and maps need no label.",
            sentences=_where(sentences),
            classes=shown(sentences.classes[0]),
            n=n,
        )
    values = quantities(sentences, target)
    if values is not None:
        return _number_notices(sentences, values, asked=target == "numbers")
    _require_classes(sentences)
    return (
        *_many_classes(sentences),
        *_number_like(sentences.classes),
        *_near_labels(sentences.classes),
    )


def _where(sentences: Sentences) -> str:
    column, name = sentences.source.label_column, sentences.source.name
    return f"column '{shown(column)}' of {name}" if column else f"the labels of {name}"


def _quoted(labels: Iterable[str]) -> list[str]:
    return [f"'{shown(label)}'" for label in labels]


def _require_classes(sentences: Sentences) -> None:
    """Raise ``DataError`` where labels name the sentences rather than classes of them."""
    n, k, where = len(sentences), len(sentences.classes), _where(sentences)
    hint = _number_hint(sentences.classes)
    if k == n < 20:
        raise DataError(
            "{where} gives each of the {n} sentences a label of its own; a class needs two at "
            "least. {hint}Give more rows, name another column with --label, or none: geometry and "
            "maps need no label.",
            where=where,
            n=n,
            hint=hint,
        )
    if is_identifier(k, n):
        raise DataError(
            "{where} looks like an id: {k:,} different labels in {n:,} sentences. {hint}Name a "
            "column of classes with --label, or none: geometry and maps need no label.",
            where=where,
            k=k,
            n=n,
            hint=hint,
        )


def _number_hint(classes: Sequence[str]) -> str:
    """What to do if labels that were refused as classes are quantities; empty where few can be."""
    number = _numbers(classes)
    if len(number) < FEWEST_NUMBERS or len(number) < MOSTLY * len(classes):
        return ""
    bad = _quoted(name for name in classes if name not in number)
    if bad:
        return f"All but {listed(bad, 3)} are numbers: correct these to have them probed as such. "
    return "If they are quantities, choose the target numbers (--target numbers). "


def _many_classes(sentences: Sentences) -> tuple[str, ...]:
    k, n, where = len(sentences.classes), len(sentences), _where(sentences)
    if k <= 200 and n >= 5 * k:
        return ()
    return (
        f"{where[0].upper()}{where[1:]} has {k:,} classes for {n:,} sentences, {n / k:.1f} each on "
        "average: probing will be slow or uncertain. Is it an id or a free text?",
    )


def _number_like(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on classes that look like quantities."""
    number = _numbers(classes)
    if len(number) <= MANY_NUMBERS or len(number) < MOSTLY * len(classes):
        return ()
    bad = _quoted(name for name in classes if name not in number)
    but = f" but for {listed(bad, 3)}" if bad else ""
    return (
        f"The labels are {len(number):,} different numbers{but}. They are probed as classes, not "
        "as quantities: being close counts for nothing.",
    )


def _number_notices(sentences: Sentences, values: Sequence[float], asked: bool) -> tuple[str, ...]:
    notice = (
        f"The labels are {len(set(values)):,} different numbers. They are probed as numbers: ridge "
        "regression, R² and Spearman's rank correlation."
    )
    if not asked:
        notice += " If they stand for classes, choose the target classes (--target classes)."
    pairs = zip(sentences.labels or (), values, strict=True)
    marked = next(((label, value) for label, value in pairs if "," in label), None)
    if marked is None:
        return (notice,)
    return notice, f"Read as a number, the label '{shown(marked[0])}' is {marked[1]:.15g}."


def _near_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on labels that differ by nothing but case or surrounding spaces."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault(name.strip().casefold(), []).append(name)
    pairs = [" / ".join(f"'{name}'" for name in names) for names in alike.values() if names[1:]]
    if not pairs:
        return ()
    return (f"Labels that differ only in case or spaces count as different: {listed(pairs, 5)}.",)
