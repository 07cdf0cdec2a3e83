"""One process at a time, by a lock on a file that stays in its place."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no two processes there may share a store
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a file that must not be replaced meanwhile; it ends with the process.

    ``wait`` is called every tenth of a second until it is free. Raises ``OSError`` where the file
    cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        while not _taken(handle):
            wait()
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
