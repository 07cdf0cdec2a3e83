"""A run as one zip file, and back. What comes in is treated as made by an attacker.

Only files whose names a run folder has are taken, each up to a size; nothing that can hold code
(no pickle, no report's HTML). What was unpacked is then read once in a process of its own with
bounded memory, before it counts as a run.
"""

import contextlib
import io
import json
import re
import secrets
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from probing import store
from probing.environment import Limits
from probing.errors import ProbingError, RunFolderError
from probing.representations import POOLINGS

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
        opened = stack.enter_context(file.open("rb")) if isinstance(file, Path) else file
        work = stack.enter_context(store.new_folder(target))
        unpack(opened, work, limits)
        named = re.fullmatch(r"[0-9a-f]{32}", target.name)
        run = target.name if named else secrets.token_hex(16)
        _check_apart(work, limits)
        record = store.read_record(work)
        store.write_json({**record, "id": run}, work / store.RUN)  # one that nobody else knows
    return run


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
        raise _refused("it is damaged, or no zip file") from error


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
        raise _refused("it is damaged, or no zip file")
    entries, directory = int.from_bytes(record[10:12], "little"), record[12:16]
    if end[:4] == b"PK\6\7" or entries > ENTRIES or int.from_bytes(directory, "little") > _MB:
        raise _refused(f"it holds more than {ENTRIES:,} files")
    file.seek(0)


def _checked(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The files among ``entries``; refuses names, links and sizes that no run has."""
    if len(entries) > ENTRIES:
        raise _refused(f"it holds more than {ENTRIES:,} files")
    found: dict[str, zipfile.ZipInfo] = {}
    for about in entries:
        name, kind = about.orig_filename, stat.S_IFMT(about.external_attr >> 16)
        if name in _FOLDERS and kind in (0, stat.S_IFDIR):
            continue
        if not _most(name):
            raise _refused(f"no run has a file of the name {name[:80]!a}")
        if kind not in (0, stat.S_IFREG):
            raise _refused(f"{name} is not a plain file")
        if about.flag_bits & 1 or about.compress_type not in (0, zipfile.ZIP_DEFLATED):
            raise _refused(f"{name} is encrypted or packed in an unusual way")
        if name in found:
            raise _refused(f"it holds {name} twice")
        found[name] = about
    if store.RUN not in found:
        raise _refused(f"there is no {store.RUN} in it")
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
                raise _refused(f"{name} is too large when unpacked")
            target.write(block)
    return came


def _most(name: str) -> int:
    """The bytes that a file of that name may have; 0 where no run has such a file."""
    return next((size for known, size in FILES.items() if re.fullmatch(known, name)), 0)


def _refused(reason: str) -> RunFolderError:
    return RunFolderError(
        f"this is not a run's archive that can be opened: {reason}. Give a zip file as "
        "“Export” of CLS Probe writes it."
    )


# ---- the look at what was unpacked

MEMORY = 4 * 2**30  # bytes of address space for reading a run
PATIENCE = 120.0  # seconds it may take


def _check_apart(folder: Path, limits: Limits) -> None:
    """Load everything in another process: native readers of files may crash or never end."""
    command = [sys.executable, "-m", "probing.archive", str(folder)]
    command += [str(limits.rows), str(limits.text_chars)]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said: Any = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
        trouble = said["trouble"]
    except subprocess.TimeoutExpired as error:
        raise _refused("reading it takes too long") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise _refused("it cannot be read completely") from error
    if trouble is not None:
        raise RunFolderError(str(trouble))


def check(folder: Path, rows: int, text_chars: int) -> None:
    """Read all of an unpacked run. Raises ``ProbingError`` where something does not fit."""
    from probing.mechanism import shelf

    _check_tables(folder, rows)
    run = store.load_run(folder)
    n = len(run.sentences)
    if not 0 < n <= rows:
        raise _refused(f"it has {n:,} sentences, and {rows:,} are allowed")
    if max(map(len, run.sentences.texts)) > text_chars:
        raise _refused(f"a sentence has more than {text_chars:,} characters")
    _check_record(run.record)
    layers, hidden = (int(run.record["encoder"][name]) for name in ("layers", "hidden"))
    if run.representations is not None:
        for name, array in run.representations.arrays.items():
            if array.shape != (layers + 1, n, hidden) or array.dtype.str != "<f4":
                raise _refused(f"representations/{name}.npy is not of this run")
    counts = [len(probe.predicted) for probe in run.probes]
    counts += [len(probe.predicted) for probe in run.regressions]
    counts += [len(map_.points) for map_ in run.projections]
    if any(count != n for count in counts):
        raise _refused("its files are not of one run")
    assert run.evidence is not None
    assert run.table is not None
    shelf.load(folder)


def _check_tables(folder: Path, rows: int) -> None:
    """What Parquet files say of their size, before they are read."""
    from pyarrow import ArrowException, parquet

    for path in sorted(folder.rglob("*.parquet")):
        try:
            about = parquet.read_metadata(path)
        except (ArrowException, OSError) as error:
            raise _refused(f"{path.name} is damaged") from error
        if about.num_rows > rows or about.num_columns > 20_000:
            raise _refused(f"{path.name} has {about.num_rows:,} rows, and {rows:,} are allowed")


def _check_record(record: Any) -> None:
    """The numbers and words of ``run.json`` that pages show without more ado."""
    data, encoder, settings = record["data"], record["encoder"], record["settings"]
    whole = (
        *(encoder["layers"], encoder["hidden"], settings["seed"], settings["folds"]),
        *(data["rows_read"], data["rows_used"]),
    )
    words = (
        *(data["name"], encoder["id"], encoder["family_title"], encoder["head"]),
        *(settings["encoder"], encoder["pooler"]["evidence"], *record["notices"]),
    )
    made = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not (
        all(type(number) is int for number in whole)
        and all(isinstance(word, str) and len(word) < 10_000 for word in words)
        and isinstance(record["created"], str)
        and re.fullmatch(made, record["created"])
        and set(settings["poolings_used"]) <= set(POOLINGS)
    ):
        raise _refused(f"{store.RUN} does not say what it should")


def _bounded() -> None:
    """Hold this process to what a run needs, where the system can."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def trouble_with(folder: Path, rows: int, text_chars: int) -> str | None:
    """What is wrong with an unpacked run, for the person; None where it is whole."""
    try:
        check(folder, rows, text_chars)
    except ProbingError as error:
        return str(error).replace(str(folder), "the archive")
    except Exception as error:  # noqa: BLE001 - hostile files fail in any way
        return str(_refused(f"it cannot be read ({type(error).__name__})"))
    return None


def main(arguments: list[str]) -> None:
    """Say on standard output what is wrong with an unpacked run."""
    _bounded()
    trouble = trouble_with(Path(arguments[0]), int(arguments[1]), int(arguments[2]))
    sys.stdout.write(json.dumps({"trouble": trouble}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
