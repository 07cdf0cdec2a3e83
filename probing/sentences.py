"""Sentences: the texts to be probed, their labels, and where each came from."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

COLUMN = "column:"
"""Stands before the name of a column of the person's own, wherever it could clash with ours."""


@dataclass(frozen=True)
class Dropped:
    """Rows of the file that could not be used, for one reason."""

    reason: str
    """In words a person understands, e.g. ``"blank text"``."""
    rows: tuple[int, ...]
    """0-based record numbers in the file (the header is not a record)."""
    lines: tuple[int, ...] = ()
    """1-based physical line on which each of those records begins; empty where none is known."""


@dataclass(frozen=True)
class Source:
    """Where sentences were read from and how the file was understood."""

    name: str = "texts"
    """File name without folders, or ``"texts"`` for sentences given as a list."""
    encoding: str = ""
    """Python codec name, e.g. ``"utf-8-sig"``."""
    delimiter: str = ""
    """One of ``,`` ``;`` tab ``|``; empty where the file has a single column."""
    columns: tuple[str, ...] = ()
    """Column names as shown to the person; duplicates and blanks are made distinct."""
    has_header: bool = True
    """False where the first record is data and the names are ``column 1``, ``column 2``, …"""
    text_column: str = ""
    label_column: str | None = None
    split_column: str | None = None
    rows_read: int = 0
    """Records in the file, used or not."""
    dropped: tuple[Dropped, ...] = ()
    notices: tuple[str, ...] = ()
    """What the person should know about how the file was read, a sentence each."""
    relabelled: tuple[tuple[str, str], ...] = ()
    """(label in the file, what it became) pairs, where labels were renamed or merged."""
    left_out_labels: tuple[str, ...] = ()
    """Labels in the file whose sentences were left out."""


@dataclass(frozen=True, eq=False)
class Sentences:
    """n texts, in the order of the file they came from."""

    texts: tuple[str, ...]
    """n texts, none blank."""
    labels: tuple[str, ...] | None = None
    """n labels as written in the file, or None."""
    splits: tuple[str, ...] | None = None
    """n of ``train``, ``dev``, ``test``, or None where no split is given."""
    rows: tuple[int, ...] = ()
    """n 0-based record numbers in the file, ascending; default 0 … n-1."""
    source: Source = field(default_factory=Source)
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The file's other columns by name: n values each, blank where there is none. No probe sees
    them; maps can be coloured by them."""

    def __post_init__(self) -> None:
        if not self.rows:
            object.__setattr__(self, "rows", tuple(range(len(self.texts))))
        for name in ("labels", "splits", "rows"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.texts):
                raise ValueError(f"{name} has {len(values)} entries for {len(self.texts)} texts")
        object.__setattr__(self, "beside", dict(self.beside))  # one that nobody else can change
        for name, values in self.beside.items():
            if len(values) != len(self.texts):
                raise ValueError(
                    f"column {name!r} has {len(values)} entries for {len(self.texts)} texts"
                )

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, sorted; empty without labels."""
        return tuple(sorted(set(self.labels or ())))

    @cached_property
    def class_counts(self) -> Mapping[str, int]:
        """Number of sentences of each class, in the order of ``classes``."""
        counts = Counter(self.labels or ())
        return {name: counts[name] for name in self.classes}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) of texts, labels and splits; the same for equal content."""
        digest = hashlib.sha256()
        for part in (self.texts, self.labels, self.splits):
            digest.update(b"none;" if part is None else b"%d;" % len(part))
            for value in part or ():
                raw = value.encode("utf-8", "surrogatepass")
                digest.update(b"%d:" % len(raw) + raw)
        return digest.hexdigest()

    def take(self, indices: list[int]) -> "Sentences":
        """The sentences at ``indices`` (0-based positions here, ascending), rows kept."""

        def pick(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in indices)

        return Sentences(
            texts=pick(self.texts),
            labels=None if self.labels is None else pick(self.labels),
            splits=None if self.splits is None else pick(self.splits),
            rows=pick(self.rows),
            source=self.source,
            beside={name: pick(values) for name, values in self.beside.items()},
        )
