"""Texts in other languages: none missing, none left over, the same places to fill in."""

import re
import string
from collections.abc import Iterator

import pytest

from probing import language
from probing.language import LANGUAGES, tr, tr_n
from tests.texts import TRANSLATED, kept, marked


@pytest.fixture
def speak() -> Iterator[list[str]]:
    """The language spoken, as a list's only item."""
    spoken = ["en"]
    language.choose_by(lambda: spoken[0])
    yield spoken
    language.choose_by(lambda: "en")


def fields(text: str) -> set[str | None]:
    """The names of what is filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_text_is_translated_and_nothing_else(name: str) -> None:
    there = {(m.id, m.context): m.string for m in kept(name) if m.id}
    asked = {(m.id, m.context) for m in marked() if m.id}
    assert {text for text in asked if not there.get(text)} == set(), "run python -m tests.texts"
    assert there.keys() - asked == set()


@pytest.mark.parametrize("name", TRANSLATED)
def test_translations_fill_in_the_same(name: str) -> None:
    for message in kept(name):
        if not message.id:
            continue
        plural = isinstance(message.id, tuple)
        texts = message.id if plural else (message.id,)
        given = message.string if plural else (message.string,)
        for text in given:
            assert fields(text) == set().union(*map(fields, texts)), message.id


@pytest.mark.parametrize("name", TRANSLATED)
def test_percentages_are_written_without_a_blank(name: str) -> None:
    texts = [text for m in kept(name) for found in (m.id, m.string) for text in _each(found)]
    assert any("95%" in text for text in texts)
    assert [text for text in texts if re.search(r"[\d}] %(?!\w)", text)] == []


def _each(found: str | tuple[str, ...] | list[str]) -> list[str]:
    return [found] if isinstance(found, str) else list(found)


def test_english_is_the_text_itself(speak: list[str]) -> None:
    assert tr("a text that nobody translates") == "a text that nobody translates"
    assert [tr_n("{n} run", "{n} runs", n) for n in (1, 2)] == ["{n} run", "{n} runs"]


def test_the_language_is_asked_for_at_each_text(speak: list[str]) -> None:
    message = next(m for m in kept("zh") if m.id and isinstance(m.id, str) and not m.context)
    assert tr(message.id) == message.id
    speak[0] = "zh"
    assert tr(message.id) == message.string
    speak[0] = "tlh"
    assert tr(message.id) == message.id
    assert language.language() == "en"
    assert list(LANGUAGES) == ["en", "zh"]


def test_a_file_is_made_in_one_language(speak: list[str]) -> None:
    speak[0] = "zh"
    with language.speaking("en"):
        assert language.language() == "en"
    assert language.language() == "zh"
