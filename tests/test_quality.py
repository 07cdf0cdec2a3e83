"""What is found to mend, and what a file of it says."""

import csv
from io import BytesIO
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from probing import quality
from probing.encoders.bundled import bundled_folder
from probing.parsing.cells import visible
from probing.quality import examine
from probing.sentences import Dropped, Sentences, Source
from probing.spreadsheets import write_csv

ROOT = Path(__file__).resolve().parents[1]
SENTENCES = Sentences(
    ("Good food", "good  FOOD ", "late train", "good food", "late train", "=A1", "x " * 600),
    ("food", "food ", "travel", "travel", "travel", "rare", "travel"),
    rows=(0, 1, 3, 4, 5, 6, 7),
    source=Source(dropped=(Dropped("blank text", (2,), (4,)), Dropped("too rare", (8, 9)))),
)


def test_copies_are_found_apart_from_case_and_white_space() -> None:
    found = examine(SENTENCES)
    assert [(c.text, c.at, c.labels) for c in found.copies] == [
        ("Good food", (0, 1, 3), ("food", "food ", "travel")),
        ("late train", (2, 4), ("travel",)),
    ]
    assert found.repeats == 3
    assert [c.text for c in found.conflicts] == ["Good food"]
    assert found.across == ()


def test_copies_in_two_splits_are_found() -> None:
    found = examine(Sentences(("a", "b", "A"), None, ("train", "train", "test")))
    assert [(c.at, c.splits, c.labels) for c in found.across] == [((0, 2), ("test", "train"), ())]


def test_labels_spelt_alike_and_classes_of_a_single_text_are_found() -> None:
    found = examine(SENTENCES)
    assert found.alike == (("food", "food "),)
    assert found.rare == ("food", "food ", "rare")
    split = Sentences(SENTENCES.texts, SENTENCES.labels, ("train",) * 6 + ("test",))
    assert examine(split).rare == ()


def test_of_numbers_no_spelling_is_asked_for() -> None:
    found = examine(SENTENCES, numbers=True)
    assert (found.alike, found.rare) == ((), ())
    assert len(found.copies) == 2


def test_sentences_without_labels_have_copies_and_lengths() -> None:
    found = examine(Sentences(("a b", "A b", "c")))
    assert (found.repeats, found.conflicts, found.rare) == (1, (), ())
    assert found.words.tolist() == [2, 2, 1]


def test_only_what_is_longer_than_the_limit_is_found() -> None:
    found = examine(SENTENCES)
    assert found.longer(512).tolist() == [6]
    assert found.longer(602).tolist() == []
    assert found.longer(601).tolist() == [6]


def _texts() -> dict[str, list[str]]:
    with (ROOT / "data" / "reviews.csv").open(encoding="utf-8") as file:
        reviews = [row["text"] for row in csv.DictReader(file)]
    handbook = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    chinese = [
        "这家餐厅的服务员很热情，菜也很好吃。" * 20,
        "火车晚点了两个小时，车厢里非常拥挤！" * 9,
    ]
    return {
        "reviews": reviews,
        "long": [handbook[i : i + 2_000] for i in range(0, 10_000, 2_000)],
        "chinese": chinese,
    }


@pytest.mark.parametrize("name", ["reviews", "long", "chinese"])
def test_word_pieces_are_about_those_of_the_tokenizer(name: str) -> None:
    tokenizer = Tokenizer.from_file(str(bundled_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = _texts()[name]
    there = sum(len(e.ids) for e in tokenizer.encode_batch(texts))
    about = sum(map(quality.about_pieces, texts))
    assert about == pytest.approx(there, rel=0.1)


def test_the_report_has_a_line_for_each_row_and_finding() -> None:
    frame = quality.report(SENTENCES, examine(SENTENCES), 512, {0: 2, 6: 9})
    told = [
        (None if row != row else row, finding)
        for row, finding in zip(frame["row"].tolist(), frame["finding"].tolist(), strict=True)
    ]
    assert told == [
        *((row, "left out") for row in (2, 8, 9)),
        *((row, "same text, different labels") for row in (0, 1, 4)),
        *((row, "copy of a text") for row in (3, 5)),
        (7, "longer than the encoder reads (about)"),
        *((row, "class with a single text") for row in (0, 1, 6)),
    ]
    lines = dict(zip(frame["row"].tolist(), frame["line"].tolist(), strict=True))
    assert (lines[2], lines[0], lines[6]) == (4, 2, 9)
    assert frame["line"].isna().sum() == len(frame) - 4


def test_the_report_is_safe_in_a_spreadsheet() -> None:
    file = BytesIO()
    write_csv(quality.report(SENTENCES, examine(SENTENCES), 512), file)
    rows = list(csv.DictReader(file.getvalue().decode("utf-8-sig").splitlines()))
    assert [row["text"] for row in rows if row["label"] == "rare"] == ["'=A1"]


def test_classes_and_sentences_as_tables() -> None:
    classes = quality.classes(SENTENCES)
    assert classes["label"].tolist() == ["travel", "food", "food ", "rare"]
    assert classes["share"].sum() == pytest.approx(1)
    used = quality.used(SENTENCES)
    assert used.columns.tolist() == ["row", "text", "label"]
    assert used["row"].tolist() == list(SENTENCES.rows)


@pytest.mark.parametrize(
    ("label", "seen"), [("food", "food"), ("food ", "food␣"), ("  a b\t", "␣␣a b␣"), (" ", "␣")]
)
def test_blanks_at_the_ends_of_a_label_are_seen(label: str, seen: str) -> None:
    assert visible(label) == seen
