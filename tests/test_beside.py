"""The other columns of a file: kept beside the right sentence, bounded, stored, hidden."""

import csv
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

import probing
from probing import quality, sentence_table, store
from probing.beside import LONGEST, MOST
from probing.hiding import hide_run, hide_sentences
from probing.preparation import prepare
from probing.record import Run
from probing.relabelling import relabel, relabelling
from probing.sentences import COLUMN, Sentences
from probing.settings import Settings
from tests.conftest import Toy

NASTY = ("text", "row", "label", "column:text", "a.b/c d%?#", "=1+1", "**b** <i>", "文本", " x ")


def table(*rows: tuple[str, ...]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def of(sentences: Sentences) -> list[tuple[str, ...]]:
    """(text, values) of each sentence."""
    return list(zip(sentences.texts, *sentences.beside.values(), strict=True))


# ---- reading


def test_values_stay_with_their_sentence_where_rows_are_left_out() -> None:
    rows = [(f"sentence number {i}", "ab"[i % 2], f"{i}", f"note {i}") for i in range(40)]
    rows[3] = ("  ", "a", "3", "note 3")
    rows[7] = ("sentence number 7", "", "7", "note 7")
    found = probing.read_csv(
        table(("text", "label", "id", "note"), *rows) + b"too,many,cells,in,this\n",
        text="text",
        label="label",
    )
    assert tuple(found.beside) == ("id", "note")
    expected = [(r[0], r[2], r[3]) for i, r in enumerate(rows) if i not in (3, 7)]
    assert of(found) == expected
    assert len(found.source.dropped) == 3


def test_only_columns_that_nothing_else_is_made_of_are_kept() -> None:
    rows = [(f"t {i} words", "ab"[i % 2], ["train", "test"][i % 2], "") for i in range(30)]
    data = table(("text", "label", "split", "empty"), *rows)
    assert probing.read_csv(data).beside == {}
    bare = probing.read_csv(data, label="none", split="none")
    assert {name: values[:2] for name, values in bare.beside.items()} == {
        "label": ("a", "b"),
        "split": ("train", "test"),
    }


def test_many_columns_and_long_values_are_cut_and_said() -> None:
    width = MOST + 3
    names = tuple(f"c{i}" for i in range(width))
    exact, long = "x" * LONGEST, "y" * (LONGEST + 1)
    rows = [(f"text {i} here", *names) for i in range(20)]
    rows[5] = (rows[5][0], exact, long, *names[2:])
    found = probing.read_csv(table(("text", *names), *rows), text="text", label="none")
    assert tuple(found.beside) == names[:MOST]
    assert found.beside["c0"][5] == exact
    assert found.beside["c1"][5] == "y" * (LONGEST - 1) + "…"
    said = " ".join(found.source.notices)
    assert f"Of the {width} columns beside text, label and split, the first {MOST}" in said
    assert f"up to {LONGEST} characters. Columns with longer ones: 1." in said
    few = probing.read_csv(
        table(("text", *names[:MOST]), *(r[: MOST + 1] for r in rows[:5] + rows[6:])),
        text="text",
        label="none",
    )
    assert len(few.beside) == MOST
    assert few.source.notices == ()


# ---- the value


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="column 'x' has 1 entries for 2 texts"):
        Sentences(("a", "b"), beside={"x": ("1",)})
    given = {"x": ("1", "2")}
    found = Sentences(("a", "b"), beside=given)
    given["y"] = ("3",)
    assert tuple(found.beside) == ("x",)


def test_every_change_of_sentences_keeps_them_aligned() -> None:
    texts = (*(f"the sentence {i}" for i in range(24)), "the sentence 2")
    labels = (*("abc"[i % 3] for i in range(23)), "rare", "c")
    whole = Sentences(texts, labels, beside={"copy": texts})
    assert whole.fingerprint == Sentences(texts, labels).fingerprint
    for found in (
        whole.take([1, 4, 7]),
        relabel(whole, relabelling({"a": "A"}, ["b"])),
        prepare(whole, Settings()).sentences,
        replace(whole, labels=None),
    ):
        assert found.beside["copy"] == found.texts
    assert len(prepare(whole, Settings()).sentences) == 24, "else nothing was left out"


