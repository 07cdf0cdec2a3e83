"""A run as one zip file, and back. What comes in is treated as made by an attacker.

Only files whose names a run folder has are taken, each up to a size; nothing that can hold code
(no pickle, no report's HTML). What was unpacked is then read once in a process of its own with
bounded memory, before it counts as a run.
"""

import contextlib
import io
import re
import secrets
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, BinaryIO, cast

from probing import store, unpacked
from probing.environment import Limits
from probing.errors import RunFolderError
from probing.language import say
from probing.representations import POOLINGS
from probing.unpacked import refused

_POOLING = "|".join(POOLINGS)
_MB = 2**20
FILES: dict[str, int] = {
    r"run\.json": 8 * _MB,
    r"probes\.csv": 4 * _MB,
    r"(predictions|sentences)\.parquet": 256 * _MB,
    rf"projections/(pca|umap)[23]_({_POOLING})_[0-9]{{1,3}}\.parquet": 32 * _MB,
    rf"representations/({_POOLING})\.npy": 8_192 * _MB,
    r"mechanism/inside\.json": 16 * _MB,
    r"report\.html": 64 * _MB,
}
"""The names that a run's archive may hold, and the bytes that each may unpack to."""
_FOLDERS = ("projections/", "representations/", "mechanism/")
_LEFT = ("report.html",)
"""Taken out of an archive by nobody: it would run in whose browser opens it."""

ENTRIES = 2_000
RATIO = 200  # times a file may be larger than its packed form, where it is larger than 1 MB
GROWN = 10  # times the largest upload that all may unpack to
_EMPTY = (1980, 1, 1, 0, 0, 0)


# ---- out


def export(folder: Path, *, texts: bool = True, representations: bool = False) -> BinaryIO:
    """A zip of the run in ``folder``, at its beginning; closing it deletes it.

    Without ``texts`` it holds figures only, as for others who look at the run so shared, and never
    the vectors. Raises ``RunFolderError`` where the folder holds no complete run.
    """
    run = store.load_run(folder)
    file = tempfile.SpooledTemporaryFile(max_size=32 * _MB)  # noqa: SIM115 - handed out
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if texts:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = path.relative_to(folder).as_posix()
                if _most(name) and (representations or not name.startswith("representations/")):
                    _put(archive, name, path)
        else:
            from probing.hiding import hide_run

            with tempfile.TemporaryDirectory() as made:
                hidden = Path(made)
                store.save_run(hide_run(run), hidden, slim=True)
                for path in sorted(path for path in hidden.rglob("*") if path.is_file()):
                    _put(archive, path.relative_to(hidden).as_posix(), path)
                _put_inside(archive, folder, hidden)
    file.seek(0)
    return cast(BinaryIO, file)


