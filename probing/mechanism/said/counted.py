"""Counts with their noun."""


def sentences(n: int) -> str:
    """``1 sentence``, ``1,400 sentences``."""
    return f"{n:,} sentence{'' if n == 1 else 's'}"


def places(n: int) -> str:
    """``in 12 places``: how often a token occurs."""
    return f"in {n:,} place{'' if n == 1 else 's'}"
