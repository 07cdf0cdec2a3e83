"""Texts on the page: the user's made inert, figures made readable."""

import re
from collections.abc import Iterable

from probing.language import language, later, spoken, tr

_OPTION = re.compile(r" \(--\w+ \w+\)| with --\w+|（--\w+）")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:&@/^=])")

_ADDRESS = re.compile(r"https?:(?=//)|www(?=\.)|@(?=\w)", re.IGNORECASE)
_JOINER = "\u2060"  # unseen, and no part of an address


def plain(text: str) -> str:
    """``text`` as Markdown that shows it as it is: no link, image, formula or emphasis.

    Addresses become links after what is escaped has been read, so they are broken unseen.
    """
    flat = _ADDRESS.sub(rf"\g<0>{_JOINER}", " ".join(text.split()))
    return _MARKDOWN.sub(r"\\\1", flat)


def said(error: object) -> str:
    """An error's message for the page: in its language, inert, and without the CLI's options."""
    return plain(_OPTION.sub("", spoken(str(error))))


def together(*sentences: str) -> str:
    """Sentences one after the other: Chinese ones stand without a space between."""
    return ("" if language() == "zh" else " ").join(sentences)


def listed(items: Iterable[str]) -> str:
    """``items`` with the language's comma between."""
    return tr(", ").join(items)


def duration(seconds: float) -> str:
    """For people: ``8 s``, ``3 min``."""
    if seconds < 90:
        return tr("{n} s").format(n=f"{seconds:.0f}")
    return tr("{n} min").format(n=f"{seconds / 60:.0f}")


POOLER_HELP = later(
    "CLS: the hidden state of the first token. Pooled: the encoder's own pooler on it, "
    "tanh(W·h + b); below the last layer the same map applied to that layer's first token. "
    "Mean: the average over all tokens."
)