def write(archive: BinaryIO, target: Path) -> None:
    """Write what ``export`` gave as a new file, whole or not at all.

    Raises ``RunFolderError`` where that cannot be done.
    """
    if target.exists():
        raise RunFolderError("{target} exists. Name a new file.", target=target)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            shutil.copyfileobj(archive, file)
        partial.replace(target)
    except OSError as error:
        raise RunFolderError(
            "{target} cannot be written ({reason}). Free some space or name another file.",
            target=target,
            reason=store.reason(error),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _put(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    about = zipfile.ZipInfo(name, _EMPTY)
    about.compress_type = zipfile.ZIP_DEFLATED
    about.external_attr = 0o644 << 16
    about.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(about, "w") as target:
        while block := source.read(_MB):
            target.write(block)


def _put_inside(archive: zipfile.ZipFile, folder: Path, hidden: Path) -> None:
    """What was measured inside the encoder, without word pieces."""
    from probing.hiding import hide_inside
    from probing.mechanism import shelf

    found = shelf.load(folder)
    if found is not None:
        shelf.save(hidden, hide_inside(found))
        _put(archive, f"{shelf.FOLDER}/{shelf.INSIDE}", hidden / shelf.FOLDER / shelf.INSIDE)


# ---- in


def import_archive(file: IO[bytes] | Path, target: Path, limits: Limits) -> str:
    """Make the run in a zip that ``export`` wrote a run in ``target``; gives its id.

    The id is new: ``target``'s name where that is one. Raises ``RunFolderError`` for what is no
    such zip, is too large, or does not load completely; nothing is left of it then.
    """
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(_opened(file)) if isinstance(file, Path) else file
        work = stack.enter_context(store.new_folder(target))
        unpack(opened, work, limits)
        named = re.fullmatch(r"[0-9a-f]{32}", target.name)
        run = target.name if named else secrets.token_hex(16)
        unpacked.check_apart(work, limits)
        record = store.read_record(work)
        store.write_json({**record, "id": run}, work / store.RUN)  # one that nobody else knows
    return run


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise RunFolderError(
            "there is no file {path}. Name a zip file of a run.", path=path
        ) from None
    except OSError as error:
        raise RunFolderError(
            "{path} cannot be read ({reason}). Name a zip file of a run.",
            path=path,
            reason=store.reason(error),
        ) from error


def unpack(file: IO[bytes], folder: Path, limits: Limits) -> None:
    """Write what a run's archive may hold into ``folder``. Raises ``RunFolderError``."""
    try:
        _check_end(file)
        with zipfile.ZipFile(file) as archive:
            entries = _checked(archive.infolist())
            left = GROWN * limits.upload_mb * _MB
            for about in entries:
                left -= _take(archive, about, folder, left)
    except _BROKEN as error:
        raise refused(say("it is damaged, or no zip file")) from error


_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError),
    *(ValueError, KeyError, OverflowError),
)
"""What ``zipfile`` raises for files that are none."""


def _check_end(file: IO[bytes]) -> None:
    """Refuse a directory that would fill the memory before anything of it can be judged."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 42))
    end = file.read(42)
    record = end[-22:]
    if len(record) < 22 or record[:4] != b"PK\5\6" or record[20:] != b"\0\0":
        raise refused(say("it is damaged, or no zip file"))
    entries, directory = int.from_bytes(record[10:12], "little"), record[12:16]
    if end[:4] == b"PK\6\7" or entries > ENTRIES or int.from_bytes(directory, "little") > _MB:
        raise refused(say("it holds more than {most:,} files", most=ENTRIES))
    file.seek(0)


def _checked(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The files among ``entries``; refuses names, links and sizes that no run has."""
    if len(entries) > ENTRIES:
        raise refused(say("it holds more than {most:,} files", most=ENTRIES))
    found: dict[str, zipfile.ZipInfo] = {}
    for about in entries:
        name, kind = about.orig_filename, stat.S_IFMT(about.external_attr >> 16)
        if name in _FOLDERS and kind in (0, stat.S_IFDIR):
            continue
        if not _most(name):
            raise refused(say("no run has a file of the name {name!a}", name=name[:80]))
        if kind not in (0, stat.S_IFREG):
            raise refused(say("{name} is not a plain file", name=name))
        if about.flag_bits & 1 or about.compress_type not in (0, zipfile.ZIP_DEFLATED):
            raise refused(say("{name} is encrypted or packed in an unusual way", name=name))
        if name in found:
            raise refused(say("it holds {name} twice", name=name))
        found[name] = about
    if store.RUN not in found:
        raise refused(say("there is no {name} in it", name=store.RUN))
    return [about for name, about in found.items() if name not in _LEFT]


def _take(archive: zipfile.ZipFile, about: zipfile.ZipInfo, folder: Path, left: int) -> int:
    """Unpack one file; gives its bytes, counted as they come: what the archive says is a claim."""
    name = about.orig_filename
    most = min(_most(name), left)
    if about.compress_size:
        most = min(most, max(_MB, RATIO * about.compress_size))
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    came = 0
    with archive.open(about) as source, path.open("xb") as target:
        while block := source.read(65_536):
            came += len(block)
            if came > most:
                raise refused(say("{name} is too large when unpacked", name=name))
            target.write(block)
    return came


def _most(name: str) -> int:
    """The bytes that a file of that name may have; 0 where no run has such a file."""
    return next((size for known, size in FILES.items() if re.fullmatch(known, name)), 0)
