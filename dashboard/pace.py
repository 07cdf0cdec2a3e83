"""How fast this machine reads sentences, from runs that were made on it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from dashboard.index import Entry
from dashboard.sizes import word_pieces
from probing.encoders.known import products_of
from probing.errors import ProbingError
from probing.record import Run

SHORTEST = 1.0
"""Seconds of encoding below which a run says little."""
TRIED = 5
"""Runs looked at, the newest first."""


def rate_of(record: Mapping[str, Any], texts: Iterable[str]) -> float | None:
    """Multiply-adds a second of a finished run; None where it took vectors from an earlier one, or
    was over too soon.

    Each text is encoded once. Word pieces are estimated, here and in ``seconds``: what the estimate
    is wrong by is the same in both, for texts alike.
    """
    encoder, taken = record["encoder"], float(record["timings"].get("encode", 0.0))
    if encoder.get("reused") or taken < SHORTEST:
        return None
    products = products_of(encoder["id"], int(encoder["layers"]), int(encoder["hidden"]))
    return word_pieces(tuple(set(texts))) * products / taken


def made_here(record: Mapping[str, Any], entry: Entry) -> bool:
    """Whether a run was computed by this installation: an imported one is older than its entry."""
    try:
        created = datetime.fromisoformat(record["created"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return False
    return created >= entry.created - 1.0


def seconds(products: int, texts: Sequence[str], rate: float) -> float:
    """How long an encoder takes for these sentences at ``rate`` multiply-adds a second."""
    return word_pieces(tuple(set(texts))) * products / rate


def of_runs(entries: Iterable[Entry], load: Callable[[str], Run]) -> float | None:
    """The rate of the newest run that tells it, of runs given the newest first."""
    for entry in islice(entries, TRIED):
        try:
            run = load(entry.id)
        except (ProbingError, OSError):  # not finished yet, or damaged
            continue
        if made_here(run.record, entry):
            found = rate_of(run.record, run.sentences.texts)
            if found is not None:
                return found
    return None
