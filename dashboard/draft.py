"""The sentences of the next run, as chosen on the Data view."""

from dataclasses import dataclass
from hashlib import sha256

from dashboard import cached, selection
from dashboard.samples import SAMPLES
from dashboard.shown import find_run, rights_of
from probing import reading
from probing.errors import DataError
from probing.language import tr
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
class Draft:
    """Sentences ready to be run."""

    sentences: Sentences
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


def current(chosen: selection.Selection) -> Draft | None:
    """What the next run would use; None where nothing is chosen yet.

    Raises ``DataError`` for what no run could use.
    """
    if selection.source() == selection.RUN:
        rights = rights_of(chosen)
        run = find_run(chosen) if rights is not None and rights.texts else None
        return None if run is None else _checked(run.sentences)
    found = file()
    if found is None:
        return None
    return _checked(cached.sentences(found.digest, found.columns, found.table, _whose()))


def _checked(sentences: Sentences) -> Draft:
    if not len(sentences):
        column = sentences.source.text_column
        text = tr("no row has a text in column {column}. Choose another text column.")
        raise DataError(text.format(column=repr(column)))
    if sentences.labels is None:
        return Draft(sentences, ())
    return Draft(sentences, reading.check_labels(sentences, selection.target()))


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
