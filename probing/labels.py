"""Whether labels can be probed, and what to know about them."""

from collections.abc import Sequence

from probing.errors import DataError
from probing.parsing.cells import is_number, listed, shown
from probing.sentences import Sentences


def is_identifier(distinct: int, n: int) -> bool:
    """Whether so many distinct labels in n rows name the rows rather than classes of them."""
    return n > 1 and (distinct == n or (n >= 20 and distinct > 0.5 * n))


def check_labels(sentences: Sentences) -> tuple[str, ...]:
    """What the person should know about the labels, a sentence each; () without labels.

    Raises ``DataError`` where there is nothing to compare: a single sentence, a single label, or
    a label for nearly every sentence (all different, or more than one for every two of 20 and
    more sentences).
    """
    source, n = sentences.source, len(sentences)
    if n < 2:
        raise DataError(
            f"{source.name} has one sentence that can be used; at least two are needed to compare "
            "anything. Give more rows."
        )
    if sentences.labels is None:
        return ()
    column = f"column '{source.label_column}' of " if source.label_column else "the labels of "
    k = len(sentences.classes)
    if k == 1:
        raise DataError(
            f"{column}{source.name} says '{shown(sentences.classes[0])}' for all {n:,} sentences: "
            "there is nothing to tell apart. Name another with --label, or none: geometry and maps "
            "need no label."
        )
    if k == n < 20:
        raise DataError(
            f"{column}{source.name} gives each of the {n} sentences a label of its own; a class "
            "needs two at least. Give more rows, name another column with --label, or none: "
            "geometry and maps need no label."
        )
    if is_identifier(k, n):
        raise DataError(
            f"{column}{source.name} looks like an id: {k:,} different labels in {n:,} sentences. "
            "Name a column of classes with --label, or none: geometry and maps need no label."
        )
    return (
        *_many_classes(k, n, column + source.name),
        *_numbers(sentences.classes),
        *_near_labels(sentences.classes),
    )


def _many_classes(k: int, n: int, where: str) -> tuple[str, ...]:
    if k <= 200 and n >= 5 * k:
        return ()
    return (
        f"{where[0].upper()}{where[1:]} has {k:,} classes for {n:,} sentences, {n / k:.1f} each on "
        "average: probing will be slow or uncertain. Is it an id or a free text?",
    )


def _numbers(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on labels that look like measurements."""
    if len(classes) <= 20 or not all(is_number(name) for name in classes):
        return ()
    return (
        f"The labels are {len(classes):,} different numbers. They are probed as classes, not as "
        "quantities: being close counts for nothing.",
    )


def _near_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """A notice on labels that differ by nothing but case or surrounding spaces."""
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault(name.strip().casefold(), []).append(name)
    pairs = [" / ".join(f"'{name}'" for name in names) for names in alike.values() if names[1:]]
    if not pairs:
        return ()
    return (f"Labels that differ only in case or spaces count as different: {listed(pairs, 5)}.",)
