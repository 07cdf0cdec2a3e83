"""What there is to mend in sentences before they are probed: copies, conflicts, lengths, labels."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from probing.probes.folds import duplicate_groups, usable_classes
from probing.relabelling import alike_labels
from probing.sentences import COLUMN, Sentences

if TYPE_CHECKING:
    import pandas as pd

_HAN = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PIECE = re.compile(rf"[{_HAN}]|[^\W\d_a-zA-Z{_HAN}]{{1,2}}|\w{{1,7}}|[^\w\s]")
_SPECIAL = 2  # tokens around a sentence
LEFT_OUT = "left out"
COPY = "copy of a text"
CONFLICT = "same text, different labels"
LONG = "longer than the encoder reads (about)"
RARE = "class with a single text"
"""What a line of the report tells of: in English always, as it is a file for programs too."""


@dataclass(frozen=True)
class Copies:
    """A text that occurs more than once, apart from case and white space."""

    text: str
    """As it stands first."""
    at: tuple[int, ...]
    """Positions in the sentences, ascending."""
    labels: tuple[str, ...]
    """The distinct ones, sorted; empty without labels."""
    splits: tuple[str, ...]
    """The distinct ones, sorted; empty without a split."""


@dataclass(frozen=True, eq=False)
class Quality:
    """What was found in n sentences."""

    copies: tuple[Copies, ...]
    """By where they occur first."""
    pieces: np.ndarray
    """int32 (n,) about how many word pieces an encoder reads of each, special tokens included."""
    words: np.ndarray
    """int32 (n,) white-space separated words."""
    alike: tuple[tuple[str, ...], ...]
    """Labels that differ by case and surrounding blanks only."""
    rare: tuple[str, ...]
    """Classes with a single distinct text, which cannot be both learnt and scored; empty where a
    split is given."""

    @property
    def repeats(self) -> int:
        """Sentences that repeat an earlier one."""
        return sum(len(each.at) - 1 for each in self.copies)

    @property
    def conflicts(self) -> tuple[Copies, ...]:
        """Copies with different labels: no probe can get all of them right."""
        return tuple(each for each in self.copies if len(each.labels) > 1)

    @property
    def across(self) -> tuple[Copies, ...]:
        """Copies in more than one split: what is scored was seen in training."""
        return tuple(each for each in self.copies if len(each.splits) > 1)

    def longer(self, limit: int) -> np.ndarray:
        """Positions of the sentences of about more than ``limit`` word pieces."""
        return np.flatnonzero(self.pieces > limit)


def examine(sentences: Sentences, *, numbers: bool = False) -> Quality:
    """Look through n sentences. About 1.5 s per 100,000 of ordinary length.

    ``numbers`` says that the labels are no classes: nothing is asked of their spelling and counts.
    """
    groups = duplicate_groups(sentences.texts)
    names = () if numbers else sentences.classes
    return Quality(
        copies=tuple(_copies(sentences, groups)),
        pieces=_frozen([about_pieces(text) for text in sentences.texts]),
        words=_frozen([len(text.split()) for text in sentences.texts]),
        alike=alike_labels(names),
        rare=_rare(sentences, groups) if names else (),
    )


def about_pieces(text: str) -> int:
    """About how many word pieces an encoder reads of a text, without its tokenizer.

    A piece for seven letters of a word, for two where they are not Latin, and for each sign and
    each Chinese or Korean character. Of English, within a tenth of what BERT's tokenizer gives.
    """
    return _SPECIAL + len(_PIECE.findall(text))


def report(
    sentences: Sentences,
    found: Quality,
    limit: int,
    lines: Mapping[int, int] | None = None,
) -> "pd.DataFrame":
    """All that was found, a line each: row, line, finding, detail, label, text.

    ``limit`` are the word pieces that the encoder reads; ``lines`` the lines of the file by row,
    where they are known. Rows and lines of no sentence are missing.
    """
    import pandas as pd

    rows = [*_of_dropped(sentences), *_of_sentences(sentences, found, limit, lines or {})]
    columns = ("row", "line", "finding", "detail", "label", "text")
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({"row": "Int64", "line": "Int64"})


def classes(sentences: Sentences) -> "pd.DataFrame":
    """A line per class, the largest first: label, sentences, share."""
    import pandas as pd

    counts = sorted(sentences.class_counts.items(), key=lambda item: (-item[1], item[0]))
    n = max(1, len(sentences))
    rows = [(name, count, count / n) for name, count in counts]
    return pd.DataFrame(rows, columns=["label", "sentences", "share"])


def used(sentences: Sentences) -> "pd.DataFrame":
    """The sentences as a table: row, text and, where there are any, label and split.

    The file's other columns follow, each as ``column:`` and its name.
    """
    import pandas as pd

    columns = {"row": sentences.rows, "text": sentences.texts}
    given = {"label": sentences.labels, "split": sentences.splits}
    columns |= {name: values for name, values in given.items() if values is not None}
    columns |= {COLUMN + name: values for name, values in sentences.beside.items()}
    return pd.DataFrame(columns)


_Line = tuple[int, int | None, str, str, str | None, str | None]


def _of_dropped(sentences: Sentences) -> Iterator[_Line]:
    for each in sentences.source.dropped:
        lines = each.lines or (None,) * len(each.rows)
        for row, line in zip(each.rows, lines, strict=True):
            yield row, line, LEFT_OUT, each.reason, None, None


def _of_sentences(
    sentences: Sentences, found: Quality, limit: int, lines: Mapping[int, int]
) -> Iterator[_Line]:
    def line(at: int, finding: str, detail: str) -> _Line:
        row = sentences.rows[at]
        label = sentences.labels[at] if sentences.labels is not None else None
        return row, lines.get(row), finding, detail, label, sentences.texts[at]

    for each in found.copies:
        rows = ", ".join(str(sentences.rows[at]) for at in each.at[:20])
        for at in each.at:
            yield line(at, CONFLICT if len(each.labels) > 1 else COPY, rows)
    for at in found.longer(limit).tolist():
        yield line(at, LONG, f"{found.pieces[at]} > {limit}")
    rare = set(found.rare)
    for at, label in enumerate(sentences.labels or ()):
        if label in rare:
            yield line(at, RARE, label)


def _rare(sentences: Sentences, groups: np.ndarray) -> tuple[str, ...]:
    if sentences.splits is not None and set(sentences.splits) != {"train"}:
        return ()
    usable = usable_classes(sentences.labels or (), groups)
    return tuple(name for name in sentences.classes if name not in usable)


def _copies(sentences: Sentences, groups: np.ndarray) -> Iterator[Copies]:
    counts = Counter(groups.tolist())
    places: dict[int, list[int]] = {}
    for at, group in enumerate(groups.tolist()):
        if counts[group] > 1:
            places.setdefault(group, []).append(at)
    for at_all in places.values():
        labels = {sentences.labels[at] for at in at_all} if sentences.labels is not None else ()
        splits = {sentences.splits[at] for at in at_all} if sentences.splits is not None else ()
        yield Copies(
            sentences.texts[at_all[0]],
            tuple(at_all),
            tuple(sorted(labels)),
            tuple(sorted(splits)),
        )


def _frozen(values: list[int]) -> np.ndarray:
    array = np.array(values, dtype=np.int32)
    array.setflags(write=False)
    return array
