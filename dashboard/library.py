"""Whose a stored run is, who may look at it, and how long it stays.

Until it is shared, a run on a public installation is its maker's alone. The maker is known by a
browser's cookie and by nothing else. On a private installation every run opens by its link.
"""

import hashlib
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dashboard import objects
from dashboard.index import (
    BESIDE,
    COLUMNS,
    RUN_ID,
    Entry,
    Index,
    beside,
    insert,
    keep_beside,
    nobodys,
)
from probing import environment
from probing.environment import Limits
from probing.errors import RunFolderError
from probing.language import tr

DAY = 86_400.0  # seconds
NOTED = 60.0  # seconds within which a second look is not noted
TITLE, DESCRIPTION = 120, 2_000
"""Characters of a title and of a description."""
DELETED = ".deleted-"


@dataclass(frozen=True)
class Rights:
    """What a visitor may do with a run that opens for them."""

    texts: bool
    """See the sentences."""
    change: bool
    """Rename, share, extend, export, delete."""
    compute: bool
    """Have more of it computed."""


@dataclass(frozen=True)
class Library:
    """The runs stored below ``home``. Without state of its own, so it is made when needed."""

    home: Path
    limits: Limits = field(default_factory=environment.limits)
    clock: Callable[[], float] = time.time

    @property
    def index(self) -> Index:
        """Where entries lie."""
        return Index(self.home)

    def folder(self, run: str) -> Path:
        """Where a run lies, or will."""
        return self.home / "runs" / run

    # ---- asking

    def entry(self, run: str) -> Entry | None:
        """What is known of a run; None for one that is unknown or deleted."""
        if not RUN_ID.fullmatch(run):
            return None
        folder = self.folder(run)

        def find(connection: sqlite3.Connection) -> Entry | None:
            row = connection.execute(
                f"{_SELECT}, deleted FROM runs WHERE id = ?", (run,)
            ).fetchone()
            if row is not None:
                return None if row[-1] is not None else _entry(row)
            if not folder.is_dir():
                return None
            found = self.adopted(folder)
            insert(connection, found)
            return found

        return self.index.do(find)

    def adopted(self, folder: Path) -> Entry:
        """The entry of a folder that the index does not know: as its file says, or nobody's."""
        return replace(beside(folder) or nobodys(folder), viewed=self.clock())

    def rights(self, run: str, visitor: str) -> Rights | None:
        """What a visitor may do with a run.

        None for one that is unknown, deleted or somebody else's: nobody learns which.
        """
        entry, public = self.entry(run), self.limits.public
        if entry is None:
            return None
        if entry.maker == maker_of(visitor) or (entry.maker is None and not public):
            return Rights(texts=True, change=True, compute=True)
        if public and entry.maker is not None and not entry.shared:
            return None
        texts = not entry.without_texts
        return Rights(texts=texts, change=False, compute=texts and not public)

    def of(self, visitor: str) -> tuple[Entry, ...]:
        """A visitor's runs, the newest first; on a private installation also nobody's."""
        whose = "maker = ?" if self.limits.public else "(maker = ? OR maker IS NULL)"
        query = f"{_SELECT} FROM runs WHERE {whose} AND deleted IS NULL ORDER BY created DESC, id"
        rows = self.index.do(lambda c: c.execute(query, (maker_of(visitor),)).fetchall())
        return tuple(map(_entry, rows))

    # ---- changing

    def claim(self, run: str, visitor: str) -> None:
        """Note who made a run that was just started."""
        now = self.clock()
        entry = Entry(run, maker_of(visitor), now, now, self._expiry())
        keep_beside(self.folder(run), entry)
        self.index.do(lambda connection: insert(connection, entry))

    def look(self, run: str) -> None:
        """Note that a run is being looked at."""
        entry, folder = self.entry(run), self.folder(run)
        if entry is None:
            return
        if not (folder / BESIDE).exists():
            keep_beside(folder, entry)
        now = self.clock()
        if now - entry.viewed > NOTED:
            query = "UPDATE runs SET viewed = ? WHERE id = ?"
            self.index.do(lambda connection: connection.execute(query, (now, run)))

    def change(self, run: str, visitor: str, **changes: Any) -> Entry:
        """Set ``title``, ``description``, ``shared`` or ``without_texts`` of one's own run."""
        entry = self._own(run, visitor)
        for name, most in (("title", TITLE), ("description", DESCRIPTION)):
            if name in changes:
                changes[name] = changes[name].strip()[:most]
        return self._keep(replace(entry, **changes))

    def extend(self, run: str, visitor: str) -> Entry:
        """Keep one's own run for another while, from now."""
        return self._keep(replace(self._own(run, visitor), expires=self._expiry()))

    def delete(self, run: str, visitor: str) -> None:
        """Delete one's own run: its files are gone when this returns."""
        self._own(run, visitor)
        self.remove(run)

    def remove(self, run: str) -> None:
        """Delete a run, whoever's it is.

        The id is remembered for a while: a job that was about to store the run may still do so.
        """
        folder = self.folder(run)
        gone = folder.with_name(f".{run}{DELETED}{secrets.token_hex(4)}")
        try:
            folder.rename(gone)  # at once: nobody sees half a run
        except FileNotFoundError:
            pass  # not stored yet
        except OSError as error:
            raise RunFolderError(
                tr(
                    "this run cannot be deleted ({reason}). Tell the operator of this server."
                ).format(reason=error.strerror)
            ) from error
        shutil.rmtree(gone, ignore_errors=True)
        objects.sweep(self.home)
        query = "UPDATE runs SET deleted = ?, title = '', description = '' WHERE id = ?"
        self.index.do(lambda connection: connection.execute(query, (self.clock(), run)))
        if gone.exists():
            raise RunFolderError(
                tr(
                    "some files of this run could not be deleted yet. It does not open any more, "
                    "and the server tries again within minutes."
                )
            )

    def _own(self, run: str, visitor: str) -> Entry:
        rights, entry = self.rights(run, visitor), self.entry(run)
        if entry is None or rights is None or not rights.change:
            raise RunFolderError(
                tr(
                    "only the browser that made this run can change it, and this one did not, or "
                    "its cookies were deleted. Export the run and import it here to have one of "
                    "your own."
                )
            )
        return entry

    def _keep(self, entry: Entry) -> Entry:
        keep_beside(self.folder(entry.id), entry)
        names = ("expires", "title", "description", "shared", "without_texts")
        query = f"UPDATE runs SET {', '.join(f'{n} = ?' for n in names)} WHERE id = ?"
        values = (*(getattr(entry, name) for name in names), entry.id)
        self.index.do(lambda connection: connection.execute(query, values))
        return entry

    def set_times(self) -> None:
        """Let runs that have no time to go get one, where this installation keeps none for ever."""
        expires = self._expiry()
        query = "UPDATE runs SET expires = ? WHERE expires IS NULL"
        if expires is not None:
            self.index.do(lambda connection: connection.execute(query, (expires,)))

    def _expiry(self) -> float | None:
        days = self.limits.retention_days
        return None if days is None else self.clock() + days * DAY


_SELECT = f"SELECT {', '.join(COLUMNS)}"


def _entry(row: tuple[Any, ...]) -> Entry:
    found = dict(zip(COLUMNS, row, strict=False))
    return Entry(**{**found, **{n: bool(found[n]) for n in ("shared", "without_texts")}})


def maker_of(visitor: str) -> str:
    """What is stored of a visitor: no way back from it to the cookie's 128 random bits."""
    return hashlib.blake2b(visitor.encode(), digest_size=16, person=b"cls-probe-maker").hexdigest()


def library() -> Library:
    """The runs of this installation."""
    return Library(environment.home())
