"""Sentences from an upload: which columns, which rows, and what is said about the rest."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from probing.errors import DataError
from probing.reading import (
    NONE,
    Columns,
    Limits,
    check_labels,
    choose_columns,
    guess_columns,
    read_csv,
    read_table,
    select,
)
from probing.sentences import Sentences

REVIEWS = b"text,label\nI liked it,good\nI did not,bad\nIt was fine,good\nAwful,bad\n"


def guess(content: str) -> Columns:
    return guess_columns(read_table(content.encode(), "reviews.csv"))


def lines(header: str, *rows: str, times: int = 1) -> str:
    return "\n".join([header, *rows * times]) + "\n"


# Sources


def test_a_path_bytes_and_a_file_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(REVIEWS)
    with path.open("rb") as file:
        read = [read_csv(path), read_csv(str(path)), read_csv(file)]
    assert {each.source.name for each in read} == {"reviews.csv"}
    assert {each.fingerprint for each in read} == {read_csv(REVIEWS).fingerprint}
    assert read_csv(REVIEWS, name="mine.csv").source.name == "mine.csv"
    assert read_csv(io.BytesIO(REVIEWS)).source.name == "the file"


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^there is no file .*gone\.csv\. Check the path\.$"):
        read_csv(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"is a folder\. Name the CSV file in it\.$"):
        read_csv(tmp_path)
    with pytest.raises(DataError, match="Check the path"):
        read_csv("text,label\nnice,good\n" * 99)
    with pytest.raises(DataError, match="Check the path"):
        read_csv("a\0b.csv")
    with pytest.raises(DataError, match=r"was opened as text\. Open it as bytes"):
        read_csv(io.StringIO("text,label\n"))  # type: ignore[arg-type]


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(REVIEWS)
    assert len(read_csv(path, limits=Limits(max_bytes=len(REVIEWS)))) == 4
    with path.open("rb") as file, pytest.raises(DataError, match=r"reviews\.csv is larger than"):
        read_csv(file, limits=Limits(max_bytes=10))


def test_what_was_understood_is_told() -> None:
    source = read_csv("text;label\nnice;good\nbäd;bad\n".encode("utf-8-sig"), name="r.csv").source
    assert (source.encoding, source.delimiter, source.has_header) == ("utf-8-sig", ";", True)
    assert (source.columns, source.rows_read) == (("text", "label"), 2)
    assert (source.text_column, source.label_column, source.split_column) == ("text", "label", None)


# Columns


def test_columns_are_guessed_by_name_in_any_place() -> None:
    rows = ("a,I liked it,1", "b,I did not,2", "a,It was fine,3")
    assert guess(lines("class,review,id", *rows)) == Columns("review", "class")
    assert guess(lines("Class Name,Review Text,Id", *rows)) == Columns("Review Text", "Class Name")


def test_columns_are_guessed_by_content_where_names_say_nothing() -> None:
    rows = [f"{i},a rather long sentence {i},{'xy'[i % 2]},{i % 3}" for i in range(30)]
    assert guess(lines("p,q,r,s", *rows)) == Columns("q", "r")


def test_a_column_named_text_that_repeats_two_words_is_not_the_text() -> None:
    rows = [f"yes,what a long sentence number {i}" for i in range(30)]
    assert guess(lines("text,other", *rows)).text == "other"


@pytest.mark.parametrize(
    "rows",
    [
        [f"sentence of words {i},{i}" for i in range(30)],  # numbers the rows
        [f"sentence of words {i},u-{i}" for i in range(30)],  # names the rows
        [f"sentence of words {i},same" for i in range(30)],  # says nothing
    ],
)
def test_a_column_named_label_that_is_none_is_not_guessed(rows: list[str]) -> None:
    assert guess(lines("text,label", *rows)) == Columns("text", None)
    good = [f"sentence of words {i},{'ab'[i % 2]}" for i in range(30)]
    assert guess(lines("text,label", *good)) == Columns("text", "label")


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        (["train", "dev", "test"], ["train", "dev", "test"]),
        (["Training", "VALID", "Testing"], ["train", "dev", "test"]),
        (["train", "validation", " eval "], ["train", "dev", "test"]),
        (["train", "val", "train"], ["train", "dev", "train"]),
    ],
)
def test_a_split_is_seen_by_name_and_values(given: list[str], normal: list[str]) -> None:
    rows = [f"sentence {i} of words,{'ab'[i % 2]},{s}" for i, s in enumerate(given)]
    sentences = read_csv(lines("text,label,split", *rows).encode())
    assert sentences.source.split_column == "split"
    assert sentences.splits == tuple(normal)


@pytest.mark.parametrize(
    ("name", "values"),
    [("split", "tennis test"), ("split", "train train"), ("kind", "train test"), ("fold", "1 2")],
)
def test_a_split_is_not_seen_by_name_or_values_alone(name: str, values: str) -> None:
    first, second = values.split()
    rows = [f"one of words,a,{first}", f"two of words,b,{second}", f"three of words,a,{first}"]
    assert guess(lines(f"text,label,{name}", *rows)).split is None


def test_named_columns_are_used_and_the_rest_guessed() -> None:
    content = lines("text,note,label,kind", "one two,x y z,a,p", "three,z z,b,q", "four,v,a,p")
    table = read_table(content.encode(), "reviews.csv")
    assert choose_columns(table, text="note") == Columns("note", "label")
    assert choose_columns(table, label="kind") == Columns("text", "kind")
    assert choose_columns(table, text="label").label == "kind"
    assert choose_columns(table, label="text").text == "note"


def test_none_means_none_unless_a_column_is_called_so() -> None:
    assert read_csv(REVIEWS, label=NONE).labels is None
    rows = [f"sentence {i},{'ab'[i % 2]},{['train', 'test'][i % 2]}" for i in range(6)]
    content = lines("text,label,split", *rows).encode()
    assert read_csv(content).splits is not None
    assert read_csv(content, split=NONE).splits is None
    named = lines("text,label,none", "one two,a,x", "three,b,y", "f,a,x").encode()
    assert read_csv(named).source.label_column == "label"
    assert read_csv(named, label=NONE).source.label_column == "none"


def test_an_absent_column_is_answered_with_those_there_are() -> None:
    with pytest.raises(DataError) as refusal:
        read_csv(REVIEWS, text="txt", name="reviews.csv")
    assert str(refusal.value) == (
        "column 'txt' is not in reviews.csv; it has: text, label. Name one with --text."
    )
    with pytest.raises(DataError, match=r"column 'x' is not in .* Name one with --label\.$"):
        read_csv(REVIEWS, label="x")
    with pytest.raises(DataError, match=r"column 'x' is not in .* Name one with --split\.$"):
        read_csv(REVIEWS, split="x")
    wide = (",".join(f"c{i}" for i in range(50)) + "\n" + "word," * 49 + "word\n").encode()
    with pytest.raises(DataError, match=r"c18, c19 and 30 more\. Name one with"):
        read_csv(wide, text="txt")


def test_one_column_cannot_be_two_things() -> None:
    with pytest.raises(DataError, match="column 'text' was named as text and label"):
        read_csv(REVIEWS, text="text", label="text")


def test_a_split_that_holds_other_words_is_refused_with_them() -> None:
    content = lines("text,label,part", "one,a,train", "two,b,holdout", "three,a,test").encode()
    with pytest.raises(DataError, match=r"column 'part' of r\.csv is no split: it holds holdout;"):
        read_csv(content, split="part", name="r.csv")
    fine = content.replace(b"holdout", b"dev")
    assert read_csv(fine, split="part").splits == ("train", "dev", "test")


def test_a_named_column_shows_that_the_first_record_is_a_header() -> None:
    content = lines("what they said,x", "nice one,x", "bad one,y", "so so,x").encode()
    assert not read_csv(content).source.has_header
    assert read_csv(content, text="what they said").source.has_header
    assert read_csv(content, header=True).source.columns == ("what they said", "x")


# Rows


def test_what_looks_like_a_value_stays_the_text_it_was() -> None:
    odd = ["NA", "null", "None", "nan", "True", "007", "1e5", " x ", "-"]
    content = lines("text,label", *(f"{cell},{cell}" for cell in odd)).encode()
    table = read_table(content, "r.csv")
    sentences = select(table, Columns("text", "label"))
    assert list(sentences.texts) == odd
    assert list(sentences.labels or ()) == odd


def test_rows_keep_their_numbers_and_the_unusable_are_listed() -> None:
    content = (
        "text,label,split\n"
        "zero,a,train\n"
        ",a,train\n"  # row 1, line 3: blank
        "two,b,test\n"
        "\n"  # no row
        '"thr\nee",,train\n'  # row 3, line 6: no label
        "four,b,train,x\n"  # row 4, line 8: ragged
        "five,a\n"  # row 5, line 9: ragged
        "six,b,\n"  # row 6, line 10: no split
        "seven seven,a,train\n"  # row 7, line 11: too long
        " \t ,,\n"  # row 8, line 12: blank
        "nine,a,test\n"
    )
    read = read_csv(
        content.encode(), text="text", label="label", split="split", limits=Limits(max_text_chars=8)
    )
    assert read.texts == ("zero", "two", "nine")
    assert (read.rows, read.labels) == ((0, 2, 9), ("a", "b", "a"))
    assert read.splits == ("train", "test", "test")
    assert read.source.rows_read == 10
    assert {d.reason: (d.rows, d.lines) for d in read.source.dropped} == {
        "ragged: too few fields": ((5,), (9,)),
        "ragged: too many fields": ((4,), (8,)),
        "blank text": ((1, 8), (3, 12)),
        "missing label": ((3,), (6,)),
        "missing split": ((6,), (10,)),
        "text longer than 8 characters": ((7,), (11,)),
    }


def test_nothing_is_dropped_for_a_column_that_is_not_used() -> None:
    content = lines("text,label", "one,", "two,a", "three,b", "four,a").encode()
    assert read_csv(content, label="label").texts == ("two", "three", "four")
    assert read_csv(content, label=NONE).texts == ("one", "two", "three", "four")


def test_no_usable_row_is_refused_with_the_reasons() -> None:
    with pytest.raises(DataError, match=r"no row of r\.csv can be used.*: 2 missing label\. Name"):
        select(read_table(b"text,label\none,\ntwo, \n", "r.csv"), Columns("text", "label"))


def test_messages_stay_on_one_line() -> None:
    content = b'"te\nxt",label\none,a\ntwo,b\n'
    assert read_csv(content).source.columns == ("te xt", "label")
    for name in ("a\nb.csv", "x" * 500):
        with pytest.raises(DataError) as refusal:
            read_csv(content, text="no\nsuch", name=name)
        assert "\n" not in str(refusal.value)
        assert len(str(refusal.value)) < 300


# Labels


def labelled(*labels: str) -> Sentences:
    return Sentences(texts=tuple(f"text {i}" for i in range(len(labels))), labels=labels)


def test_labels_that_can_be_probed_pass() -> None:
    assert check_labels(labelled(*"ab" * 10)) == ()
    assert check_labels(Sentences(texts=("one", "two"))) == ()


def test_a_single_label_is_refused_and_what_is_left_is_said() -> None:
    message = r"'same' for all 3 sentences: .*--label, or none: geometry and maps need no label"
    with pytest.raises(DataError, match=message):
        check_labels(labelled("same", "same", "same"))
    content = lines("text,label", "one,same", "two,same").encode()
    with pytest.raises(DataError, match="column 'label' of the file says 'same' for all 2"):
        read_csv(content, label="label")
    assert read_csv(content).labels is None


def test_a_label_per_sentence_is_refused_as_an_id() -> None:
    message = "looks like an id: 30 different labels in 30 sentences. Name a column of classes"
    names = [f"u{i}" for i in range(31)]
    with pytest.raises(DataError, match=message):
        check_labels(labelled(*names[:30]))
    with pytest.raises(DataError, match="looks like an id: 31 different labels in 60 sentences"):
        check_labels(labelled(*names, *["u0"] * 29))
    assert check_labels(labelled(*names[:30], *names[:30])) != ()


def test_a_handful_of_labels_that_all_differ_is_refused() -> None:
    with pytest.raises(DataError, match="gives each of the 2 sentences a label of its own"):
        check_labels(labelled("a", "b"))
    assert check_labels(labelled(*"ab" * 5)) == ()


def test_very_many_classes_are_remarked_on() -> None:
    (notice,) = check_labels(labelled(*(f"c{i % 300}" for i in range(600))))
    assert "300 classes for 600 sentences, 2.0 each on average" in notice
    assert check_labels(labelled(*(f"c{i % 150}" for i in range(900)))) == ()


def test_labels_that_differ_in_case_or_spaces_are_remarked_on() -> None:
    (notice,) = check_labels(labelled(*["good", "Good", "bad "] * 9))
    assert "case or spaces" in notice
    assert "'Good' / 'good'" in notice
    assert "bad" not in notice


def test_a_single_sentence_is_refused() -> None:
    with pytest.raises(DataError, match="has one sentence that can be used; at least two"):
        check_labels(Sentences(texts=("alone",)))


# Cost


def test_reading_utf8_imports_nothing_heavy() -> None:
    code = (
        "import sys; from probing.reading import read_csv; read_csv(b'text\\nnice\\n'); "
        "heavy = {'pandas', 'numpy', 'torch', 'sklearn', 'charset_normalizer'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def test_classes_that_take_turns_are_seen_in_a_long_file() -> None:
    rows = "".join(f"sentence number {i} is here,{'a' if i % 2 else 'b'}\n" for i in range(6_000))
    assert read_csv(f"comment,kind\n{rows}".encode()).classes == ("a", "b")


def test_many_numbers_as_labels_are_said_to_be_probed_as_numbers() -> None:
    rows = "".join(f"sentence {i} of many words,{i % 30}\n" for i in range(300))
    (notice,) = check_labels(read_csv(f"text,label\n{rows}".encode()))
    assert "30 different numbers. They are probed as numbers: ridge regression" in notice
    few = "".join(f"sentence {i} of many words,{i % 5}\n" for i in range(300))
    assert check_labels(read_csv(f"text,label\n{few}".encode())) == ()
