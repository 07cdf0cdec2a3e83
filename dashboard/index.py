"""The index of stored runs: one SQLite file beside their folders.

The folders are the truth. An index that is missing or damaged is made again from them, so nothing
but the time of the last look is lost with it; one of a newer version is refused.
"""

import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from probing.errors import RunFolderError

T = TypeVar("T")

NAME = "index.sqlite"
BESIDE = "access.json"
"""In a run's folder: whose it is, for the day the index is lost. Never exported or imported."""
RUN_ID = re.compile(r"[0-9a-f]{32}")

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE runs (id TEXT PRIMARY KEY, maker TEXT, created REAL NOT NULL, "
        "viewed REAL NOT NULL, expires REAL, title TEXT NOT NULL, description TEXT NOT NULL, "
        "shared INTEGER NOT NULL, without_texts INTEGER NOT NULL, deleted REAL)",
        "CREATE INDEX runs_by_maker ON runs (maker, created)",
    ),
)
"""The statements that lead from each version of the index to the next."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


@dataclass(frozen=True)
class Entry:
    """What is known of a run beside its results. Times are seconds since 1970."""

    id: str
    maker: str | None
    """Hash of the visitor who made it; None where it belongs to nobody."""
    created: float
    viewed: float
    expires: float | None
    """None: it is kept."""
    title: str = ""
    description: str = ""
    shared: bool = False
    without_texts: bool = False
    """Others see figures only."""


COLUMNS = tuple(field.name for field in fields(Entry))


class Index:
    """The file ``index.sqlite`` in ``home``; safe from any thread and process."""

    def __init__(self, home: Path) -> None:
        self.home, self.path = home, home / NAME

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """``work`` as one transaction; once more after a damaged index was made again.

        Raises ``RunFolderError`` where the store cannot be used, or is of a newer version.
        """
        for last in (False, True):
            try:
                return self._do(work)
            except sqlite3.Error as error:
                damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
                if last or not damaged:
                    raise _unusable(error) from error
                self._set_aside()
            except OSError as error:
                raise _unusable(error) from error
        raise AssertionError

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = work(connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        return found

    def _open(self) -> sqlite3.Connection:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = self._connect()
        try:
            if self._version(connection) < len(MIGRATIONS):
                with locked(self.home):
                    self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        # the file may be replaced by another process: a connection lasts for one piece of work
        return sqlite3.connect(self.path, timeout=20.0, isolation_level=None)

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise RunFolderError(
                "{folder!s} was written by a newer version (schema {schema}; this one reads up to "
                "{known}). Update CLS Probe.",
                folder=self.path,
                schema=version,
                known=len(MIGRATIONS),
            )
        return version

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = self._version(connection)  # another process may have been quicker
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            if version == 0:
                for folder in run_folders(self.home):
                    insert(connection, beside(folder) or nobodys(folder))
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _set_aside(self) -> None:
        """Make room for a new index, where nobody else has by now; the old one is kept."""
        with locked(self.home):
            with suppress(sqlite3.Error), closing(self._connect()) as connection:
                sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
                if sound and connection.execute(f"SELECT {', '.join(COLUMNS)} FROM runs LIMIT 1"):
                    return
            for end in ("-wal", "-shm"):
                self.path.with_name(NAME + end).unlink(missing_ok=True)
            self.path.replace(self.path.with_name(f"{NAME}.damaged"))


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """One process at a time makes the index; where a system has no such lock, none is held."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (home / "index.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    """Add an entry; one that is there stays."""
    places = ", ".join("?" * len(COLUMNS))
    connection.execute(
        f"INSERT OR IGNORE INTO runs ({', '.join(COLUMNS)}) VALUES ({places})",
        tuple(getattr(entry, name) for name in COLUMNS),
    )


def run_folders(home: Path) -> list[Path]:
    """The folders of stored runs, by id."""
    folders = (home / "runs").glob("*")
    return sorted(path for path in folders if RUN_ID.fullmatch(path.name) and path.is_dir())


def nobodys(folder: Path) -> Entry:
    """What a run's folder alone tells: when it was made."""
    made = folder.stat().st_mtime
    return Entry(folder.name, None, made, made, None)


def beside(folder: Path) -> Entry | None:
    """What ``keep_beside`` wrote; None where there is nothing that can be understood."""
    try:
        found: Any = json.loads((folder / BESIDE).read_text(encoding="utf-8"))
        kept = Entry(**{name: found[name] for name in COLUMNS if name not in ("id", "viewed")},
                     id=folder.name, viewed=float(found["created"]))  # fmt: skip
        times = (kept.created, kept.expires or 0.0)
        words = (kept.maker or "", kept.title, kept.description)
        understood = all(isinstance(t, int | float) for t in times) and all(
            isinstance(word, str) for word in words
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if understood else None


def keep_beside(folder: Path, entry: Entry) -> None:
    """Write whose a run is into its folder, where that is there."""
    if not folder.is_dir():
        return
    kept = {name: value for name, value in asdict(entry).items() if name not in ("id", "viewed")}
    temporary = folder / f".{BESIDE}.{secrets.token_hex(4)}"
    try:
        temporary.write_text(json.dumps(kept) + "\n", encoding="utf-8")
        temporary.replace(folder / BESIDE)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _unusable(error) from error


def _unusable(error: Exception) -> RunFolderError:
    reason = getattr(error, "strerror", None) or error
    return RunFolderError(
        "this server cannot use its index of runs ({reason}). Its operator has to make room or "
        "set PROBING_HOME.",
        reason=reason,
    )
