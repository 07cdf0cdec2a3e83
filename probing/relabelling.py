"""Labels renamed, merged and left out, without a change to the file they came from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from probing.errors import DataError
from probing.language import say
from probing.parsing.cells import listed, shown
from probing.sentences import Dropped, Sentences, Source

LEFT_OUT = say("label left out")
"""Why sentences of such a label are not used."""


@dataclass(frozen=True)
class Relabelling:
    """What becomes of the labels of a file; can be hashed and written down."""

    renamed: tuple[tuple[str, str], ...] = ()
    """(label in the file, what it becomes) pairs; two that become the same are merged."""
    left_out: tuple[str, ...] = ()
    """Labels in the file whose sentences are not used."""

    def __bool__(self) -> bool:
        return bool(self.renamed or self.left_out)


def relabelling(renamed: Mapping[str, str], left_out: Iterable[str] = ()) -> Relabelling:
    """The change in its one form: sorted, without what changes nothing or is left out anyway."""
    gone = set(left_out)
    kept = sorted((old, new) for old, new in renamed.items() if old != new and old not in gone)
    return Relabelling(tuple(kept), tuple(sorted(gone)))


def of_table(
    names: Sequence[str], becomes: Sequence[str | None], used: Sequence[bool]
) -> Relabelling:
    """The change that a table tells: a line per label, what it becomes, whether it is used.

    Nothing or blanks mean that a label keeps its name; blanks around a new name are dropped.
    """
    pairs = zip(names, becomes, strict=True)
    renamed = {
        old: new.strip() for old, new in pairs if new is not None and new != old and new.strip()
    }
    return relabelling(renamed, (name for name, use in zip(names, used, strict=True) if not use))


def relabel(sentences: Sentences, change: Relabelling) -> Sentences:
    """The n or fewer sentences after the change, which their ``source`` tells.

    A label that ``sentences`` do not have changes nothing. Raises ``DataError`` without labels,
    where a label becomes blank, and where no sentence is left.
    """
    if not change:
        return sentences
    if sentences.labels is None:
        raise DataError("there are no labels to rename or leave out. Choose a label column first.")
    new, gone = dict(change.renamed), set(change.left_out)
    blank = [f"'{shown(old)}'" for old, becomes in change.renamed if not becomes.strip()]
    if blank:
        raise DataError(
            "{names!s} would become a blank label. Write a name for it.", names=listed(blank, 3)
        )
    kept = [i for i, label in enumerate(sentences.labels) if label not in gone]
    if not kept:
        raise DataError("all labels are left out: no sentence is left. Use two labels or more.")
    found = sentences.take(kept)
    labels = tuple(new.get(label, label) for label in found.labels or ())
    dropped = tuple(
        row for row, label in zip(sentences.rows, sentences.labels, strict=True) if label in gone
    )
    source = _told(sentences.source, change, set(sentences.classes), dropped)
    return replace(found, labels=labels, source=source)


def merged_alike(counts: Mapping[str, int]) -> dict[str, str]:
    """What labels would become that differ from another by case and surrounding blanks only.

    ``counts`` are sentences by label. All become the most frequent spelling, without the blanks.
    """
    becomes: dict[str, str] = {}
    for names in alike_labels(counts):
        spelt = Counter[str]()
        for name in names:
            spelt[name.strip()] += counts[name]
        best = min(spelt, key=lambda name: (-spelt[name], name))
        becomes |= {name: best for name in names if name != best}
    return becomes


def alike_labels(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of two and more labels that differ by case and surrounding blanks only."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.strip().casefold(), []).append(name)
    return tuple(tuple(group) for group in alike.values() if len(group) > 1)


def _told(source: Source, change: Relabelling, there: set[str], dropped: tuple[int, ...]) -> Source:
    """The source with this change after those it tells already, all by the labels of the file."""
    new = {old: becomes for old, becomes in change.renamed if old in there}
    gone = {label for label in change.left_out if label in there}
    before = dict(source.relabelled)
    renamed = {old: new.get(name, name) for old, name in before.items() if name not in gone}
    left_out = {*source.left_out_labels, *gone} | {o for o, name in before.items() if name in gone}
    whole = relabelling({**new, **renamed}, left_out)
    reasons = source.dropped if not dropped else (*source.dropped, Dropped(LEFT_OUT, dropped))
    return replace(
        source, relabelled=whole.renamed, left_out_labels=whole.left_out, dropped=reasons
    )
