"""Messages: made in English, read again in another language, wherever they come from."""

import ast
import json
import re
import string
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.words import said
from probing import errors, language
from probing.errors import DataError, ProbingError
from probing.labels import check_labels
from probing.language import MESSAGE, say, say_n, speaking, spoken, template, templates
from probing.parsing.cells import listed
from probing.reading import read_csv
from probing.unpacked import refused
from tests.test_nasty_csv import REFUSED, TABLES, needs_corpus, path_of
from tests.texts import ERRORS, ROOT, TRANSLATED, kept

SOURCES = sorted(path for room in ("probing", "dashboard") for path in (ROOT / room).rglob("*.py"))


def messages(name: str) -> Iterator[str]:
    for entry in kept(name):
        if entry.id and entry.context == MESSAGE:
            yield from entry.id if isinstance(entry.id, tuple) else (entry.id,)


def made(text: str) -> tuple[str, dict[str, str]]:
    """A text with something in each place, and what stands there."""
    values, pieces = dict[str, str](), list[str]()
    for literal, place, spec, _ in string.Formatter().parse(text):
        pieces.append(literal)
        if place is not None:
            pieces.append(values.setdefault(place, f"1,{len(values)}12" if spec else f"«{place}»"))
    return "".join(pieces), values


def in_chinese(message: str) -> str:
    with speaking("zh"):
        return spoken(message)


@pytest.mark.parametrize("name", TRANSLATED)
def test_each_message_is_read_as_what_it_was_made_of(name: str) -> None:
    for text in messages(name):
        message, values = made(text)
        found = next(each for each in templates(name) if each.read(message) is not None)
        assert found.between == template(text, "").between
        assert found.read(message) == values


@pytest.mark.parametrize("name", TRANSLATED)
def test_places_stand_apart_and_what_is_filled_in_is_a_text(name: str) -> None:
    for each in templates(name):
        assert all(each.between[1:-1]), each.between
        for _, place, spec, conversion in string.Formatter().parse(each.translation):
            assert place is None or (spec, conversion) == ("", None), each.translation


def test_two_texts_that_could_make_the_same_message_are_found() -> None:
    one, other = template("{a} of {b}", ""), template("{x} of {y}", "")
    assert one.between == other.between
    assert other.read(made("{a} of {b}")[0]) is not None


REASONS = ("Missing", "NoGradientError", "refused")
"""What takes a message that ``say`` made."""


