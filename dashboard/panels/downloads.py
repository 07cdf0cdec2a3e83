"""What downloads have in common."""

from collections.abc import Callable
from threading import Lock

_one = Lock()


def made(make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives; one file of this process at a time, for the memory's sake."""
    with _one:
        return make()


def megabytes(size: int) -> str:
    """Bytes for people: ``80 kB``, ``5.4 MB``, ``1.2 GB`` (powers of ten)."""
    if size < 950_000:
        return f"{max(1, round(size / 1e3)):,} kB"
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"
