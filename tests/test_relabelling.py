"""Labels renamed, merged and left out: what becomes of the sentences, and that it is told."""

import csv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import probing
from probing.errors import DataError
from probing.exports.code import script
from probing.relabelling import (
    Relabelling,
    alike_labels,
    merged_alike,
    of_table,
    relabel,
    relabelling,
)
from probing.sentences import Sentences, Source
from probing.store import load_run, load_sentences, save_sentences
from tests.conftest import Toy

SENTENCES = Sentences(
    tuple("abcdef"),
    ("food", "food ", "travel", "Food", "hotel", "travel"),
    rows=(1, 2, 4, 5, 6, 9),
    source=Source(name="r.csv", label_column="topic", rows_read=10),
)


def test_two_labels_that_become_the_same_are_one_class() -> None:
    found = relabel(SENTENCES, relabelling({"food ": "food", "hotel": "travel"}))
    assert dict(found.class_counts) == {"Food": 1, "food": 2, "travel": 3}
    assert found.texts == SENTENCES.texts
    assert found.source.relabelled == (("food ", "food"), ("hotel", "travel"))
    assert found.source.dropped == ()


def test_labels_can_change_places() -> None:
    found = relabel(SENTENCES, relabelling({"hotel": "travel", "travel": "hotel"}))
    assert found.labels == ("food", "food ", "hotel", "Food", "travel", "hotel")


def test_sentences_of_a_label_that_is_left_out_are_told_by_their_rows() -> None:
    found = relabel(SENTENCES, relabelling({}, ["travel"]))
    assert (found.texts, found.rows) == (("a", "b", "d", "e"), (1, 2, 5, 6))
    assert [(d.reason, d.rows) for d in found.source.dropped] == [("label left out", (4, 9))]
    assert found.source.left_out_labels == ("travel",)


def test_no_change_is_the_same_value() -> None:
    assert relabel(SENTENCES, Relabelling()) is SENTENCES
    assert not relabelling({"food": "food"})
    found = relabel(SENTENCES, relabelling({"unknown": "x"}, ["nobody"]))
    assert found.labels == SENTENCES.labels
    assert (found.source.relabelled, found.source.left_out_labels) == ((), ())


def test_a_change_of_changed_labels_is_told_by_the_labels_of_the_file() -> None:
    once = relabel(SENTENCES, relabelling({"food ": "food", "Food": "meal"}))
    twice = relabel(once, relabelling({"food": "eating"}, ["meal"]))
    assert twice.source.relabelled == (("food", "eating"), ("food ", "eating"))
    assert twice.source.left_out_labels == ("Food", "meal")
    at_once = relabel(
        SENTENCES, relabelling(dict(twice.source.relabelled), twice.source.left_out_labels)
    )
    assert at_once.fingerprint == twice.fingerprint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (relabelling({"food": " "}), "'food' would become a blank label. Write a name"),
        (relabelling({}, set(SENTENCES.classes)), "all labels are left out.*two labels or more"),
    ],
)
def test_what_leaves_nothing_is_refused(change: Relabelling, words: str) -> None:
    with pytest.raises(DataError, match=words):
        relabel(SENTENCES, change)


def test_without_labels_there_is_nothing_to_rename() -> None:
    with pytest.raises(DataError, match="no labels to rename"):
        relabel(Sentences(("a", "b")), relabelling({"a": "b"}))


def test_spellings_are_merged_into_the_most_frequent_one() -> None:
    counts = {"food": 3, "food ": 9, "Food": 10, "travel": 2, " hotel": 1, "hotel": 1}
    assert merged_alike(counts) == {"food ": "food", "Food": "food", " hotel": "hotel"}
    assert alike_labels(counts) == (("food", "food ", "Food"), (" hotel", "hotel"))
    assert merged_alike({"a": 1, "b": 2}) == {}


def test_a_table_tells_a_change() -> None:
    names = ["a", "b ", "c", "d", "e"]
    change = of_table(names, ["a", "b ", " x ", None, "  "], [True, True, True, False, True])
    assert change == Relabelling((("c", "x"),), ("d",))


def test_the_change_comes_back_from_the_file(tmp_path: Path) -> None:
    found = relabel(SENTENCES, relabelling({"food ": "food"}, ["hotel"]))
    save_sentences(found, tmp_path / "s.parquet")
    again = load_sentences(tmp_path / "s.parquet")
    assert again.source == found.source
    assert again.fingerprint == found.fingerprint


def test_a_run_tells_the_change_and_can_be_made_again_from_the_file(
    toy: Toy,
    checkpoint: Callable[..., Path],
    coarse: Callable[[], AbstractContextManager[None]],
    tmp_path: Path,
) -> None:
    path = tmp_path / "toy.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(*toy, strict=True)])
    change = relabelling({"mid": "neg"}, [])
    with coarse():
        probing.run(
            relabel(probing.read_csv(path), change),
            encoder=str(checkpoint(layers=1)),
            poolings=("cls",),
            maps="none",
            out=tmp_path / "run",
            slim=True,
        )
    run = load_run(tmp_path / "run")
    data = run.record["data"]
    assert (data["relabelled"], data["left_out_labels"]) == ({"mid": "neg"}, [])
    assert data["classes"] == {"neg": 36, "pos": 24}
    again = relabel(
        probing.read_csv(path), relabelling(data["relabelled"], data["left_out_labels"])
    )
    assert again.fingerprint == data["fingerprint"]
    assert "# labels renamed: 'mid' became 'neg'" in script(run)