# ---- stored


def test_they_come_back_whatever_they_are_called(tmp_path: Path) -> None:
    texts = ("one", "two", "three")
    beside = {name: (name, "", f"{name} 3") for name in NASTY}
    store.save_sentences(Sentences(texts, ("a", "b", "a"), beside=beside), tmp_path / "s.parquet")
    found = store.load_sentences(tmp_path / "s.parquet")
    assert found.beside == beside
    assert (found.texts, found.labels) == (texts, ("a", "b", "a"))
    # what readers of before take
    held = parquet.read_table(tmp_path / "s.parquet")
    assert held.column_names == ["row", "text", "label", *(COLUMN + name for name in NASTY)]
    assert held["text"].to_pylist() == list(texts)


def test_a_file_of_before_has_none(tmp_path: Path) -> None:
    store.save_sentences(Sentences(("one", "two")), tmp_path / "s.parquet")
    assert parquet.read_table(tmp_path / "s.parquet").column_names == ["row", "text"]
    assert store.load_sentences(tmp_path / "s.parquet").beside == {}


@pytest.mark.parametrize("column", [[1, 2], ["a", None], [["a"], ["b"]]])
def test_columns_that_are_no_texts_are_damage(tmp_path: Path, column: list[object]) -> None:
    path = tmp_path / "s.parquet"
    store.save_sentences(Sentences(("one", "two")), path)
    held = parquet.read_table(path)
    parquet.write_table(held.append_column("column:x", pa.array(column)), path)
    with pytest.raises((ValueError, TypeError)):
        store.load_sentences(path)


@pytest.fixture(scope="module")
def run(
    toy: Toy,
    checkpoint: Callable[..., Path],
    coarse: Callable[[], AbstractContextManager[None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    """A run of a file with other columns, as it comes back from its folder."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    rows = [(text, label, f"place {i}") for i, (text, label) in enumerate(zip(*toy, strict=True))]
    rows[4] = ("", *rows[4][1:])
    data = b"# private heading\n\n" + table(("text", "label", "place"), *rows)
    with coarse():
        probing.run(
            probing.read_csv(data),
            encoder=str(checkpoint(layers=1)),
            poolings=("cls",),
            maps="none",
            out=folder,
        )
    return probing.load_run(folder)


def test_a_runs_folder_has_them(run: Run) -> None:
    expected = tuple(f"place {row}" for row in run.sentences.rows)
    assert run.sentences.beside == {"place": expected}
    assert 4 not in run.sentences.rows


def test_who_may_not_see_sentences_sees_no_column_and_no_line_of_the_file(run: Run) -> None:
    assert any("private heading" in said for said in run.record["notices"]), "else nothing to hide"
    notices = [*run.record["notices"], "About the encoder."]
    hidden = hide_run(replace(run, record={**run.record, "notices": notices}))
    assert hidden.sentences.beside == {}
    assert "place" not in str(hidden.record) + str(hidden.sentences)
    assert "private heading" not in str(hidden.record)
    assert hidden.record["notices"][-1] == "About the encoder."
    assert hide_sentences(run.sentences).beside == {}


# ---- tables


def test_tables_and_files_have_them_under_names_of_their_own(run: Run) -> None:
    frame = sentence_table.table(run, 1, "cls", sentence_table.Filter(search="#7"))
    wide = sentence_table.with_columns(frame, run, ["place"])
    assert wide["column:place"].tolist() == ["place 7"]
    assert list(wide)[:4] == ["row", "text", "label", "column:place"]
    assert "column:place" not in frame, "the one that is kept in a cache"
    used = quality.used(run.sentences)
    assert used["column:place"].tolist() == [f"place {row}" for row in used["row"]]
