"""Equal vectors of stored runs take the disk once: files under the name of their content.

A file in ``objects`` is a hard link to the ``.npy`` of every run that holds the same bytes. The
count of links is the count of those who need it, a run's folder is whole without it, and where a
file system has no such links each run keeps its own.

Linked is when the store is tidied, some time after a run was stored, and nothing shown depends on
it: nobody learns that somebody else has the same.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from dashboard.index import run_folders

NAME = "objects"

Files = Mapping[tuple[int, int], int]
"""Bytes of files by what they are on the disk, whatever they are called: (device, number)."""


def share(home: Path) -> None:
    """Let the runs in ``home`` that hold equal vectors hold the same file."""
    objects = home / NAME
    for folder in run_folders(home):
        vectors = folder / "representations"
        for half in vectors.glob(".*"):
            with suppress(OSError):  # of a server that was killed
                half.unlink()
        for path in sorted(vectors.glob("*.npy")):
            with suppress(OSError):  # deleted meanwhile, a full disk, or no links here
                if path.lstat().st_nlink == 1 and path.is_file():
                    objects.mkdir(exist_ok=True, mode=0o700)
                    _link(path, objects)
    sweep(home)


def _link(path: Path, objects: Path) -> None:
    """Give a run's file its place among the objects, or make it the one that is there."""
    digest = _digest(path)
    there = objects / f"{digest}{path.suffix}"
    if there.exists() and _digest(there) != digest:
        there.unlink()  # damaged: no other run gets it
    try:
        there.hardlink_to(path)
        return
    except FileExistsError:
        pass
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        new.hardlink_to(there)
        new.replace(path)  # whoever reads the old file goes on reading it
    finally:
        new.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sweep(home: Path) -> None:
    """Remove the objects that no run has any more."""
    for path in (home / NAME).glob("*"):
        with suppress(OSError):
            if path.lstat().st_nlink == 1:
                path.unlink()


def files_of(folder: Path) -> dict[tuple[int, int], int]:
    """The files below a folder; those that vanish meanwhile are none."""
    found = {}
    for path in folder.rglob("*"):
        with suppress(OSError):
            if not path.is_dir():
                about = path.lstat()
                found[about.st_dev, about.st_ino] = about.st_size
    return found


class Shared:
    """What runs take of the disk together."""

    def __init__(self, runs: Mapping[str, Files]) -> None:
        """``runs``: the files of each, by id."""
        self._runs = dict(runs)
        self._needed = Counter(file for files in runs.values() for file in files)

    @property
    def size(self) -> int:
        """Bytes that all take; a file that several have counts once."""
        return sum({file: n for files in self._runs.values() for file, n in files.items()}.values())

    def remove(self, run: str) -> int:
        """Count without a run from now on; the bytes that only it took."""
        files = self._runs.pop(run)
        self._needed.subtract(files.keys())
        return sum(size for file, size in files.items() if not self._needed[file])


def shared(folders: Iterable[Path]) -> Shared:
    """What the runs in these folders take."""
    return Shared({folder.name: files_of(folder) for folder in folders})
