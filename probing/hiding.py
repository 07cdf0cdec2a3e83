"""A run for people who may see its figures but not its sentences.

What a person wrote is replaced before anything is drawn, so no view has to think of it. Labels,
row numbers and the file's name stay: figures are about them.
"""

from collections.abc import Sequence
from dataclasses import replace

from probing.mechanism.values import Gradients, Inside
from probing.record import Run
from probing.sentences import Sentences, Source


def hide_run(run: Run) -> Run:
    """``run`` with "sentence 17" for the text of row 17; its copies get the same words.

    Without its vectors too: texts can be guessed from them.
    """
    data = run.record["data"]
    columns = {**data["columns"], "all": [], "text": ""}
    # the fingerprint is of the texts: whoever guesses a file could confirm the guess
    record = {**run.record, "data": {**data, "columns": columns, "fingerprint": ""}}
    quoting = set(run.sentences.source.notices)  # what stood above the header, for example
    record["notices"] = [said for said in record.get("notices", ()) if said not in quoting]
    return replace(
        run,
        record=record,
        sentences=hide_sentences(run.sentences),
        representations=None,
        inside=None if run.inside is None else hide_inside(run.inside),
    )


def hide_sentences(sentences: Sentences) -> Sentences:
    """The same sentences by number, and of their source what figures need.

    Names of columns and notices go, as a file's first line may be a sentence; so do the file's
    other columns.
    """
    source = sentences.source
    kept = Source(name=source.name, rows_read=source.rows_read, dropped=source.dropped)
    texts = _numbered(sentences.texts, sentences.rows)
    return replace(sentences, texts=texts, source=kept, beside={})


def _numbered(texts: Sequence[str], rows: Sequence[int]) -> tuple[str, ...]:
    first: dict[str, int] = {}
    for text, row in zip(texts, rows, strict=True):
        first.setdefault(text, row)
    return tuple(f"sentence {first[text]}" for text in texts)


def hide_inside(inside: Inside) -> Inside:
    """What was measured inside the encoder, but for the figures that name word pieces."""
    if not isinstance(inside.gradients, Gradients):
        return inside
    return replace(inside, gradients=replace(inside.gradients, rows=()))


def is_hidden(run: Run) -> bool:
    """Whether the sentences of a run that has them were replaced by ``hide_run``."""
    return run.record.get("data", {}).get("fingerprint") == ""
