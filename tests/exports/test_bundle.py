"""A run's parts in a zip, and a cell for the projector: all there, all readable, nothing obeyed."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import probing
from probing import store
from probing.cli import main
from probing.errors import RunFolderError, SettingsError
from probing.exports.bundle import PARTS, bundle
from probing.exports.projector import projector
from probing.exports.sbert import sentence_transformers
from probing.exports.sizes import sizes
from probing.hiding import hide_run
from probing.record import Run
from tests.conftest import Toy


@pytest.fixture(scope="module")
def run(
    toy: Toy, checkpoint: Callable[..., Path], coarse: Callable[[], AbstractContextManager[None]]
) -> Run:
    """A run whose texts and labels a spreadsheet would compute."""
    texts = ["=1+1", "tab\tand\nline", "<script>alert(1)</script>", *toy[0][3:]]
    labels = ["@bad" if label == "neg" else label for label in toy[1]]
    with coarse():
        return probing.run(
            texts, labels, encoder=str(checkpoint(layers=1)), poolings=("cls", "mean")
        )


@pytest.fixture(scope="module")
def packed(run: Run) -> dict[str, bytes]:
    """What a zip of all parts holds, by name."""
    file = io.BytesIO()
    bundle(run, file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def table(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content), keep_default_na=False)


def test_all_parts_are_there(run: Run, packed: dict[str, bytes]) -> None:
    plain = {name for name in packed if "/" not in name}
    assert plain == {
        *("run.json", "probes.csv", "predictions.csv", "predictions.parquet", "report.html"),
        *("sentences.csv", "sentences.parquet", "reproduce.py", "reproduce.ipynb"),
    }
    assert {f"representations/{p}.npy" for p in ("cls", "mean")} <= packed.keys()
    assert {f"maps/{p.name}.csv" for p in run.projections} <= packed.keys()
    assert {
        *("charts/accuracy.html", "charts/plotly.min.js", "charts/confusion.html"),
        "charts/umap2_cls_1.html",
    } <= packed.keys()
    assert "charts/learning.html" not in packed  # a quick run has none


def test_tables_hold_the_runs_figures(run: Run, packed: dict[str, bytes]) -> None:
    probes = pd.read_csv(io.BytesIO(packed["probes.csv"]))
    pd.testing.assert_frame_equal(probes, run.table, check_exact=True, check_dtype=False)
    held = parquet.read_table(io.BytesIO(packed["predictions.parquet"])).to_pandas()
    shown = table(packed["predictions.csv"])
    assert shown["mean_1"].str.removeprefix("'").tolist() == held["mean_1"].tolist()
    assert len(held) == len(run.sentences)
    assert json.loads(packed["run.json"])["id"] == run.id


def test_vectors_and_maps_are_the_runs(run: Run, packed: dict[str, bytes]) -> None:
    assert run.representations is not None
    for name in ("cls", "mean"):
        found = np.load(io.BytesIO(packed[f"representations/{name}.npy"]), allow_pickle=False)
        np.testing.assert_array_equal(found, run.representations.arrays[name])
    for projection in run.projections:
        points = table(packed[f"maps/{projection.name}.csv"])
        np.testing.assert_array_equal(points["row"], run.sentences.rows)
        np.testing.assert_allclose(points[["x", "y"]], projection.points[:, :2], rtol=1e-6)


def test_no_cell_of_any_csv_is_a_formula(packed: dict[str, bytes]) -> None:
    seen = 0
    for name, content in packed.items():
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
                for cell in row:
                    assert cell[:1] not in ("=", "@", "\t", "\r"), (name, cell)
                    assert cell[:1] not in ("+", "-") or float(cell) is not None
                    seen += cell.startswith("'")
    assert seen > 20


def test_charts_and_report_do_not_obey_texts(packed: dict[str, bytes]) -> None:
    for name, content in packed.items():
        if name.endswith(".html"):
            assert b"<script>alert" not in content, name
            assert b"https://cdn" not in content.split(b"plotly.js v")[0], name


def test_the_same_run_gives_the_same_bytes(run: Run) -> None:
    one, two = io.BytesIO(), io.BytesIO()
    parts = ("tables", "sentences", "vectors", "script")
    bundle(run, one, parts)
    bundle(run, two, reversed(parts))
    assert one.getvalue() == two.getvalue()


def test_named_parts_only(run: Run, tmp_path: Path) -> None:
    bundle(run, tmp_path / "a.zip", ["script"])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["reproduce.py", "sentences.csv"]
    with pytest.raises(SettingsError, match=r"a\.zip cannot be written .*does not exist yet"):
        bundle(run, tmp_path / "a.zip", ["script"])
    with pytest.raises(SettingsError, match=f"no part 'pie'; the parts are {', '.join(PARTS)}"):
        bundle(run, tmp_path / "b.zip", ["pie"])


def test_the_reports_sections_are_chosen(run: Run, tmp_path: Path) -> None:
    bundle(run, tmp_path / "a.zip", ["report"], sections=["cells"])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        html = archive.read("report.html").decode()
    assert "All cells" in html
    assert "plotly" not in html


def test_pictures_that_are_drawn_already_are_taken_as_they_are(run: Run, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    (drawn / "accuracy.svg").write_text("<svg/>")
    bundle(run, tmp_path / "a.zip", ["pictures"], pictures=drawn)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["pictures/accuracy.svg"]


def test_a_zip_of_everything_starts_no_browser(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from probing.exports import pictures

    def started() -> None:
        raise AssertionError("a browser that nobody asked for")

    monkeypatch.setattr(pictures, "drawing", started)
    bundle(replace(run, projections=()), io.BytesIO())
    with pytest.raises(AssertionError, match="nobody asked"):
        bundle(run, io.BytesIO(), ["pictures"])


def test_sizes_are_known_beforehand(run: Run, packed: dict[str, bytes]) -> None:
    found = sizes(run)
    assert found.keys() == PARTS.keys()
    of = {"record": ("run.json",), "tables": ("probes.csv", "predictions")}
    of |= {"vectors": ("representations/",), "charts": ("charts/",), "report": ("report.html",)}
    for part, names in of.items():
        real = sum(len(data) for name, data in packed.items() if name.startswith(names))
        assert found[part] / 3 < real < found[part] * 3, part
    vectors = sum(array.nbytes for array in run.representations.arrays.values())  # type: ignore[union-attr]
    assert found["vectors"] == vectors


def test_what_a_run_does_not_have_has_no_size(run: Run) -> None:
    assert sizes(run).keys() - sizes(hide_run(run)).keys() == {
        *("sentences", "vectors", "script", "notebook")
    }
    assert "maps" not in sizes(replace(run, projections=()))


def test_parts_that_a_run_does_not_have(run: Run, tmp_path: Path) -> None:
    slim = replace(run, representations=None, projections=())
    for part, said in (("vectors", "kept slim"), ("maps", "no maps yet")):
        with pytest.raises(SettingsError, match=said):
            bundle(slim, tmp_path / "a.zip", [part])
    assert not (tmp_path / "a.zip").exists()


def test_a_hidden_runs_zip_has_no_sentence(run: Run) -> None:
    file = io.BytesIO()
    bundle(hide_run(run), file)
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        assert not {n for n in names if "sentences" in n or "reproduce" in n or "represent" in n}
        assert {"probes.csv", "report.html", "charts/umap2_cls_1.html"} <= names
        everything = b"".join(archive.read(name) for name in names)
    for text in run.sentences.texts[3:9]:
        assert text.encode() not in everything


# ---- the projector, and the command line


@pytest.mark.parametrize("to", ["projector", "sentence-transformers"])
def test_the_command_writes_what_the_function_writes(
    to: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    store.save_run(run, tmp_path / "run")
    asked = ["--layer", "0", "--pooling", "mean", "--to", to, "--out", str(tmp_path / "out")]
    assert main(["vectors", str(tmp_path / "run"), *asked]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out'}\n"
    {"projector": projector, "sentence-transformers": sentence_transformers}[to](
        run, tmp_path / "again", 0, "mean"
    )
    files = sorted(p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.*"))
    assert len(files) >= 2
    for name in files:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_command_says_what_is_wrong(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    store.save_run(run, tmp_path / "run", slim=True)
    out = ["--to", "projector", "--out", str(tmp_path / "out")]
    assert main(["vectors", str(tmp_path / "run"), *out]) == 2
    assert capsys.readouterr().err.startswith("error: this run was kept slim")


def read(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text("utf-8").split("\n")[:-1]]


def test_the_projector_gets_a_cell(run: Run, tmp_path: Path) -> None:
    projector(run, tmp_path / "out", 1, "mean")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"vectors.tsv", "metadata.tsv"}
    vectors = np.array(read(tmp_path / "out" / "vectors.tsv"), dtype=np.float32)
    assert run.representations is not None
    np.testing.assert_array_equal(vectors, run.representations.cell(1, "mean"))
    head, *lines = read(tmp_path / "out" / "metadata.tsv")
    assert head == ["row", "text", "label"]
    assert [line[0] for line in lines] == [str(row) for row in run.sentences.rows]
    assert lines[1][1] == "tab and line"
    assert [line[2] for line in lines] == list(run.sentences.labels or ())


def test_the_last_layer_is_minus_one(run: Run, tmp_path: Path) -> None:
    projector(run, tmp_path / "one", -1, "cls")
    projector(run, tmp_path / "two", 1, "cls")
    one, two = (tmp_path / name / "vectors.tsv" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"layer": 2}, "no layer 2; the layers are 0 to 1, or -1 for the last"),
        ({"pooling": "pooled"}, "no pooling 'pooled'; its poolings are cls, mean"),
    ],
)
def test_a_cell_that_is_not_there(
    run: Run, choices: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=said):
        projector(run, tmp_path / "out", **choices)
    with pytest.raises(SettingsError, match="kept slim"):
        projector(replace(run, representations=None), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(RunFolderError, match="not empty"):
        projector(run, tmp_path)
