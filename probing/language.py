"""In which language the project speaks: English, or a translation from ``texts/``.

The English text stands in the code and is the key: ``tr("Sentences")``. What is filled in comes
afterwards, so that the key stays whole: ``tr("{n} sentences").format(n=…)``. A text that stands
where no language is known yet, in a constant, is marked by ``later`` and passed to ``tr`` where it
is shown. ``texts/zh.po`` holds the translations; ``tests/test_language.py`` that none is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

TEXTS = Path(__file__).with_name("texts")
LANGUAGES = {"en": "English", "zh": "中文"}


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
    # what a catalogue holds for "" is its own head
    return _catalogue(language()).gettext(text) if text else ""


def tr_n(one: str, several: str, n: int) -> str:
    """``one`` or ``several``, as ``n`` asks for, in the language of now."""
    return _catalogue(language()).ngettext(one, several, n)


def later(text: str) -> str:
    """``text`` as it is: marks it for translation by ``tr`` where it is shown."""
    return text


@cache
def _catalogue(name: str) -> NullTranslations:
    if name == "en":
        return NullTranslations()
    # only a translated page pays for the import
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (TEXTS / f"{name}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return GNUTranslations(compiled)
