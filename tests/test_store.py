"""A run's folder: complete or not there, equal after the round trip, refused where damaged."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

import probing
from probing.errors import RunFolderError
from probing.projections import Projection, project
from probing.record import SCHEMA, Run
from probing.store import add_projection, load_run, new_folder, save_run
from tests.conftest import Toy

FILES = {
    "run.json",
    "probes.csv",
    "predictions.parquet",
    "sentences.parquet",
    "projections",
    "representations",
    "report.html",
}


def plain(value: Any) -> Any:
    """As JSON holds it: tuples become lists."""
    return json.loads(json.dumps(value))


@pytest.fixture(scope="module")
def run(
    toy: Toy,
    checkpoint: Callable[..., Path],
    coarse: Callable[[], AbstractContextManager[None]],
) -> Run:
    """A run in memory, with a class that is left out, a cut sentence and a map."""
    texts = [*toy[0], "a single one of its kind", "the film was good" + " very" * 80]
    labels = [*toy[1], "rare", "pos"]
    with coarse():
        return probing.run(
            texts, labels, encoder=str(checkpoint(layers=1)), maps="last", poolings=("cls", "mean")
        )


@pytest.fixture
def again(run: Run, tmp_path: Path) -> Run:
    save_run(run, tmp_path)
    return load_run(tmp_path)


# ---- the round trip


def test_the_record_comes_back(run: Run, again: Run) -> None:
    record = dict(again.record)
    assert record.pop("projections") == [plain(p.to_json()) for p in run.projections]
    assert record == plain({k: v for k, v in run.record.items() if k != "projections"})
    assert again.id == run.id


def test_the_sentences_come_back(run: Run, again: Run) -> None:
    for name in ("texts", "labels", "splits", "rows", "classes", "fingerprint"):
        assert getattr(again.sentences, name) == getattr(run.sentences, name), name
    assert run.sentences.source.dropped[0].rows == (60,)
    for field in fields(run.sentences.source):
        expected = getattr(run.sentences.source, field.name)
        assert getattr(again.sentences.source, field.name) == expected, field.name


def test_the_probes_come_back(run: Run, again: Run) -> None:
    assert len(again.probes) == len(run.probes) == 4
    for one, two in zip(run.probes, again.probes, strict=True):
        assert two.row() == one.row()
        assert {k: type(v) for k, v in two.row().items()} == {
            k: type(v) for k, v in one.row().items()
        }
        assert np.array_equal(two.predicted, one.predicted)
        assert two.predicted.dtype == one.predicted.dtype
        assert np.array_equal(two.true_probability, one.true_probability, equal_nan=True)
    pd.testing.assert_frame_equal(again.table, run.table, check_exact=True)


@pytest.mark.parametrize("seed", range(3))
def test_figures_come_back_to_the_last_bit(run: Run, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ("accuracy", "ci_low", "ci_high", "log_loss_bits", "macro_f1", "calibration_error")
    probes = tuple(
        replace(p, **{name: float(rng.random() * 10.0 ** rng.integers(-9, 1)) for name in names})
        for p in run.probes
    )
    save_run(replace(run, probes=probes), tmp_path, slim=True)
    for one, two in zip(probes, load_run(tmp_path).probes, strict=True):
        assert two.row() == one.row()


def test_the_maps_come_back(run: Run, again: Run) -> None:
    assert [p.name for p in again.projections] == [p.name for p in run.projections]
    assert len(run.projections) == 4
    for one, two in zip(run.projections, again.projections, strict=True):
        assert np.array_equal(one.points, two.points)
        assert two.points.dtype == np.float32
        for field in fields(one):
            if field.name != "points":
                assert getattr(two, field.name) == getattr(one, field.name), field.name


def test_the_representations_come_back(run: Run, again: Run) -> None:
    one, two = run.representations, again.representations
    assert one is not None
    assert two is not None
    assert two.poolings == one.poolings
    for name in one.poolings:
        assert np.array_equal(two.arrays[name], one.arrays[name])
        assert two.arrays[name].dtype == np.float32
        assert not two.arrays[name].flags.writeable
    assert one.truncated == 1
    assert (two.truncated, two.tokens_lost) == (one.truncated, one.tokens_lost)


def test_saved_once_more_it_is_the_same(stored: Path, tmp_path: Path) -> None:
    save_run(load_run(stored), tmp_path)
    assert (tmp_path / "run.json").read_text() == (stored / "run.json").read_text()
    assert (tmp_path / "probes.csv").read_text() == (stored / "probes.csv").read_text()


# ---- what lies in the folder


def test_the_folder_holds_what_is_documented_and_nothing_else(stored: Path) -> None:
    assert {path.name for path in stored.iterdir()} == FILES
    poolings = {"cls", "pooled", "mean", "mean_words"}
    assert {p.name for p in (stored / "representations").iterdir()} == {
        f"{name}.npy" for name in poolings
    }
    assert {p.name for p in (stored / "projections").iterdir()} == {
        f"{method}2_{name}_1.parquet" for method in ("pca", "umap") for name in poolings
    }
    assert [p.name for p in stored.parent.iterdir()] == [stored.name]


def test_a_slim_run_leaves_out_what_can_be_made_again(run: Run, tmp_path: Path) -> None:
    save_run(run, tmp_path, slim=True)
    assert {p.name for p in tmp_path.iterdir()} == FILES - {"representations", "report.html"}
    slim = load_run(tmp_path)
    assert slim.representations is None
    assert slim.figure("accuracy").data
    assert slim.figure("map").data


def test_run_json_has_the_documented_keys(stored: Path) -> None:
    record = json.loads((stored / "run.json").read_text(encoding="utf-8"))
    assert {"schema", "id", "created", "versions", "data", "encoder", "settings", "timings",
            "baselines", "verdict", "projections"} <= set(record)  # fmt: skip
    assert record["schema"] == SCHEMA
    assert len(record["id"]) == 32
    assert {"rows_read", "rows_used", "dropped", "columns", "classes", "encoding", "delimiter",
            "fingerprint"} <= set(record["data"])  # fmt: skip
    assert record["data"]["classes"] == {"mid": 16, "neg": 20, "pos": 24}
    assert {"id", "revision", "family", "layers", "hidden", "cls_position", "pooler"} <= set(
        record["encoder"]
    )
    assert {"present", "trained", "evidence"} == set(record["encoder"]["pooler"])
    assert (record["encoder"]["layers"], record["encoder"]["hidden"]) == (1, 16)
    assert record["settings"]["seed"] == 0
    assert {"torch", "transformers", "scikit-learn", "umap-learn", "cls-probe"} <= set(
        record["versions"]
    )
    assert set(record["timings"]) >= {"load", "encode", "probe", "map"}
    majority = record["baselines"]["majority"]
    assert majority["ci_low"] < majority["accuracy"] < majority["ci_high"]


def test_dropped_rows_stand_in_the_record(run: Run) -> None:
    (dropped,) = plain(run.record["data"]["dropped"])
    assert dropped["rows"] == [60]
    assert run.record["data"]["rows_read"] == 62
    assert run.record["data"]["rows_used"] == 61


def test_predictions_are_a_line_per_sentence(stored: Path, finished: Run) -> None:
    table = parquet.read_table(stored / "predictions.parquet")
    cells = [f"{p}_{n}" for p in ("cls", "pooled", "mean", "mean_words") for n in range(2)]
    rivals = [f"baseline_{name}" for name in ("majority", "length", "tfidf", "embeddings")]
    named = [p + name for name in (*cells, *rivals) for p in ("", "p_", "c_")]
    assert table.column_names == ["row", "label", *named]
    frame = table.to_pandas()
    assert frame["row"].tolist() == list(range(60))
    assert frame["label"].tolist() == list(finished.sentences.labels or ())
    right = (frame["mean_1"].astype(str) == frame["label"].astype(str)).mean()
    assert right == finished.cell(1, "mean").accuracy
    assert frame["p_mean_1"].between(0, 1).all()
    assert frame["p_cls_0"].isna().all()  # constant: no probability, and not 0
    assert (frame["cls_0"].astype(str) == "pos").all()


def test_a_map_carries_its_faithfulness(stored: Path, finished: Run) -> None:
    path = stored / "projections" / "umap2_mean_1.parquet"
    table = parquet.read_table(path)
    assert table.column_names == ["row", "x", "y"]
    assert table["row"].to_pylist() == list(range(60))
    about = json.loads(table.schema.metadata[b"projection"])
    assert (about["method"], about["layer"], about["pooling"], about["seed"]) == (
        "umap", 1, "mean", 0
    )  # fmt: skip
    assert 0.5 < about["faithfulness"]["trustworthiness"] <= 1
    record = json.loads((stored / "run.json").read_text())
    assert about in record["projections"]


def test_rows_keep_their_number(checkpoint: Callable[..., Path], tmp_path: Path) -> None:
    texts = ["the film", "", "a book", " ", "the room was good", "bad food"]
    out = tmp_path / "run"
    probing.run(texts, encoder=str(checkpoint(layers=1)), maps="last", poolings=("mean",), out=out)
    for name in ("predictions", "sentences", "projections/pca2_mean_1"):
        assert parquet.read_table(out / f"{name}.parquet")["row"].to_pylist() == [0, 2, 4, 5]
    assert load_run(out).record["data"]["dropped"][0]["rows"] == [1, 3]


# ---- maps added later


def test_a_map_is_added(spoilt: Path) -> None:
    before = load_run(spoilt)
    assert before.representations is not None
    x = before.representations.cell(0, "mean")
    drawn = project(x, method="pca", dimensions=3, layer=0, pooling="mean")
    add_projection(spoilt, drawn)
    after = load_run(spoilt)
    assert after.projections[-1].name == "pca3_mean_0"
    assert np.array_equal(after.projections[-1].points, drawn.points)
    assert len(after.projections) == len(before.projections) + 1
    assert parquet.read_table(spoilt / "projections" / "pca3_mean_0.parquet").column_names == [
        "row",
        "x",
        "y",
        "z",
    ]
    add_projection(spoilt, drawn)  # again: in its place, not beside it
    assert len(load_run(spoilt).projections) == len(after.projections)
    assert {path.name for path in spoilt.iterdir()} == FILES


def test_maps_added_at_once_are_all_kept(spoilt: Path) -> None:
    representations = load_run(spoilt).representations
    assert representations is not None
    x = representations.cell(0, "mean")
    drawn = [project(x, method="pca", dimensions=2, layer=i, pooling="mean") for i in range(5, 13)]
    ready = Barrier(len(drawn))

    def add(projection: Projection) -> None:
        ready.wait(60)
        add_projection(spoilt, projection)

    with ThreadPoolExecutor(len(drawn)) as pool:
        list(pool.map(add, drawn))
    assert {p.name for p in drawn} <= {p.name for p in load_run(spoilt).projections}


# ---- what is no run


def test_a_folder_without_run_json_is_no_run(spoilt: Path, tmp_path: Path) -> None:
    (spoilt / "run.json").unlink()
    for folder in (spoilt, tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(RunFolderError, match=r"holds no finished run: there is no run\.json"):
            load_run(folder)


def test_a_newer_schema_is_refused(spoilt: Path) -> None:
    record = json.loads((spoilt / "run.json").read_text())
    (spoilt / "run.json").write_text(json.dumps({**record, "schema": SCHEMA + 1}))
    with pytest.raises(RunFolderError, match=r"newer version \(schema 2; this .* up to 1\)"):
        load_run(spoilt)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"id": "x"}', b"\xff\xfe{}", b'{"schema": "one"}',
     b'{"schema": null}', b'{"schema": 1}'],
)  # fmt: skip
def test_a_damaged_record_is_refused(spoilt: Path, content: bytes) -> None:
    (spoilt / "run.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=r"damaged .*Make (it|the run) again"):
        load_run(spoilt)


@pytest.mark.parametrize(
    "name",
    ["sentences.parquet", "predictions.parquet", "probes.csv", "projections/umap2_mean_1.parquet"],
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "noise"])
def test_a_damaged_file_is_refused(spoilt: Path, name: str, damage: str) -> None:
    path = spoilt / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 3])
    else:
        path.write_bytes(b"\x93noise\x00" * 40)
    with pytest.raises(RunFolderError, match=r"damaged .*Make (it|the run) again"):
        load_run(spoilt)


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "pickle", "shape"])
def test_damaged_representations_are_refused(spoilt: Path, damage: str) -> None:
    path = spoilt / "representations" / "mean.npy"
    content = path.read_bytes()
    if damage == "pickle":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif damage == "shape":
        np.save(path, np.zeros((2, 2, 16), np.float32))
    else:
        damaged = {"empty": b"", "cut": content[:-100], "noise": b"\x93noise\x00" * 40}
        path.write_bytes(damaged[damage])
    with pytest.raises(RunFolderError, match="damaged"):
        load_run(spoilt)


# ---- folders that appear whole or not at all


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "run"
    with new_folder(target) as partial:
        (partial / "file").write_text("x")
        assert not target.exists()
        assert partial.name.startswith(".")
    assert (target / "file").read_text() == "x"
    assert [p.name for p in target.parent.iterdir()] == ["run"]


def fill(target: Path, error: BaseException | None = None, theirs: bool = False) -> None:
    """Fill a new folder; then an error strikes, or someone else makes the target."""
    with new_folder(target) as partial:
        (partial / "file").write_text("x")
        if theirs:
            target.mkdir()
            (target / "theirs").write_text("x")
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_folder_that_fails_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        fill(tmp_path / "deep" / "run", error())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"cannot be written \(No space left.*Free some space"):
        fill(tmp_path / "run", OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_someone_else_filled_meanwhile_stays_theirs(tmp_path: Path) -> None:
    target = tmp_path / "run"
    with pytest.raises(RunFolderError, match="cannot be written"):
        fill(target, theirs=True)
    assert [p.name for p in target.iterdir()] == ["theirs"]
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
