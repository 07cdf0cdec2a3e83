"""What goes by itself: leftovers of an interrupted server, runs past their time, and too many.

A run that computes, or that somebody looked at a moment ago, stays.
"""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from dashboard import logs, objects
from dashboard.index import BESIDE, insert, keep_beside, run_folders
from dashboard.jobs import Jobs
from dashboard.library import DAY, DELETED, Library, library
from probing.errors import RunFolderError

Known = Callable[[str], bool]
"""Whether a run is known to the queue: waiting, or computing now."""

PERIOD = 600.0  # seconds
SEEN = 600.0  # seconds for which a run counts as being looked at
REMEMBERED = 7 * DAY  # seconds for which a deleted run's id is kept
_LEFTOVER = re.compile(r"\.([0-9a-f]{32})\.(?:partial|deleted)-[0-9a-f]+")
_INPUT = re.compile(r"([0-9a-f]{32})\.parquet")
_held: dict[Path, IO[str]] = {}


def known_to(queue: Jobs) -> Known:
    """Whether the queue has a run, or the look inside its encoder, that is not over."""

    def known(run: str) -> bool:
        found = (queue.status(job) for job in (run, f"{run}/inside"))
        return any(status is not None and not status.over for status in found)

    return known


async def keep_in_order(known: Known, forget: Callable[[], None]) -> None:
    """Tidy the store now and every ten minutes; ``forget`` is called where runs went."""
    while True:
        try:
            if await asyncio.to_thread(lambda: tidy(library(), known)):
                forget()
        except (RunFolderError, OSError) as error:
            logs.LOGGER.warning("the store cannot be tidied: %s", error)
        await asyncio.sleep(PERIOD)


def clean(runs: Library, known: Known) -> None:
    """Remove what no run will need; called when a server starts, before it takes on jobs.

    Where another server uses the same store, only what is older than a day: it may be that one's.
    """
    before = float("inf") if alone(runs.home) else runs.clock() - DAY
    for name, pattern in (("runs", _LEFTOVER), ("jobs", _INPUT)):
        for path in _entries(runs.home / name):
            found = pattern.fullmatch(path.name)
            if found and not known(found[1]) and _modified(path) < before:
                _delete(path)


def alone(home: Path) -> bool:
    """Whether no other server uses the store; this one does from now on, as others can see."""
    try:
        import fcntl
    except ImportError:  # nobody can tell
        return False
    if home in _held:
        return True
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = _held[home] = (home / "server.lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = True
    except OSError:
        found = False
    fcntl.flock(file, fcntl.LOCK_SH)
    return found


def tidy(runs: Library, known: Known) -> tuple[str, ...]:
    """Bring index and folders in step, then let go of what is due; gives the ids that went."""
    _adopt(runs)
    runs.set_times()
    _forget(runs, known)
    gone = [run for run in _expired(runs) if not known(run)]
    for run in gone:
        _remove(runs, run)
    objects.share(runs.home)  # before what there is is counted
    return (*gone, *_evict(runs, known))


def _adopt(runs: Library) -> None:
    """Folders that the index does not know, and files of access that are not there yet."""
    for path in _entries(runs.home / "runs"):
        if DELETED in path.name:
            _delete(path)  # a job had still been writing there
    rows = runs.index.do(lambda c: c.execute("SELECT id, deleted FROM runs").fetchall())
    deleted = {run: when is not None for run, when in rows}
    for folder in run_folders(runs.home):
        if deleted.get(folder.name):
            _delete(folder)  # stored by a job that was not quick enough to stop
        elif folder.name not in deleted:
            entry = runs.adopted(folder)
            runs.index.do(lambda c, e=entry: insert(c, e))  # type: ignore[misc]
        if not (folder / BESIDE).exists() and (found := runs.entry(folder.name)) is not None:
            with suppress(RunFolderError):
                keep_beside(folder, found)


def _forget(runs: Library, known: Known) -> None:
    """Entries behind which nothing is any more: of runs that failed, and of those deleted."""
    now = runs.clock()
    there = {folder.name for folder in run_folders(runs.home)}

    def forget(connection: sqlite3.Connection) -> None:
        old = "deleted < ? OR (deleted IS NULL AND created < ?)"
        rows = connection.execute(
            f"SELECT id FROM runs WHERE {old}", (now - REMEMBERED, now - DAY)
        ).fetchall()
        empty = [(run,) for (run,) in rows if run not in there and not known(run)]
        connection.executemany("DELETE FROM runs WHERE id = ?", empty)

    runs.index.do(forget)


def _expired(runs: Library) -> list[str]:
    now = runs.clock()
    query = "SELECT id FROM runs WHERE deleted IS NULL AND expires < ? AND viewed < ?"
    return [run for (run,) in runs.index.do(
        lambda c: c.execute(query, (now, now - SEEN)).fetchall()
    )]  # fmt: skip


def _evict(runs: Library, known: Known) -> list[str]:
    """Delete the runs that were looked at longest ago, until the others fit."""
    if runs.limits.store_gb is None:
        return []
    there = {folder.name: folder for folder in run_folders(runs.home)}
    taken = objects.shared(there.values())
    excess = taken.size - runs.limits.store_gb * 1e9
    query = "SELECT id FROM runs WHERE deleted IS NULL AND viewed < ? ORDER BY viewed, id"
    unseen = runs.index.do(
        lambda c: c.execute(query, (runs.clock() - SEEN,)).fetchall() if excess > 0 else []
    )
    gone = []
    for (run,) in unseen:
        if excess <= 0:
            break
        if run in there and not known(run):
            _remove(runs, run)
            excess -= taken.remove(run)
            gone.append(run)
    return gone


def _remove(runs: Library, run: str) -> None:
    with suppress(RunFolderError):  # the next time, then
        runs.remove(run)


def _entries(folder: Path) -> Iterable[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else ()


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        os.unlink(path)
