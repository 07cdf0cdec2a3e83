"""Data sets of the hub by id: their CSV, TSV and Parquet files, never their scripts.

What comes is judged by the reader that judges uploads. A set whose main branch has no such file is
looked for where the hub keeps its own conversion to Parquet.
"""

import errno
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from probing.errors import DataError
from probing.hub_child import TIMEOUT, ask
from probing.parquet_text import parquet_to_csv
from probing.parsing.cells import shown
from probing.tables import Limits

ENDINGS = (".csv", ".tsv", ".parquet")
CONVERTED = "refs/convert/parquet"
"""The branch on which the hub keeps Parquet files that it made of a set itself."""
LISTING, FETCHING = 15.0, 180.0
"""Seconds that a listing and a download may take."""
MOST_FILES = 1_000

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
_ID = re.compile(rf"{_PART}(/{_PART})?")


@dataclass(frozen=True)
class HubFile:
    """A file of a data set."""

    path: str
    """Within the set, e.g. ``split/train-00000-of-00001.parquet``."""
    bytes: int
    revision: str
    """The commit it belongs to."""


@dataclass(frozen=True)
class Fetched:
    """A file, ready for ``read_table``."""

    name: str
    data: bytes
    left_out: tuple[str, ...] = ()
    """Columns of a Parquet file that hold neither text nor numbers."""


def understand_set(given: str) -> str:
    """The id in what was typed or pasted. Raises ``DataError`` for what is none."""
    repo = given.strip().removeprefix("https://huggingface.co/").removeprefix("datasets/")
    repo = repo.strip("/")
    if not _ID.fullmatch(repo) or ".." in repo or "--" in repo:
        raise DataError(
            "{given!a} is not the id of a data set. Give one as its page on the hub shows it, "
            "such as dair-ai/emotion.",
            given=given.strip()[:100],
        )
    return repo


def list_files(given: str, *, private: bool = True) -> tuple[HubFile, ...]:
    """The files of a set that can be read, by path.

    ``private``: use the login of this machine. Raises ``DataError`` for no such set, one without
    such files, and a hub out of reach.
    """
    answer, _ = ask("files", LISTING, repo=understand_set(given), private=private)
    return tuple(HubFile(**each) for each in answer["files"])


def fetch(given: str, file: HubFile, limits: Limits, *, private: bool = True) -> Fetched:
    """One file of a set, Parquet as CSV. Raises ``DataError``, for a large file before it is
    downloaded."""
    check_file(file, limits)
    answer, data = ask(
        "fetch",
        FETCHING,
        repo=understand_set(given),
        file=asdict(file),
        limits=asdict(limits),
        private=private,
    )
    return Fetched(answer["name"], data, tuple(answer["left_out"]))


def check_file(file: HubFile, limits: Limits) -> None:
    """Refuse a file by what the hub says of its size."""
    if file.bytes > limits.max_bytes:
        raise DataError(
            "{path} has {size:,.0f} MB, and {most:,.0f} MB are downloaded. Choose a smaller file.",
            path=shown(file.path, 100),
            size=file.bytes / 2**20,
            most=limits.max_bytes / 2**20,
        )


# ---- in the process that asks


def answer_files(repo: str, private: bool) -> tuple[dict[str, Any], bytes]:
    """What ``list_files`` needs to know."""
    from huggingface_hub.errors import RevisionNotFoundError

    found, names = _listed(repo, None, private)
    if not found:
        try:
            found, _ = _listed(repo, CONVERTED, private)
        except RevisionNotFoundError:
            found = []
    if not found:
        scripts = any(name.endswith(".py") for name in names)
        if scripts:
            raise DataError(
                "{repo} has no CSV, TSV or Parquet file, only a script that would make its data; "
                "scripts are not run. Choose another set.",
                repo=repo,
            )
        raise DataError("{repo} has no CSV, TSV or Parquet file. Choose another set.", repo=repo)
    return {"files": [asdict(file) for file in found[:MOST_FILES]]}, b""


def answer_fetch(
    repo: str, file: dict[str, Any], limits: dict[str, int], private: bool
) -> tuple[dict[str, Any], bytes]:
    """What ``fetch`` needs; nothing stays on the disk."""
    from huggingface_hub import hf_hub_download

    asked, most = HubFile(**file), Limits(**limits)
    if not asked.path.lower().endswith(ENDINGS):
        raise DataError("Only CSV, TSV and Parquet files are read. Choose another file.")
    name = f"{repo.rpartition('/')[2]}-{asked.path.replace('/', '-')}"
    with TemporaryDirectory() as folder:
        _bound_files(most.max_bytes)
        try:
            path = Path(
                hf_hub_download(
                    repo,
                    asked.path,
                    repo_type="dataset",
                    revision=asked.revision,
                    local_dir=folder,
                    token=None if private else False,
                )
            )
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            path = None
        if path is None or path.stat().st_size > most.max_bytes:
            raise DataError(
                "{path} is larger than the hub said, and than {most:,.0f} MB. Choose another file.",
                path=shown(asked.path, 100),
                most=most.max_bytes / 2**20,
            )
        if path.suffix.lower() != ".parquet":
            return {"name": name, "left_out": []}, path.read_bytes()
        data, left = parquet_to_csv(path, name, most)
        return {"name": name, "left_out": list(left)}, data


def _listed(repo: str, revision: str | None, private: bool) -> tuple[list[HubFile], list[str]]:
    """The readable files of a revision by path, and the names of all its files."""
    from huggingface_hub import HfApi

    about = HfApi().dataset_info(
        repo,
        revision=revision,
        files_metadata=True,
        timeout=TIMEOUT,
        token=None if private else False,
    )
    files = {file.rfilename: file.size for file in about.siblings or ()}
    found = [
        HubFile(path, size, about.sha or "main")
        for path, size in sorted(files.items())
        if size is not None and path.lower().endswith(ENDINGS)
    ]
    return found, list(files)


def _bound_files(most: int) -> None:
    """No file grows beyond what the hub said it may have, whatever comes."""
    try:
        import resource
        import signal
    except ImportError:  # Windows
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most + 2**20, most + 2**20))
