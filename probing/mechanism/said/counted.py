"""Counts with their noun."""

from probing.language import tr_n


def sentences(n: int) -> str:
    """``1 sentence``, ``1,400 sentences``."""
    return tr_n("{n} sentence", "{n} sentences", n).format(n=f"{n:,}")


def places(n: int) -> str:
    """``in 12 places``: how often a token occurs."""
    return tr_n("in {n} place", "in {n} places", n).format(n=f"{n:,}")
