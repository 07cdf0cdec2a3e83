"""Finished pieces of a run that is not finished, so that an interruption does not cost them.

A file for each piece, written once and then renamed: a JSON line of its scalars and its arrays, as
``.npz`` without pickle. Beside it lies the digest of what it was made from and of the version that
made it; what does not fit, or cannot be read, is as if it were not there.
"""

import json
import os
import secrets
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from probing import __version__

T = TypeVar("T")


@dataclass(frozen=True)
class Scratch:
    """Pieces under ``folder``, which belongs to one run: its sentences and settings are given."""

    folder: Path | None = None
    """Made when it is first written to; None keeps nothing."""

    def piece(self, name: str, x: np.ndarray, kind: type[T], make: Callable[[], T]) -> T:
        """What ``make`` gives, or gave before for the same ``x``.

        ``kind`` is a dataclass of numbers, strings, tuples of numbers, arrays, and dataclasses of
        the like without arrays. ``x`` must tell this piece's input from any other that the run
        could have; its sentences and settings need not be in it.
        """
        if self.folder is None:
            return make()
        path = self.folder / f"{name}.npz"
        digest = _digest(x)
        with suppress(OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return _read(path, digest, kind)
        made = make()
        with suppress(OSError):  # a disk that is full now may have room for the run itself
            _write(path, digest, made)
        return made


def _digest(x: np.ndarray) -> str:
    found = sha256(f"{__version__} {x.dtype} {x.shape} ".encode())
    found.update(np.ascontiguousarray(x).data)
    return found.hexdigest()


def _read(path: Path, digest: str, kind: type[T]) -> T:
    # opened here: np.load leaves a file that is no archive open
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        about = json.loads(str(held["about"]))
        if about.pop("digest") != digest:
            raise ValueError("made from other vectors")
        about |= {name: held[name] for name in held.files if name != "about"}
    return _whole(kind, about)


def _whole(kind: type[T], about: dict[str, Any]) -> T:
    """The dataclass of those fields: lists were tuples, and mappings dataclasses."""
    types = get_type_hints(kind)

    def value(name: str, found: Any) -> Any:
        if isinstance(found, dict) and is_dataclass(types[name]):
            return _whole(types[name], found)
        return tuple(found) if isinstance(found, list) else found

    return kind(**{name: value(name, found) for name, found in about.items()})


def _write(path: Path, digest: str, value: object) -> None:
    whole = {f.name: getattr(value, f.name) for f in fields(value)}  # type: ignore[arg-type]
    arrays: dict[str, Any] = {n: v for n, v in whole.items() if isinstance(v, np.ndarray)}
    about = {
        name: asdict(v) if is_dataclass(v) and not isinstance(v, type) else v
        for name, v in whole.items()
        if name not in arrays
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            np.savez(file, about=np.array(json.dumps({**about, "digest": digest})), **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
