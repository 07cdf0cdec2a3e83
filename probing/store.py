"""Where runs lie: a folder each, complete or not there at all."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probing import result_files
from probing.errors import RunFolderError
from probing.locks import locked
from probing.projections import Faithfulness, Projection
from probing.record import SCHEMA, Run
from probing.representations import Representations
from probing.sentences import COLUMN, Dropped, Sentences, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from probing.mechanism.values import Inside

RUN = "run.json"
_PARTIAL = ".partial-"
_CHANGES = ("relabelled", "left_out_labels")
"""Fields of a source that tell what became of its labels."""
_NEEDED = frozenset({"id", "data", "encoder", "settings", "baselines", "projections"})
_DISK = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO),
        *(errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST),
    }
)
"""What an ``OSError`` may be that is the folder's or the disk's; a lost terminal is not."""


def partials(name: str) -> str:
    """A pattern of the hidden names under which a folder of that name is filled."""
    return f".{name}{_PARTIAL}*"


def partial_of(path: Path) -> str | None:
    """The name that a folder half written would have had; None for any other."""
    name, mark, _ = path.name.removeprefix(".").partition(_PARTIAL)
    return name if mark and path.name.startswith(".") else None


def reason(error: OSError) -> str:
    """What the system has against it; pyarrow says more than a person wants to read."""
    return os.strerror(error.errno) if error.errno else str(error)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``target`` when the block ends well, and vanishes otherwise.

    The work lies under a hidden name until then, so a run that is interrupted never looks
    finished. Raises ``RunFolderError`` where the target cannot be made or written.
    """
    if target.exists() and not target.is_dir():
        raise RunFolderError("{target} is a file. Name a new folder with --out.", target=target)
    if target.is_dir() and any(_PARTIAL not in path.name for path in target.iterdir()):
        raise RunFolderError(
            "{target} exists and is not empty. Name a new folder with --out.", target=target
        )
    missing = [p for p in (target, *target.parents) if not p.exists()][1:]
    # an empty folder that is there stays: it may be a mount point, a link, the current folder
    home = target if target.is_dir() else target.parent
    work = home / f".{target.name}{_PARTIAL}{secrets.token_hex(4)}"
    try:
        work.mkdir(parents=True)
        yield work
        _settle(work, target)
        missing = []
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise RunFolderError(
            "{target} cannot be written ({reason}). Free some space or name another folder with "
            "--out.",
            target=target,
            reason=reason(error),
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


def _settle(work: Path, target: Path) -> None:
    for path in work.rglob("*"):
        if path.is_file():
            _sync(path)
    if work.parent == target:
        # run.json last: without it nothing is a run
        for path in sorted(work.iterdir(), key=lambda path: path.name == RUN):
            path.rename(target / path.name)
    else:
        work.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save_run(run: Run, folder: Path, *, slim: bool = False) -> None:
    """Write a run into ``folder``. ``run.json`` comes last: without it nothing is a run.

    ``slim`` leaves out what can be made again: representations and report.
    """
    from pyarrow import parquet

    if not slim:
        representations = folder / "representations"
        if run.representations is not None and not representations.exists():
            run.representations.save(representations)
        from probing.report import html

        (folder / "report.html").write_text(html(run), encoding="utf-8")
    run.table.to_csv(folder / "probes.csv", index=False)
    parquet.write_table(
        result_files.predictions(run), folder / "predictions.parquet", compression="zstd"
    )
    save_sentences(run.sentences, folder / "sentences.parquet")
    (folder / "projections").mkdir(exist_ok=True)
    for projection in run.projections:
        _write_projection(projection, run.sentences.rows, folder)
    record = {**run.record, "projections": [p.to_json() for p in run.projections]}
    write_json(record, folder / RUN)


def add_projection(folder: Path, projection: Projection) -> None:
    """Add a map to a run that is already stored; what was there stays valid throughout.

    Two processes may add to the same run: neither's map is lost.
    """
    from pyarrow import parquet

    sentences = folder / "sentences.parquet"
    rows = parquet.read_table(sentences, columns=["row"])["row"].to_pylist()
    _write_projection(projection, rows, folder)
    with locked(sentences):
        record = _read_json(folder)
        kept = [p for p in record["projections"] if _key(p) != _key(projection.to_json())]
        write_json({**record, "projections": [*kept, projection.to_json()]}, folder / RUN)


def load_run(path: str | Path) -> Run:
    """The run in a folder that ``run(…, out=…)`` or the command line wrote.

    Raises ``RunFolderError`` where the folder holds no complete run, or one of a newer schema.
    """
    folder = Path(path)
    record = _read_json(folder)
    try:
        sentences = load_sentences(folder / "sentences.parquet")
        return Run(
            record=record,
            sentences=sentences,
            **result_files.load(folder, sentences, record),
            projections=tuple(_load_projection(folder, p) for p in record["projections"]),
            representations=Representations.load(
                folder / "representations",
                truncated=record["encoder"]["truncated"],
                tokens_lost=record["encoder"]["tokens_lost"],
            ),
            inside=_load_inside(folder),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise RunFolderError(
            "the run in {folder!s} is damaged ({name}: {error}). Make it again.",
            folder=folder,
            name=type(error).__name__,
            error=error,
        ) from error


def read_record(path: str | Path) -> dict[str, Any]:
    """The ``run.json`` of the run in a folder. Raises ``RunFolderError`` as ``load_run`` does."""
    return _read_json(Path(path))


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / RUN
    if not path.is_file():
        raise RunFolderError(
            "{folder!s} holds no finished run: there is no {name}. Name a run's own folder.",
            folder=folder,
            name=RUN,
        )
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        schema = int(record["schema"])
        if schema <= SCHEMA and (lacking := _NEEDED - record.keys()):
            raise ValueError(f"without {', '.join(sorted(lacking))}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(
            "{path!s} is damaged ({error}). Make the run again.", path=path, error=error
        ) from error
    if schema > SCHEMA:
        raise RunFolderError(
            "{folder!s} was written by a newer version (schema {schema}; this one reads up to "
            "{known}). Update CLS Probe.",
            folder=folder,
            schema=schema,
            known=SCHEMA,
        )
    return dict(record)


def write_json(value: Any, path: Path) -> None:
    """Replace ``path`` at once: a reader sees the old content or the new."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    _sync(temporary)
    temporary.replace(path)


def save_sentences(sentences: Sentences, path: Path) -> None:
    """Write sentences with all that is known of where they came from, as one Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {
        "row": pa.array(sentences.rows, pa.int64()),
        "text": pa.array(sentences.texts, pa.string()),
    }
    if sentences.labels is not None:
        columns["label"] = pa.array(sentences.labels, pa.string())
    if sentences.splits is not None:
        columns["split"] = pa.array(sentences.splits, pa.string())
    for name, values in sentences.beside.items():
        columns[COLUMN + name] = pa.array(values, pa.string())
    about = asdict(sentences.source)
    # apart: readers of before know no such fields of a source
    changes = {name: about.pop(name) for name in _CHANGES}
    table = pa.table(columns).replace_schema_metadata(
        {"source": json.dumps(about), "labels": json.dumps(changes)}
    )
    parquet.write_table(table, path, compression="zstd")


def load_sentences(path: Path) -> Sentences:
    """What ``save_sentences`` wrote."""
    from pyarrow import parquet

    table = parquet.read_table(path)
    about = json.loads(table.schema.metadata[b"source"])
    beside = [name for name in table.column_names if name.startswith(COLUMN)]
    data = table.drop_columns(beside).to_pydict()
    dropped = [
        Dropped(d["reason"], tuple(d["rows"]), tuple(d["lines"])) for d in about.pop("dropped")
    ]
    lists: dict[str, Any] = {key: tuple(about.pop(key)) for key in ("columns", "notices")}
    if b"labels" in table.schema.metadata:
        changes = json.loads(table.schema.metadata[b"labels"])
        lists["relabelled"] = tuple((old, new) for old, new in changes["relabelled"])
        lists["left_out_labels"] = tuple(changes["left_out_labels"])
    return Sentences(
        texts=tuple(data["text"]),
        labels=tuple(data["label"]) if "label" in data else None,
        splits=tuple(data["split"]) if "split" in data else None,
        rows=tuple(data["row"]),
        source=Source(**about, **lists, dropped=tuple(dropped)),
        beside={name.removeprefix(COLUMN): _shared(table[name]) for name in beside},
    )


def _shared(column: "pa.ChunkedArray") -> tuple[str, ...]:
    """A column's values; equal ones are one string, so that categories take little memory."""
    if str(column.type) not in ("string", "large_string"):
        raise ValueError(f"a column of {column.type}")
    encoded = column.combine_chunks().dictionary_encode()
    names = encoded.dictionary.to_pylist()
    return tuple(names[i] for i in encoded.indices.to_pylist())


def _load_inside(folder: Path) -> "Inside | None":
    """What was measured inside the encoder; a damaged file spoils the figures of it only."""
    from probing.mechanism import shelf

    try:
        return shelf.load(folder)
    except RunFolderError:
        return None


def _key(projection: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(projection[k] for k in ("method", "dimensions", "pooling", "layer"))


def _write_projection(projection: Projection, rows: Any, folder: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    axes = dict(zip("xyz", projection.points.T, strict=False))
    table = pa.table({"row": pa.array(rows, pa.int64()), **axes})
    table = table.replace_schema_metadata({"projection": json.dumps(projection.to_json())})
    path = folder / "projections" / f"{projection.name}.parquet"
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    parquet.write_table(table, temporary, compression="zstd")
    temporary.replace(path)


def _load_projection(folder: Path, about: dict[str, Any]) -> Projection:
    from pyarrow import parquet

    from probing.projections import projection_name

    name = projection_name(*_key(about))
    table = parquet.read_table(folder / "projections" / f"{name}.parquet")
    points = np.stack([table[axis].to_numpy() for axis in table.column_names[1:]], axis=1)
    return Projection(
        method=about["method"],
        layer=about["layer"],
        pooling=about["pooling"],
        points=points,
        faithfulness=Faithfulness(**about["faithfulness"]),
        seed=about["seed"],
        explained=tuple(about["explained"]),
        notice=about["notice"],
    )