def constructed(path: Path) -> Iterator[tuple[int, ast.expr]]:
    """The texts of messages in a module, and the lines they stand on."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in (*ERRORS, *REASONS, "say", "say_n") and node.args:
            yield node.lineno, node.args[0]
            if node.func.id in REASONS:
                assert not isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_errors_are_made_of_texts_that_the_catalogue_can_hold(path: Path) -> None:
    """An f-string, or a text put together, would be English for everybody."""
    for line, text in constructed(path):
        assert not isinstance(text, ast.JoinedStr | ast.BinOp), f"{path}:{line}"


def test_all_errors_for_people_are_known_to_the_catalogue() -> None:
    there = [each for each in vars(errors).values() if isinstance(each, type)]
    assert {each.__name__ for each in there if issubclass(each, ProbingError)} == set(ERRORS)


def test_an_error_is_english_and_says_so_in_chinese() -> None:
    with pytest.raises(DataError, match=r"^a\.csv is empty\. Give a CSV with a header") as caught:
        read_csv(b" ", name="a.csv")
    assert caught.value.args == (str(caught.value),)
    assert in_chinese(str(caught.value)) == "a.csv 是空的。请给出含表头且每行一个句子的 CSV。"
    assert spoken(str(caught.value)) == str(caught.value)


def test_a_message_within_another_is_translated_and_data_is_not() -> None:
    error = DataError(
        "no row of {name} can be used with column '{text}' as text: {counts!s}. Name another "
        "with --text.",
        name="blank text",
        text="missing label",
        counts=", ".join(
            say("{n:,} {reason!s}", n=n, reason=reason)
            for n, reason in ((1200, "blank text"), (2, "text longer than 1,000 characters"))
        ),
    )
    found = in_chinese(str(error))
    assert found.startswith("以“missing label”列为文本时，blank text 没有一行可用：")
    assert "：文本为空 1,200 行、文本超过 1,000 个字符 2 行。" in found


def test_a_list_says_in_chinese_how_many_more_there_are() -> None:
    columns = listed([f"c{i}" for i in range(25)], 20)
    text = "column '{column}' is not in {name}; it has: {columns!s}."
    found = in_chinese(say(text, column="x", name="a.csv", columns=columns))
    assert found.endswith("c19 以及另外 5 个。")


def test_a_comma_within_a_message_parts_it_not() -> None:
    message = str(refused(say("it is damaged, or no zip file")))
    assert "：文件已损坏，或不是 zip 文件。" in in_chinese(message)
    parts = (
        "fields are quoted with single quotes",
        "spaces after a delimiter are no part of the field",
    )
    escapes = "a backslash before a quote, delimiter or newline escapes it"
    told = ", ".join((parts[0], escapes, parts[1]))
    found = in_chinese(say("How the file is written was found out: {parts!s}.", parts=told))
    assert found.count("、") >= 2
    assert not re.search("[a-z]{2}", found)


@needs_corpus
@pytest.mark.parametrize("name", [*TABLES, *REFUSED])
def test_what_is_said_of_nasty_files_is_in_chinese(name: str) -> None:
    try:
        found = read_csv(path_of(name))
        said_of = [*found.source.notices, *(each.reason for each in found.source.dropped)]
        said_of += check_labels(found, None)
    except DataError as error:
        said_of = [str(error)]
    for text in said_of:
        assert re.search("[一-鿿]", in_chinese(text)), text


def test_one_and_several() -> None:
    texts = "{n} different number", "{n} different numbers"
    assert [say_n(*texts, n) for n in (1, 3)] == ["1 different number", "3 different numbers"]
    assert [in_chinese(say_n(*texts, n)) for n in (1, 3)] == ["1 个不同的数", "3 个不同的数"]


def test_braces_of_users_are_left_alone() -> None:
    message = say(
        "{name} is empty. Give a CSV with a header line and a row per sentence.", name="{"
    )
    assert in_chinese(message).startswith("{ 是空的")
    assert str(DataError("100 % {of} it")) == "100 % {of} it"
    assert str(DataError("{name}", name="{0}{x!r}")) == "{0}{x!r}"


def test_what_is_no_message_stays() -> None:
    for text in ("", "Something else went wrong.", "{", "数据", "5 sentences", "a, b"):
        assert in_chinese(text) == text


def test_the_page_leaves_out_what_is_for_the_command_line() -> None:
    with pytest.raises(DataError) as caught:
        read_csv(b"text,label\na,b\nc,d\n", text="x")
    assert "--text" in str(caught.value)
    with speaking("zh"):
        assert "--" not in said(caught.value)


@given(st.text(), st.text(), st.sampled_from(sorted(messages("zh"))))
def test_whatever_is_filled_in_all_of_it_is_shown(one: str, other: str, text: str) -> None:
    places = dict.fromkeys(p for _, p, _, _ in string.Formatter().parse(text) if p is not None)
    values = dict(zip(places, [one, other] * 9, strict=False))
    message = "".join(
        literal + ("" if place is None else values[place])
        for literal, place, _, _ in string.Formatter().parse(text)
    )
    shown = in_chinese(message)
    assert [value for value in values.values() if value not in shown] == []


def test_a_long_message_takes_no_time() -> None:
    """A place is found in one pass: no text makes the reading go back and forth."""

    def seconds(times: int) -> float:
        language._read.cache_clear()
        many, began = "', it has: ), ( of " * times, time.process_time()
        for text in messages("zh"):
            message = "".join(literal + many for literal, *_ in string.Formatter().parse(text))
            assert len(in_chinese(message)) >= len(many)
        return time.process_time() - began

    seconds(1)  # reads the catalogue
    assert seconds(4_000) < 8 * seconds(500)  # eight times the text; back and forth takes 64 times


def test_the_notices_of_a_stored_run_are_spoken() -> None:
    record = json.loads((ROOT / "data" / "sample_run" / "run.json").read_text(encoding="utf-8"))
    told = [record["scoring"], record["encoder"]["pooler"]["evidence"], *record["notices"]]
    assert [text for text in told if in_chinese(text) == text] == []
