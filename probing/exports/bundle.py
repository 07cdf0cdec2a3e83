"""Chosen parts of a run as one zip, for people: tables, vectors, charts, code.

What another installation imports is ``probing.archive``'s zip; this one is to be opened.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from probing import result_files, store
from probing.errors import SettingsError
from probing.exports import code
from probing.spreadsheets import write_csv

if TYPE_CHECKING:
    from probing.record import Run

_EMPTY = (1980, 1, 1, 0, 0, 0)  # the same run gives the same bytes
_BLOCK = 2**20


def bundle(
    run: "Run",
    target: str | Path | IO[bytes],
    parts: Iterable[str] | None = None,
    *,
    sections: Iterable[str] | None = None,
    pictures: str | Path | None = None,
) -> None:
    """Write a zip of ``parts`` (names of ``PARTS``; all that the run has but ``pictures``, by
    default: these start a browser).

    ``sections`` are those of the report, as ``probing.report.html`` takes them; ``pictures`` is a
    folder where they have been drawn already. ``target`` is a path that does not exist yet or a
    file opened for writing bytes. Named parts that the run does not have, or that cannot be made
    here, raise SettingsError, as unknown names do. The report and the folder of charts hold
    plotly.js each (4.8 MB, 1.5 MB packed).
    """
    all_but = [name for name in PARTS if name != "pictures"]
    wanted = all_but if parts is None else list(dict.fromkeys(parts))
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        raise SettingsError(f"there is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}.")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in wanted:
            try:
                if name == "report":
                    _report(run, folder, sections)
                elif name == "pictures" and pictures is not None:
                    shutil.copytree(pictures, folder / "pictures")
                else:
                    PARTS[name](run, folder)
            except SettingsError:
                if parts is not None:
                    raise
        _zip(folder, target)


def _zip(folder: Path, target: str | Path | IO[bytes]) -> None:
    mode = "x" if isinstance(target, str | Path) else "w"
    try:
        archive = zipfile.ZipFile(target, mode, zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
    except OSError as error:
        raise SettingsError(
            f"{target} cannot be written ({store.reason(error)}). Name a file that does not exist "
            "yet."
        ) from error
    with archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            about = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EMPTY)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            about.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(about, "w") as packed:
                while block := source.read(_BLOCK):
                    packed.write(block)


def _tables(run: "Run", folder: Path) -> None:
    write_csv(run.table, folder / "probes.csv")
    if run.kind != "none":
        from pyarrow import parquet

        held = result_files.predictions(run)
        parquet.write_table(held, folder / "predictions.parquet", compression="zstd")
        write_csv(held.to_pandas(), folder / "predictions.csv")


def _sentences(run: "Run", folder: Path) -> None:
    code.write_sentences(run, folder / code.SENTENCES)
    store.save_sentences(run.sentences, folder / "sentences.parquet")


def _vectors(run: "Run", folder: Path) -> None:
    if run.representations is None:
        raise SettingsError(
            "this run was kept slim, without its vectors; make it again without --slim."
        )
    run.representations.save(folder / "representations")


def _maps(run: "Run", folder: Path) -> None:
    import pandas as pd

    if not run.projections:
        raise SettingsError("this run has no maps yet; draw one first.")
    (folder / "maps").mkdir()
    for projection in run.projections:
        axes = dict(zip("xyz", projection.points.T, strict=False))
        table = pd.DataFrame({"row": run.sentences.rows, **axes})
        write_csv(table, folder / "maps" / f"{projection.name}.csv")


def _charts(run: "Run", folder: Path) -> None:
    from probing.exports.figure_files import write_figures

    write_figures(run, folder / "charts", ["html"])


def _pictures(run: "Run", folder: Path) -> None:
    from probing.exports.figure_files import write_figures

    write_figures(run, folder / "pictures", ["svg", "png"])


def _report(run: "Run", folder: Path, sections: Iterable[str] | None = None) -> None:
    from probing.report import html

    (folder / "report.html").write_text(html(run, sections), encoding="utf-8")


def _record(run: "Run", folder: Path) -> None:
    maps = [projection.to_json() for projection in run.projections]
    store.write_json({**run.record, "projections": maps}, folder / store.RUN)


def _script(run: "Run", folder: Path) -> None:
    (folder / "reproduce.py").write_text(code.script(run), encoding="utf-8")
    code.write_sentences(run, folder / code.SENTENCES)


def _notebook(run: "Run", folder: Path) -> None:
    (folder / "reproduce.ipynb").write_text(code.notebook(run), encoding="utf-8")
    code.write_sentences(run, folder / code.SENTENCES)


PARTS: Mapping[str, Callable[["Run", Path], None]] = {
    "record": _record,
    "tables": _tables,
    "sentences": _sentences,
    "vectors": _vectors,
    "maps": _maps,
    "charts": _charts,
    "pictures": _pictures,
    "report": _report,
    "script": _script,
    "notebook": _notebook,
}
"""Name → what writes it into a folder. ``record``: run.json. ``tables``: probes and predictions
as CSV, predictions as Parquet too. ``sentences``: CSV and Parquet. ``vectors``: NPY. ``maps``: CSV.
``charts``: a page a chart, of each figure that the run has. ``pictures``: the same as SVG and PNG.
``report``: one page. ``script`` and ``notebook``: code that makes the run again, with the sentences
it reads."""
