"""A person's texts and labels as Plotly can show them without obeying them.

Plotly reads a small HTML in hover, titles and legends (links, remote images).
"""

import html

from probing.language import Spoken, later

NAMES = Spoken(
    {
        "cls": "CLS",
        "pooled": later("pooled"),
        "mean": later("mean"),
        "mean_words": later("mean of words"),
    }
)
"""Poolings as they are called on charts."""

_UNSEEN = dict.fromkeys(
    [
        *map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
        *(c for c in (*range(32), *range(127, 160)) if not chr(c).isspace()),
    ]
)
"""Control characters, and what turns the direction of writing: it would turn the figures beside a
text as well."""


def short(text: str, most: int) -> str:
    """On one line, and cut to ``most`` characters."""
    flat = " ".join(text.translate(_UNSEEN).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def safe(text: str, most: int) -> str:
    """``short``, and inert."""
    return html.escape(short(text, most), quote=False)
