"""Vectors that an encoder gave before, so that no text goes through it twice.

A folder for each encoder, in it files of vectors, each written once by one extraction: a line of
JSON (``rows``, ``parts``), an index (a text's digest and the check of its vectors), and a row of
float32 numbers for each text. A file has its name only when it is whole, so there are no locks;
what cannot be read or fails its check is as if it were not there.

How fast a run goes tells whether its texts were here before. So strangers have a part each.
"""

import json
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from probing import environment

Arrays = Mapping[str, np.ndarray]
"""Part → float32 (layers, n, H); parts may differ in their number of layers."""

RESERVE = 1_000_000_000
"""Bytes of the disk that are left to others."""

_INDEX = np.dtype([("digest", "V32"), ("check", "<u4")])
_SUFFIX, _PARTIAL = ".vectors", ".partial"
_ABANDONED = 3_600.0  # seconds after which an unfinished file is nobody's
_BLOCK = 256  # rows read or written at a time


@dataclass(frozen=True)
class VectorCache:
    """Vectors by encoder and text in ``folder``; the least recently used files go first."""

    folder: Path
    """Made when it is first written to."""
    limit: int
    """Bytes that all files together may take, everybody's."""
    owner: str = ""
    """Whose vectors are kept and found; nobody else's are."""

    def fetch(
        self, encoder: str, digests: Sequence[bytes], arrays: Arrays, rows: np.ndarray
    ) -> np.ndarray:
        """Fill ``arrays[…][:, rows]`` where possible; bool (m,): which of the m rows are filled.

        ``encoder`` is its fingerprint, ``digests`` (m) are of 32 bytes, one for each of ``rows``.
        """
        found = np.zeros(len(rows), dtype=bool)
        wanted = {digest: i for i, digest in enumerate(digests)}
        for path in self._files(encoder):
            if not wanted:
                break
            try:
                with path.open("rb", buffering=0) as file:
                    got = list(_fetch_from(file, wanted, arrays, rows))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # gone, or damaged: its texts are encoded again
            for i in got:
                found[i] = True
                del wanted[digests[i]]
            if got:
                with suppress(OSError):
                    os.utime(path)
        return found

    def keep(
        self, encoder: str, digests: Sequence[bytes], arrays: Arrays, rows: np.ndarray
    ) -> None:
        """Write ``arrays[…][:, rows]`` as one file. Where the disk does not allow it, nothing."""
        width = sum(len(a) * a.shape[2] for a in arrays.values())
        size = len(rows) * (4 * width + _INDEX.itemsize)
        if not len(rows) or size > self.limit:
            return
        home = self.folder / self._place(encoder)
        name = secrets.token_hex(8)
        partial = home / f"{name}{_PARTIAL}"
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(size)
            if shutil.disk_usage(self.folder).free < size + RESERVE:
                return
            home.mkdir(exist_ok=True, mode=0o700)
            try:
                with partial.open("xb") as file:
                    _write(file, digests, arrays, rows)
                partial.replace(home / f"{name}{_SUFFIX}")
            finally:
                partial.unlink(missing_ok=True)

    def _files(self, encoder: str) -> list[Path]:
        """An encoder's files, those used last first."""
        found = self.folder.glob(f"{self._place(encoder)}/*{_SUFFIX}")
        return [path for _, path, _ in reversed(_listed(found))]

    def _place(self, encoder: str) -> str:
        """The name of the folder for an encoder's vectors of this owner."""
        return sha256(f"{encoder} {self.owner}".encode()).hexdigest() if self.owner else encoder

    def _make_room(self, size: int) -> None:
        """Remove what was not used for longest, and what a killed process left unfinished."""
        for used, path, _ in _listed(self.folder.glob(f"*/*{_PARTIAL}")):
            if used < time.time() - _ABANDONED:
                path.unlink(missing_ok=True)
        files = _listed(self.folder.glob(f"*/*{_SUFFIX}"))
        excess = sum(length for *_, length in files) + size - self.limit
        for _, path, length in files:
            if excess <= 0:
                break
            with suppress(OSError):
                path.unlink()
                excess -= length
                path.parent.rmdir()  # where it was the last


def of_installation(owner: str = "") -> VectorCache | None:
    """What this installation keeps for ``owner``; None where it keeps nothing.

    On a public server only for those who are somebody, and for each apart: a run that went faster
    because of another visitor's would say what that one had uploaded.
    """
    limit, public = environment.cache_limit(), environment.public()
    if not limit or (public and not owner):
        return None
    return VectorCache(environment.home() / "vectors", limit, owner if public else "")


def _listed(paths: Iterable[Path]) -> list[tuple[float, Path, int]]:
    """(time of last use, path, bytes) of the files still there, oldest first."""
    found = []
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, path, status.st_size))
    return sorted(found)


def _write(file: BinaryIO, digests: Sequence[bytes], arrays: Arrays, rows: np.ndarray) -> None:
    parts = {name: [len(array), array.shape[2]] for name, array in arrays.items()}
    file.write(json.dumps({"rows": len(rows), "parts": parts}).encode() + b"\n")
    index = np.zeros(len(rows), dtype=_INDEX)
    index["digest"] = np.frombuffer(b"".join(digests), dtype="V32")
    begin = file.tell()
    file.write(index.tobytes())
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        vectors = np.concatenate(
            [array[:, block].swapaxes(0, 1).reshape(len(block), -1) for array in arrays.values()],
            axis=1,
        )
        index["check"][start : start + len(block)] = [zlib.crc32(row.data) for row in vectors]
        file.write(vectors.data)
    file.seek(begin)
    file.write(index.tobytes())


def _fetch_from(
    file: FileIO, wanted: Mapping[bytes, int], arrays: Arrays, rows: np.ndarray
) -> Iterator[int]:
    """Positions among ``rows`` that the file has whole, each once its vectors are in ``arrays``."""
    about = json.loads(file.readline())
    places, width = {}, 0
    for name, (layers, hidden) in about["parts"].items():
        places[name] = slice(width, width + layers * hidden)
        width += layers * hidden
    if any(about["parts"].get(name) != [len(a), a.shape[2]] for name, a in arrays.items()):
        return
    index = np.frombuffer(file.read(about["rows"] * _INDEX.itemsize), dtype=_INDEX)
    begin = file.tell()
    numbers = [wanted.get(digest.tobytes()) for digest in index["digest"]]
    hits = [(row, i) for row, i in enumerate(numbers) if i is not None]
    for start in range(0, len(hits), _BLOCK):
        block = hits[start : start + _BLOCK]
        vectors = np.zeros((len(block), width), dtype=np.float32)
        for vector, (row, _) in zip(vectors, block, strict=True):
            file.seek(begin + row * 4 * width)
            file.readinto(vector.data)  # what is not there stays zero and fails its check
        checks = index["check"][[row for row, _ in block]]
        whole = np.array([zlib.crc32(vector.data) for vector in vectors]) == checks
        kept = [i for (_, i), good in zip(block, whole, strict=True) if good]
        for name, array in arrays.items():
            part = vectors[whole, places[name]].reshape(len(kept), len(array), array.shape[2])
            array[:, rows[kept]] = part.swapaxes(0, 1)
        yield from kept
