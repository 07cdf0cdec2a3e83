"""Labels as numbers: how cells are read, when labels are quantities, and what is refused."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probing.errors import DataError
from probing.labels import check_labels, is_numbering, quantities
from probing.parsing.cells import is_number
from probing.parsing.numbers import read_numbers
from probing.reading import read_csv
from probing.sentences import Sentences, Source


def labelled(labels: Sequence[str]) -> Sentences:
    source = Source(name="r.csv", label_column="score")
    return Sentences(tuple(f"text {i}" for i in range(len(labels))), tuple(labels), source=source)


def decimals(n: int) -> list[str]:
    """n different numbers that are not whole, in no order."""
    return [f"{value / 16:.4f}" for value in random.Random(0).sample(range(1, 16 * n, 2), n)]


# ---- cells


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("3", 3.0),
        ("-3.5", -3.5),
        (" +.5 ", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("1,234", 1234.0),
        ("1,234,567.5", 1234567.5),
        ("12 %", 0.12),
        ("0,5", 0.5),
        ("3,14", 3.14),
        ("1.234,5", 1234.5),
        ("1.234.567", 1234567.0),
        ("0,123", 0.123),
        ("007", 7.0),
    ],
)
def test_a_cell_as_a_number(cell: str, value: float) -> None:
    assert read_numbers([cell]).values == (pytest.approx(value, rel=1e-15),)


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "a", "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e101", "1.2.3", "."),
        *("1,2,3", "12,34,567", "1 2", "1_000", "0x10", "3 stars", "--1", "1-2", "e5", "%", "½"),
    ],
)
def test_what_is_no_number(cell: str) -> None:
    assert read_numbers([cell]).values == (None,)


def test_one_decimal_mark_holds_for_the_whole_column() -> None:
    comma = read_numbers(["1,234", "0,5", "2"])
    assert (comma.decimal, comma.values) == (",", (1.234, 0.5, 2.0))
    point = read_numbers(["1,234", "0.5", "2"])
    assert (point.decimal, point.values) == (".", (1234.0, 0.5, 2.0))
    mixed = read_numbers(["0.5", "0,5", "0.25"])
    assert (mixed.values, mixed.complete) == ((0.5, None, 0.25), False)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(st.sampled_from("0123456789.,eE+-% "), max_size=12))
def test_every_number_is_one_by_the_reader_too(cell: str) -> None:
    if read_numbers([cell]).complete:
        assert is_number(cell)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.floats(-1e100, 1e100), st.booleans())
def test_numbers_written_are_read_back(value: float, comma: bool) -> None:
    cell = repr(value).replace(".", ",") if comma and "." in repr(value) else repr(value)
    cells = [cell, "0,5" if comma else "0.5"]
    assert read_numbers(cells).values[0] == value


# ---- quantities


def test_distinct_decimals_are_quantities_and_no_id() -> None:
    values = decimals(500)
    assert quantities(labelled(values)) == tuple(map(float, values))
    (notice,) = check_labels(labelled(values))
    assert "The labels are 500 different numbers. They are probed as numbers: ridge" in notice
    assert "choose the target classes (--target classes)" in notice


def test_more_than_twenty_different_numbers_are_quantities() -> None:
    assert quantities(labelled([str(i % 20) for i in range(200)])) is None
    assert quantities(labelled([str(i % 21) for i in range(210)])) is not None
    same = [form for i in range(11) for form in (f"{i}", f"{i}.0")] * 5
    assert quantities(labelled(same)) is None, "22 labels, and 11 numbers"


@pytest.mark.parametrize(
    "labels",
    [
        [str(i) for i in range(30)],
        [str(i) for i in range(1, 31)],
        [str(i) for i in range(30, 0, -1)],
        random.Random(1).sample([str(i) for i in range(100, 130)], 30),
        [str(i * i) for i in range(30)],
        [f"{i}.0" for i in range(30)],
    ],
)
def test_numbers_of_the_rows_are_still_an_id(labels: list[str]) -> None:
    message = r"'score' of r\.csv looks like an id: 30 .*If they are quantities, choose the target"
    with pytest.raises(DataError, match=message):
        check_labels(labelled(labels))
    (notice,) = check_labels(labelled(labels), "numbers")
    assert "30 different numbers" in notice
    assert "--target" not in notice, "it was asked for"


def test_what_counts_as_numbering() -> None:
    assert is_numbering([3.0, 1.0, 2.0])
    assert is_numbering([1.0, 5.0, 9.0])
    assert not is_numbering([1.0, 9.0, 5.0])
    assert not is_numbering([1.0, 2.0, 2.0])
    assert not is_numbering([0.5, 1.5, 2.5])
    assert not is_numbering([1.0])


def test_a_file_is_read_before_the_target_is_chosen() -> None:
    """``read_csv`` refuses what no target could use, and leaves the rest to the run."""
    rows = "".join(f"sentence {i} of some words,{i}\n" for i in range(30))
    sentences = read_csv(f"text,id\n{rows}".encode(), label="id")
    assert quantities(sentences, "numbers") == tuple(range(30))
    with pytest.raises(DataError, match="looks like an id"):
        check_labels(sentences)
    with pytest.raises(DataError, match="looks like an id"):
        read_csv(f"text,id\n{rows}".replace(",", ",u").encode(), label="uid")


def test_a_label_that_is_no_number_is_named() -> None:
    labels = [*decimals(40), "n/a", "0.5", "n/a", "missing", "?", "-"]
    message = (
        r"^column 'score' of r\.csv is to be probed as numbers, but 'n/a', 'missing', '\?' and 1 "
        r"more are none\. Correct or leave out these rows, .*--label, or choose the target classes"
    )
    with pytest.raises(DataError, match=message):
        check_labels(labelled(labels), "numbers")
    with pytest.raises(DataError, match="'inf' is none"):
        quantities(labelled([*decimals(40), "inf"]), "numbers")


@pytest.mark.parametrize("labels", [["1", "2"] * 10, ["1", "1.0", "1.00", "2"] * 5])
def test_fewer_than_three_numbers_are_no_regression(labels: list[str]) -> None:
    with pytest.raises(DataError, match="has 2 different numbers; a regression needs at least 3"):
        check_labels(labelled(labels), "numbers")
    assert quantities(labelled(labels)) is None


def test_numbers_but_for_a_few_are_classes_and_the_few_are_named() -> None:
    with pytest.raises(DataError, match=r"id: 41 .*All but 'n/a' are numbers: correct these"):
        check_labels(labelled([*decimals(40), "n/a"]))
    rated = [*(str(i % 30) for i in range(300)), "n/a"]
    (notice,) = check_labels(labelled(rated))
    assert "30 different numbers but for 'n/a'. They are probed as classes" in notice


def test_many_numbers_probed_as_classes_are_remarked_on() -> None:
    rated = [str(i % 30) for i in range(300)]
    (notice,) = check_labels(labelled(rated), "classes")
    assert "30 different numbers. They are probed as classes, not as quantities" in notice
    with pytest.raises(DataError, match=r"id: 40 .*If they are quantities, choose the target num"):
        check_labels(labelled(decimals(40)), "classes")


def test_what_holds_for_classes_only_is_not_said_of_numbers() -> None:
    labels = [*decimals(300), *(f" {value}" for value in decimals(300))]
    (notice,) = check_labels(labelled(labels))
    assert "300 different numbers" in notice


def test_how_a_comma_was_read_is_told() -> None:
    commas = [value.replace(".", ",") for value in decimals(40)]
    assert quantities(labelled(commas)) == tuple(map(float, decimals(40)))
    first = commas[0]
    assert check_labels(labelled(commas))[1] == (
        f"Read as a number, the label '{first}' is {float(first.replace(',', '.')):g}."
    )
    thousands = [f"1,{i}" for i in random.Random(0).sample(range(100, 999), 40)]
    assert check_labels(labelled(thousands))[1].endswith(f"is {thousands[0].replace(',', '')}.")
