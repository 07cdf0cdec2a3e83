"""In which language the project speaks: English, or a translation from ``texts/``.

The English text stands in the code and is the key: ``tr("Sentences")``. What is filled in comes
afterwards, so that the key stays whole: ``tr("{n} sentences").format(n=…)``. A text that stands
where no language is known yet, in a constant, is marked by ``later`` and passed to ``tr`` where it
is shown. ``texts/zh.po`` holds the translations; ``tests/test_language.py`` that none is missing.

A message travels: an error goes from the worker's process to the page, a notice is stored with its
run and read by others years later. So it is made in English, by an error's constructor or by
``say``, and ``spoken`` finds on the page which text of the catalogue it was made of.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from itertools import cycle
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

TEXTS = Path(__file__).with_name("texts")
LANGUAGES = {"en": "English", "zh": "中文"}
MESSAGE = "message"  # the context of a message in the catalogue
K = TypeVar("K")
_MOST = 100  # messages that are looked for in a list
_FIGURE = re.compile(r"[-−]?\d[\d,.e+-]*")


def _english() -> str:
    return "en"


_language: Callable[[], str] = _english


def choose_by(language: Callable[[], str]) -> None:
    """From now on each text is in the language that ``language()`` names at that moment.

    A server asks its visitor's session; without this, all is in English.
    """
    global _language
    _language = language


_pinned: ContextVar[str | None] = ContextVar("pinned", default=None)


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Within it all texts are in one language, whoever asks: for a file that is made."""
    token = _pinned.set(name)
    try:
        yield
    finally:
        _pinned.reset(token)


def language() -> str:
    """The key of ``LANGUAGES`` that texts are in now; English for what it does not hold."""
    named = _pinned.get() or _language()
    return named if named in LANGUAGES else "en"


def tr(text: str) -> str:
    """``text`` in the language of now; itself where no translation is there."""
    # gettext keeps a catalogue's head under the empty text
    return _catalogue(language()).gettext(text) if text else ""


def tr_n(one: str, several: str, n: int) -> str:
    """``one`` or ``several``, as ``n`` asks for, in the language of now."""
    return _catalogue(language()).ngettext(one, several, n)


def later(text: str) -> str:
    """``text`` as it is: marks it for translation by ``tr`` where it is shown."""
    return text


def say(text: str, /, **values: object) -> str:
    """A message in English: ``say("{n:,} rows", n=1200)``. The page shows it by ``spoken``.

    Without values ``text`` is left as it is. ``{why!s}`` holds what ``say`` made as well, or
    several such, separated by commas; all other values are shown as they are.
    """
    return text.format(**values) if values else text


def say_n(one: str, several: str, n: int, /, **values: object) -> str:
    """A message whose English depends on a number, which is filled in as ``{n}``."""
    return say(one if n == 1 else several, n=n, **values)


def spoken(message: str) -> str:
    """What ``say`` made, in the language of now; any other text as it is.

    The catalogue's text with the most words of its own counts that could have become ``message``.
    """
    return message if language() == "en" else _read(language(), message, True) or message


class Spoken(Mapping[K, str]):
    """Texts by name, marked by ``later``: each in the language of when it is looked up."""

    def __init__(self, texts: Mapping[K, str]) -> None:
        self._texts = dict(texts)

    def __getitem__(self, name: K) -> str:
        return tr(self._texts[name])

    def __iter__(self) -> Iterator[K]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@lru_cache(maxsize=2048)
def _read(name: str, message: str, wordy: bool) -> str | None:
    """``message`` in another language, or None where it is none.

    ``wordy``: texts that are places and signs alone do not count; they say nothing by themselves.
    """
    for each in templates(name):
        values = each.read(message) if each.wordy or not wordy else None
        if values is None:
            continue
        within = {place: _within(name, values[place]) for place in each.messages}
        if each.wordy or None not in within.values():
            said = {place: text for place, text in within.items() if text is not None}
            return each.translation.format(**{**values, **said})
    return None


def _within(name: str, text: str) -> str | None:
    """One message, or several separated by commas; None where ``text`` is something else."""
    alone = _read(name, text, True)
    said, parts = [], text.split(", ")
    if alone is not None or len(parts) > _MOST:
        return alone
    while parts:
        heads = ((n, _read(name, ", ".join(parts[:n]), False)) for n in range(1, len(parts) + 1))
        n, head = next(((n, head) for n, head in heads if head is not None), (0, None))
        if head is None:
            return None
        said.append(head)
        parts = parts[n:]
    return tr(", ").join(said)


@dataclass(frozen=True)
class Template:
    """A text of the catalogue with places to fill in, to be found again in what was made of it."""

    between: tuple[str, ...]
    """What stands before, between and after the places."""
    places: tuple[tuple[str, bool], ...]
    """Their names, and whether a figure stands there."""
    messages: frozenset[str]
    """Names of those that hold messages."""
    translation: str

    @property
    def wordy(self) -> bool:
        """Whether it has words of its own, by which a whole message can be known."""
        return any(character.isalpha() for character in "".join(self.between))

    def read(self, message: str) -> dict[str, str] | None:
        """What was filled in, or None where ``message`` was made of another text.

        Each place holds as little as possible, the last one the rest: one pass, whatever came.
        """
        first, last = self.between[0], self.between[-1]
        end = len(message) - len(last)
        if not self.places:
            return {} if message == first else None
        if not (message.startswith(first) and message.endswith(last) and len(first) <= end):
            return None
        found, at = [], len(first)
        for text in self.between[1:-1]:
            begin = message.find(text, at, end)
            if begin < 0:
                return None
            found.append(message[at:begin])
            at = begin + len(text)
        found.append(message[at:end])
        pairs = list(zip(self.places, found, strict=True))
        if any(figure and not _FIGURE.fullmatch(text) for (_, figure), text in pairs):
            return None
        return {name: text for (name, _), text in reversed(pairs)}


def template(text: str, translation: str) -> Template:
    """``text`` so that what ``say`` made of it can be read."""
    between, places, messages = [""], [], set()
    for literal, place, spec, conversion in Formatter().parse(text):
        between[-1] += literal
        if place is not None:
            between.append("")
            places.append((place, bool(spec)))
            messages |= {place} if conversion == "s" else set()
    return Template(tuple(between), tuple(places), frozenset(messages), translation)


@cache
def templates(name: str) -> tuple[Template, ...]:
    """All messages in a language, those with the most words of their own first."""
    found = [
        template(text, given)
        for entry in _texts(name)
        if entry.context == MESSAGE
        for text, given in zip(_forms(entry.id), cycle(_forms(entry.string)), strict=False)
    ]
    return tuple(sorted(found, key=lambda each: -sum(map(len, each.between))))


def _forms(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text),)


@cache
def _catalogue(name: str) -> NullTranslations:
    if name == "en":
        return NullTranslations()
    # only a translated page pays for the import
    from babel.messages.mofile import write_mo

    compiled = BytesIO()
    write_mo(compiled, _texts(name))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _texts(name: str) -> "Catalog":
    from babel.messages.pofile import read_po

    with (TEXTS / f"{name}.po").open("rb") as file:
        return read_po(file, locale=name)
