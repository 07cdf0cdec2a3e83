"""The sentences of the next run, as chosen on the Data view."""

import json
from dataclasses import dataclass
from hashlib import sha256

from dashboard import cached, selection
from dashboard.samples import SAMPLES
from dashboard.shown import find_run, rights_of
from probing import reading
from probing.errors import DataError
from probing.language import tr
from probing.relabelling import Relabelling
from probing.sentences import Sentences


@dataclass(frozen=True, eq=False)
class File:
    """A table to choose columns of."""

    table: reading.Table
    digest: str
    """SHA-256 of the file, 64 hex digits."""
    columns: reading.Columns
    """Those that the person chose, else the guess."""


@dataclass(frozen=True, eq=False)
class Found:
    """Sentences as they were chosen, before any change of their labels."""

    sentences: Sentences
    key: str
    """Names them, and whose they are, where something of them is kept."""


@dataclass(frozen=True, eq=False)
class Draft:
    """Sentences ready to be run."""

    sentences: Sentences
    """After the change of their labels."""
    key: str
    """As in ``Found``: with ``change`` it names them."""
    change: Relabelling
    notices: tuple[str, ...]
    """What the labels let expect."""


def file() -> File | None:
    """The chosen file; None before an upload, and for the sentences of a stored run.

    Raises ``DataError`` for a file that cannot be read.
    """
    source = selection.source()
    if source == selection.RUN:
        return None
    if source == selection.UPLOAD:
        upload = selection.upload()
        return None if upload is None else _understood(upload.name, upload.data, upload.digest)
    path = SAMPLES[source].path
    data = path.read_bytes()
    return _understood(path.name, data, sha256(data).hexdigest())


def likely_labels(given: File) -> tuple[str, ...]:
    """The columns of a file that could be the label, the likeliest first."""
    return cached.likely_labels(given.digest, given.columns, given.table, _whose())


def found(chosen: selection.Selection) -> Found | None:
    """The sentences chosen; None where nothing is chosen yet.

    Raises ``DataError`` where the file has none.
    """
    if selection.source() == selection.RUN:
        rights = rights_of(chosen)
        run = find_run(chosen) if rights is not None and rights.texts else None
        return None if run is None else Found(run.sentences, f"run:{run.id}")
    given = file()
    if given is None:
        return None
    whose, columns = _whose(), given.columns
    sentences = cached.sentences(given.digest, columns, given.table, whose)
    named = json.dumps([whose, given.digest, columns.text, columns.label, columns.split])
    return Found(sentences, f"file:{sha256(named.encode()).hexdigest()[:32]}")


def current(chosen: selection.Selection) -> Draft | None:
    """What the next run would use; None where nothing is chosen yet.

    Raises ``DataError`` for what no run could use.
    """
    given = found(chosen)
    if given is None:
        return None
    change = Relabelling()
    if given.sentences.labels is not None:
        change = selection.labels_changed(given.key)
    return _checked(cached.relabelled(given.key, change, given.sentences), given.key, change)


def of_sample(name: str) -> Sentences:
    """The sentences of a sample, a key of ``SAMPLES``, with the columns that are guessed."""
    path = SAMPLES[name].path
    data = path.read_bytes()
    digest = sha256(data).hexdigest()
    table = cached.table(digest, data, path.name)
    return cached.sentences(digest, reading.guess_columns(table), table)


def _checked(sentences: Sentences, key: str, change: Relabelling) -> Draft:
    if not len(sentences):
        column = sentences.source.text_column
        text = tr("no row has a text in column {column}. Choose another text column.")
        raise DataError(text.format(column=repr(column)))
    if sentences.labels is None:
        return Draft(sentences, key, change, ())
    return Draft(sentences, key, change, reading.check_labels(sentences, selection.target()))


def _whose() -> str:
    """Whose the file is; samples are everybody's."""
    return selection.visitor() if selection.source() == selection.UPLOAD else ""


def _understood(name: str, data: bytes, digest: str) -> File:
    table = cached.table(digest, data, name, _whose())
    return File(table, digest, _columns(table, digest))


def _columns(table: reading.Table, digest: str) -> reading.Columns:
    try:
        text, label, split = (selection.column(role, digest) for role in ("text", "label", "split"))
    except KeyError:
        return reading.guess_columns(table)
    return reading.Columns(text, label, split)
