"""One sentence, looked at from all sides."""

from collections.abc import Sequence

import numpy as np

from probing.errors import DataError
from probing.extraction import extract
from probing.mechanism.ledger import sentence_ledger
from probing.mechanism.proof import proof
from probing.mechanism.readers import Readers
from probing.mechanism.sentence import averages, readings, tokens_of_sentence
from probing.mechanism.subject import Subject
from probing.mechanism.values import Look, Place
from probing.projections import Projection
from probing.projections.placing import place

LONGEST = 20_000
"""Characters of a sentence: far beyond what encoders read."""


def look(text: str, subject: Subject, readers: Readers, maps: Sequence[Projection] = ()) -> Look:
    """What the encoder of a run makes of ``text``, and where it lies on ``maps`` of that run.

    Raises DataError for a text that is blank or longer than ``LONGEST`` characters.
    """
    if not text.strip():
        raise DataError("there is no sentence to look at. Type one.")
    if len(text) > LONGEST:
        raise DataError(
            f"the sentence has {len(text):,} characters; at most {LONGEST:,} are looked at. "
            "Shorten it."
        )
    encoder = subject.encoder
    tokens, cut = tokens_of_sentence(text, encoder)
    return Look(
        text=text,
        tokens=tokens,
        cut=cut,
        classes=readers.classes,
        proof=proof(text, encoder),
        ledger=sentence_ledger(text, encoder),
        averages=averages(text, encoder, readers),
        readings=readings(text, encoder, readers),
        places=places(text, subject, maps),
    )


def places(text: str, subject: Subject, maps: Sequence[Projection]) -> tuple[Place, ...]:
    """Where a sentence lies on ``maps`` of the subject's run, read once for all of them."""
    if not maps:
        return ()
    poolings = tuple(dict.fromkeys(map_.pooling for map_ in maps))
    read = extract([text], subject.encoder, poolings)
    return tuple(
        Place(map_.name, tuple(place(map_, x, read.cell(map_.layer, map_.pooling))[0].tolist()))
        for map_ in maps
        for x in [np.asarray(subject.representations.cell(map_.layer, map_.pooling))]
    )
