"""Whether labels can be probed, as classes or as numbers, and what to know about them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from probing.errors import DataError
from probing.language import say, say_n
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
    where, classes = _where(sentences), say("choose the target classes (--target classes)")
    bad = _quoted(name for name in dict.fromkeys(sentences.labels or ()) if name not in number)
    if bad:
        raise DataError(
            say_n(
                "{where!s} is to be probed as numbers, but {bad!s} is none. Correct or leave out "
                "these rows, name another column with --label, or {classes!s}.",
                "{where!s} is to be probed as numbers, but {bad!s} are none. Correct or leave out "
                "these rows, name another column with --label, or {classes!s}.",
                len(bad),
                where=where,
                bad=listed(bad, 3),
                classes=classes,
            )
        )
    if distinct < FEWEST_NUMBERS:
        raise DataError(
            say_n(
                "{where!s} has {n} different number; a regression needs at least {fewest}. Name "
                "another column with --label, or {classes!s}.",
                "{where!s} has {n} different numbers; a regression needs at least {fewest}. Name "
                "another column with --label, or {classes!s}.",
                distinct,
                where=where,
                fewest=FEWEST_NUMBERS,
                classes=classes,
            )
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
            "{where!s} says '{label}' for all {n:,} sentences: there is nothing to tell "
            "apart. Name another with --label, or none: geometry and maps need no label.",
            where=_where(sentences),
            label=shown(sentences.classes[0]),
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
    if column:
        return say("column '{column}' of {name}", column=shown(column), name=name)
    return say("the labels of {name}", name=name)


def _quoted(labels: Iterable[str]) -> list[str]:
    return [f"'{shown(label)}'" for label in labels]


def _require_classes(sentences: Sentences) -> None:
    """Raise ``DataError`` where labels name the sentences rather than classes of them."""
    n, k, where = len(sentences), len(sentences.classes), _where(sentences)
    hint = _number_hint(sentences.classes)
    if k == n < 20:
        raise DataError(
            "{where!s} gives each of the {n} sentences a label of its own; a class needs two at "
            "least. {hint!s}Give more rows, name another column with --label, or none: geometry "
            "and maps need no label.",
            where=where,
            n=n,
            hint=hint,
        )
    if is_identifier(k, n):
        raise DataError(
            "{where!s} looks like an id: {k:,} different labels in {n:,} sentences. {hint!s}Name a "
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
        return say(
            "All but {labels!s} are numbers: correct these to have them probed as such. ",
            labels=listed(bad, 3),
        )
    return say("If they are quantities, choose the target numbers (--target numbers). ")


def _many_classes(sentences: Sentences) -> tuple[str, ...]:
    k, n, source = len(sentences.classes), len(sentences), sentences.source
    if k <= 200 and n >= 5 * k:
        return ()
    figures = {"name": source.name, "k": k, "n": n, "each": n / k}
    if not source.label_column:
        return (
            say(
                "The labels of {name} has {k:,} classes for {n:,} sentences, {each:.1f} each on "
                "average: probing will be slow or uncertain. Is it an id or a free text?",
                **figures,
            ),
        )
    return (
        say(
            "Column '{column}' of {name} has {k:,} classes for {n:,} sentences, {each:.1f} each "
            "on average: probing will be slow or uncertain. Is it an id or a free text?",
            column=shown(source.label_column),
            **figures,
        ),
    )


def _number_like(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on classes that look like quantities."""
    number = _numbers(classes)
    if len(number) <= MANY_NUMBERS or len(number) < MOSTLY * len(classes):
        return ()
    bad = _quoted(name for name in classes if name not in number)
    if not bad:
        return (
            say(
                "The labels are {n:,} different numbers. They are probed as classes, not as "
                "quantities: being close counts for nothing.",
                n=len(number),
            ),
        )
    return (
        say(
            "The labels are {n:,} different numbers but for {labels!s}. They are probed as "
            "classes, not as quantities: being close counts for nothing.",
            n=len(number),
            labels=listed(bad, 3),
        ),
    )


def _number_notices(sentences: Sentences, values: Sequence[float], asked: bool) -> tuple[str, ...]:
    notice = say(
        "The labels are {n:,} different numbers. They are probed as numbers: ridge regression, R² "
        "and Spearman's rank correlation.",
        n=len(set(values)),
    )
    if not asked:
        notice = say(
            "{notice!s} If they stand for classes, choose the target classes (--target classes).",
            notice=notice,
        )
    pairs = zip(sentences.labels or (), values, strict=True)
    marked = next(((label, value) for label, value in pairs if "," in label), None)
    if marked is None:
        return (notice,)
    label, value = marked
    return notice, say(
        "Read as a number, the label '{label}' is {value:.15g}.", label=shown(label), value=value
    )


def _near_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on labels that differ by nothing but case or surrounding spaces."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault(name.strip().casefold(), []).append(name)
    pairs = [" / ".join(f"'{name}'" for name in names) for names in alike.values() if names[1:]]
    if not pairs:
        return ()
    return (
        say(
            "Labels that differ only in case or spaces count as different: {labels!s}.",
            labels=listed(pairs, 5),
        ),
    )
