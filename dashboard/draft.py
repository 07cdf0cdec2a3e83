"""The sentences of the next run, as chosen on the Data view."""

from dataclasses import dataclass
from hashlib import sha256

from dashboard import cached, selection
from dashboard.samples import SAMPLES
from dashboard.shown import find_run
from probing import reading
from probing.errors import DataError
from probing.sentences import Sentences


@dataclass(frozen=True, eq=False)
class Draft:
    """A file with its columns chosen."""

    sentences: Sentences
    table: reading.Table | None
    """None for the sentences of a stored run."""
    digest: str
    columns: reading.Columns | None
    notices: tuple[str, ...] = ()
    """What the label column lets expect."""


def current(chosen: selection.Selection) -> Draft | None:
    """What is chosen now; None where nothing is yet. Raises ``DataError`` for what is unusable."""
    source = selection.source()
    if source == selection.RUN:
        run = find_run(chosen)
        return None if run is None else Draft(run.sentences, None, run.id, None)
    if source == selection.UPLOAD:
        upload = selection.upload()
        return None if upload is None else _of(upload.name, upload.data, upload.digest)
    path = SAMPLES[source].path
    data = path.read_bytes()
    return _of(path.name, data, sha256(data).hexdigest())


def _of(name: str, data: bytes, digest: str) -> Draft:
    table = cached.table(digest, data, name)
    columns = _columns(table, digest)
    sentences = cached.sentences(digest, columns, table)
    if not len(sentences):
        raise DataError(f"no row of {name} has a text in column {columns.text!r}. Choose another.")
    notices = reading.check_labels(sentences) if sentences.labels is not None else ()
    return Draft(sentences, table, digest, columns, notices)


def _columns(table: reading.Table, digest: str) -> reading.Columns:
    """Those that the person chose, else the guess."""
    try:
        text, label, split = (selection.column(role, digest) for role in ("text", "label", "split"))
    except KeyError:
        return reading.guess_columns(table)
    return reading.choose_columns(table, text, label or reading.NONE, split or reading.NONE)
